//! The relay: signed packets by `GET` and `PUT` (pkarr's relay specification).
//!
//! A packet proves itself, so that nothing here has to be believed: a relay can keep a packet back,
//! but never make one up. `GET` gives the relay payload, with what HTTP caches need to carry most
//! of the load: `Cache-Control` from what is left of the packet's time to live, `ETag`,
//! `Last-Modified` (when it was signed) and `Memento-Datetime` (when the DHT last showed it). `PUT`
//! answers when the packet is on disk here and in the DHT, and says on how many nodes.
//!
//! Statuses of a refused `PUT`: `409` for a packet older than the newest known, `412` where a
//! condition (`If-Match`, `If-Unmodified-Since`) does not hold; `428` is never used, since puts for
//! one key wait for each other. Each refusal has its reason as one line of text.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderName, HeaderValue},
};

use super::{
    State,
    exchange::{self, Answer, BodyError, empty, refused, text},
    hot::Held,
    limits::{Client, Cost},
    refusal::{Refusal, seconds},
    source::{Condition, Hit, PutRefusal},
};
use crate::{
    item::{MAX_VALUE, Seq, SignedItem},
    key::PublicKey,
    packet::SignedPacket,
    resolver::{Policy, ResolveError},
};

/// The most bytes of a relay payload: signature, sequence number and value.
pub(super) const MAX_PAYLOAD: usize = 64 + 8 + MAX_VALUE;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/pkarr.org/relays#payload");
const MEMENTO_DATETIME: HeaderName = HeaderName::from_static("memento-datetime");
const STORED_NODES: HeaderName = HeaderName::from_static("pkarr-dht-stored-nodes");
const INVALID_SEQ: HeaderName = HeaderName::from_static("pkarr-invalid-signed-packet-seq");

/// What pages of any origin may read.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Age, Cache-Control, Content-Length, Content-Type, Date, ETag, Last-Modified, \
     Memento-Datetime, Pkarr-Dht-Stored-Nodes, Pkarr-Invalid-Signed-Packet-Seq, Retry-After",
);
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, PUT, OPTIONS");
const ASKED_WITH: HeaderValue = HeaderValue::from_static(
    "*, Cache-Control, Content-Type, If-Match, If-Modified-Since, If-None-Match, \
     If-Unmodified-Since, Pragma",
);
/// How long a browser may remember that a page may ask.
const PREFLIGHT: HeaderValue = HeaderValue::from_static("86400");
/// What a cache on the way may keep of an answer past its time, lest it ask for it all the time.
const STALE_PAUSE: u64 = 5;

/// The 52 characters of the key that a path names, in lower case and not decoded yet; `None` where the
/// path has not just as many.
pub(super) fn key_text(path: &str) -> Option<[u8; 52]> {
    let name = path.strip_prefix('/')?;
    let name = name.strip_prefix("pkarr/").unwrap_or(name);
    let mut key: [u8; 52] = name.as_bytes().try_into().ok()?;
    key.make_ascii_lowercase();
    Some(key)
}

/// The answer to a request for a packet that is in memory.
pub(super) fn at_once(
    state: &Arc<State>,
    client: &Client,
    request: &Request<Incoming>,
) -> Option<Answer> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let name = key_text(request.uri().path())?;
    let policy = policy(request.uri().query()).filter(|policy| *policy != Policy::NetworkOnly)?;
    let hit = state.source.hot(&name)?;
    let mut answer = match state.source.limits().pay(client, Cost::Request) {
        Ok(()) => {
            state.metrics.hot.add();
            state.source.keep().note(&hit.held);
            found(request, &hit, policy)
        }
        Err(refusal) => refuse(state, &refusal),
    };
    for_all_origins(answer.headers_mut());
    Some(answer)
}

/// Answers a request for a key.
pub(super) async fn answer(
    state: &Arc<State>,
    client: &Client,
    request: Request<Incoming>,
) -> Answer {
    let mut answer = match *request.method() {
        Method::GET | Method::HEAD => get(state, client, &request).await,
        Method::PUT => put(state, client, request).await,
        Method::OPTIONS => at_a_price(state, client, || preflight(&request)),
        _ => at_a_price(state, client, || {
            let mut answer = text(
                StatusCode::METHOD_NOT_ALLOWED,
                "signed packets can be got and put; use GET, HEAD, PUT or OPTIONS",
            );
            answer.headers_mut().insert(header::ALLOW, METHODS);
            answer
        }),
    };
    for_all_origins(answer.headers_mut());
    answer
}

/// An answer that takes no packet, and costs as much as one from memory.
pub(super) fn at_a_price(
    state: &State,
    client: &Client,
    answer: impl FnOnce() -> Answer,
) -> Answer {
    match state.source.limits().pay(client, Cost::Request) {
        Ok(()) => answer(),
        Err(refusal) => refuse(state, &refusal),
    }
}

