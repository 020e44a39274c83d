//! The door of private windows.
//!
//! It has a resolver and a gateway of its own. They share the relays with the ordinary ones, and the
//! DHT, which is told to take nothing down and to use nothing that it knows of keys, and nothing
//! else: what private windows look up is in the memory of this process alone. It is not in a file, so no other window, browser or command
//! knows of it; no host is named in the log at its level for files, nor is it told there that there
//! are private windows at all.
//!
//! Nor does the door know what ordinary windows have looked up, so that a site can’t find out in a
//! private window whether it was visited in another. That holds for the highest sequence numbers
//! too: an owner could show an old packet and see whether it is refused. The door starts without
//! any, as on a new machine, and holds to those that it has seen itself until it forgets them.
//!
//! All of it is forgotten when the extension says so, as the last private window closes, and when
//! nobody has asked for a key in [`IDLE`]: records, connections to sites, TLS sessions,
//! certificates. The gateway goes on at its address with nothing.

use std::time::Duration;

use tokio::{
    sync::{Mutex, MutexGuard, broadcast, watch},
    time::{Instant, sleep_until},
};

use super::RunningGateway;
use crate::resolver::{Resolver, Update};

/// How long nobody may ask before all is forgotten.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// The door of private windows.
pub(super) struct PrivateDoor {
    /// Whose DHT and relays are shared.
    ordinary: Resolver,
    /// Made when it is first needed.
    resolver: watch::Sender<Option<Resolver>>,
    gateway: Mutex<Option<Box<dyn RunningGateway>>>,
}

impl PrivateDoor {
    pub(super) fn new(ordinary: Resolver) -> Self {
        Self {
            ordinary,
            resolver: watch::Sender::default(),
            gateway: Mutex::default(),
        }
    }

    /// What answers for private windows now.
    pub(super) fn resolver(&self) -> Resolver {
        let mut resolver = None;
        self.resolver.send_if_modified(|current| {
            let is_new = current.is_none();
            let current = current.get_or_insert_with(|| self.ordinary.afresh());
            resolver = Some(current.clone());
            is_new
        });
        resolver.unwrap_or_else(|| self.ordinary.afresh())
    }

    /// The gateway, if it runs.
    pub(super) async fn gateway(&self) -> MutexGuard<'_, Option<Box<dyn RunningGateway>>> {
        self.gateway.lock().await
    }

    /// Forgets all that was looked up.
    pub(super) async fn forget(&self) {
        let gateway = self.gateway.lock().await;
        let fresh = gateway.as_ref().map(|gateway| {
            let fresh = self.ordinary.afresh();
            gateway.start_over(fresh.clone());
            fresh
        });
        self.resolver.send_replace(fresh);
    }

    /// Has newer packets told of, and forgets all that was looked up when it is not used any more.
    /// Ends when `tell` does.
    pub(super) async fn tend<T>(&self, tell: impl Fn(broadcast::Receiver<Update>) -> T)
    where
        T: Future<Output = ()>,
    {
        let mut current = self.resolver.subscribe();
        loop {
            let resolver = current.borrow_and_update().clone();
            let Some(resolver) = resolver else {
                // The sender is in `self`.
                _ = current.changed().await;
                continue;
            };
            tokio::select! {
                _ = current.changed() => {}
                () = idle(resolver.last_asked()) => self.forget().await,
                () = tell(resolver.updates()) => return,
            }
        }
    }
}

/// Returns when something was asked, and then nothing for long.
async fn idle(mut asked: watch::Receiver<Option<Instant>>) {
    loop {
        // The sender lives as long as the resolver, which is held meanwhile.
        let last = match asked.wait_for(Option::is_some).await {
            Ok(last) => last.unwrap_or_else(Instant::now),
            Err(_) => return,
        };
        let end = last + IDLE;
        if end <= Instant::now() {
            return;
        }
        sleep_until(end).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{future, sync::Arc};

    use super::*;
    use crate::{
        dht::{Dht, DhtConfig},
        item::Seq,
        key::KeyPair,
        packet::SignedPacket,
        resolver::{Policy, ResolveError},
        zone,
    };

    #[tokio::test(start_paused = true)]
    async fn what_is_not_used_any_more_is_forgotten() {
        let bootstrap = vec!["127.0.0.1:9".to_owned()];
        let ordinary = Resolver::new(Dht::new(DhtConfig {
            bootstrap,
            ..DhtConfig::default()
        }));
        let door = Arc::new(PrivateDoor::new(ordinary.clone()));
        let tended = Arc::clone(&door);
        tokio::spawn(async move { tended.tend(|_| future::pending()).await });

        let pair = KeyPair::from_secret(&[1; 32]);
        let key = pair.public();
        let records = zone::parse("@ A 192.0.2.1", &key).unwrap();
        let packet = SignedPacket::sign(&pair, Seq::new(1).unwrap(), &records).unwrap();
        door.resolver().learn(packet.item().clone()).await.unwrap();
        let ask = async || door.resolver().resolve(&key, Policy::CacheOnly).await;
        assert!(ask().await.is_ok());
        assert!(matches!(
            ordinary.resolve(&key, Policy::CacheOnly).await,
            Err(ResolveError::NotCached(_))
        ));

        // Each question puts it off.
        tokio::time::sleep(IDLE / 2).await;
        assert!(ask().await.is_ok());
        let asked = Instant::now();
        let mut current = door.resolver.subscribe();
        current.changed().await.unwrap();
        assert!(asked.elapsed() >= IDLE, "{:?}", asked.elapsed());
        assert!(asked.elapsed() < IDLE + Duration::from_secs(1));
        assert!(matches!(ask().await, Err(ResolveError::NotCached(_))));
    }
}
