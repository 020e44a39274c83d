//! Connections to sites, in use and idle.
//!
//! A request takes an idle connection or opens one: over HTTP/1.1 it has it to itself, over HTTP/2
//! all requests of a site share one. A connection is used again only while the records still lead
//! the way it was come by, so a site that has moved, or whose owner has withdrawn an address, gets
//! no request over an old connection.
//!
//! A site may close an idle connection at the very moment it is used. Then the request is sent
//! again on another, if nothing of it can have been taken in (RFC 9110, section 9.2.2; RFC 9112,
//! section 9.3.1).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use hyper::{
    Request, Response, StatusCode,
    body::{Body as _, Incoming},
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, interval, timeout},
};

use super::{
    body::{Body, empty},
    connect::{ConnectError, Connection, Connector, Site, Way},
};
use crate::{endpoint::Endpoint, tls::Alpn};

/// How long an unused connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// How many unused connections to one site are kept, and to all sites together.
const IDLE_PER_SITE: usize = 8;
const MAX_IDLE: usize = 256;
/// How many HTTP/1.1 connections one site has at the same time; further requests wait.
const PER_SITE: usize = 32;
/// How long a request waits for one of them.
const WAIT: Duration = Duration::from_secs(30);
/// How many bytes of an answer's head are read.
const MAX_HEAD: usize = 64 * 1024;
/// How much of an answer may be on its way over HTTP/2 before it is read, for one and for all.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// Connections to sites.
#[derive(Debug)]
pub(super) struct Pool {
    connector: Connector,
    sites: Arc<Mutex<HashMap<Site, Entry>>>,
}

/// What there is for one site.
#[derive(Debug)]
struct Entry {
    idle: Vec<Idle>,
    shared: Option<Shared>,
    /// Held while a first TLS connection is opened: what it turns out to speak decides whether the
    /// others that wait need one of their own.
    opening: Arc<tokio::sync::Mutex<()>>,
    speaks_http1: bool,
    places: Arc<Semaphore>,
    used: Instant,
}

#[derive(Debug)]
struct Idle {
    sender: http1::SendRequest<Body>,
    way: Way,
    since: Instant,
    _place: OwnedSemaphorePermit,
}

#[derive(Debug, Clone)]
struct Shared {
    sender: http2::SendRequest<Body>,
    way: Way,
}

/// A connection that is one request's to use.
#[derive(Debug)]
pub(super) struct Lease {
    sender: Sender,
    way: Way,
    reused: bool,
}

