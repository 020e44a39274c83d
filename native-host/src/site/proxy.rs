//! A web server behind the site: requests go to it over HTTP/1.1, answers come back, both streamed.
//!
//! The server sees the request as the site got it, the key host in `Host` included, and in
//! `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host` who asked for what. What a client
//! says of that kind itself is dropped, as anybody can claim anything. WebSockets pass through
//! (RFC 6455, over HTTP/1.1); other upgrades don’t, for behind them requests would pass unseen.

use std::{io, net::IpAddr, str::FromStr, time::Duration};

use http_body_util::{BodyExt, Empty};
use hyper::{
    HeaderMap, Request, Response, StatusCode, Uri, Version,
    body::Incoming,
    header::{self, HeaderName, HeaderValue},
    http::uri::{Authority, PathAndQuery, Scheme},
    upgrade,
};
use hyper_util::{
    client::legacy::{self, Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::{
    Body,
    host::{HostError, host_for},
    server::Visit,
    text,
};
use crate::{
    http_fields::{
        has_connection_option, is_plainly_framed, join_cookies, name_te, without_hop_by_hop,
    },
    web_socket,
};

/// How long the server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an unused connection to it is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// How many unused connections to it are kept.
const KEPT: usize = 32;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The server behind a site: `HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream(Authority);

/// The text is not a server to pass requests to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write it as HOST:PORT, such as 127.0.0.1:8080")]
#[non_exhaustive]
pub struct UpstreamError;

impl FromStr for Upstream {
    type Err = UpstreamError;

    /// Reads `HOST:PORT`, also with `http://` in front.
    fn from_str(text: &str) -> Result<Self, UpstreamError> {
        let text = text.strip_prefix("http://").unwrap_or(text);
        let text = text.strip_suffix('/').unwrap_or(text);
        let authority: Authority = text.parse().map_err(|_| UpstreamError)?;
        let complete = !authority.host().is_empty()
            && authority.port_u16().is_some_and(|port| port > 0)
            && !authority.as_str().contains('@');
        complete.then_some(Self(authority)).ok_or(UpstreamError)
    }
}

impl std::fmt::Display for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "http://{}/", self.0)
    }
}

/// Passes requests to a server. Connections to it are used again.
#[derive(Debug)]
pub struct Proxy {
    upstream: Authority,
    client: Client<HttpConnector, Incoming>,
}

/// Why a request is not answered by the server.
enum Refusal {
    /// The request is for no host, or for another’s.
    Host(HostError),
    /// It can’t be written for the server.
    Request,
    /// Nobody accepts a connection.
    Down,
    /// The connection ended before an answer, or with none that can be passed on.
    Broken,
}

