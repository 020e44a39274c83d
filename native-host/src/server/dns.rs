//! DNS for keys: over UDP, TCP and HTTPS.
//!
//! Applications that don't know pkarr ask for names. A name whose last label is a key is answered
//! from the key's packet; any other is looked up elsewhere for those who may ask that here, and
//! refused to everybody else, so that nobody runs an open resolver by accident.
//!
//! A question takes one of two ways. What was asked a moment ago is answered from memory, inline,
//! with the bytes of the last answer (`reply`). Everything else is a lookup: the key's packet
//! from the source, its records as a `zone`, aliases and delegations
//! followed, and what is not a key asked upstream. Lookups are bounded in number
//! and time, apart from what memory answers, so that a flood of unknown keys can't slow down the
//! known ones.
//!
//! `udp`, `tcp` and `doh` carry questions here and answers back. Datagrams can be sent in
//! another's name: answers to them are held to a small multiple of the question until the client has
//! shown by a cookie that it is where it says.

mod cookies;
mod delegation;
mod doh;
mod epochs;
mod forward;
mod json;
mod message;
mod reply;
mod secrets;
mod tcp;
mod udp;
mod walk;
mod zone;

use std::{
    fmt,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::{ArcSwap, Guard};
use hickory_proto::{
    op::ResponseCode,
    rr::{Name, RecordType},
};
use moka::sync::Cache;
use tokio::sync::{Semaphore, broadcast::error::RecvError};
use tokio_util::task::AbortOnDropHandle;

pub use self::secrets::SecretError;
use self::{
    cookies::{ClientCookie, Cookies},
    epochs::{Epoch, Epochs},
    forward::Forwarder,
    message::{MAX_QUESTION_KEY, Request, Unfit},
    reply::{ExtendedError, Options, Reply},
    walk::Walk,
};
pub(super) use self::{secrets::Secrets, tcp::TcpLimits};
use super::{
    config::Dns,
    limits::{Client, Cost},
    metrics::Metrics,
    refusal::Refusal,
    source::Source,
};
use crate::{address::PrivateAccess, connections::Network, tasks};

/// How long an answer is given from memory before the rest of the program is asked again: other
/// processes write to the cache, too.
const MOST_KEPT: Duration = Duration::from_secs(5);
/// How many bytes of answer an unproven client may get for each byte of question.
const AMPLIFICATION: usize = 4;

/// Answers DNS. Cheap to clone; clones share what is remembered.
#[derive(Clone)]
pub(crate) struct NameServer {
    inner: Arc<Inner>,
}

struct Inner {
    source: Source,
    metrics: Arc<Metrics>,
    rules: ArcSwap<Rules>,
    /// For questions that wait for the DHT, for those that wait for name servers of keys, and for
    /// those that wait for upstream: a flood of one kind leaves the others alone, and what is known
    /// needs none.
    lookups: Semaphore,
    delegations: Semaphore,
    elsewhere: Semaphore,
    /// What cookies are made of unless the configuration says.
    own: Secrets,
    answers: Cache<Box<[u8]>, Arc<Kept>>,
    epochs: Arc<Epochs>,
    _listener: AbortOnDropHandle<()>,
}

/// What can change while the server runs.
struct Rules {
    suffix: Option<Name>,
    private: PrivateAccess,
    forwarder: Option<Forwarder>,
    forward_for: Vec<Network>,
    time: Duration,
    name_server_port: u16,
    cookies: Cookies,
}

impl Rules {
    fn new(config: &Dns, secrets: Secrets) -> Self {
        Self {
            suffix: config.suffix.as_ref().map(|suffix| suffix.0.clone()),
            private: config.private(),
            forwarder: Forwarder::new(&config.forward),
            forward_for: config.forward_for.clone(),
            time: Duration::from_millis(config.question_milliseconds.get()),
            name_server_port: config.name_server_port(),
            cookies: Cookies::new(secrets),
        }
    }

    /// Whether names that are not keys are looked up for this client.
    fn forwards_for(&self, client: IpAddr) -> bool {
        self.forwarder.is_some()
            && self
                .forward_for
                .iter()
                .any(|network| network.contains(client))
    }
}

/// An answer that is remembered.
struct Kept {
    reply: Reply,
    until: Instant,
    /// Of the keys whose packets it was made of.
    epochs: Vec<Epoch>,
    /// Whether it is only for those for whom names are forwarded.
    forwarded: bool,
    /// Whether those for whom names are forwarded are told more.
    alone: bool,
}

/// What was asked, where it was a question.
type Asked<'a> = Result<Request<'a>, Unfit>;

/// By which way a question came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Datagram,
    /// With the idle time-out, in tenths of a second.
    Stream(u16),
    Http,
}