#[derive(Debug)]
enum Sender {
    Http1(http1::SendRequest<Body>, OwnedSemaphorePermit),
    Http2(http2::SendRequest<Body>),
}

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    /// There is no connection.
    #[error(transparent)]
    Connect(Box<ConnectError>),
    /// The site broke off, or answered what is not HTTP.
    #[error(transparent)]
    Http(#[from] hyper::Error),
    /// The target can't be written.
    #[error(transparent)]
    Target(#[from] hyper::http::Error),
    /// An answer that only a proxy gives, or that was not asked for.
    #[error("the server answered with {0}, which was not asked for")]
    Status(StatusCode),
    /// A transfer coding that can't be undone.
    #[error("the server coded its answer in a way that can’t be passed on")]
    Coding,
    /// All connections that a site may have are in use.
    #[error("all connections to the site are in use")]
    Busy,
}

impl From<ConnectError> for ExchangeError {
    fn from(error: ConnectError) -> Self {
        Self::Connect(Box::new(error))
    }
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Self {
        let sites = Arc::default();
        tokio::spawn(sweep(Arc::downgrade(&sites)));
        Self { connector, sites }
    }

    /// Sends a request to a site and gives its answer. `fit` writes the target and the header
    /// fields that depend on the way.
    pub(super) async fn exchange(
        &self,
        site: &Site,
        endpoints: &[Endpoint],
        mut request: Request<Body>,
        fit: impl Fn(&mut Request<Body>, &Lease) -> Result<(), hyper::http::Error>,
    ) -> Result<Response<Incoming>, ExchangeError> {
        let again = again(&request);
        let mut lease = self.lease(site, endpoints, true).await?;
        loop {
            fit(&mut request, &lease)?;
            let reused = lease.reused;
            let (lost, error) = match lease.sender.send(request).await {
                Ok(response) => {
                    self.take_back(site, lease);
                    return Ok(response);
                }
                Err(lost) => lost,
            };
            let unsent = lost.or_else(|| reused.then(|| again.as_ref().map(repeat)).flatten());
            let Some(unsent) = unsent else {
                return Err(error.into());
            };
            if !reused {
                return Err(error.into());
            }
            request = unsent;
            lease = self.lease(site, endpoints, false).await?;
        }
    }

    /// Opens a connection for one request alone, over HTTP/1.1.
    pub(super) async fn alone(
        &self,
        site: &Site,
        endpoints: &[Endpoint],
    ) -> Result<(http1::SendRequest<Body>, Way), ExchangeError> {
        let connection = self
            .connector
            .connect(site, endpoints, Alpn::Http11)
            .await?;
        let way = connection.way.clone();
        Ok((begin_http1(connection).await?, way))
    }

    async fn lease(
        &self,
        site: &Site,
        endpoints: &[Endpoint],
        may_be_used: bool,
    ) -> Result<Lease, ExchangeError> {
        if may_be_used && let Some(lease) = self.kept(site, endpoints) {
            return Ok(lease);
        }
        let (opening, places, speaks_http1) = {
            let mut sites = self.lock();
            let entry = sites.entry(site.clone()).or_insert_with(Entry::new);
            entry.used = Instant::now();
            let places = Arc::clone(&entry.places);
            (Arc::clone(&entry.opening), places, entry.speaks_http1)
        };
        let tls = endpoints.iter().any(|endpoint| endpoint.tls) || site.beyond;
        let _first = if tls && !speaks_http1 {
            let first = opening.lock_owned().await;
            // Somebody may have opened what all can share meanwhile.
            if let Some(lease) = self.kept_shared(site, endpoints) {
                return Ok(lease);
            }
            Some(first)
        } else {
            None
        };
        let place = timeout(WAIT, places.acquire_owned())
            .await
            .map_err(|_| ExchangeError::Busy)?
            .map_err(|_| ExchangeError::Busy)?;
        let connection = self.connector.connect(site, endpoints, Alpn::Any).await?;
        let way = connection.way.clone();
        let http2 = connection.http2;
        let sender = if http2 {
            let sender = begin_http2(connection).await?;
            let shared = Shared {
                sender: sender.clone(),
                way: way.clone(),
            };
            self.change(site, |entry| entry.shared = Some(shared));
            Sender::Http2(sender)
        } else {
            let sender = begin_http1(connection).await?;
            self.change(site, |entry| entry.speaks_http1 = true);
            Sender::Http1(sender, place)
        };
        Ok(Lease {
            sender,
            way,
            reused: false,
        })
    }

    /// A connection that is there already.
    fn kept(&self, site: &Site, endpoints: &[Endpoint]) -> Option<Lease> {
        if let Some(lease) = self.kept_shared(site, endpoints) {
            return Some(lease);
        }
        let mut sites = self.lock();
        let entry = sites.get_mut(site)?;
        entry.used = Instant::now();
        while let Some(idle) = entry.idle.pop() {
            if !idle.sender.is_closed() && idle.way.is_led_by(site, endpoints) {
                return Some(Lease {
                    sender: Sender::Http1(idle.sender, idle._place),
                    way: idle.way,
                    reused: true,
                });
            }
        }
        None
    }

    fn kept_shared(&self, site: &Site, endpoints: &[Endpoint]) -> Option<Lease> {
        let mut sites = self.lock();
        let entry = sites.get_mut(site)?;
        let shared = entry.shared.as_ref()?;
        if shared.sender.is_closed() || !shared.way.is_led_by(site, endpoints) {
            entry.shared = None;
            return None;
        }
        let Shared { sender, way } = shared.clone();
        entry.used = Instant::now();
        Some(Lease {
            sender: Sender::Http2(sender),
            way,
            reused: true,
        })
    }

    /// Keeps a connection for the next request, as soon as the answer to this one has ended.
    fn take_back(&self, site: &Site, lease: Lease) {
        let Sender::Http1(mut sender, place) = lease.sender else {
            return;
        };
        let sites = Arc::downgrade(&self.sites);
        let site = site.clone();
        tokio::spawn(async move {
            if sender.ready().await.is_err() {
                return;
            }
            let Some(sites) = sites.upgrade() else { return };
            let mut sites = lock(&sites);
            let all: usize = sites.values().map(|entry| entry.idle.len()).sum();
            let entry = sites.entry(site).or_insert_with(Entry::new);
            if all < MAX_IDLE && entry.idle.len() < IDLE_PER_SITE {
                entry.idle.push(Idle {
                    sender,
                    way: lease.way,
                    since: Instant::now(),
                    _place: place,
                });
            }
        });
    }

    fn change(&self, site: &Site, change: impl FnOnce(&mut Entry)) {
        change(self.lock().entry(site.clone()).or_insert_with(Entry::new));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Site, Entry>> {
        lock(&self.sites)
    }
}

impl Lease {
    /// How the connection was come by.
    pub(super) fn way(&self) -> &Way {
        &self.way
    }

    /// Whether it speaks HTTP/2.
    pub(super) fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Http2(_))
    }
}

