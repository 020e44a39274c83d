//! Keeping it published where a site is.

use std::{
    net::Ipv4Addr,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use super::records::{Addresses, RecordsError, SiteRecords};
use crate::{
    cache::{Cache, CacheError, Whose},
    key::{KeyPair, PublicKey},
    publisher::{
        Published, Publisher,
        keeper::{self, Keeper, Republished},
    },
    zone::External,
};

/// How often it is looked whether this machine’s address has changed.
const LOOK: Duration = Duration::from_secs(60);

/// Publishes where a site is, and keeps it published while the site runs.
#[derive(Debug)]
pub struct Announcer {
    pair: KeyPair,
    key_file: Option<PathBuf>,
    records: SiteRecords,
    publisher: Publisher,
    keeper: Keeper,
    /// How the key was kept published before, if it was.
    before: Option<Whose>,
}

impl Announcer {
    /// One for the site of `pair` at `records`.
    ///
    /// `external` are the addresses of this machine from the settings, for zone files of other
    /// keys that are kept published.
    ///
    /// # Errors
    /// [`RecordsError::Remember`] when it can’t be read what is kept published.
    pub fn new(
        pair: KeyPair,
        key_file: Option<PathBuf>,
        records: SiteRecords,
        publisher: Publisher,
        external: External,
    ) -> Result<Self, RecordsError> {
        let before = whose(publisher.cache(), &pair.public())?;
        Ok(Self {
            pair,
            key_file,
            records,
            keeper: Keeper::new(publisher.clone(), external),
            publisher,
            before,
        })
    }

    /// The records as they are now.
    pub fn records(&self) -> &SiteRecords {
        &self.records
    }

    /// Publishes the records, among those that are under the key already.
    ///
    /// # Errors
    /// [`RecordsError::Publish`], [`RecordsError::Remember`], [`RecordsError::Write`].
    pub async fn publish(&self) -> Result<Published, RecordsError> {
        let changes = self.records.changes()?;
        let published = self.publisher.publish(&self.pair, &changes).await?;
        self.remember(&published).await?;
        Ok(published)
    }

    /// Keeps them published until dropped, and publishes anew when nodes report another address.
    pub async fn keep(&mut self) {
        let keeper = self.keeper.clone();
        let told = |done: &Republished| {
            if let Err(error) = &done.outcome {
                tracing::warn!(key = %done.key, %error, "not published again");
            }
        };
        tokio::join!(keeper.run(told), self.follow());
    }

    /// Ends what [`Announcer::keep`] did: a key that was not kept published before is not from now
    /// on. What is published fades from the network in some hours.
    pub async fn end(self) {
        if self.before.is_none()
            && let Err(error) = self.publisher.cache().forget(self.pair.public()).await
        {
            tracing::warn!(%error, "the key is still among those that are kept published");
        }
        self.keeper.release().await;
    }

    async fn follow(&mut self) {
        let mut last = None;
        loop {
            tokio::time::sleep(LOOK).await;
            let Addresses::Reported(published) = self.records.addresses else {
                return;
            };
            let now = self.publisher.dht().info().await.public_address;
            let Some(address) = moved(published, last, now) else {
                last = now;
                continue;
            };
            self.records.addresses = Addresses::Reported(address);
            match self.publish().await {
                Ok(_) => tracing::info!(%address, "published at a new address"),
                Err(error) => {
                    tracing::warn!(%error, "can’t be published at the new address");
                    // Tried again at the next look.
                    self.records.addresses = Addresses::Reported(published);
                }
            }
        }
    }

    async fn remember(&self, published: &Published) -> Result<(), CacheError> {
        let key = *published.packet.key();
        let absolute = |path: &PathBuf| std::path::absolute(path).ok();
        // A zone file that was published goes on being followed.
        let zone_file = match &self.before {
            Some(Whose::Own { zone_file, .. }) => zone_file.clone(),
            _ => None,
        };
        let whose = Whose::Own {
            key_file: self.key_file.as_ref().and_then(absolute),
            zone_file,
        };
        let now = SystemTime::now();
        let nodes = published.stored.nodes();
        let next_at = keeper::next(&key, nodes, now);
        let item = published.packet.item().clone();
        self.publisher
            .cache()
            .keep_alive(item, whose, next_at)
            .await?;
        self.publisher
            .cache()
            .note_put(key, now, nodes, next_at)
            .await?;
        Ok(())
    }
}

fn whose(cache: &Cache, key: &PublicKey) -> Result<Option<Whose>, CacheError> {
    let mut kept = cache.kept()?.into_iter();
    Ok(kept
        .find(|kept| kept.item.key() == key)
        .map(|kept| kept.whose))
}

/// The address to publish instead; two looks must agree, for a few nodes may be wrong.
fn moved(published: Ipv4Addr, last: Option<Ipv4Addr>, now: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
    now.filter(|now| *now != published && Some(*now) == last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_moves_when_two_looks_agree() {
        let [home, away] = [Ipv4Addr::new(203, 0, 113, 1), Ipv4Addr::new(203, 0, 113, 2)];
        assert_eq!(moved(home, Some(away), Some(away)), Some(away));
        assert_eq!(moved(home, Some(home), Some(away)), None);
        assert_eq!(moved(home, None, Some(away)), None);
        assert_eq!(moved(home, Some(away), None), None);
        assert_eq!(moved(home, Some(home), Some(home)), None);
    }
}
