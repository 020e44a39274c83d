//! Signed items: bytes that a key vouches for, and in which order.
//!
//! The Mainline DHT keeps *mutable items* (BEP 44): up to 1000 bytes, a sequence number and an
//! Ed25519 signature over both. A [`SignedItem`] is one whose signature has been checked against
//! the key that was asked for. It says nothing about what the bytes mean, but two items of one key
//! can be told apart: the newer one has the higher `seq`, on a tie the larger bytes.
//!
//! An item has two encodings besides the fields of the DHT: *canonical bytes*
//! (`key ‖ signature ‖ seq ‖ value`) and the *relay payload*, the same without the key.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ed25519_dalek::VerifyingKey;

use crate::key::{self, KeyError, KeyPair, PublicKey};

/// The most bytes that are accepted as an item's value.
pub const MAX_VALUE: usize = 1000;

/// How far ahead of the clock a `seq` may be before it is called to attention, and beyond which
/// nothing is signed.
pub const MAX_FUTURE: Duration = Duration::from_secs(2 * 60 * 60);

const RELAY_HEADER: usize = 64 + 8;
const CANONICAL_HEADER: usize = 32 + RELAY_HEADER;

/// Why bytes are not a signed item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ItemError {
    /// Too short to hold a signature and a time, or longer than is allowed.
    #[error("{found} bytes are no signed item: {least} to {most} are expected")]
    Length {
        /// The bytes given.
        found: usize,
        /// The least that could be right.
        least: usize,
        /// The most that is allowed.
        most: usize,
    },
    /// Canonical bytes do not begin with a key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The signature is not the key's over these bytes.
    #[error("the signature is not that of {0}")]
    Signature(PublicKey),
    /// `seq` is negative or above the largest signed 64-bit number.
    #[error("the sequence number is not a time")]
    Seq,
    /// The last `seq` is so far ahead that no honest clock gives a higher one.
    #[error("the newest packet is dated {ahead:?} ahead of this machine's clock")]
    Future {
        /// How far ahead of the clock it is.
        ahead: Duration,
    },
}

/// The sequence number of an item: microseconds since 1970, from 0 to `i64::MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(i64);

impl Seq {
    /// Takes the number as the DHT has it (BEP 44).
    ///
    /// # Errors
    /// [`ItemError::Seq`] for a negative number.
    pub fn new(seq: i64) -> Result<Self, ItemError> {
        if seq < 0 {
            return Err(ItemError::Seq);
        }
        Ok(Self(seq))
    }

    /// The time as a sequence number; the first and last one for times beyond.
    pub fn at(time: SystemTime) -> Self {
        let micros = time
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_micros());
        Self(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    /// The number to sign at `now` when `newest` was the last one seen or signed for the key.
    ///
    /// # Errors
    /// [`ItemError::Future`] when that would be more than [`MAX_FUTURE`] ahead of the clock.
    pub fn after(newest: Option<Seq>, now: SystemTime) -> Result<Self, ItemError> {
        let clock = Self::at(now);
        let next = newest.map_or(clock, |newest| clock.max(Self(newest.0.saturating_add(1))));
        if next.is_future(now) {
            let ahead = Duration::from_micros(next.0.abs_diff(clock.0));
            return Err(ItemError::Future { ahead });
        }
        Ok(next)
    }

    /// Whether the number is more than [`MAX_FUTURE`] ahead of the clock.
    pub fn is_future(self, now: SystemTime) -> bool {
        self > Self::at(now + MAX_FUTURE)
    }

    /// The number itself.
    pub fn get(self) -> i64 {
        self.0
    }

    /// The time; `None` where the system's clock can't express it.
    pub fn time(self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_micros(self.0.unsigned_abs()))
    }

