//! What is known of one key, and keeping it alive.

use super::Session;
use crate::{
    cache::{Cache, Whose},
    key::{KeyAddress, PublicKey},
    messaging::protocol::{KeepParams, Kept, KeyParams, KeyResult, SeenPacket},
    problem::{Code, Problem},
    publisher,
};

/// The most bytes of JSON that the packets of one key may take. The owner of a key can make them
/// long, and browsers close the pipe on a message of more than a megabyte.
const MOST_HISTORY: usize = 512 * 1024;

impl Session {
    pub(super) fn key(&self, params: &KeyParams) -> Result<KeyResult, Problem> {
        let key = key(&params.key)?;
        let private = params.incognito.unwrap_or(false);
        let resolver = self.resolver(private);
        // What is kept alive is on disk, and none of a private window's business.
        let kept = match private {
            true => None,
            false => self.services.resolver.cache().kept_of(&key)?,
        };
        Ok(KeyResult {
            key: key.to_string(),
            packets: history(resolver.cache(), &key),
            kept: kept.as_ref().map(Kept::from),
        })
    }

    pub(super) async fn keep(&self, params: &KeepParams) -> Result<Option<Kept>, Problem> {
        let key = key(&params.key)?;
        let resolver = &self.services.resolver;
        let cache = resolver.cache();
        let kept = cache.kept_of(&key)?;
        if kept.is_some_and(|kept| matches!(kept.whose, Whose::Own { .. })) {
            let what = format!("{} is your own key", key.to_uri());
            return Err(Problem::new(Code::OwnKey, what));
        }
        if params.keep {
            publisher::pin(resolver, &key).await?;
        } else {
            cache.forget(key).await?;
        }
        Ok(cache.kept_of(&key)?.as_ref().map(Kept::from))
    }
}

fn key(text: &str) -> Result<PublicKey, Problem> {
    let address = KeyAddress::parse(text).map_err(|error| Problem::new(Code::NotAKey, error))?;
    Ok(*address.host.key())
}

/// The packets of a key, newest first, as many as fit into a message.
fn history(cache: &Cache, key: &PublicKey) -> Vec<SeenPacket> {
    let mut left = MOST_HISTORY;
    let packets = cache
        .seen(key)
        .iter()
        .map(SeenPacket::from)
        .collect::<Vec<_>>();
    let fits = |packet: &SeenPacket| {
        let size = serde_json::to_vec(packet).map_or(usize::MAX, |json| json.len());
        left = left.saturating_sub(size);
        left > 0
    };
    packets.into_iter().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::{
        cache::Seen, item::Seq, key::KeyPair, messaging::framing::MAX_OUTGOING,
        packet::SignedPacket, zone,
    };

    #[test]
    fn the_longest_history_fits_into_a_message() {
        let pair = KeyPair::from_secret(&[9; 32]);
        let cache = Cache::memory();
        // Names of 250 bytes, each shown as four characters, in records of 14 bytes.
        let label = "\\200".repeat(63);
        let long = format!("{label}.{label}.{}", "\\200".repeat(62));
        let line = format!("{long} CNAME {long}\n");
        let signed = |seq, lines: usize| {
            let records = zone::parse(&line.repeat(lines), &pair.public()).unwrap();
            SignedPacket::sign(&pair, Seq::new(seq).unwrap(), &records)
        };
        // As many records as a packet takes.
        let most = (1..).find(|lines| signed(1, *lines).is_err()).unwrap() - 1;
        assert!(most > 40, "{most}");
        for seq in 1..=17 {
            let item = signed(seq, most).unwrap().item().clone();
            cache.keep(item, Seen::in_dht(SystemTime::now())).unwrap();
        }
        assert_eq!(cache.seen(&pair.public()).len(), 17);

        let packets = history(&cache, &pair.public());
        let size = serde_json::to_vec(&packets).unwrap().len();
        assert!((MOST_HISTORY / 2..MAX_OUTGOING).contains(&size), "{size}");
        assert_eq!(packets[0].seq, "17");
        assert!(packets.len() < 17);
    }
}
