//! Questions over HTTPS (RFC 8484), and the same in JSON for those who have no DNS message at hand.

use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http_body_util::Full;
use hyper::{
    Method, Request as HttpRequest, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderMap, HeaderValue},
    http::request,
};
use url::form_urlencoded;

use super::{Kept, NameServer, Rules, Way, json, message::Request};
use crate::server::{
    exchange::{self, Answer, BodyError},
    limits::Client,
};

/// The media type of DNS messages.
const MEDIA_TYPE: &str = "application/dns-message";
const JSON: &str = "application/dns-json";
/// The largest question.
const MOST_QUESTION: usize = 4096;
/// The largest that is looked for in memory at once: a name has at most 255 bytes, and options are few.
const MOST_REMEMBERED: usize = 512;

/// Why there is no DNS answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Question,
    Missing,
    Method,
    Accept,
    TooLong,
    MediaType,
    TooMany,
    Body(BodyError),
}

impl NameServer {
    /// The answer to a question by `GET` that memory has, in the form most clients ask in; `None` where
    /// [`NameServer::serve_http`] has to see to it.
    pub(crate) fn remembered_by_http(
        &self,
        request: &HttpRequest<Incoming>,
        client: &Client,
    ) -> Option<Answer> {
        if *request.method() != Method::GET || !accepts(request.headers(), &[MEDIA_TYPE]) {
            return None;
        }
        let text = plain(request.uri().query()?)?.as_bytes();
        let mut room = [0; MOST_REMEMBERED];
        let length = BASE64URL_NOPAD.decode_len(text.len()).ok()?;
        let room = room.get_mut(..length)?;
        BASE64URL_NOPAD.decode_mut(text, room).ok()?;
        let question = Request::parse(room).ok()?;
        let rules = self.rules();
        let kept = self.remembered(&question, client, &rules)?;
        let mut answer = match self.admits(client) {
            Ok(()) => {
                self.inner.metrics.dns_memory.add();
                self.said(&kept, &question, client, &rules).respond()
            }
            Err(_) => refused(Refusal::TooMany),
        };
        for_all_origins(&mut answer);
        Some(answer)
    }

    /// Answers a request, by whatever version of HTTP it came. Its body may take so long to arrive.
    pub(crate) async fn serve_http(
        &self,
        request: HttpRequest<Incoming>,
        client: &Client,
        within: Duration,
    ) -> Answer {
        let (head, body) = request.into_parts();
        let answered = match head.method {
            _ if self.admits(client).is_err() => Err(Refusal::TooMany),
            Method::GET | Method::HEAD => self.get(&head, client).await,
            Method::POST => self.post(&head, body, client, within).await,
            Method::OPTIONS => Ok(preflight()),
            _ => Err(Refusal::Method),
        };
        let mut answer = answered.unwrap_or_else(refused);
        for_all_origins(&mut answer);
        answer
    }

    async fn get(&self, head: &request::Parts, client: &Client) -> Result<Answer, Refusal> {
        let query = head.uri.query().unwrap_or_default();
        let mut question = json::Question::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "dns" => {
                    let value = value.trim_end_matches('=');
                    return self.by_get(value, &head.headers, client).await;
                }
                "name" => question.name = Some(value.into_owned()),
                "type" => question.qtype = Some(value.into_owned()),
                "do" => question.dnssec_ok = json::is_set(&value),
                "cd" => question.checking_disabled = json::is_set(&value),
                _ => {}
            }
        }
        if question.name.is_none() {
            return Err(Refusal::Missing);
        }
        if !accepts(&head.headers, &[JSON, "application/json"]) {
            return Err(Refusal::Accept);
        }
        let bytes = question.to_message().ok_or(Refusal::Question)?;
        let answer = self.ask(&bytes, client).await.ok_or(Refusal::Question)?;
        let text = json::from_message(&answer.bytes).ok_or(Refusal::Question)?;
        Ok(answer.respond_with(text.into(), HeaderValue::from_static(JSON)))
    }

    async fn by_get(
        &self,
        text: &str,
        headers: &HeaderMap,
        client: &Client,
    ) -> Result<Answer, Refusal> {
        if text.len() > MOST_QUESTION * 4 / 3 {
            return Err(Refusal::TooLong);
        }
        let bytes = BASE64URL_NOPAD
            .decode(text.as_bytes())
            .map_err(|_| Refusal::Question)?;
        self.message(&bytes, headers, client).await
    }

    async fn post(
        &self,
        head: &request::Parts,
        body: Incoming,
        client: &Client,
        within: Duration,
    ) -> Result<Answer, Refusal> {
        let sent_as = head
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(essence);
        if !sent_as.is_some_and(|sent_as| sent_as.eq_ignore_ascii_case(MEDIA_TYPE)) {
            return Err(Refusal::MediaType);
        }
        let bytes = exchange::body(body, MOST_QUESTION, within)
            .await
            .map_err(Refusal::Body)?;
        self.message(&bytes, &head.headers, client).await
    }

    async fn message(
        &self,
        bytes: &[u8],
        headers: &HeaderMap,
        client: &Client,
    ) -> Result<Answer, Refusal> {
        if !accepts(headers, &[MEDIA_TYPE]) {
            return Err(Refusal::Accept);
        }
        let answer = self.ask(bytes, client).await.ok_or(Refusal::Question)?;
        Ok(answer.respond())
    }

    /// `None` for what deserves no answer.
    async fn ask(&self, bytes: &[u8], client: &Client) -> Option<Said> {
        let rules = self.rules();
        let request = match Request::parse(bytes) {
            Ok(request) => request,
            Err(unfit) => {
                let mut out = Vec::with_capacity(bytes.len() + 256);
                return self
                    .refuse(bytes, unfit, client, &rules, &mut out)
                    .then(|| Said {
                        bytes: out.into(),
                        max_age: None,
                        private: false,
                    });
            }
        };
        let kept = self.kept(&request, client, &rules).await;
        Some(self.said(&kept, &request, client, &rules))
    }

    fn said(&self, kept: &Kept, request: &Request<'_>, client: &Client, rules: &Rules) -> Said {
        let mut out = Vec::with_capacity(request.size() + kept.reply.size());
        self.write(&kept.reply, request, client, Way::Http, rules, &mut out);
        // RFC 8484, section 5.1: no longer than the least time to live. What failed may work again
        // the next moment.
        let max_age = matches!(kept.reply.code(), 0 | 3).then(|| kept.reply.ttl().as_secs());
        Said {
            bytes: out.into(),
            max_age,
            private: kept.forwarded || kept.alone,
        }
    }
}

