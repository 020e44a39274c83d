//! Relays over HTTP: where signed items come from and go to when UDP is blocked.
//!
//! A relay is a web server that asks the DHT for others. Nobody has to trust one: an item carries
//! its key's signature, so a relay can hold an item back or answer with an old one, but never with
//! a false one. What comes from a relay is checked against the key that was asked for, and all
//! else it says (when the item was last seen, on how many nodes it was stored, that something
//! newer is no packet) is hearsay, kept apart from the item and named as such.
//!
//! Several relays are asked at once and each answers for itself; whoever asks decides what is
//! current. Nothing is remembered of keys. Of each relay is remembered how it is doing: one that
//! asks for a pause gets it, and one that fails again and again is left alone for a while.
//!
//! The servers are strangers. Bodies and headers are read up to a bound, every request has an end,
//! a redirect leads to no other host, and what they write is shown as escaped ASCII.
//!
//! Relays at `https` are reached through the proxy that the environment names (`HTTPS_PROXY`,
//! `NO_PROXY`), because where only a proxy leads out, relays are the only source there is. Relays
//! at `http` are on this machine or near it and are reached directly.

mod address;
mod health;
mod http;
mod probe;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use futures_util::{Stream, StreamExt, stream::FuturesUnordered};
use reqwest::Client;
use tokio::time::timeout;
use url::Url;

use crate::{
    item::{ItemError, Seq, SignedItem},
    key::PublicKey,
};

use self::{address::base, health::Health};
pub use self::{address::check, probe::Probe};

/// Relays that are open to all, run by the authors of pkarr.
pub const DEFAULT_RELAYS: &[&str] = &["https://pkarr.pubky.app", "https://pkarr.pubky.org"];

/// How many relays can be used at once.
pub const MAX_RELAYS: usize = 16;

/// Why a relay could not be used, or did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The address can't be one of a relay.
    #[error("{url} is not the address of a relay: {reason}")]
    Address {
        /// The address given.
        url: Url,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More than [`MAX_RELAYS`] are given: leave some out.
    #[error("{0} relays are too many: {MAX_RELAYS} can be used at once")]
    TooMany(usize),
    /// The HTTP client could not be made.
    #[error("can’t prepare to ask relays: {0}")]
    Client(String),
    /// The relay is none of those given to [`Relays::new`].
    #[error("{0} is not one of the relays in use")]
    Unknown(Url),
    /// Not asked: the relay wanted a pause, or failed too often. Ask others, or again after it.
    #[error("the relay is left alone for another {} s", .wait.as_secs_f64().ceil())]
    Resting {
        /// How long from now.
        wait: Duration,
    },
    /// No answer in time.
    #[error("the relay does not answer in time")]
    Timeout,
    /// No connection, or none that is safe: look at the network and the address.
    #[error("the relay can’t be reached: {0}")]
    Connect(String),
    /// The answer broke off or is not HTTP.
    #[error("the relay’s answer is broken: {0}")]
    Http(String),
    /// The relay sends elsewhere: use that address, if it is to be trusted with the question.
    #[error("the relay sends elsewhere, to \"{to}\"")]
    Redirect {
        /// Where to, as escaped ASCII.
        to: String,
    },
    /// The answer is longer than any item.
    #[error("the relay’s answer is longer than any signed item")]
    TooLarge,
    /// The answer is not signed by the key that was asked for. Nothing of it was used.
    #[error("the relay answered with a forged item: {0}")]
    Forged(ItemError),
    /// The relay knows a newer item than the one to store: read again and merge.
    #[error("the relay knows a newer item for this key")]
    Conflict,
    /// The relay finds the request wrong (status 400).
    #[error("the relay refused the request: \"{reason}\"")]
    Refused {
        /// What the relay said, as escaped ASCII.
        reason: String,
    },
    /// The relay finds the item too large (status 413).
    #[error("the item is too large for the relay")]
    ItemTooLarge,
    /// The relay was asked too often (status 429).
    #[error("the relay was asked too often")]
    RateLimited {
        /// The pause it wants.
        retry_after: Option<Duration>,
    },
    /// The relay can't answer now, mostly because it can't reach the DHT (status 503).
    #[error("the relay is not available now: \"{reason}\"")]
    Unavailable {
        /// The pause it wants.
        retry_after: Option<Duration>,
        /// What the relay said, as escaped ASCII.
        reason: String,
    },
    /// The relay failed (any other status of 500 and above).
    #[error("the relay failed with status {status}: \"{reason}\"")]
    Failed {
        /// The status.
        status: u16,
        /// What the relay said, as escaped ASCII.
        reason: String,
    },
    /// A status that no relay answers with: the address may be that of something else.
    #[error("status {status} is no answer of a relay: \"{reason}\"")]
    Unexpected {
        /// The status.
        status: u16,
        /// What the server said, as escaped ASCII.
        reason: String,
    },
}

/// How far a relay goes to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RelayPolicy {
    /// What the relay remembers while that is fresh, else the DHT.
    #[default]
    CacheFirst,
    /// The DHT, whatever the relay or a cache on the way remembers. Slow, and soon rate-limited.
    NetworkOnly,
}