    /// The time, in milliseconds since 1970.
    pub fn unix_millis(self) -> i64 {
        self.0 / 1000
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A mutable item of the DHT (BEP 44, no salt) whose signature has been checked.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedItem {
    key: PublicKey,
    signature: [u8; 64],
    seq: Seq,
    value: Box<[u8]>,
}

impl SignedItem {
    /// Takes the fields of an item that was asked for under `key` and checks the signature.
    ///
    /// # Errors
    /// [`ItemError::Length`] above [`MAX_VALUE`] bytes, [`ItemError::Seq`],
    /// [`ItemError::Signature`].
    pub fn verify(
        key: PublicKey,
        signature: [u8; 64],
        seq: i64,
        value: &[u8],
    ) -> Result<Self, ItemError> {
        let point = key.point().ok_or(ItemError::Signature(key))?;
        Self::check(key, &point, signature, seq, value)
    }

    fn check(
        key: PublicKey,
        point: &VerifyingKey,
        signature: [u8; 64],
        seq: i64,
        value: &[u8],
    ) -> Result<Self, ItemError> {
        within_bounds(value)?;
        let seq = Seq::new(seq)?;
        if !key::verifies(point, &signable(seq, value), &signature) {
            return Err(ItemError::Signature(key));
        }
        Ok(Self {
            key,
            signature,
            seq,
            value: value.into(),
        })
    }

    /// Reads a relay payload: `signature(64) ‖ seq(8, big-endian) ‖ value`.
    ///
    /// # Errors
    /// As [`SignedItem::verify`].
    pub fn from_relay_payload(key: PublicKey, payload: &[u8]) -> Result<Self, ItemError> {
        let (signature, seq, value) = parts(payload)?;
        Self::verify(key, signature, seq, value)
    }

    /// Reads canonical bytes: `key(32) ‖ signature(64) ‖ seq(8, big-endian) ‖ value`.
    ///
    /// # Errors
    /// [`ItemError::Key`] when the first 32 bytes are no key, else as [`SignedItem::verify`].
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, ItemError> {
        let Some((key, payload)) = bytes.split_first_chunk::<32>() else {
            return Err(ItemError::Length {
                found: bytes.len(),
                least: CANONICAL_HEADER,
                most: CANONICAL_HEADER + MAX_VALUE,
            });
        };
        let (key, point) = PublicKey::with_point(key)?;
        let (signature, seq, value) = parts(payload)?;
        Self::check(key, &point, signature, seq, value)
    }

    /// Signs a value.
    ///
    /// # Errors
    /// [`ItemError::Length`] above [`MAX_VALUE`] bytes.
    pub fn sign(pair: &KeyPair, seq: Seq, value: &[u8]) -> Result<Self, ItemError> {
        within_bounds(value)?;
        Ok(Self {
            key: pair.public(),
            signature: pair.sign(&signable(seq, value)),
            seq,
            value: value.into(),
        })
    }

    /// The key that signed.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The 64-byte Ed25519 signature.
    pub fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// The sequence number.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The signed bytes.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// Whether this item replaces `other` of the same key: a higher `seq`, on a tie larger bytes.
    pub fn is_newer_than(&self, other: &SignedItem) -> bool {
        (self.seq, &self.value) > (other.seq, &other.value)
    }

    /// The relay payload: 72 to 1072 bytes.
    pub fn to_relay_payload(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(RELAY_HEADER + self.value.len());
        bytes.extend_from_slice(&self.signature);
        bytes.extend_from_slice(&self.seq.get().to_be_bytes());
        bytes.extend_from_slice(&self.value);
        bytes
    }

    /// The canonical bytes: 104 to 1104 bytes.
    pub fn to_canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(CANONICAL_HEADER + self.value.len());
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(&self.to_relay_payload());
        bytes
    }
}

impl fmt::Debug for SignedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedItem")
            .field("key", &self.key)
            .field("seq", &self.seq)
            .field("bytes", &self.value.len())
            .finish()
    }
}

/// The parts of a relay payload.
fn parts(payload: &[u8]) -> Result<([u8; 64], i64, &[u8]), ItemError> {
    let length = ItemError::Length {
        found: payload.len(),
        least: RELAY_HEADER,
        most: RELAY_HEADER + MAX_VALUE,
    };
    let Some((signature, rest)) = payload.split_first_chunk::<64>() else {
        return Err(length);
    };
    match rest.split_first_chunk::<8>() {
        Some((seq, value)) if value.len() <= MAX_VALUE => {
            Ok((*signature, i64::from_be_bytes(*seq), value))
        }
        _ => Err(length),
    }
}