struct Said {
    bytes: Bytes,
    /// For how many seconds it may be kept; `None` for not at all.
    max_age: Option<u64>,
    /// Whether others would be answered differently.
    private: bool,
}

impl Said {
    fn respond(self) -> Answer {
        let bytes = self.bytes.clone();
        self.respond_with(bytes, HeaderValue::from_static(MEDIA_TYPE))
    }

    fn respond_with(&self, body: Bytes, media_type: HeaderValue) -> Answer {
        let shared = |text: String| HeaderValue::from_maybe_shared(Bytes::from(text));
        let cache = match self.max_age {
            Some(seconds) if self.private => shared(format!("private, max-age={seconds}")),
            Some(seconds) => shared(format!("max-age={seconds}")),
            None => Ok(HeaderValue::from_static("no-store")),
        };
        let mut response = Response::new(Full::new(body));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, media_type);
        headers.insert(
            header::CACHE_CONTROL,
            cache.unwrap_or(HeaderValue::from_static("no-store")),
        );
        response
    }
}

fn refused(refusal: Refusal) -> Answer {
    let (status, line) = match refusal {
        Refusal::Body(error) => return error.into(),
        Refusal::Question => (
            StatusCode::BAD_REQUEST,
            "what was sent is not a DNS question",
        ),
        Refusal::Missing => (
            StatusCode::BAD_REQUEST,
            "ask with ?dns= and a DNS message in base64url, with ?name= and ?type=, or by POST",
        ),
        Refusal::Method => (
            StatusCode::METHOD_NOT_ALLOWED,
            "only GET, HEAD, POST and OPTIONS are known here",
        ),
        Refusal::Accept => (
            StatusCode::NOT_ACCEPTABLE,
            "answers are application/dns-message, or application/dns-json to ?name=",
        ),
        Refusal::TooLong => (
            StatusCode::URI_TOO_LONG,
            "the question is longer than 4096 bytes",
        ),
        Refusal::MediaType => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the question must be sent as application/dns-message",
        ),
        Refusal::TooMany => (
            StatusCode::TOO_MANY_REQUESTS,
            "too many requests from your address; try again in 1 s",
        ),
    };
    let retry_after = (refusal == Refusal::TooMany).then_some(1);
    let mut answer = exchange::refused(status, line, retry_after);
    let headers = answer.headers_mut();
    match refusal {
        Refusal::Method => {
            headers.insert(header::ALLOW, HeaderValue::from_static(METHODS));
        }
        Refusal::MediaType => {
            // RFC 9110, section 15.5.16: what would have been accepted.
            headers.insert(header::ACCEPT, HeaderValue::from_static(MEDIA_TYPE));
        }
        _ => {}
    }
    answer
}

const METHODS: &str = "GET, HEAD, POST, OPTIONS";

fn preflight() -> Answer {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Accept, Content-Type"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        (header::ALLOW, METHODS),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Lets pages of all origins read an answer.
fn for_all_origins(answer: &mut Answer) {
    answer.headers_mut().insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
}

/// The message in a query that has nothing else, and nothing that is written in another way than needed.
fn plain(query: &str) -> Option<&str> {
    let message = query.strip_prefix("dns=")?;
    (!message.contains(['&', '%', '+', '='])).then_some(message)
}

/// A media type without its parameters.
fn essence(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

/// Whether one of these media types is acceptable (RFC 9110, section 12.5.1). No preference is any.
fn accepts(headers: &HeaderMap, offered: &[&str]) -> bool {
    let mut named = false;
    for value in headers.get_all(header::ACCEPT) {
        let Ok(value) = value.to_str() else {
            continue;
        };
        for range in value.split(',').filter(|range| !range.trim().is_empty()) {
            named = true;
            let kind = essence(range);
            let excluded = range.split(';').skip(1).any(|parameter| {
                let Some((name, weight)) = parameter.split_once('=') else {
                    return false;
                };
                name.trim().eq_ignore_ascii_case("q")
                    && weight
                        .trim()
                        .parse::<f32>()
                        .is_ok_and(|weight| weight == 0.0)
            });
            let matches = ["*/*", "application/*"]
                .iter()
                .chain(offered)
                .any(|offer| kind.eq_ignore_ascii_case(offer));
            if matches && !excluded {
                return true;
            }
        }
    }
    !named
}