/// The answer to what is no request for a packet, for this reason.
fn wrong(state: &State, client: &Client, reason: &str) -> Answer {
    at_a_price(state, client, || text(StatusCode::BAD_REQUEST, reason))
}

/// Lets pages of all origins read an answer.
fn for_all_origins(headers: &mut HeaderMap) {
    let everybody = HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, everybody);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// What a browser asks before it lets a page put something.
fn preflight(request: &Request<Incoming>) -> Answer {
    let mut answer = empty(StatusCode::NO_CONTENT);
    let headers = answer.headers_mut();
    headers.insert(header::ALLOW, METHODS);
    if request
        .headers()
        .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ASKED_WITH);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT);
    }
    answer
}

async fn get(state: &Arc<State>, client: &Client, request: &Request<Incoming>) -> Answer {
    let (path, query) = (request.uri().path(), request.uri().query());
    let Some(policy) = policy(query) else {
        let reason = "there is no such policy; use CacheOnly, CacheFirst or NetworkOnly";
        return wrong(state, client, reason);
    };
    let key = match key(path) {
        Ok(key) => key,
        Err(reason) => return wrong(state, client, &reason),
    };
    match state.source.packet(&key, policy, client).await {
        Ok(hit) => found(request, &hit, policy),
        Err(refusal) => refuse(state, &refusal),
    }
}

/// The key of a path.
fn key(path: &str) -> Result<PublicKey, String> {
    let name = path.trim_start_matches('/');
    let name = name.strip_prefix("pkarr/").unwrap_or(name);
    name.parse()
        .map_err(|error| format!("this is not a key: {error}"))
}

/// The policy that a query asks for; `None` where there is no such policy.
fn policy(query: Option<&str>) -> Option<Policy> {
    let Some(query) = query else {
        return Some(Policy::CacheFirst);
    };
    let mut policies = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "policy")
        .map(|(_, value)| match &*value {
            "CacheFirst" => Some(Policy::CacheFirst),
            "CacheOnly" => Some(Policy::CacheOnly),
            "NetworkOnly" => Some(Policy::NetworkOnly),
            _ => None,
        });
    match (policies.next(), policies.next()) {
        (None, _) => Some(Policy::CacheFirst),
        (Some(policy), None) => policy,
        (Some(_), Some(_)) => None,
    }
}

/// A packet as an answer, without its body where the client has it already.
fn found(request: &Request<Incoming>, hit: &Hit, policy: Policy) -> Answer {
    let held = &*hit.held;
    let known = has(request.headers(), held);
    let body = match known || request.method() == Method::HEAD {
        true => Bytes::new(),
        false => held.payload.clone(),
    };
    let mut answer = Response::new(body.into());
    let mut headers = HeaderMap::with_capacity(12);
    if known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
        headers.insert(header::CONTENT_LENGTH, held.length.clone());
    }
    headers.insert(header::CACHE_CONTROL, cache_control(hit, policy));
    headers.insert(header::ETAG, held.etag.clone());
    if let Some(time) = &held.last_modified {
        headers.insert(header::LAST_MODIFIED, time.clone());
    }
    if let Some(time) = &held.memento {
        headers.insert(MEMENTO_DATETIME, time.clone());
    }
    *answer.headers_mut() = headers;
    answer
}

fn cache_control(hit: &Hit, policy: Policy) -> HeaderValue {
    if policy == Policy::NetworkOnly {
        // What is kept on the way is not from the network.
        return HeaderValue::from_static("public, no-cache");
    }
    let left = match hit.stale {
        true => STALE_PAUSE,
        false => hit.remaining(SystemTime::now()).as_secs(),
    };
    HeaderValue::from_maybe_shared(Bytes::from(format!("public, max-age={left}")))
        .unwrap_or(HeaderValue::from_static("no-cache"))
}

/// Whether the client has this packet (RFC 9110, section 13.2.2: a tag counts before a date).
fn has(headers: &HeaderMap, held: &Held) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        return tags(headers, header::IF_NONE_MATCH)
            .any(|tag| tag == "*" || held.etag == tag.strip_prefix("W/").unwrap_or(tag));
    }
    // Sequence numbers are finer than the seconds of a date: one within the second is newer.
    date(headers, header::IF_MODIFIED_SINCE)
        .is_some_and(|since| held.packet.seq() <= Seq::at(since))
}

fn tags(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    let text = headers.get(name)?.to_str().ok()?;
    let date = httpdate::parse_http_date(text).ok()?;
    (date >= UNIX_EPOCH).then_some(date)
}