/// What there is at once to answer with.
enum Ready {
    /// The answer has been written.
    Written,
    /// It takes a lookup.
    Lookup,
    /// Nothing is sent.
    Silence,
}

impl NameServer {
    /// Begins to answer. It must be called inside a tokio runtime.
    ///
    /// # Errors
    /// There is no secret to make cookies of.
    pub(crate) fn new(
        config: &Dns,
        source: Source,
        metrics: Arc<Metrics>,
    ) -> Result<Self, SecretError> {
        let own = Secrets::random()?;
        let secrets = Secrets::load(config)?.unwrap_or_else(|| own.clone());
        let epochs = Arc::new(Epochs::default());
        let mut updates = source.resolver().updates();
        let heard = epochs.clone();
        let listener = tasks::spawn(async move {
            loop {
                match updates.recv().await {
                    Ok(update) => heard.advance(&update.key),
                    Err(RecvError::Lagged(_)) => heard.advance_all(),
                    Err(RecvError::Closed) => return,
                }
            }
        });
        let waiting = config.questions.count().min(Semaphore::MAX_PERMITS);
        Ok(Self {
            inner: Arc::new(Inner {
                source,
                metrics,
                rules: ArcSwap::from_pointee(Rules::new(config, secrets)),
                lookups: Semaphore::new(waiting),
                delegations: Semaphore::new(waiting),
                elsewhere: Semaphore::new(waiting),
                own,
                answers: Cache::<Box<[u8]>, Arc<Kept>>::builder()
                    .max_capacity(config.memory_mib.get() << 20)
                    .weigher(|key, kept: &Arc<Kept>| {
                        let size = key.len() + kept.reply.size() + 256;
                        u32::try_from(size).unwrap_or(u32::MAX)
                    })
                    .time_to_live(MOST_KEPT)
                    .build(),
                epochs,
                _listener: AbortOnDropHandle::new(listener),
            }),
        })
    }

    /// Goes by another configuration from now on, save for what is bounded in number, and makes
    /// cookies of these secrets, where there are any.
    pub(crate) fn change(&self, before: &Dns, config: &Dns, secrets: Option<Secrets>) {
        let inner = &*self.inner;
        let secrets = secrets.unwrap_or_else(|| inner.own.clone());
        if before == config && *self.rules().cookies.secrets() == secrets {
            return;
        }
        let rules = Arc::new(Rules::new(config, secrets));
        inner.rules.store(rules);
        // Answers hold no cookies.
        if before != config {
            inner.epochs.advance_all();
            inner.answers.invalidate_all();
        }
    }

    fn rules(&self) -> Guard<Arc<Rules>> {
        self.inner.rules.load()
    }

    /// Who asks.
    fn client(&self, address: IpAddr) -> Client {
        self.inner.source.limits().client(address)
    }

    /// Who asks by this datagram, which anybody may have sent in their name unless a cookie says
    /// otherwise.
    fn sender(&self, address: IpAddr, asked: &Asked<'_>) -> Client {
        let client = self.client(address);
        let cookie = || asked.as_ref().ok()?.edns?.cookie;
        let proves = |cookie: ClientCookie| self.rules().cookies.proves(&cookie, address);
        // Nobody else can send from this machine's own addresses.
        if address.is_loopback() || cookie().is_some_and(proves) {
            client
        } else {
            client.unproven()
        }
    }

    /// Writes into `out`, for a client that may be another than it says and has asked too much, that
    /// the answer is to be had over TCP. It is no longer than the question. Tells whether there is one.
    fn send_to_tcp(&self, asked: &Asked<'_>, client: &Client, out: &mut Vec<u8>) -> bool {
        match asked {
            Ok(request) if client.is_unproven() => {
                let recursion = self.rules().forwards_for(client.address());
                reply::truncated(request, recursion, out);
                true
            }
            _ => false,
        }
    }

    /// Whether one more question of this client is answered.
    fn admits(&self, client: &Client) -> Result<(), Refusal> {
        let paid = self.inner.source.limits().pay(client, Cost::Request);
        paid.inspect_err(|_| self.inner.metrics.limited.add())
    }

    /// Answers from memory, where it can, into `out` what was asked by these bytes.
    fn at_once(
        &self,
        bytes: &[u8],
        asked: &Asked<'_>,
        client: &Client,
        way: Way,
        out: &mut Vec<u8>,
    ) -> Ready {
        let metrics = &self.inner.metrics;
        match way {
            Way::Datagram => metrics.dns_datagrams.add(),
            Way::Stream(_) => metrics.dns_streams.add(),
            Way::Http => {}
        }
        let rules = self.rules();
        let request = match asked {
            Ok(request) => request,
            Err(unfit) => {
                return if self.refuse(bytes, *unfit, client, &rules, out) {
                    Ready::Written
                } else {
                    Ready::Silence
                };
            }
        };
        let Some(kept) = self.remembered(request, client, &rules) else {
            return Ready::Lookup;
        };
        metrics.dns_memory.add();
        self.write(&kept.reply, request, client, way, &rules, out);
        Ready::Written
    }

