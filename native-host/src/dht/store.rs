//! The items that a node keeps for others (BEP 44).
//!
//! Bounded in number, and each item in size. An item goes when nobody has put it for [`LIFETIME`], or
//! when there is no room: then those of the party that has put most go first, the oldest of them. Items
//! stand in the order in which they were put, so that none of this takes a walk through all.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    time::{Duration, Instant},
};

use super::{
    bencode,
    id::Id,
    krpc::{MAX_SALT, Put},
};
use crate::{connections::Place, key::PublicKey};

/// How long an item is kept after it was last put (BEP 44 has two hours).
pub(super) const LIFETIME: Duration = Duration::from_secs(2 * 60 * 60);
/// The most bytes of a value, bencoded (BEP 44). One more digit of length is let pass: some count
/// the value alone.
const MAX_VALUE: usize = 1000 + 5;

/// An item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// The value, bencoded.
    pub(super) value: Box<[u8]>,
    pub(super) mutable: Option<Vouched>,
    by: Place,
    put: Instant,
    /// Its place in the order.
    number: u64,
}

/// What makes an item a mutable one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Vouched {
    pub(super) key: [u8; 32],
    pub(super) signature: [u8; 64],
    pub(super) seq: i64,
}

/// Why an item is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    TooLarge,
    BadSignature,
    SaltTooLarge,
    Mismatch,
    Older,
}

impl Refused {
    /// The number and the words of BEP 44.
    pub(super) fn error(self) -> (i64, &'static str) {
        match self {
            Self::TooLarge => (205, "message (v field) too big"),
            Self::BadSignature => (206, "invalid signature"),
            Self::SaltTooLarge => (207, "salt (salt field) too big"),
            Self::Mismatch => (301, "the CAS hash mismatched, re-read value and try again"),
            Self::Older => (302, "sequence number less than current"),
        }
    }
}

/// All items.
#[derive(Debug)]
pub(super) struct Store {
    items: HashMap<Id, Kept>,
    /// Those that were put longest ago first.
    in_order: BTreeMap<u64, Id>,
    by: HashMap<Place, BTreeMap<u64, Id>>,
    /// How many each has put.
    counts: BTreeSet<(usize, Place)>,
    next: u64,
    capacity: usize,
}