async fn put(state: &Arc<State>, client: &Client, request: Request<Incoming>) -> Answer {
    let key = match key(request.uri().path()) {
        Ok(key) => key,
        Err(reason) => return wrong(state, client, &reason),
    };
    let condition = match condition(request.headers()) {
        Ok(condition) => condition,
        Err(reason) => return wrong(state, client, reason),
    };
    let within = state.config().http.body();
    let body = match exchange::body(request.into_body(), MAX_PAYLOAD, within).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => {
            return at_a_price(state, client, || {
                text(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "a signed packet has at most 1072 bytes: signature, sequence number, DNS packet",
                )
            });
        }
        Err(error) => return at_a_price(state, client, || error.into()),
    };
    // Checking a signature costs as much as many answers, whatever comes of it.
    if let Err(refusal) = state.source.limits().pay(client, Cost::Put) {
        return refuse(state, &refusal);
    }
    let packet = SignedItem::from_relay_payload(key, &body)
        .map_err(|error| error.to_string())
        .and_then(|item| SignedPacket::try_from(item).map_err(|error| error.to_string()));
    let packet = match packet {
        Ok(packet) => packet,
        Err(reason) => return text(StatusCode::BAD_REQUEST, &reason),
    };
    let began = Instant::now();
    let outcome = state.source.put(packet, condition).await;
    match outcome {
        Ok(nodes) => {
            state.metrics.put_times.note(began.elapsed());
            let mut answer = empty(StatusCode::NO_CONTENT);
            answer.headers_mut().insert(STORED_NODES, nodes.into());
            answer
        }
        Err(refusal) => refuse_put(&refusal),
    }
}

/// What must be true of the packet that is to be replaced.
///
/// pkarr's clients give `If-Match` a bare sequence number, against HTTP's rule of quotes.
fn condition(headers: &HeaderMap) -> Result<Option<Condition>, &'static str> {
    if headers.contains_key(header::IF_MATCH) {
        let mut tags: Vec<&str> = tags(headers, header::IF_MATCH).collect();
        if tags.contains(&"*") {
            return Ok(Some(Condition::Any));
        }
        if let &[only] = tags.as_slice()
            && let Ok(number) = only.trim_matches('"').parse::<i64>()
        {
            let seq =
                Seq::new(number).map_err(|_| "If-Match: a sequence number is not negative")?;
            return Ok(Some(Condition::Seq(seq)));
        }
        tags.retain(|tag| tag.starts_with('"') && tag.ends_with('"') && tag.len() > 1);
        if tags.is_empty() {
            return Err("If-Match: neither an ETag of this relay nor a sequence number");
        }
        let tags = tags.into_iter().map(str::to_owned).collect();
        return Ok(Some(Condition::Tag(tags)));
    }
    if headers.contains_key(header::IF_UNMODIFIED_SINCE) {
        let time = date(headers, header::IF_UNMODIFIED_SINCE)
            .ok_or("If-Unmodified-Since: this is not a date as HTTP writes it")?;
        return Ok(Some(Condition::NotAfter(time)));
    }
    Ok(None)
}

fn refuse_put(refusal: &PutRefusal) -> Answer {
    let (status, retry_after) = match refusal {
        PutRefusal::Older => (StatusCode::CONFLICT, None),
        PutRefusal::Condition => (StatusCode::PRECONDITION_FAILED, None),
        PutRefusal::Busy { retry_after } | PutRefusal::Unreachable { retry_after } => {
            (StatusCode::SERVICE_UNAVAILABLE, Some(retry_after))
        }
        _ => (StatusCode::INTERNAL_SERVER_ERROR, None),
    };
    refused(status, &refusal.to_string(), retry_after.map(seconds))
}

/// A question without an answer.
fn refuse(state: &State, refusal: &Refusal) -> Answer {
    /// How soon to ask again when the network could not be asked.
    const UNREACHABLE: Duration = Duration::from_secs(10);
    let (status, retry_after) = match refusal {
        Refusal::TooMany { retry_after } => {
            state.metrics.limited.add();
            (StatusCode::TOO_MANY_REQUESTS, Some(*retry_after))
        }
        Refusal::Busy { retry_after } => (StatusCode::SERVICE_UNAVAILABLE, Some(*retry_after)),
        Refusal::Resolve(ResolveError::Unreachable | ResolveError::Dht(_)) => {
            (StatusCode::SERVICE_UNAVAILABLE, Some(UNREACHABLE))
        }
        Refusal::Resolve(_) => (StatusCode::NOT_FOUND, None),
    };
    let mut answer = refused(
        status,
        &refusal.to_string(),
        retry_after.as_ref().map(seconds),
    );
    if let Refusal::Resolve(ResolveError::NotAPacket { seq, .. }) = refusal {
        answer.headers_mut().insert(INVALID_SEQ, seq.get().into());
    }
    answer
}
