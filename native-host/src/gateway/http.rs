//! Requests, one by one: what is refused, where it goes, what comes back.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::{
    Request, Response, StatusCode, Uri, Version,
    body::{Body as _, Incoming},
    header::{self, HeaderValue},
    http::uri::{Parts, PathAndQuery, Scheme},
    upgrade::{self, OnUpgrade},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use super::{
    GatewayConfig,
    body::{Body, Passing, Pulse, empty},
    certificates::Certificates,
    connect::Connector,
    fields, from,
    limits::{Limits, Turn},
    pages::{self, Failure, Reader},
    pool::{ExchangeError, Pool},
    target,
    way::{ConnectError, Reach, Site, Way},
    words::Language,
};
use crate::{
    endpoint::{Endpoint, Target},
    http_fields::{is_plainly_framed, join_cookies, name_te, without_hop_by_hop},
    key::KeyHost,
    problem::{Code, Problem},
    resolver::{Policy, Priority, Resolver, Route},
    web_socket,
};

/// How many WebSockets are open at the same time.
const MAX_WEB_SOCKETS: usize = 512;
/// How long a site may take to answer after the request has last moved.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(300);

/// What answers the browser's requests.
#[derive(Debug)]
pub(super) struct Proxy {
    resolver: Resolver,
    limits: Limits,
    pool: Pool,
    web_sockets: Arc<Semaphore>,
    certificates: Certificates,
    https_in_use: Arc<AtomicBool>,
}

/// Where one request is to go.
#[derive(Debug, Clone, Copy)]
struct Goal<'a> {
    site: &'a Site,
    endpoints: &'a [Endpoint],
    reach: Reach,
}

impl Proxy {
    pub(super) fn new(resolver: Resolver, config: GatewayConfig) -> Self {
        Self {
            resolver,
            limits: Limits::new(),
            pool: Pool::new(Connector::new(config.private)),
            web_sockets: Arc::new(Semaphore::new(MAX_WEB_SOCKETS)),
            certificates: Certificates::new(config.roots),
            https_in_use: config.https_in_use,
        }
    }

