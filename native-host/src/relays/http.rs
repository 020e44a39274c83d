//! One request to one relay: what is sent, and what is believed of the answer.

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reqwest::{
    Client, Response, StatusCode,
    header::{CACHE_CONTROL, DATE, HeaderMap, IF_MATCH, IF_MODIFIED_SINCE, LOCATION, RETRY_AFTER},
    redirect,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::{
    item::{MAX_VALUE, Seq, SignedItem},
    key::PublicKey,
};

use super::{RelayAnswer, RelayError, RelayPolicy, RelayPut};

const MEMENTO_DATETIME: &str = "memento-datetime";
const STORED_NODES: &str = "pkarr-dht-stored-nodes";
const INVALID_SEQ: &str = "pkarr-invalid-signed-packet-seq";

/// A relay payload: signature, `seq` and value.
const MAX_PAYLOAD: usize = 64 + 8 + MAX_VALUE;
/// How much is read of what a relay says about a failure.
const MAX_REASON: usize = 200;
/// How long it may take to say it; the status alone tells the most.
const REASON_TIMEOUT: Duration = Duration::from_secs(1);
const MAX_REDIRECTS: usize = 2;
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: u32 = 16 * 1024;
/// When a machine wakes, its connections may be dead without a word: ask them early.
const PING_AFTER: Duration = Duration::from_secs(2);
/// The first second that can't be written as an HTTP date: the year 10000.
const HTTP_DATE_END: u64 = 253_402_300_800;

/// Whether a proxy may be on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Straight to the relay.
    Direct,
    /// Through the proxy that the environment names, if it names one.
    Proxied,
}