fn within_bounds(value: &[u8]) -> Result<(), ItemError> {
    if value.len() > MAX_VALUE {
        return Err(ItemError::Length {
            found: value.len(),
            least: 0,
            most: MAX_VALUE,
        });
    }
    Ok(())
}

/// What is signed, as BEP 44 has it for an item without salt: `3:seqi<seq>e1:v<len>:<value>`.
fn signable(seq: Seq, value: &[u8]) -> Vec<u8> {
    let mut bytes = format!("3:seqi{seq}e1:v{}:", value.len()).into_bytes();
    bytes.extend_from_slice(value);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pair() -> KeyPair {
        KeyPair::from_secret(&[1; 32])
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn seq_follows_the_clock_and_what_was_seen() {
        let now = at(1_700_000_000);
        let clock = Seq::at(now);
        assert_eq!(clock.get(), 1_700_000_000_000_000);
        assert_eq!(Seq::after(None, now).unwrap(), clock);
        let older = Seq::new(5).unwrap();
        assert_eq!(Seq::after(Some(older), now).unwrap(), clock);
        let ahead = Seq::new(clock.get() + 1_000_000).unwrap();
        assert_eq!(Seq::after(Some(ahead), now).unwrap().get(), ahead.get() + 1);
        let far = Seq::new(clock.get() + 2 * 3600 * 1_000_000).unwrap();
        assert!(matches!(
            Seq::after(Some(far), now),
            Err(ItemError::Future { .. })
        ));
        assert!(Seq::new(i64::MAX).unwrap().is_future(now));
        assert!(matches!(
            Seq::after(Some(Seq::new(i64::MAX).unwrap()), now),
            Err(ItemError::Future { .. })
        ));
        assert_eq!(Seq::new(-1), Err(ItemError::Seq));
    }

    #[test]
    fn newer_is_higher_seq_then_larger_bytes() {
        let item = |seq, value: &[u8]| {
            let seq = Seq::new(seq).unwrap();
            SignedItem::verify(
                pair().public(),
                pair().sign(&signable(seq, value)),
                seq.get(),
                value,
            )
            .unwrap()
        };
        assert!(item(2, b"a").is_newer_than(&item(1, b"b")));
        assert!(item(1, b"b").is_newer_than(&item(1, b"a")));
        assert!(item(1, b"aa").is_newer_than(&item(1, b"a")));
        assert!(!item(1, b"a").is_newer_than(&item(1, b"a")));
    }

    #[test]
    fn others_may_use_all_1000_bytes() {
        let seq = Seq::new(1).unwrap();
        for (length, accepted) in [(MAX_VALUE, true), (MAX_VALUE + 1, false)] {
            let value = vec![b'x'; length];
            let signature = pair().sign(&signable(seq, &value));
            let item = SignedItem::verify(pair().public(), signature, 1, &value);
            assert_eq!(item.is_ok(), accepted, "{length}");
        }
    }

    proptest! {
        #[test]
        fn items_survive_every_encoding(
            seq in 0..=i64::MAX,
            value in proptest::collection::vec(any::<u8>(), 0..=MAX_VALUE),
        ) {
            let item = SignedItem::sign(&pair(), Seq::new(seq).unwrap(), &value).unwrap();
            prop_assert_eq!(&SignedItem::from_canonical(&item.to_canonical()).unwrap(), &item);
            prop_assert_eq!(
                &SignedItem::from_relay_payload(*item.key(), &item.to_relay_payload()).unwrap(),
                &item
            );
        }

        #[test]
        fn one_changed_bit_is_noticed(bit in 0usize..(72 + 40) * 8) {
            let item = SignedItem::sign(&pair(), Seq::new(9).unwrap(), &[7; 40]).unwrap();
            let mut payload = item.to_relay_payload();
            prop_assert_eq!(payload.len(), 72 + 40);
            payload[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(SignedItem::from_relay_payload(pair().public(), &payload).is_err());
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..1200)) {
            let _ = SignedItem::from_canonical(&bytes);
            let _ = SignedItem::from_relay_payload(pair().public(), &bytes);
        }
    }
}