/// What a relay answered to the question for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelayAnswer {
    /// A verified item of the key, no older than what is known.
    Item {
        /// The item.
        item: SignedItem,
        /// When the relay says that the DHT last showed it; never in the future.
        seen: Option<SystemTime>,
    },
    /// The relay has nothing newer than what is known.
    NotModified,
    /// The relay has no packet.
    Absent {
        /// The relay says that the DHT holds an item with this number, above what is known, that
        /// is no packet. Nothing proves it: ask the DHT before believing that the key is lost.
        newer_invalid: Option<Seq>,
    },
}

/// What a relay did with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayPut {
    /// How many nodes of the DHT stored it, as the relay says; 1 if it does not say.
    pub stored: u32,
}

/// How a relay is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayStatus {
    /// The relay.
    pub url: Url,
    /// When it last answered as a relay should.
    pub last_success: Option<SystemTime>,
    /// How long that answer took.
    pub latency: Option<Duration>,
    /// When and how it last failed.
    pub last_error: Option<(SystemTime, RelayError)>,
    /// How often it failed since it last answered; requests that ran at the same time count once.
    pub failures: u32,
    /// For how long from now it is left alone.
    pub resting: Option<Duration>,
}

/// How long a relay may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayLimits {
    /// To accept a connection.
    pub connect: Duration,
    /// For all of a request: connection, redirects and the whole answer.
    pub total: Duration,
}

impl Default for RelayLimits {
    /// Three seconds to connect, eight in all.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            total: Duration::from_secs(8),
        }
    }
}

/// The relays in use. Cheap to clone; all clones share connections and what is known of relays.
#[derive(Clone)]
pub struct Relays {
    relays: Arc<[Relay]>,
    total: Duration,
}

struct Relay {
    /// Ends in a slash: the key is joined to it.
    base: Url,
    client: Client,
    health: Mutex<Health>,
}

impl std::fmt::Debug for Relays {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let urls = self.relays.iter().map(|relay| relay.base.as_str());
        f.debug_list().entries(urls).finish()
    }
}

impl Relays {
    /// Takes the addresses of relays (none is fine); of two that are the same, one is kept.
    ///
    /// The key is put behind an address's path, so `https://example.org/pkarr` is a relay too.
    ///
    /// # Errors
    /// [`RelayError::Address`], [`RelayError::TooMany`], [`RelayError::Client`].
    pub fn new(urls: Vec<Url>, limits: RelayLimits) -> Result<Self, RelayError> {
        let bases = address::bases(urls)?;
        let relays = if bases.is_empty() {
            Arc::default()
        } else {
            let tls = http::tls()?;
            let direct = http::client(tls.clone(), limits.connect, http::Way::Direct)?;
            let proxied = http::client(tls, limits.connect, http::Way::Proxied)?;
            let relay = |base: Url| Relay {
                client: match base.scheme() {
                    "https" => proxied.clone(),
                    _ => direct.clone(),
                },
                base,
                health: Mutex::default(),
            };
            bases.into_iter().map(relay).collect()
        };
        Ok(Self {
            relays,
            total: limits.total,
        })
    }

    /// The relays' addresses, in the order given, each with a slash at its end.
    pub fn urls(&self) -> impl Iterator<Item = &Url> {
        self.relays.iter().map(|relay| &relay.base)
    }

    /// Asks one relay for the item of `key`; `known` is the newest `seq` known already.
    ///
    /// # Errors
    /// [`RelayError`].
    pub async fn get(
        &self,
        relay: &Url,
        key: &PublicKey,
        known: Option<Seq>,
        policy: RelayPolicy,
    ) -> Result<RelayAnswer, RelayError> {
        let relay = self.find(relay)?;
        relay.get(key, known, policy, self.total).await
    }

    /// Asks all relays at once and gives their answers as they arrive. Dropping the stream ends
    /// the requests that are still running.
    pub fn get_all(
        &self,
        key: &PublicKey,
        known: Option<Seq>,
        policy: RelayPolicy,
    ) -> impl Stream<Item = (Url, Result<RelayAnswer, RelayError>)> + Send + use<> {
        let requests = FuturesUnordered::new();
        for index in 0..self.relays.len() {
            let (all, key) = (self.clone(), *key);
            requests.push(async move {
                let relay = all.relays.get(index)?;
                let answer = relay.get(&key, known, policy, all.total).await;
                Some((relay.base.clone(), answer))
            });
        }
        requests.filter_map(std::future::ready)
    }

    /// Gives one relay an item to store.
    ///
    /// `replaces` is the `seq` of the newest item known, for compare-and-swap (BEP 44). Newer
    /// relays don't look at it and compare with what they know.
    ///
    /// # Errors
    /// [`RelayError`]; after [`RelayError::Conflict`] read again and merge.
    pub async fn put(
        &self,
        relay: &Url,
        item: &SignedItem,
        replaces: Option<Seq>,
    ) -> Result<RelayPut, RelayError> {
        let relay = self.find(relay)?;
        relay.put(item, replaces, self.total).await
    }

