//! Requests, one by one: what is refused, where it goes, what comes back.

use std::{error::Error, sync::Arc};

use http_body_util::BodyExt;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode, Uri,
    body::Incoming,
    header::{self, HeaderName, HeaderValue},
    http::uri::{PathAndQuery, Scheme},
};
use hyper_util::{
    client::legacy::{self, Client},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::sync::Semaphore;

use super::{
    connect::{ConnectError, Connector},
    pages::{self, Body},
    tunnel,
};
use crate::{
    item::Seq,
    key::KeyHost,
    problem::{Code, Problem},
    resolver::Priority,
};

/// How many tunnels are open at the same time.
const MAX_TUNNELS: usize = 512;
/// How long an unused connection to a site is kept.
const KEEP_ALIVE: std::time::Duration = std::time::Duration::from_secs(60);
/// How many unused connections to one site are kept.
const KEPT_PER_HOST: usize = 8;

/// Header fields that are about one connection only (RFC 9110, section 7.6.1), and those for
/// proxies. `Connection` itself names more.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// What answers the browser's requests.
#[derive(Debug)]
pub(super) struct Proxy {
    connector: Connector,
    tunnels: Arc<Semaphore>,
    client: Client<Connector, Incoming>,
}

impl Proxy {
    pub(super) fn new(resolver: crate::resolver::Resolver, allow_private: bool) -> Self {
        let connector = Connector::new(resolver, allow_private);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEEP_ALIVE)
            .pool_max_idle_per_host(KEPT_PER_HOST)
            .http1_preserve_header_case(true)
            .build(connector.clone());
        Self {
            connector,
            tunnels: Arc::new(Semaphore::new(MAX_TUNNELS)),
            client,
        }
    }

    /// Answers one request; a failure is an answer too.
    pub(super) async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let reader = pages::Reader::of(&request);
        let host = request.uri().host().unwrap_or_default().to_owned();
        let outcome = if request.method() == Method::CONNECT {
            self.tunnel(request).await
        } else {
            self.forward(request, reader).await
        };
        outcome.unwrap_or_else(|problem| {
            // Not above debug: a log is no place for what somebody reads, and a page could flood it.
            tracing::debug!(code = %problem.code, %host, "{}", problem.what);
            pages::answer(&problem, &host, reader)
        })
    }

    async fn tunnel(&self, request: Request<Incoming>) -> Result<Response<Body>, Problem> {
        let host = key_host(request.uri())?;
        let port = request.uri().port_u16().unwrap_or(80);
        if port == 443 {
            return Err(Problem::new(
                Code::NeedsTls,
                format!("https://{host}/ can’t be opened by this version"),
            ));
        }
        // Port 80 is what `ws:` means without one, and leaves the record's port its say.
        let named = (port != 80).then_some(port);
        let permit = Arc::clone(&self.tunnels)
            .try_acquire_owned()
            .map_err(|_| Problem::new(Code::Busy, "too many tunnels are open at the same time"))?;
        self.connector.ready(&host, Priority::Part).await?;
        let site = self.connector.connect(&host, named).await?;
        tunnel::join(request, site, permit);
        Ok(Response::new(pages::empty()))
    }

    async fn forward(
        &self,
        mut request: Request<Incoming>,
        reader: pages::Reader,
    ) -> Result<Response<Body>, Problem> {
        if request.uri().scheme() != Some(&Scheme::HTTP) {
            return Err(Problem::new(
                Code::BadRequest,
                "this is a proxy for http:// key hosts, and the request is not one for a proxy",
            ));
        }
        let host = key_host(request.uri())?;
        let priority = match reader {
            pages::Reader::Person => Priority::Page,
            pages::Reader::Program => Priority::Part,
        };
        let version = self.connector.ready(&host, priority).await?;
        let path = request.uri().path_and_query().cloned();
        let port = request.uri().port_u16().filter(|port| *port != 80);
        let uri = site_uri(&host, version, port, path.clone())?;
        without_hop_by_hop(request.headers_mut());
        // RFC 9112, section 3.2.2: the target's authority stands over a `Host` of the request.
        let authority = match port {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let value = HeaderValue::from_str(&authority)
            .map_err(|error| Problem::new(Code::BadRequest, error))?;
        request.headers_mut().insert(header::HOST, value);
        *request.uri_mut() = uri;
        *request.version_mut() = hyper::Version::HTTP_11;
        match self.client.request(request).await {
            Ok(mut response) => {
                without_hop_by_hop(response.headers_mut());
                // The version is this connection's, not that to the site (RFC 9110, section 2.5).
                *response.version_mut() = hyper::Version::HTTP_11;
                Ok(response.map(BodyExt::boxed))
            }
            Err(error) => match connect_error(&error) {
                Some(ConnectError::Icann { name, port }) => redirect(name, *port, path.as_ref()),
                Some(error) => Err(error.clone().into()),
                None => Err(Problem::new(
                    Code::ConnectFailed,
                    format!(
                        "the server of {host} ended the connection: {}",
                        root_cause(&error)
                    ),
                )),
            },
        }
    }
}

fn key_host(uri: &Uri) -> Result<KeyHost, Problem> {
    let host = uri
        .host()
        .ok_or_else(|| Problem::new(Code::BadRequest, "the request names no host"))?;
    KeyHost::parse(host).map_err(|error| Problem::new(Code::NotAKey, error))
}

/// What the client asks for. It shares connections by the authority, so that holds the host in its
/// one spelling, and in front of it the version of the records: a connection that older records
/// allowed serves no request any more. The site never sees it.
fn site_uri(
    host: &KeyHost,
    version: Seq,
    port: Option<u16>,
    path: Option<PathAndQuery>,
) -> Result<Uri, Problem> {
    let authority = match port {
        Some(port) => format!("{version}.{host}:{port}"),
        None => format!("{version}.{host}"),
    };
    Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(authority)
        .path_and_query(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
        .build()
        .map_err(|error| Problem::new(Code::BadRequest, error))
}

fn without_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// Sends the browser to the ICANN name that serves the site.
fn redirect(
    name: &str,
    port: Option<u16>,
    path: Option<&PathAndQuery>,
) -> Result<Response<Body>, Problem> {
    let port = match port {
        Some(port) if port != 443 => format!(":{port}"),
        _ => String::new(),
    };
    let path = path.map_or("/", PathAndQuery::as_str);
    Response::builder()
        .status(StatusCode::TEMPORARY_REDIRECT)
        .header(header::LOCATION, format!("https://{name}{port}{path}"))
        .header(header::CACHE_CONTROL, "no-store")
        .body(pages::empty())
        .map_err(|error| Problem::new(Code::Internal, error))
}

/// Our own reason inside the client's error.
fn connect_error(error: &legacy::Error) -> Option<&ConnectError> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        source = error.source();
    }
    None
}

fn root_cause(error: &legacy::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_one_connection_stay_on_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("keep-alive", "5"),
            ("proxy-authorization", "secret"),
            ("te", "trailers"),
            ("accept", "*/*"),
        ] {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        without_hop_by_hop(&mut headers);
        let left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["accept"]);
    }
}