    /// The certificates it shows to browsers.
    pub(super) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// Answers one request to the proxy; a failure is an answer too.
    pub(super) async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let site = target::of_proxy_request(&request);
        self.answer(site, request).await
    }

    /// Answers one request for a key host; a failure is an answer too.
    pub(super) async fn answer(
        &self,
        site: Result<Site, Problem>,
        request: Request<Incoming>,
    ) -> Response<Body> {
        let reader = Reader::of(&request);
        let language = Language::of(request.headers());
        let version = request.version();
        let host = match &site {
            Ok(site) => site.host.to_string(),
            Err(_) => request.uri().host().unwrap_or_default().to_owned(),
        };
        let outcome = match site {
            Ok(site) => self.pass_on(&site, request, reader).await,
            Err(problem) => Err(problem.into()),
        };
        outcome.unwrap_or_else(|failure| refuse(&failure, &host, reader, language, version))
    }

    async fn pass_on(
        &self,
        site: &Site,
        request: Request<Incoming>,
        reader: Reader,
    ) -> Result<Response<Body>, Failure> {
        if site.secure && self.certificates.is_probe(&site.host) {
            return Ok(probed()?);
        }
        let key = site.host.key();
        let turn = self.limits.turn(key)?;
        let page = from::page(request.headers());
        let framed = from::is_framed(request.headers());
        let priority = match reader {
            Reader::Person if !framed => Priority::Page,
            _ => Priority::Part,
        };
        let cache = self.resolver.cache();
        let pays = reader == Reader::Program || framed || page.is_some();
        if pays && cache.get(key).is_none() && !cache.is_absent(key) {
            self.limits.pay_lookup(key, page)?;
        }
        let route = self
            .resolver
            .route(&site.host, "https", Policy::CacheFirst, priority)
            .await
            .map_err(Problem::from)?;
        if route.endpoints.is_empty() {
            return Err(no_endpoint(&site.host, &route));
        }
        let path = request.uri().path_and_query().cloned();
        let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
        if reader == Reader::Person
            && let Some(elsewhere) = self.by_the_other_scheme(site, &route.endpoints)
        {
            return Ok(redirect(&elsewhere, &path)?);
        }
        let reach = match reader {
            Reader::Program if from::is_of_another(&site.host, request.headers()) => Reach::Beyond,
            _ => Reach::Records,
        };
        let goal = Goal {
            site,
            endpoints: &route.endpoints,
            reach,
        };
        let outcome = if web_socket::is_asked(request.headers()) {
            self.open_web_socket(goal, request, turn).await
        } else {
            self.exchange(goal, request, turn).await
        };
        match outcome {
            Err(ExchangeError::Connect(error)) => match *error {
                ConnectError::Icann { name, port } => {
                    let authority = match port {
                        443 => name,
                        _ => format!("{name}:{port}"),
                    };
                    Ok(redirect(&format!("https://{authority}"), &path)?)
                }
                error => Err(error.into()),
            },
            Err(error) => Err(told(error, &site.host).into()),
            Ok(response) => Ok(response),
        }
    }

    /// Where a page is to be opened instead, if the records want the other scheme than the one it
    /// was asked for by.
    fn by_the_other_scheme(&self, site: &Site, endpoints: &[Endpoint]) -> Option<String> {
        let by_address = |endpoint: &Endpoint| matches!(endpoint.target, Target::Addresses(_));
        if site.secure {
            // The padlock stands for the whole way, and plain HTTP proves nothing. A port that is
            // named is one that speaks TLS, by the page's own word.
            let plain = |endpoint: &Endpoint| by_address(endpoint) && !endpoint.tls;
            return (site.port.is_none() && endpoints.iter().all(plain))
                .then(|| format!("http://{}", site.host));
        }
        let first = endpoints.first()?;
        let wanted = by_address(first)
            && first.tls
            && self.https_in_use.load(Ordering::Relaxed)
            && self.certificates.are_there();
        wanted.then(|| format!("https://{}", site.authority()))
    }

    async fn exchange(
        &self,
        goal: Goal<'_>,
        request: Request<Incoming>,
        turn: Turn,
    ) -> Result<Response<Body>, ExchangeError> {
        let pulse = Pulse::new();
        let mut request = request.map(|body| {
            if body.is_end_stream() {
                empty()
            } else {
                Passing::request(body, pulse.clone())
            }
        });
        without_hop_by_hop(request.headers_mut());
        join_cookies(request.headers_mut());
        request.extensions_mut().clear();
        let path = request.uri().path_and_query().cloned();
        let fit =
            |request: &mut _, way: &_, http2| fit(request, goal.site, path.clone(), way, http2);
        let exchange = self
            .pool
            .exchange(goal.site, goal.endpoints, goal.reach, request, fit);
        let mut exchange = std::pin::pin!(exchange);
        let response = loop {
            match timeout_at(pulse.last() + ANSWER_TIMEOUT, &mut exchange).await {
                Ok(outcome) => break outcome?,
                Err(_) if pulse.last() + ANSWER_TIMEOUT > Instant::now() => {}
                Err(_) => return Err(ConnectError::Late(goal.site.host.clone()).into()),
            }
        };
        finished(response, turn)
    }

    async fn open_web_socket(
        &self,
        goal: Goal<'_>,
        mut request: Request<Incoming>,
        turn: Turn,
    ) -> Result<Response<Body>, ExchangeError> {
        let permit = Arc::clone(&self.web_sockets)
            .try_acquire_owned()
            .map_err(|_| ExchangeError::Busy)?;
        let browser: OnUpgrade = upgrade::on(&mut request);
        let (mut sender, way) = self
            .pool
            .alone(goal.site, goal.endpoints, goal.reach)
            .await?;
        let mut request = request.map(|_| empty());
        without_hop_by_hop(request.headers_mut());
        request.extensions_mut().clear();
        let path = request.uri().path_and_query().cloned();
        fit(&mut request, goal.site, path, &way, false)?;
        web_socket::ask(request.headers_mut());
        let answer = timeout_at(
            Instant::now() + ANSWER_TIMEOUT,
            sender.send_request(request),
        );
        let mut response = answer
            .await
            .map_err(|_| ConnectError::Late(goal.site.host.clone()))??;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return finished(response, turn);
        }
        web_socket::join(browser, &mut response, permit);
        let mut response = response.map(|_| empty());
        fields::finish_answer(response.headers_mut());
        web_socket::ask(response.headers_mut());
        Ok(response)
    }
}

