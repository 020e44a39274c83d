//! Asking relays whether they are there, and what time it is.

use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use url::Url;

use super::{RelayError, Relays, http};
use crate::key::PublicKey;

/// What a relay said when it was asked for a key that nobody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The relay.
    pub url: Url,
    /// How long it took to answer as a relay should.
    pub latency: Result<Duration, RelayError>,
    /// The time by the relay’s clock, in whole seconds, and by this machine’s when it came.
    pub clock: Option<(SystemTime, SystemTime)>,
}

impl Relays {
    /// Asks all relays at once for a key, which should be one that nobody has, since what they say
    /// of it is not looked at. The answers are in the relays' order.
    pub async fn probe(&self, key: &PublicKey) -> Vec<Probe> {
        let probes = self.relays.iter().map(|relay| async {
            let started = Instant::now();
            let asked = match relay.url(key) {
                Ok(url) => {
                    let asked = http::probe(&relay.client, url);
                    relay.watched(asked, self.total).await
                }
                Err(error) => Err(error),
            };
            let date = asked.as_ref().ok().copied().flatten();
            Probe {
                url: relay.base.clone(),
                latency: asked.map(|_| started.elapsed()),
                clock: date.map(|date| (date, SystemTime::now())),
            }
        });
        join_all(probes).await
    }
}