impl Proxy {
    /// A proxy in front of this server, which need not run yet.
    pub fn new(upstream: Upstream) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEEP_ALIVE)
            .pool_max_idle_per_host(KEPT)
            .build(connector);
        Self {
            upstream: upstream.0,
            client,
        }
    }

    pub(super) async fn answer(&self, request: Request<Incoming>, visit: &Visit) -> Response<Body> {
        self.forward(request, visit)
            .await
            .unwrap_or_else(|refusal| match refusal {
                Refusal::Host(HostError::Unclear) => text(
                    StatusCode::BAD_REQUEST,
                    "The request does not say clearly which host it is for.",
                ),
                Refusal::Host(HostError::Misdirected) => text(
                    StatusCode::MISDIRECTED_REQUEST,
                    "This is the site of a key. The request is for another host.",
                ),
                Refusal::Request => {
                    text(StatusCode::BAD_REQUEST, "This request can’t be passed on.")
                }
                Refusal::Down => text(
                    StatusCode::BAD_GATEWAY,
                    "The server behind this site does not answer. Try again later.",
                ),
                Refusal::Broken => text(
                    StatusCode::BAD_GATEWAY,
                    "The server behind this site ended the connection. Try again later.",
                ),
            })
    }

    async fn forward(
        &self,
        mut request: Request<Incoming>,
        visit: &Visit,
    ) -> Result<Response<Body>, Refusal> {
        let host = host_for(&request, visit.key()).map_err(Refusal::Host)?;
        if !is_plainly_framed(request.headers()) {
            return Err(Refusal::Request);
        }
        let upgrade = wants_web_socket(&request).then(|| upgrade::on(&mut request));
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = self.uri(path).ok_or(Refusal::Request)?;
        *request.version_mut() = Version::HTTP_11;
        let fields = request.headers_mut();
        prepare(fields, host, visit.peer);
        if upgrade.is_some() {
            web_socket::ask(fields);
        }
        let mut response = self.client.request(request).await.map_err(|error| {
            tracing::debug!(error = %Chain(&error), "the server behind the site does not answer");
            if error.is_connect() {
                Refusal::Down
            } else {
                Refusal::Broken
            }
        })?;
        let switched = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        // Nobody switches protocols unasked, or to another one.
        let agreed = upgrade.is_some() && web_socket::is_asked(response.headers());
        if !is_plainly_framed(response.headers()) || switched && !agreed {
            return Err(Refusal::Broken);
        }
        without_hop_by_hop(response.headers_mut());
        // The version is this connection’s, not that to the server (RFC 9110, section 2.5).
        *response.version_mut() = Version::HTTP_11;
        let Some(near) = upgrade.filter(|_| switched) else {
            return Ok(response.map(|body| body.map_err(io::Error::other).boxed_unsync()));
        };
        visit.spawn(web_socket::joined(near, upgrade::on(&mut response)));
        web_socket::ask(response.headers_mut());
        Ok(response.map(|_| Empty::new().map_err(|never| match never {}).boxed_unsync()))
    }

    fn uri(&self, path: Option<PathAndQuery>) -> Option<Uri> {
        // `OPTIONS *` is about the server, not about one of its pages.
        let path = path.filter(|path| path.as_str().starts_with('/'));
        Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.upstream.clone())
            .path_and_query(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
            .build()
            .ok()
    }
}

fn wants_web_socket(request: &Request<Incoming>) -> bool {
    request.version() == Version::HTTP_11
        && has_connection_option(request.headers(), "upgrade")
        && web_socket::is_asked(request.headers())
}

/// Makes the fields of a request those for the server.
fn prepare(fields: &mut HeaderMap, host: HeaderValue, peer: IpAddr) {
    // A length beside an encoding is a lie or a mistake (RFC 9112, section 6.3).
    if fields.contains_key(header::TRANSFER_ENCODING) {
        fields.remove(header::CONTENT_LENGTH);
    }
    without_hop_by_hop(fields);
    // Has been answered by us.
    fields.remove(header::EXPECT);
    let claimed: Vec<_> = fields
        .keys()
        .filter(|name| is_claim(name))
        .cloned()
        .collect();
    for name in claimed {
        fields.remove(name);
    }
    join_cookies(fields);
    name_te(fields);
    if let Ok(peer) = HeaderValue::from_str(&peer.to_string()) {
        fields.insert(FORWARDED_FOR, peer);
    }
    fields.insert(FORWARDED_PROTO, HeaderValue::from_static("https"));
    fields.insert(FORWARDED_HOST, host.clone());
    fields.insert(header::HOST, host);
}

/// Whether a field says of a request where it came from. Some servers read `_` and `-` as one.
fn is_claim(name: &HeaderName) -> bool {
    let name = name.as_str().replace('_', "-");
    name.starts_with("x-forwarded-") || name == "forwarded" || name == "x-real-ip"
}

/// An error with its causes.
struct Chain<'a>(&'a legacy::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = std::error::Error::source(self.0);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read() {
        for text in [
            "127.0.0.1:8080",
            "http://127.0.0.1:8080/",
            "[::1]:80",
            "localhost:3000",
        ] {
            assert!(text.parse::<Upstream>().is_ok(), "{text}");
        }
        for text in [
            "",
            "8080",
            ":8080",
            "localhost",
            "localhost:0",
            "a:1/x",
            "u@a:1",
            "https://a:1",
        ] {
            assert_eq!(text.parse::<Upstream>(), Err(UpstreamError), "{text}");
        }
    }
}