/// Writes into a request what depends on where it goes: the target in its form (RFC 9112, section
/// 3.2.1; RFC 9113, section 8.3.1), and the host.
fn fit(
    request: &mut Request<Body>,
    site: &Site,
    path: Option<PathAndQuery>,
    way: &Way,
    http2: bool,
) -> Result<(), hyper::http::Error> {
    let authority = match way {
        Way::Icann(name, 443) => name.clone(),
        Way::Icann(name, port) => format!("{name}:{port}"),
        _ => site.authority(),
    };
    let mut parts = Parts::default();
    parts.path_and_query = Some(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    let headers = request.headers_mut();
    if http2 {
        parts.scheme = Some(Scheme::HTTPS);
        parts.authority = Some(authority.parse()?);
        headers.remove(header::HOST);
        headers.remove(header::CONNECTION);
        *request.version_mut() = Version::HTTP_2;
    } else {
        headers.insert(header::HOST, HeaderValue::try_from(authority)?);
        name_te(headers);
        *request.version_mut() = Version::HTTP_11;
    }
    *request.uri_mut() = Uri::from_parts(parts)?;
    Ok(())
}

/// The answer of a site as it goes to the browser.
fn finished(mut response: Response<Incoming>, turn: Turn) -> Result<Response<Body>, ExchangeError> {
    // Nobody switches protocols unasked, and only the gateway itself asks for a proxy's password.
    let refused = [
        StatusCode::SWITCHING_PROTOCOLS,
        StatusCode::PROXY_AUTHENTICATION_REQUIRED,
    ];
    if refused.contains(&response.status()) {
        return Err(ExchangeError::Status(response.status()));
    }
    if !is_plainly_framed(response.headers()) {
        return Err(ExchangeError::Coding);
    }
    fields::finish_answer(response.headers_mut());
    response.extensions_mut().clear();
    // The version is this connection's, not that to the site (RFC 9110, section 2.5).
    *response.version_mut() = Version::HTTP_11;
    Ok(response.map(|body| Passing::answer(body, turn)))
}

/// The answer to a request that failed.
pub(super) fn refuse(
    failure: &Failure,
    host: &str,
    reader: Reader,
    language: &Language,
    version: Version,
) -> Response<Body> {
    let problem = &failure.problem;
    // Not above debug: a log is no place for what somebody reads, and a page could flood it.
    tracing::debug!(code = %problem.code, %host, "{}", problem.what);
    let mut answer = pages::answer(failure, host, reader, language);
    // What follows a request that was not understood must not be read as one.
    if problem.code == Code::BadRequest && version <= Version::HTTP_11 {
        let close = HeaderValue::from_static("close");
        answer.headers_mut().insert(header::CONNECTION, close);
    }
    answer
}

fn no_endpoint(host: &KeyHost, route: &Route) -> Failure {
    match route.failures.first() {
        Some((_, failure)) => Problem::from(failure.clone()).into(),
        None => Failure::with_records(ConnectError::NoEndpoint(host.clone()), &route.answer.packet),
    }
}

fn told(error: ExchangeError, host: &KeyHost) -> Problem {
    match error {
        ExchangeError::Connect(error) => (*error).into(),
        ExchangeError::AsBefore(problem) => problem,
        ExchangeError::Busy => Problem::new(Code::Busy, error),
        ExchangeError::Target(error) => Problem::new(Code::BadRequest, error),
        ExchangeError::Status(_) | ExchangeError::Coding => {
            Problem::new(Code::ConnectFailed, format!("{host}: {error}"))
        }
        ExchangeError::Http(error) => {
            let mut cause: &dyn Error = &error;
            while let Some(source) = cause.source() {
                cause = source;
            }
            let what = format!("the server of {host} ended the connection: {cause}");
            Problem::new(Code::ConnectFailed, what)
        }
    }
}

/// Sends the browser to the same path elsewhere, for this time.
fn redirect(to: &str, path: &PathAndQuery) -> Result<Response<Body>, Problem> {
    let mut response = Response::builder()
        .status(StatusCode::TEMPORARY_REDIRECT)
        .header(header::LOCATION, format!("{to}{path}"))
        .header(header::CACHE_CONTROL, "no-store")
        .body(empty())
        .map_err(|error| Problem::new(Code::Internal, error))?;
    fields::mark_public(response.headers_mut());
    Ok(response)
}

/// The answer at the probe: whoever can read it trusts the root.
fn probed() -> Result<Response<Body>, Problem> {
    Response::builder()
        .status(StatusCode::NO_CONTENT)
        .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
        .header(header::CACHE_CONTROL, "no-store")
        .body(empty())
        .map_err(|error| Problem::new(Code::Internal, error))
}
