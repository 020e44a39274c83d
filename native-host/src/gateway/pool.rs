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
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, interval, timeout},
};

use super::{
    body::{Body, empty},
    client::{Sender, begin_http1, begin_http2},
    connect::Connector,
    way::{ConnectError, Reach, Site, Way},
};
use crate::{
    endpoint::{Endpoint, Target},
    problem::Problem,
    tasks,
    tls::Alpn,
};

/// How long an unused connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// How many unused connections to one site are kept, and to all sites together.
const IDLE_PER_SITE: usize = 8;
const MAX_IDLE: usize = 256;
/// How many HTTP/1.1 connections one site has at the same time; further requests wait.
const PER_SITE: usize = 32;
/// How long a request waits for one of them.
const WAIT: Duration = Duration::from_secs(30);
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
    /// When no connection came about last, and why.
    failed: Option<(Instant, Problem)>,
    places: Arc<Semaphore>,
    used: Instant,
}

#[derive(Debug)]
struct Idle {
    sender: http1::SendRequest<Body>,
    way: Way,
    since: Instant,
    place: OwnedSemaphorePermit,
}

#[derive(Debug, Clone)]
struct Shared {
    sender: http2::SendRequest<Body>,
    way: Way,
}

/// A connection that is one request's to use.
#[derive(Debug)]
struct Lease {
    sender: Sender,
    way: Way,
    reused: bool,
}

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    /// There is no connection.
    #[error(transparent)]
    Connect(Box<ConnectError>),
    /// There is none, as one that asked at the same time has found out.
    #[error(transparent)]
    AsBefore(Problem),
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
        tasks::spawn(sweep(Arc::downgrade(&sites)));
        Self { connector, sites }
    }

    /// Sends a request to a site and gives its answer. `fit` writes the target and the header
    /// fields that depend on the way, and on whether HTTP/2 is spoken.
    pub(super) async fn exchange(
        &self,
        site: &Site,
        endpoints: &[Endpoint],
        reach: Reach,
        mut request: Request<Body>,
        fit: impl Fn(&mut Request<Body>, &Way, bool) -> Result<(), hyper::http::Error>,
    ) -> Result<Response<Incoming>, ExchangeError> {
        let again = again(&request);
        let mut lease = self.lease(site, endpoints, reach, true).await?;
        loop {
            fit(&mut request, &lease.way, lease.is_http2())?;
            let reused = lease.reused;
            let (unsent, error) = match lease.sender.send(request).await {
                Ok(response) => {
                    self.take_back(site, lease);
                    return Ok(response);
                }
                Err(lost) => lost,
            };
            if !reused {
                return Err(error.into());
            }
            request = match (unsent, &again) {
                (Some(unsent), _) => unsent,
                (None, Some(again)) => repeat(again),
                (None, None) => return Err(error.into()),
            };
            // Once more, on a connection that nobody has used before: then the site itself is at
            // fault, and asking it again and again would be an attack.
            self.change(site, |entry| entry.shared = None);
            lease = self.lease(site, endpoints, reach, false).await?;
            lease.reused = false;
        }
    }

    /// Opens a connection for one request alone, over HTTP/1.1.
    pub(super) async fn alone(
        &self,
        site: &Site,
        endpoints: &[Endpoint],
        reach: Reach,
    ) -> Result<(http1::SendRequest<Body>, Way), ExchangeError> {
        let connection = self
            .connector
            .connect(site, endpoints, reach, Alpn::Http11)
            .await?;
        let way = connection.way.clone();
        Ok((begin_http1(connection).await?, way))
    }

    async fn lease(
        &self,
        site: &Site,
        endpoints: &[Endpoint],
        reach: Reach,
        may_be_used: bool,
    ) -> Result<Lease, ExchangeError> {
        let kept = |may_be_used: bool| match may_be_used {
            true => self.kept(site, endpoints, reach),
            false => self.kept_shared(site, endpoints, reach),
        };
        if may_be_used && let Some(lease) = kept(true) {
            return Ok(lease);
        }
        let asked_at = Instant::now();
        let (opening, places) = self.change(site, |entry| {
            (Arc::clone(&entry.opening), Arc::clone(&entry.places))
        });
        let tls = |endpoint: &Endpoint| match endpoint.target {
            Target::Addresses(_) => endpoint.tls,
            Target::Icann(_) => reach == Reach::Beyond,
        };
        let mut first = None;
        if endpoints.iter().any(tls) && !self.change(site, |entry| entry.speaks_http1) {
            let turn = opening.lock_owned().await;
            // Who was here before may have opened what can be shared, or found out that each
            // needs a connection of its own, or that there is none to be had.
            if let Some(lease) = kept(may_be_used) {
                return Ok(lease);
            }
            let (failed, speaks_http1) =
                self.change(site, |entry| (entry.failed.clone(), entry.speaks_http1));
            if let Some((at, problem)) = failed
                && at >= asked_at
            {
                return Err(ExchangeError::AsBefore(problem));
            }
            first = (!speaks_http1).then_some(turn);
        }
        let place = timeout(WAIT, places.acquire_owned())
            .await
            .map_err(|_| ExchangeError::Busy)?
            .map_err(|_| ExchangeError::Busy)?;
        let connected = self
            .connector
            .connect(site, endpoints, reach, Alpn::Any)
            .await;
        let connection = match connected {
            Ok(connection) => connection,
            // Not a failure but a way that each request has to be told of.
            Err(error @ ConnectError::Icann { .. }) => return Err(error.into()),
            Err(error) => {
                let problem = Problem::from(error);
                let failed = Some((Instant::now(), problem.clone()));
                self.change(site, |entry| entry.failed = failed);
                return Err(ExchangeError::AsBefore(problem));
            }
        };
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
        drop(first);
        Ok(Lease {
            sender,
            way,
            reused: false,
        })
    }

    /// A connection that is there already.
    fn kept(&self, site: &Site, endpoints: &[Endpoint], reach: Reach) -> Option<Lease> {
        if let Some(lease) = self.kept_shared(site, endpoints, reach) {
            return Some(lease);
        }
        let mut sites = self.lock();
        let entry = sites.get_mut(site)?;
        entry.used = Instant::now();
        while let Some(idle) = entry.idle.pop() {
            if !idle.sender.is_closed() && idle.way.is_led_by(site, endpoints, reach) {
                return Some(Lease {
                    sender: Sender::Http1(idle.sender, idle.place),
                    way: idle.way,
                    reused: true,
                });
            }
        }
        None
    }

    fn kept_shared(&self, site: &Site, endpoints: &[Endpoint], reach: Reach) -> Option<Lease> {
        let mut sites = self.lock();
        let entry = sites.get_mut(site)?;
        let shared = entry.shared.as_ref()?;
        if shared.sender.is_closed() || !shared.way.is_led_by(site, endpoints, reach) {
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
        tasks::spawn(async move {
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
                    place,
                });
            }
        });
    }

    /// Looks at what there is for a site, or changes it.
    fn change<T>(&self, site: &Site, change: impl FnOnce(&mut Entry) -> T) -> T {
        let mut sites = self.lock();
        let entry = sites.entry(site.clone()).or_insert_with(Entry::new);
        entry.used = Instant::now();
        change(entry)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Site, Entry>> {
        lock(&self.sites)
    }
}

impl Lease {
    /// Whether it speaks HTTP/2.
    fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Http2(_))
    }
}

impl Entry {
    fn new() -> Self {
        Self {
            idle: Vec::new(),
            shared: None,
            opening: Arc::default(),
            speaks_http1: false,
            failed: None,
            places: Arc::new(Semaphore::new(PER_SITE)),
            used: Instant::now(),
        }
    }
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
