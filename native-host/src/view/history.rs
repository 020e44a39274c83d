//! A key over time: the packets that were seen of it, and how it is kept alive.

use data_encoding::HEXLOWER;
use serde::Serialize;

use super::{LAST_DATE, RecordView, unix_millis};
use crate::cache::{self, Entry, Newest, Whose};

/// A packet of the key as it was seen.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SeenPacket {
    /// The packet's sequence number in decimal; it may exceed 2^53.
    pub seq: String,
    /// When it says that it was signed: milliseconds since 1970.
    #[cfg_attr(test, ts(type = "number"))]
    pub signed_at: i64,
    /// When the network last showed it: milliseconds since 1970.
    #[cfg_attr(test, ts(type = "number"))]
    pub seen_at: i64,
    /// Who had shown it: `dht`, `published`, or a relay's address.
    pub origin: String,
    /// Its records, in the packet's order; `null` if what the key signed is no pkarr packet.
    pub records: Option<Vec<RecordView>>,
    /// The whole signed packet as relays send it (signature, sequence number, DNS), hexadecimal.
    pub raw: String,
}

impl From<&Entry> for SeenPacket {
    fn from(entry: &Entry) -> Self {
        let item = entry.newest.item();
        Self {
            seq: item.seq().to_string(),
            signed_at: item.seq().unix_millis().min(LAST_DATE),
            seen_at: unix_millis(entry.seen.at),
            origin: entry.seen.from.to_string(),
            records: match &entry.newest {
                Newest::Packet(packet) => Some(RecordView::all(packet)),
                Newest::Other(_) => None,
            },
            raw: HEXLOWER.encode(&item.to_relay_payload()),
        }
    }
}

/// How a key is kept alive.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// Whether it is published from here with its own secret key; else it is somebody else's.
    pub own: bool,
    /// How many nodes took it the last time; `null` before the first time.
    pub stored_nodes: Option<u32>,
    /// When it was last put: milliseconds since 1970; `null` before the first time.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub last_at: Option<i64>,
    /// When it is put next: milliseconds since 1970.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub next_at: Option<i64>,
}

impl From<&cache::Kept> for Kept {
    fn from(kept: &cache::Kept) -> Self {
        Self {
            own: matches!(kept.whose, Whose::Own { .. }),
            stored_nodes: kept.stored,
            last_at: kept.last_put_at.map(unix_millis),
            next_at: Some(unix_millis(kept.next_at)),
        }
    }
}