impl Sender {
    /// Sends a request; with the error the request comes back if nothing of it was sent.
    async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, (Option<Request<Body>>, hyper::Error)> {
        let sent = match self {
            Self::Http1(sender, _) => sender.try_send_request(request).await,
            Self::Http2(sender) => sender.try_send_request(request).await,
        };
        sent.map_err(|mut error| (error.take_message(), error.into_error()))
    }
}

impl Entry {
    fn new() -> Self {
        Self {
            idle: Vec::new(),
            shared: None,
            opening: Arc::default(),
            speaks_http1: false,
            places: Arc::new(Semaphore::new(PER_SITE)),
            used: Instant::now(),
        }
    }
}

async fn begin_http1(connection: Connection) -> Result<http1::SendRequest<Body>, hyper::Error> {
    let (sender, driver) = http1::Builder::new()
        .preserve_header_case(true)
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(connection.stream))
        .await?;
    tokio::spawn(async move {
        if let Err(error) = driver.with_upgrades().await {
            tracing::debug!(%error, "connection to a site ended");
        }
    });
    Ok(sender)
}

async fn begin_http2(connection: Connection) -> Result<http2::SendRequest<Body>, hyper::Error> {
    let (sender, driver) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEAD as u32)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20))
        .handshake(TokioIo::new(connection.stream))
        .await?;
    tokio::spawn(async move {
        if let Err(error) = driver.await {
            tracing::debug!(%error, "connection to a site ended");
        }
    });
    Ok(sender)
}

/// What is needed to send a request a second time: one without a body, of a method that may be
/// repeated.
fn again(request: &Request<Body>) -> Option<Request<()>> {
    (request.method().is_idempotent() && request.body().is_end_stream()).then(|| {
        let mut copy = Request::new(());
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.headers_mut() = request.headers().clone();
        copy
    })
}

fn repeat(request: &Request<()>) -> Request<Body> {
    request.clone().map(|()| empty())
}

/// Closes what has not been used for a while, and forgets sites that have nothing left.
async fn sweep(sites: Weak<Mutex<HashMap<Site, Entry>>>) {
    let mut ticks = interval(KEEP_ALIVE / 4);
    loop {
        ticks.tick().await;
        let Some(sites) = sites.upgrade() else { return };
        let now = Instant::now();
        lock(&sites).retain(|_, entry| {
            entry.idle.retain(|idle| {
                !idle.sender.is_closed() && now.duration_since(idle.since) < KEEP_ALIVE
            });
            let unused = now.duration_since(entry.used) >= KEEP_ALIVE;
            // Requests that are under way hold the connection; it ends with the last of them.
            if unused {
                entry.shared = None;
            }
            let in_use = entry.places.available_permits() < PER_SITE;
            !unused || in_use || !entry.idle.is_empty()
        });
    }
}

/// What the lock guards is whole at every moment, even if a holder panics.
fn lock(sites: &Mutex<HashMap<Site, Entry>>) -> MutexGuard<'_, HashMap<Site, Entry>> {
    sites.lock().unwrap_or_else(PoisonError::into_inner)
}