    /// The answer to what is no ordinary question. Tells whether there is one.
    fn refuse(
        &self,
        bytes: &[u8],
        unfit: Unfit,
        client: &Client,
        rules: &Rules,
        out: &mut Vec<u8>,
    ) -> bool {
        let client = client.address();
        let cookie = message::lone_cookie(bytes);
        let options = Options {
            recursion: rules.forwards_for(client),
            cookie: cookie.map(|cookie| rules.cookies.issue(&cookie, client)),
            keepalive: None,
        };
        reply::refuse(bytes, unfit, &options, out)
    }

    fn remembered(
        &self,
        request: &Request<'_>,
        client: &Client,
        rules: &Rules,
    ) -> Option<Arc<Kept>> {
        let mut room = [0; MAX_QUESTION_KEY];
        let kept = self.inner.answers.get(request.key(&mut room))?;
        let current = |epoch: &Epoch| self.inner.epochs.is_current(*epoch);
        let usable = Instant::now() < kept.until
            && kept.epochs.iter().all(current)
            && (!kept.forwarded
                || (request.recursion_desired() && rules.forwards_for(client.address())));
        if !usable {
            return None;
        }
        Some(kept)
    }

    /// Looks the answer up and writes it into `out`.
    async fn look_up(&self, bytes: &[u8], client: &Client, way: Way, out: &mut Vec<u8>) -> Ready {
        let Ok(request) = Request::parse(bytes) else {
            return Ready::Silence;
        };
        let rules = self.rules();
        let kept = self.reply(&request, client, &rules).await;
        self.write(&kept.reply, &request, client, way, &rules, out);
        Ready::Written
    }

    /// The answer, from memory or looked up.
    async fn kept(&self, request: &Request<'_>, client: &Client, rules: &Rules) -> Arc<Kept> {
        match self.remembered(request, client, rules) {
            Some(kept) => {
                self.inner.metrics.dns_memory.add();
                kept
            }
            None => self.reply(request, client, rules).await,
        }
    }

    async fn reply(&self, request: &Request<'_>, client: &Client, rules: &Rules) -> Arc<Kept> {
        let fail = |response, code, text| {
            Arc::new(Kept {
                reply: Reply::bare(response, Some(ExtendedError { code, text })),
                until: Instant::now(),
                epochs: Vec::new(),
                forwarded: false,
                alone: false,
            })
        };
        let Some(name) = request.name() else {
            return fail(ResponseCode::FormErr, 0, "the name can't be read");
        };
        let name = name.to_lowercase();
        let qtype = RecordType::from(request.qtype());
        let recursion = request.recursion_desired() && rules.forwards_for(client.address());
        let walk = Walk::new(&self.inner, rules, client, recursion, name, qtype);
        let Ok(kept) = tokio::time::timeout(rules.time, walk.go()).await else {
            let text = "the search takes longer than this, ask again";
            return fail(ResponseCode::ServFail, walk::UNREACHABLE, text);
        };
        let kept = Arc::new(kept);
        if kept.until > Instant::now() {
            let mut room = [0; MAX_QUESTION_KEY];
            let key = request.key(&mut room);
            self.inner.answers.insert(key.into(), kept.clone());
        }
        kept
    }

    fn write(
        &self,
        reply: &Reply,
        request: &Request<'_>,
        client: &Client,
        way: Way,
        rules: &Rules,
        out: &mut Vec<u8>,
    ) {
        let unproven = client.is_unproven();
        let client = client.address();
        let cookie = request.edns.and_then(|edns| edns.cookie);
        let keepalive = match way {
            Way::Stream(tenths) if request.edns.is_some_and(|edns| edns.keepalive) => Some(tenths),
            _ => None,
        };
        let options = Options {
            recursion: rules.forwards_for(client),
            cookie: cookie.map(|cookie| rules.cookies.issue(&cookie, client)),
            keepalive,
        };
        let limit = match way {
            Way::Stream(_) | Way::Http => usize::from(u16::MAX),
            Way::Datagram if unproven => request.payload().min(request.size() * AMPLIFICATION),
            Way::Datagram => request.payload(),
        };
        if reply.failed() {
            self.inner.metrics.dns_failures.add();
        }
        reply.answer(request, limit, &options, out);
    }
}

impl fmt::Debug for NameServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NameServer")
            .field("answers", &self.inner.answers.entry_count())
            .finish_non_exhaustive()
    }
}