impl Store {
    /// A store of at most so many items.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            items: HashMap::new(),
            in_order: BTreeMap::new(),
            by: HashMap::new(),
            counts: BTreeSet::new(),
            next: 0,
            capacity: capacity.max(1),
        }
    }

    /// The item at a target.
    pub(super) fn get(&self, target: &Id, now: Instant) -> Option<&Kept> {
        self.items.get(target).filter(|kept| kept.is_alive(now))
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Keeps an item that is what it claims to be, is not older than the one there is, and meets the
    /// condition that it comes with.
    pub(super) fn put(&mut self, put: &Put<'_>, by: IpAddr, now: Instant) -> Result<(), Refused> {
        if put.value.len() > MAX_VALUE
            || bencode::as_bytes(put.value).is_some_and(|value| value.len() > 1000)
        {
            return Err(Refused::TooLarge);
        }
        self.sweep(now);
        let (target, vouched) = match &put.mutable {
            None => (Id::of_bytes(put.value), None),
            Some(mutable) => {
                let salt = mutable.salt.unwrap_or_default();
                if salt.len() > MAX_SALT {
                    return Err(Refused::SaltTooLarge);
                }
                let target = Id::of_bytes(&[&mutable.key, salt].concat());
                let vouched = Vouched {
                    key: mutable.key,
                    signature: mutable.signature,
                    seq: mutable.seq,
                };
                self.check(&target, &vouched, mutable.cas, put.value)?;
                let same = self
                    .items
                    .get(&target)
                    .is_some_and(|kept| kept.mutable == Some(vouched) && *kept.value == *put.value);
                if !same && !is_signed(&vouched, salt, put.value) {
                    return Err(Refused::BadSignature);
                }
                (target, Some(vouched))
            }
        };
        let before = self.remove(&target);
        if self.items.len() >= self.capacity {
            self.make_room();
        }
        // Whoever puts the same once more does not make it theirs: it would go when they put too much.
        let by = match before {
            Some(before) if before.mutable == vouched && *before.value == *put.value => before.by,
            _ => Place::from(by),
        };
        let number = self.next;
        self.next += 1;
        let kept = Kept {
            value: put.value.into(),
            mutable: vouched,
            by,
            put: now,
            number,
        };
        self.insert(target, kept);
        Ok(())
    }

    fn check(
        &self,
        target: &Id,
        vouched: &Vouched,
        cas: Option<i64>,
        value: &[u8],
    ) -> Result<(), Refused> {
        let Some(kept) = self.items.get(target) else {
            return Ok(());
        };
        let Some(seq) = kept.mutable.map(|mutable| mutable.seq) else {
            return Ok(());
        };
        // The same once more, after an answer that was lost, is no conflict.
        let again = kept.mutable == Some(*vouched) && *kept.value == *value;
        if !again && cas.is_some_and(|cas| cas != seq) {
            return Err(Refused::Mismatch);
        }
        // BEP 44: of one number there is one value, the one that was there first.
        if vouched.seq < seq || vouched.seq == seq && *kept.value != *value {
            return Err(Refused::Older);
        }
        Ok(())
    }

    /// Drops what is past its time.
    pub(super) fn sweep(&mut self, now: Instant) {
        while let Some((_, target)) = self.in_order.first_key_value() {
            let target = *target;
            if self.get(&target, now).is_some() {
                return;
            }
            self.remove(&target);
        }
    }

    /// Drops the oldest item of who has put most; the oldest of all, where everybody has put one.
    fn make_room(&mut self) {
        let most = match self.counts.last() {
            Some((2.., by)) => self.by.get(by),
            _ => Some(&self.in_order),
        };
        let oldest = most.and_then(BTreeMap::first_key_value);
        if let Some(oldest) = oldest.map(|(_, target)| *target) {
            self.remove(&oldest);
        }
    }

    fn insert(&mut self, target: Id, kept: Kept) {
        let of_party = self.by.entry(kept.by).or_default();
        self.counts.remove(&(of_party.len(), kept.by));
        of_party.insert(kept.number, target);
        self.counts.insert((of_party.len(), kept.by));
        self.in_order.insert(kept.number, target);
        self.items.insert(target, kept);
    }

    fn remove(&mut self, target: &Id) -> Option<Kept> {
        let gone = self.items.remove(target)?;
        self.in_order.remove(&gone.number);
        if let Some(of_party) = self.by.get_mut(&gone.by) {
            self.counts.remove(&(of_party.len(), gone.by));
            of_party.remove(&gone.number);
            if of_party.is_empty() {
                self.by.remove(&gone.by);
            } else {
                self.counts.insert((of_party.len(), gone.by));
            }
        }
        Some(gone)
    }
}

impl Kept {
    fn is_alive(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.put) < LIFETIME
    }
}

