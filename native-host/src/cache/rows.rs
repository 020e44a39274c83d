//! Reading and writing what the file holds of keys: floors, items, history.
//!
//! Whoever can write the file can write anything into it, so an item is verified again whenever it
//! is read; one that fails, or that is not the floor's, is as good as absent.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::entry::{Entry, Floor, Origin, Seen, Standing, from_micros, to_micros};
use crate::{
    item::{Seq, SignedItem},
    key::PublicKey,
};

/// What the file holds of a key, not verified yet.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) floor: Floor,
    pub(super) item: Option<Sighting>,
}

/// An item with its last sighting, not verified yet.
#[derive(Debug)]
pub(super) struct Sighting {
    pub(super) payload: Vec<u8>,
    pub(super) seen: Seen,
}

impl Sighting {
    fn from_row(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            payload: row.get(first)?,
            seen: Seen {
                at: from_micros(row.get(first + 1)?),
                from: Origin::from_text(row.get(first + 2)?),
            },
        })
    }

    /// Verifies the item.
    pub(super) fn item(&self, key: &PublicKey) -> Option<SignedItem> {
        SignedItem::from_relay_payload(*key, &self.payload).ok()
    }

    fn entry(self, key: &PublicKey) -> Option<Entry> {
        let newest = self.item(key)?.into();
        Some(Entry {
            newest,
            seen: self.seen,
        })
    }
}

/// A number that changes when another connection has written, a process of its own or not.
pub(super) fn version(conn: &Connection) -> rusqlite::Result<i64> {
    conn.prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get(0))
}

/// What is stored of a key.
pub(super) fn read(conn: &Connection, key: &PublicKey) -> rusqlite::Result<Option<Stored>> {
    let stored = conn
        .prepare_cached(
            "SELECT f.seq, f.digest, i.payload, i.seen_at, i.origin
             FROM floors f LEFT JOIN items i ON i.key = f.key WHERE f.key = ?",
        )?
        .query_row([key.as_bytes()], |row| {
            // Columns that don't read as they should are damage: then nothing is known.
            let (Ok(seq), Ok(digest)) = (Seq::new(row.get(0)?), row.get(1)) else {
                return Ok(None);
            };
            Ok(Some(Stored {
                floor: Floor { seq, digest },
                item: Sighting::from_row(row, 2).ok(),
            }))
        })
        .optional()?;
    Ok(stored.flatten())
}

/// Keeps an item unless it is older than what is stored, and tells how it stood. Has to be called
/// within a transaction that writes, so that no other process comes between reading and writing.
pub(super) fn keep(
    conn: &Connection,
    item: &SignedItem,
    seen: &Seen,
    history: usize,
) -> rusqlite::Result<Standing> {
    let key = item.key();
    let offered = Floor::of(item);
    let stored = read(conn, key)?;
    let floor = stored.as_ref().map(|stored| stored.floor);
    let sighting = stored.and_then(|stored| stored.item);
    // Verifying is dear; only a tie needs the item.
    let tie = floor.is_some_and(|floor| floor.seq == offered.seq && floor != offered);
    let kept = sighting
        .as_ref()
        .filter(|_| tie)
        .and_then(|sighting| sighting.item(key));
    let standing = Standing::of(item, &offered, floor.as_ref(), kept.as_ref());
    let seen = match (standing, sighting) {
        (Standing::Older, _) => return Ok(standing),
        (Standing::Same, Some(sighting)) => sighting.seen.renewed(seen.clone(), SystemTime::now()),
        (Standing::Newer, Some(_)) => {
            to_history(conn, key, history)?;
            seen.clone()
        }
        (_, None) => seen.clone(),
    };
    conn.prepare_cached(
        "INSERT INTO floors (key, seq, digest) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET seq = excluded.seq, digest = excluded.digest",
    )?
    .execute(params![key.as_bytes(), offered.seq.get(), offered.digest])?;
    conn.prepare_cached(
        "INSERT INTO items (key, payload, seen_at, origin, used)
         VALUES (?, ?, ?, ?, 1 + ifnull((SELECT max(used) FROM items), 0))
         ON CONFLICT DO UPDATE SET payload = excluded.payload, seen_at = excluded.seen_at,
             origin = excluded.origin, used = excluded.used",
    )?
    .execute(params![
        key.as_bytes(),
        item.to_relay_payload(),
        to_micros(seen.at),
        seen.from.to_text(),
    ])?;
    Ok(standing)
}