/// TLS by the certificates that this machine trusts, so that it works where an organisation has
/// its own.
pub(super) fn tls() -> Result<ClientConfig, RelayError> {
    let builder = || {
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| RelayError::Client(error.to_string()))
    };
    let verified = builder()?.with_platform_verifier();
    let mut config = match verified {
        Ok(verified) => verified.with_no_client_auth(),
        Err(error) => {
            // Relays at http still work; those at https will fail and say why.
            tracing::warn!(%error, "no certificates are trusted on this machine");
            builder()?
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// A client for relays.
pub(super) fn client(tls: ClientConfig, connect: Duration, way: Way) -> Result<Client, RelayError> {
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("pkarr-host/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(connect)
        .redirect(redirect::Policy::custom(follow))
        .referer(false)
        .http1_max_headers(MAX_HEADERS)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .http2_keep_alive_interval(PING_AFTER)
        .http2_keep_alive_timeout(PING_AFTER);
    if way == Way::Direct {
        builder = builder.no_proxy();
    }
    builder
        .build()
        .map_err(|error| RelayError::Client(told(&error)))
}

/// Asks for the item of `key` at `url`.
pub(super) async fn get(
    client: &Client,
    mut url: Url,
    key: &PublicKey,
    known: Option<Seq>,
    policy: RelayPolicy,
) -> Result<RelayAnswer, RelayError> {
    if policy == RelayPolicy::NetworkOnly {
        url.set_query(Some("policy=NetworkOnly"));
    }
    let mut request = client.get(url);
    if policy == RelayPolicy::NetworkOnly {
        request = request.header(CACHE_CONTROL, "no-cache");
    }
    let since = known.and_then(second_before);
    if let Some(since) = since {
        request = request.header(IF_MODIFIED_SINCE, httpdate::fmt_http_date(since));
    }
    let response = request.send().await.map_err(broken)?;
    match response.status() {
        StatusCode::OK => {
            let seen = seen(response.headers(), SystemTime::now());
            let payload = body(response).await?;
            let item =
                SignedItem::from_relay_payload(*key, &payload).map_err(RelayError::Forged)?;
            // What the relay should have said. An equal `seq` is for the caller to compare.
            if known.is_some_and(|known| item.seq() < known) {
                return Ok(RelayAnswer::NotModified);
            }
            Ok(RelayAnswer::Item { item, seen })
        }
        StatusCode::NOT_MODIFIED if since.is_some() => Ok(RelayAnswer::NotModified),
        StatusCode::NOT_FOUND => Ok(RelayAnswer::Absent {
            newer_invalid: number::<i64>(response.headers(), INVALID_SEQ)
                .and_then(|seq| Seq::new(seq).ok())
                .filter(|seq| known.is_none_or(|known| *seq > known)),
        }),
        _ => Err(refusal(response).await),
    }
}

/// Asks for a key at `url` that nobody has, and gives the time the relay says it is.
pub(super) async fn probe(client: &Client, url: Url) -> Result<Option<SystemTime>, RelayError> {
    let response = client.get(url).send().await.map_err(broken)?;
    match response.status() {
        StatusCode::OK | StatusCode::NOT_FOUND => {
            let date = response.headers().get(DATE);
            let date = date.and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
            Ok(date)
        }
        _ => Err(refusal(response).await),
    }
}

/// Gives an item to store at `url`.
pub(super) async fn put(
    client: &Client,
    url: Url,
    item: &SignedItem,
    replaces: Option<Seq>,
) -> Result<RelayPut, RelayError> {
    let mut request = client.put(url).body(item.to_relay_payload());
    if let Some(replaces) = replaces {
        // A bare number, against HTTP's rule of quotes: so the relays have it.
        request = request.header(IF_MATCH, replaces.get());
    }
    let response = request.send().await.map_err(broken)?;
    if response.status() == StatusCode::NO_CONTENT || response.status() == StatusCode::OK {
        return Ok(RelayPut {
            stored: number(response.headers(), STORED_NODES).unwrap_or(1),
        });
    }
    Err(refusal(response).await)
}

/// A redirect leads to the same server, or from http to https on the same host.
///
/// Else the answer is taken as it is, which tells where it wanted to lead.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    // 303 turns a PUT into a GET, whose answer would look as if the item were stored.
    let repeats = attempt.status() != StatusCode::SEE_OTHER;
    let few = attempt.previous().len() <= MAX_REDIRECTS;
    let near = attempt
        .previous()
        .last()
        .is_some_and(|from| stays(from, attempt.url()));
    if repeats && few && near {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

fn stays(from: &Url, to: &Url) -> bool {
    let same_port = from.port_or_known_default() == to.port_or_known_default();
    let default_ports = from.port().is_none() && to.port().is_none();
    let scheme_fits = match (from.scheme(), to.scheme()) {
        ("http", "https") => default_ports || same_port,
        (from, to) => from == to && same_port,
    };
    let anonymous = to.username().is_empty() && to.password().is_none();
    scheme_fits && anonymous && from.host().is_some() && from.host() == to.host()
}

/// The last second that surely ends before `seq`, to ask for what is newer.
///
/// HTTP dates have whole seconds, and some relays compare whole seconds: with the second of `seq`
/// itself, they would hide what was published later in it.
fn second_before(seq: Seq) -> Option<SystemTime> {
    let seconds = u64::try_from(seq.get()).ok()? / 1_000_000;
    let before = seconds.checked_sub(1)?;
    (before < HTTP_DATE_END).then(|| UNIX_EPOCH + Duration::from_secs(before))
}

/// When the relay says that the DHT last showed the item.
fn seen(headers: &HeaderMap, now: SystemTime) -> Option<SystemTime> {
    let text = headers.get(MEMENTO_DATETIME)?.to_str().ok()?;
    let seen = httpdate::parse_http_date(text).ok()?;
    (seen <= now).then_some(seen)
}

/// The pause that a relay asks for, in seconds or as a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    if let Some(seconds) = number(headers, RETRY_AFTER.as_str()) {
        return Some(Duration::from_secs(seconds));
    }
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    httpdate::parse_http_date(text)
        .ok()?
        .duration_since(now)
        .ok()
}

fn number<N: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Option<N> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// The body of an answer that should be a payload.
async fn body(mut response: Response) -> Result<Vec<u8>, RelayError> {
    let most = MAX_PAYLOAD as u64;
    if response
        .content_length()
        .is_some_and(|length| length > most)
    {
        return Err(RelayError::TooLarge);
    }
    let mut bytes = Vec::with_capacity(MAX_PAYLOAD);
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if bytes.len() + chunk.len() > MAX_PAYLOAD {
            return Err(RelayError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// What an answer means that is not the one hoped for.
async fn refusal(response: Response) -> RelayError {
    let status = response.status();
    let retry_after = retry_after(response.headers(), SystemTime::now());
    match status {
        // 409 is the rule; older relays say 412 and 428 to a stale write.
        StatusCode::CONFLICT
        | StatusCode::PRECONDITION_FAILED
        | StatusCode::PRECONDITION_REQUIRED => RelayError::Conflict,
        StatusCode::PAYLOAD_TOO_LARGE => RelayError::ItemTooLarge,
        StatusCode::TOO_MANY_REQUESTS => RelayError::RateLimited { retry_after },
        StatusCode::BAD_REQUEST => RelayError::Refused {
            reason: reason(response).await,
        },
        StatusCode::SERVICE_UNAVAILABLE => RelayError::Unavailable {
            retry_after,
            reason: reason(response).await,
        },
        status if status.is_redirection() && response.headers().contains_key(LOCATION) => {
            let to = response.headers().get(LOCATION);
            RelayError::Redirect {
                to: to.map(|to| escaped(to.as_bytes())).unwrap_or_default(),
            }
        }
        status if status.is_server_error() => RelayError::Failed {
            status: status.as_u16(),
            reason: reason(response).await,
        },
        status => RelayError::Unexpected {
            status: status.as_u16(),
            reason: reason(response).await,
        },
    }
}

/// The beginning of what a relay says about a failure.
async fn reason(mut response: Response) -> String {
    let end = Instant::now() + REASON_TIMEOUT;
    let mut bytes = Vec::new();
    while bytes.len() < MAX_REASON
        && let Ok(Ok(Some(chunk))) = timeout_at(end, response.chunk()).await
    {
        let fitting = chunk.len().min(MAX_REASON - bytes.len());
        bytes.extend_from_slice(chunk.get(..fitting).unwrap_or_default());
    }
    escaped(&bytes)
}

/// The beginning of a stranger's text, safe to show and to log.
fn escaped(bytes: &[u8]) -> String {
    let shown = bytes.get(..MAX_REASON).unwrap_or(bytes);
    shown.trim_ascii().escape_ascii().to_string()
}

/// Why there is no answer, or not all of it.
fn broken(error: reqwest::Error) -> RelayError {
    if error.is_timeout() {
        return RelayError::Timeout;
    }
    let connecting = error.is_connect();
    let told = told(&error.without_url());
    if connecting {
        RelayError::Connect(told)
    } else {
        RelayError::Http(told)
    }
}

/// The cause at the bottom of an error: those above it only say that there is one.
fn told(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    escaped(cause.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyPair;
    use bytes::Bytes;
    use http_body_util::Empty;
    use hyper::{Request, Version, body::Incoming, service::service_fn};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use rustls::{ServerConfig, pki_types::PrivateKeyDer};
    use std::sync::Mutex;
    use tokio::net::TcpListener;

    #[test]
    fn a_redirect_stays_on_the_host() {
        for (from, to, expected) in [
            ("https://a.example/x", "https://a.example/y", true),
            ("https://a.example/x", "https://A.example:443/y", true),
            ("http://a.example/x", "https://a.example/x", true),
            ("http://a.example:81/x", "https://a.example:81/x", true),
            ("http://a.example:81/x", "https://a.example/x", false),
            ("http://a.example/x", "https://a.example:444/x", false),
            ("https://a.example/x", "http://a.example/x", false),
            ("https://a.example/x", "https://b.example/x", false),
            ("https://a.example/x", "https://www.a.example/x", false),
            ("https://a.example/x", "https://a.example:8443/x", false),
            ("https://a.example/x", "https://u:p@a.example/x", false),
            ("http://127.0.0.1/x", "http://[::1]/x", false),
            ("http://a.example/x", "ftp://a.example/x", false),
        ] {
            let stays = stays(&from.parse().unwrap(), &to.parse().unwrap());
            assert_eq!(stays, expected, "{from} to {to}");
        }
    }

    #[test]
    fn dates_lie_a_second_before_and_within_bounds() {
        let before = |seq| second_before(Seq::new(seq).unwrap());
        let at = |seconds| Some(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(before(0), None);
        assert_eq!(before(999_999), None);
        assert_eq!(before(1_000_000), at(0));
        assert_eq!(before(7_999_999), at(6));
        assert_eq!(before(i64::MAX), None);
        let last = before(253_402_300_800_000_000);
        let text = last.map(httpdate::fmt_http_date).unwrap();
        assert_eq!(text, "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(before(253_402_300_801_000_000), None);
    }

    #[test]
    fn pauses_are_seconds_or_dates() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (text, seconds) in [
            ("120", Some(120)),
            (" 0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:48:37 GMT", None),
            ("-1", None),
            ("18446744073709551616", None),
            ("soon", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(retry_after(&headers, now), expected, "{text:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    /// A TLS server that answers 404, and notes in which version of HTTP it was asked.
    async fn tls_server() -> (
        Url,
        rustls::pki_types::CertificateDer<'static>,
        Arc<Mutex<Vec<Version>>>,
    ) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        let certificate = made.cert.der().clone();
        let secret = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], secret)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let versions = Arc::<Mutex<Vec<Version>>>::default();
        let log = Arc::clone(&versions);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let log = Arc::clone(&log);
                let service = service_fn(move |request: Request<Incoming>| {
                    log.lock().unwrap().push(request.version());
                    let mut response = hyper::Response::new(Empty::<Bytes>::new());
                    *response.status_mut() = StatusCode::NOT_FOUND;
                    std::future::ready(Ok::<_, std::convert::Infallible>(response))
                });
                tokio::spawn(
                    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        let url = format!("https://localhost:{port}/x").parse().unwrap();
        (url, certificate, versions)
    }

    #[tokio::test]
    async fn tls_needs_a_trusted_certificate_and_brings_http_2() {
        let (url, certificate, versions) = tls_server().await;
        let key = KeyPair::from_secret(&[1; 32]).public();
        let connect = Duration::from_secs(3);

        let client = super::client(tls().unwrap(), connect, Way::Direct).unwrap();
        let answer = get(&client, url.clone(), &key, None, RelayPolicy::CacheFirst).await;
        let Err(RelayError::Connect(reason)) = answer else {
            panic!("{answer:?}")
        };
        assert!(reason.contains("certificate"), "{reason}");
        assert!(versions.lock().unwrap().is_empty());

        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let mut trusting = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        trusting.alpn_protocols = tls().unwrap().alpn_protocols;
        let client = super::client(trusting, connect, Way::Direct).unwrap();
        let answer = get(&client, url, &key, None, RelayPolicy::CacheFirst).await;
        let newer_invalid = None;
        assert_eq!(answer, Ok(RelayAnswer::Absent { newer_invalid }));
        assert_eq!(*versions.lock().unwrap(), [Version::HTTP_2]);
    }
}