    /// Gives all relays an item to store, at once; the answers are in the relays' order.
    pub async fn put_all(
        &self,
        item: &SignedItem,
        replaces: Option<Seq>,
    ) -> Vec<(Url, Result<RelayPut, RelayError>)> {
        let requests = self.relays.iter().map(|relay| async {
            let answer = relay.put(item, replaces, self.total).await;
            (relay.base.clone(), answer)
        });
        futures_util::future::join_all(requests).await
    }

    /// How each relay is doing.
    pub fn statuses(&self) -> Vec<RelayStatus> {
        let now = Instant::now();
        let status = |relay: &Relay| relay.health().status(relay.base.clone(), now);
        self.relays.iter().map(status).collect()
    }

    fn find(&self, url: &Url) -> Result<&Relay, RelayError> {
        let base = base(url.clone())?;
        self.relays
            .iter()
            .find(|relay| relay.base == base)
            .ok_or(RelayError::Unknown(base))
    }
}

impl Relay {
    async fn get(
        &self,
        key: &PublicKey,
        known: Option<Seq>,
        policy: RelayPolicy,
        total: Duration,
    ) -> Result<RelayAnswer, RelayError> {
        let url = self.url(key)?;
        self.watched(http::get(&self.client, url, key, known, policy), total)
            .await
    }

    async fn put(
        &self,
        item: &SignedItem,
        replaces: Option<Seq>,
        total: Duration,
    ) -> Result<RelayPut, RelayError> {
        let url = self.url(item.key())?;
        self.watched(http::put(&self.client, url, item, replaces), total)
            .await
    }

    fn url(&self, key: &PublicKey) -> Result<Url, RelayError> {
        self.base
            .join(&key.to_string())
            .map_err(|_| RelayError::Address {
                url: self.base.clone(),
                reason: "no key can be put behind it",
            })
    }

    /// Makes a request unless the relay rests, gives it an end, and notes how it went.
    async fn watched<T>(
        &self,
        request: impl Future<Output = Result<T, RelayError>>,
        total: Duration,
    ) -> Result<T, RelayError> {
        let started = Instant::now();
        if let Some(wait) = self.health().resting(started) {
            return Err(RelayError::Resting { wait });
        }
        let answer = timeout(total, request)
            .await
            .unwrap_or(Err(RelayError::Timeout));
        self.health()
            .note(answer.as_ref().err(), started, Instant::now());
        if let Err(error) = &answer {
            tracing::debug!(relay = %self.base, %error, "no answer of a relay");
        }
        answer
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(texts: &[&str]) -> Vec<Url> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn relays(texts: &[&str]) -> Result<Relays, RelayError> {
        Relays::new(urls(texts), RelayLimits::default())
    }

    #[test]
    fn the_default_relays_are_relays() {
        let relays = relays(DEFAULT_RELAYS).unwrap();
        assert_eq!(relays.urls().count(), DEFAULT_RELAYS.len());
        assert!(relays.urls().all(|url| url.scheme() == "https"));
    }

    #[tokio::test]
    async fn no_relays_are_fine() {
        let relays = relays(&[]).unwrap();
        let pair = crate::key::KeyPair::from_secret(&[1; 32]);
        let item = SignedItem::sign(&pair, Seq::new(1).unwrap(), b"").unwrap();
        assert!(relays.put_all(&item, None).await.is_empty());
        let answers = relays.get_all(item.key(), None, RelayPolicy::CacheFirst);
        assert_eq!(answers.count().await, 0);
        assert!(relays.statuses().is_empty());
    }

    #[test]
    fn paths_are_kept_and_repeats_dropped() {
        let relays = relays(&[
            "https://a.example/pkarr",
            "https://a.example/pkarr/",
            "https://A.example:443/pkarr",
            "http://[::1]:15411",
        ])
        .unwrap();
        let kept: Vec<_> = relays.urls().map(Url::as_str).collect();
        assert_eq!(kept, ["https://a.example/pkarr/", "http://[::1]:15411/"]);
        let key = crate::key::KeyPair::from_secret(&[1; 32]).public();
        let asked = relays.relays[0].url(&key).unwrap();
        assert_eq!(asked.as_str(), format!("https://a.example/pkarr/{key}"));
    }

    #[test]
    fn addresses_of_other_things_are_refused() {
        for text in [
            "ftp://a.example",
            "file:///etc/passwd",
            "mailto:a@a.example",
            "https://user@a.example",
            "https://:word@a.example",
            "https://a.example?policy=CacheOnly",
            "https://a.example/#key",
        ] {
            let error = relays(&[text]).unwrap_err();
            assert!(matches!(error, RelayError::Address { .. }), "{text}");
            assert!(!error.to_string().contains(":word"), "{error}");
        }
    }

    #[test]
    fn sixteen_relays_are_enough() {
        let many: Vec<_> = (0..=MAX_RELAYS)
            .map(|port| format!("http://127.0.0.1:{}", port + 1))
            .collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert!(relays(&many[1..]).is_ok());
        assert_eq!(relays(&many).unwrap_err(), RelayError::TooMany(17));
    }
}