/// Whether the key has signed the value (BEP 44, with or without salt).
fn is_signed(vouched: &Vouched, salt: &[u8], value: &[u8]) -> bool {
    let Ok(key) = PublicKey::from_bytes(&vouched.key) else {
        return false;
    };
    let mut signed = Vec::with_capacity(value.len() + 64);
    if !salt.is_empty() {
        bencode::write_bytes(&mut signed, b"salt");
        bencode::write_bytes(&mut signed, salt);
    }
    bencode::write_bytes(&mut signed, b"seq");
    bencode::write_integer(&mut signed, vouched.seq);
    bencode::write_bytes(&mut signed, b"v");
    signed.extend_from_slice(value);
    key.verifies(&signed, &vouched.signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dht::krpc::Mutable,
        item::{Seq, SignedItem},
        key::KeyPair,
    };

    const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn item(number: u8, seq: i64, value: &[u8]) -> SignedItem {
        let pair = KeyPair::from_secret(&[number; 32]);
        SignedItem::sign(&pair, Seq::new(seq).unwrap(), value).unwrap()
    }

    fn put(
        store: &mut Store,
        item: &SignedItem,
        cas: Option<i64>,
        now: Instant,
    ) -> Result<(), Refused> {
        put_by(store, item, cas, IP, now)
    }

    fn put_by(
        store: &mut Store,
        item: &SignedItem,
        cas: Option<i64>,
        by: IpAddr,
        now: Instant,
    ) -> Result<(), Refused> {
        let mut value = Vec::new();
        bencode::write_bytes(&mut value, item.value());
        let put = Put {
            token: b"",
            value: &value,
            mutable: Some(Mutable {
                key: *item.key().as_bytes(),
                signature: *item.signature(),
                seq: item.seq().get(),
                cas,
                salt: None,
            }),
            target: None,
        };
        store.put(&put, by, now)
    }

    fn seq(store: &Store, item: &SignedItem, now: Instant) -> Option<i64> {
        Some(store.get(&Id::of_key(item.key()), now)?.mutable?.seq)
    }

    #[test]
    fn newer_replaces_older_and_conditions_hold() {
        let (mut store, now) = (Store::new(10), Instant::now());
        let (first, second) = (item(1, 5, b"a"), item(1, 6, b"b"));
        assert_eq!(put(&mut store, &first, Some(3), now), Ok(()));
        assert_eq!(
            put(&mut store, &second, Some(4), now),
            Err(Refused::Mismatch)
        );
        assert_eq!(put(&mut store, &second, Some(5), now), Ok(()));
        assert_eq!(put(&mut store, &first, None, now), Err(Refused::Older));
        // Its answer may have been lost.
        assert_eq!(put(&mut store, &second, Some(5), now), Ok(()));
        assert_eq!(seq(&store, &first, now), Some(6));
    }

    /// BEP 44: a number stands for one value, and the same once more keeps it alive.
    #[test]
    fn another_value_of_the_same_number_is_refused() {
        let (mut store, now) = (Store::new(10), Instant::now());
        let first = item(1, 5, b"m");
        assert_eq!(put(&mut store, &first, None, now), Ok(()));
        for value in [&b"a"[..], b"z"] {
            let other = item(1, 5, value);
            for cas in [None, Some(5)] {
                assert_eq!(put(&mut store, &other, cas, now), Err(Refused::Older));
            }
        }
        assert_eq!(Refused::Older.error().0, 302);
        let later = now + LIFETIME / 2;
        assert_eq!(put(&mut store, &first, None, later), Ok(()));
        assert_eq!(seq(&store, &first, now + LIFETIME), Some(5));
    }

    #[test]
    fn nothing_unsigned_or_too_large_is_kept() {
        let (mut store, now) = (Store::new(10), Instant::now());
        let good = item(1, 5, b"a");
        let mut signature = *good.signature();
        signature[0] ^= 1;
        let put = |value: &[u8], key: [u8; 32]| {
            Put {
                token: b"",
                value: &[],
                mutable: Some(Mutable {
                    key,
                    signature,
                    seq: 5,
                    cas: None,
                    salt: None,
                }),
                target: None,
            }
            .with(value, &mut store, now)
        };
        let mut put = put;
        assert_eq!(
            put(b"1:a", *good.key().as_bytes()),
            Err(Refused::BadSignature)
        );
        assert_eq!(put(b"1:a", [0; 32]), Err(Refused::BadSignature));
        let large = [b"1001:", &[b'x'; 1001][..]].concat();
        assert_eq!(put(&large, [0; 32]), Err(Refused::TooLarge));
        assert_eq!(store.len(), 0);
    }

    impl Put<'_> {
        fn with(self, value: &[u8], store: &mut Store, now: Instant) -> Result<(), Refused> {
            store.put(&Put { value, ..self }, IP, now)
        }
    }

    #[test]
    fn others_sign_with_salt_and_values_that_are_no_strings() {
        let (mut store, now) = (Store::new(10), Instant::now());
        let pair = KeyPair::from_secret(&[3; 32]);
        let signature = pair.sign(b"4:salt3:cat3:seqi1e1:vli1ei2ee");
        let key = *pair.public().as_bytes();
        let mutable = Mutable {
            key,
            signature,
            seq: 1,
            cas: None,
            salt: Some(b"cat"),
        };
        let put = Put {
            token: b"",
            value: b"li1ei2ee",
            mutable: Some(mutable),
            target: None,
        };
        assert_eq!(store.put(&put, IP, now), Ok(()));
        let target = Id::of_bytes(&[&key[..], b"cat"].concat());
        assert_eq!(*store.get(&target, now).unwrap().value, *b"li1ei2ee");
        let immutable = Put {
            mutable: None,
            ..put
        };
        assert_eq!(store.put(&immutable, IP, now), Ok(()));
        assert!(store.get(&Id::of_bytes(b"li1ei2ee"), now).is_some());
    }

    #[test]
    fn items_expire() {
        let (mut store, now) = (Store::new(10), Instant::now());
        let kept = item(1, 5, b"a");
        put(&mut store, &kept, None, now).unwrap();
        let end = now + LIFETIME;
        assert_eq!(seq(&store, &kept, end), None);
        // One that is gone is no reason to refuse.
        assert_eq!(put(&mut store, &item(1, 4, b"b"), Some(1), end), Ok(()));
        store.sweep(end + LIFETIME);
        assert_eq!((store.len(), store.by.len()), (0, 0));
        assert_eq!((store.in_order.len(), store.counts.len()), (0, 0));
    }

    #[test]
    fn who_puts_most_makes_room() {
        let (mut store, now) = (Store::new(4), Instant::now());
        let honest = item(200, 1, b"a");
        put_by(&mut store, &honest, None, "192.0.2.9".parse().unwrap(), now).unwrap();
        for number in 0..50u8 {
            let at = now + Duration::from_secs(u64::from(number) + 1);
            put(&mut store, &item(number, 1, b"a"), None, at).unwrap();
        }
        let end = now + Duration::from_secs(60);
        assert_eq!(store.len(), 4);
        assert_eq!(seq(&store, &honest, end), Some(1));
        assert_eq!(seq(&store, &item(49, 1, b"a"), end), Some(1));
        assert_eq!(seq(&store, &item(0, 1, b"a"), end), None);
    }

    /// In IPv6 one party has more addresses than there are items.
    #[test]
    fn a_network_of_ipv6_puts_as_one() {
        let (mut store, now) = (Store::new(10), Instant::now());
        let honest: Vec<_> = (200..204).map(|number| item(number, 1, b"a")).collect();
        for (kept, last) in honest.iter().zip(1..) {
            let by = IpAddr::from([192, 0, 2, last]);
            put_by(&mut store, kept, None, by, now).unwrap();
        }
        for number in 0..100 {
            let by = IpAddr::from([0x2001, 0xdb8, 1, 1, 0, 0, 0, u16::from(number)]);
            let at = now + Duration::from_secs(1);
            put_by(&mut store, &item(number, 1, b"a"), None, by, at).unwrap();
        }
        assert_eq!(store.len(), 10);
        let kept = |item| seq(&store, item, now + Duration::from_secs(2));
        assert!(honest.iter().all(|item| kept(item) == Some(1)));
    }

    /// Who puts what others have put, and then much else, has not made it their own.
    #[test]
    fn what_is_put_again_stays_whose_it_is() {
        let (mut store, now) = (Store::new(10), Instant::now());
        let honest: Vec<_> = (200..204).map(|number| item(number, 1, b"a")).collect();
        for (kept, last) in honest.iter().zip(1..) {
            let by = IpAddr::from([198, 51, 100, last]);
            put_by(&mut store, kept, None, by, now).unwrap();
            put(&mut store, kept, None, now).unwrap();
        }
        for number in 0..100 {
            put(&mut store, &item(number, 1, b"a"), None, now).unwrap();
        }
        assert!(honest.iter().all(|item| seq(&store, item, now) == Some(1)));
    }

    proptest::proptest! {
        /// Whatever is put, by whom and when: what is counted is what is there.
        #[test]
        fn the_books_are_right(
            puts in proptest::collection::vec((0..6u8, 0..4u8, 0..3i64, 0..4000u64), 0..60),
        ) {
            let (mut store, mut now) = (Store::new(4), Instant::now());
            for (number, by, seq, after) in puts {
                now += Duration::from_secs(after);
                let by = IpAddr::from([192, 0, 2, by]);
                _ = put_by(&mut store, &item(number, seq, b"a"), None, by, now);
                assert!(store.len() <= 4);
                assert_eq!(store.in_order.len(), store.len());
                assert_eq!(store.counts.len(), store.by.len());
                let counted: usize = store.counts.iter().map(|(count, _)| count).sum();
                let held: usize = store.by.values().map(BTreeMap::len).sum();
                assert_eq!((counted, held), (store.len(), store.len()));
                for (place, target) in &store.in_order {
                    assert_eq!(store.items[target].number, *place);
                }
            }
        }
    }
}
