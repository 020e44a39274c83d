//! Answers that are ready to be sent.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use hyper::header::HeaderValue;
use moka::{ops::compute::Op, sync::Cache};
use sha2::{Digest, Sha256};

use crate::{item::Seq, key::PublicKey, packet::SignedPacket};

/// How long memory is believed without a look at the file, which other processes write too. What
/// this one learns is known at once.
const RECHECK: Duration = Duration::from_secs(5);
/// What an answer takes besides its packet, about.
const OVERHEAD: usize = 700;

/// A packet with all that is sent along, in the form in which it is sent.
#[derive(Debug)]
pub(crate) struct Held {
    /// The packet.
    pub(crate) packet: SignedPacket,
    /// When the network last showed it.
    pub(crate) seen_at: SystemTime,
    /// How long from then it counts as fresh.
    pub(crate) ttl: Duration,
    /// The relay payload.
    pub(crate) payload: Bytes,
    /// `ETag`: changes with the payload.
    pub(crate) etag: HeaderValue,
    /// `Content-Length`.
    pub(crate) length: HeaderValue,
    /// `Last-Modified`; `None` for a time that can't be written so.
    pub(crate) last_modified: Option<HeaderValue>,
    /// `Memento-Datetime`.
    pub(crate) memento: Option<HeaderValue>,
    /// When it was last compared with what is stored.
    checked: Instant,
    /// In which round it was last noted as asked for; see [`super::keep::Keep::note`].
    pub(crate) noted: AtomicU64,
}

impl Held {
    pub(crate) fn new(packet: SignedPacket, seen_at: SystemTime, ttl: Duration) -> Self {
        let payload = Bytes::from(packet.item().to_relay_payload());
        let digest = Sha256::digest(&payload);
        let tag: String = digest
            .iter()
            .take(12)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            etag: shared(format!("\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\"")),
            length: HeaderValue::from(payload.len()),
            last_modified: packet.seq().time().and_then(http_date),
            memento: http_date(seen_at),
            checked: Instant::now(),
            noted: AtomicU64::new(0),
            payload,
            packet,
            seen_at,
            ttl,
        }
    }

    /// How long it still counts as fresh.
    pub(crate) fn remaining(&self, now: SystemTime) -> Duration {
        match now.duration_since(self.seen_at) {
            Ok(age) => self.ttl.saturating_sub(age),
            // A clock that was set back makes the age negative: then ask again.
            Err(_) => Duration::ZERO,
        }
    }

    fn weight(&self) -> u32 {
        let records = size_of_val(self.packet.records());
        let bytes = OVERHEAD + 4 * self.payload.len() + records;
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }
}

/// A time as HTTP writes it; `None` for one that it can't.
pub(crate) fn http_date(time: SystemTime) -> Option<HeaderValue> {
    /// The first second that can't be written: the year 10000.
    const END: u64 = 253_402_300_800;
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    (seconds < END).then(|| shared(httpdate::fmt_http_date(time)))?
}

fn shared(text: String) -> Option<HeaderValue> {
    HeaderValue::from_maybe_shared(Bytes::from(text)).ok()
}

/// The answers in memory, bounded by what they take.
#[derive(Debug)]
pub(super) struct Hot {
    answers: Cache<[u8; 52], Arc<Held>>,
}

impl Hot {
    pub(super) fn new(mib: u64) -> Self {
        Self {
            answers: Cache::builder()
                .max_capacity(mib << 20)
                .weigher(|_, held: &Arc<Held>| held.weight())
                .build(),
        }
    }

    /// A fresh answer.
    pub(super) fn get(&self, key: &[u8; 52], now: SystemTime) -> Option<Arc<Held>> {
        let held = self.answers.get(key)?;
        let usable = !held.remaining(now).is_zero() && held.checked.elapsed() < RECHECK;
        usable.then_some(held)
    }

    /// Keeps an answer unless a newer packet is there, and gives what is there then.
    pub(super) fn keep(&self, held: Arc<Held>) -> Arc<Held> {
        let mut kept = Arc::clone(&held);
        self.answers
            .entry(text(held.packet.key()))
            .and_compute_with(|entry| match entry.map(|entry| entry.into_value()) {
                Some(there) if there.packet.item().is_newer_than(held.packet.item()) => {
                    kept = there;
                    Op::Nop
                }
                there => {
                    if let Some(there) = there {
                        let noted = there.noted.load(Ordering::Relaxed);
                        held.noted.store(noted, Ordering::Relaxed);
                    }
                    Op::Put(held)
                }
            });
        kept
    }

    /// Lets go of an answer older than this.
    pub(super) fn outdate(&self, key: &[u8; 52], seq: Seq) {
        self.answers
            .entry(*key)
            .and_compute_with(|entry| match entry {
                Some(entry) if entry.value().packet.seq() < seq => Op::Remove,
                _ => Op::Nop,
            });
    }

    /// Lets go of everything.
    pub(super) fn clear(&self) {
        self.answers.invalidate_all();
    }
}

/// The 52 characters of a key.
pub(crate) fn text(key: &PublicKey) -> [u8; 52] {
    let mut text = [0; 52];
    for (to, from) in text.iter_mut().zip(key.to_string().bytes()) {
        *to = from;
    }
    text
}