/// Copies the item of a key that is about to be replaced, and forgets the oldest above the limit.
fn to_history(conn: &Connection, key: &PublicKey, limit: usize) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO history (key, seq, payload, seen_at, origin)
         SELECT i.key, f.seq, i.payload, i.seen_at, i.origin
         FROM items i JOIN floors f ON f.key = i.key WHERE i.key = ?",
    )?
    .execute([key.as_bytes()])?;
    conn.prepare_cached(
        "DELETE FROM history WHERE rowid IN (SELECT rowid FROM history WHERE key = ?
             ORDER BY seq DESC, rowid DESC LIMIT -1 OFFSET ?)",
    )?
    .execute(params![key.as_bytes(), as_i64(limit)])?;
    Ok(())
}

/// What newer items of a key replaced, newest first, verified.
pub(super) fn history(conn: &Connection, key: &PublicKey) -> rusqlite::Result<Vec<Entry>> {
    let mut select = conn.prepare_cached(
        "SELECT payload, seen_at, origin FROM history WHERE key = ?
         ORDER BY seq DESC, rowid DESC",
    )?;
    let mut rows = select.query([key.as_bytes()])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let sighting = Sighting::from_row(row, 0).ok();
        entries.extend(sighting.and_then(|sighting| sighting.entry(key)));
    }
    Ok(entries)
}

/// Drops an item that could not be verified, unless it was replaced meanwhile.
pub(super) fn drop_item(
    conn: &Connection,
    key: &PublicKey,
    payload: &[u8],
) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM items WHERE key = ? AND payload = ?")?
        .execute(params![key.as_bytes(), payload])?;
    Ok(())
}

/// Notes that keys were asked for, all at the same moment.
pub(super) fn touch<'a>(
    conn: &Connection,
    keys: impl Iterator<Item = &'a PublicKey>,
) -> rusqlite::Result<()> {
    let used: i64 = conn
        .prepare_cached("SELECT 1 + ifnull(max(used), 0) FROM items")?
        .query_row([], |row| row.get(0))?;
    let mut update = conn.prepare_cached("UPDATE items SET used = ? WHERE key = ?")?;
    for key in keys {
        update.execute(params![used, key.as_bytes()])?;
    }
    Ok(())
}

/// Forgets the items and history of the keys used least recently, down to `limit` keys.
pub(super) fn evict(conn: &Connection, limit: u64) -> rusqlite::Result<usize> {
    let above = count(conn, "items")?.saturating_sub(limit);
    if above == 0 {
        return Ok(0);
    }
    let above = i64::try_from(above).unwrap_or(i64::MAX);
    let least = "SELECT key FROM items ORDER BY used, key LIMIT ?";
    conn.prepare_cached(&format!("DELETE FROM history WHERE key IN ({least})"))?
        .execute([above])?;
    conn.prepare_cached(&format!("DELETE FROM items WHERE key IN ({least})"))?
        .execute([above])
}

/// Forgets all items and history.
pub(super) fn clear(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch("DELETE FROM items; DELETE FROM history;")
}

/// The rows of a table.
pub(super) fn count(conn: &Connection, table: &'static str) -> rusqlite::Result<u64> {
    let count: i64 = conn
        .prepare_cached(&format!("SELECT count(*) FROM {table}"))?
        .query_row([], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

fn as_i64(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
