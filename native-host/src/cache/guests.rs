//! Keys that a server keeps published for others, for a time.
//!
//! Apart from the kept keys of this machine's user: there are many, each ends by itself, and none
//! is a promise that has to hold for good. What is put again is the newest item known, which stands
//! with all others.

use std::time::SystemTime;

use rusqlite::{Connection, params};

use super::entry::{from_micros, to_micros};
use crate::key::PublicKey;

pub(super) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS guests (
        key BLOB PRIMARY KEY,
        ends_at INTEGER NOT NULL,
        next_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS guests_next ON guests (next_at);
    CREATE INDEX IF NOT EXISTS guests_end ON guests (ends_at);
";

/// A key that is kept published for somebody else, for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guest {
    /// The key.
    pub key: PublicKey,
    /// When that ends, unless somebody asks for it.
    pub ends_at: SystemTime,
    /// When it is to be put again.
    pub next_at: SystemTime,
}

/// Takes a key in, or puts off its end. Where `most` are there already, those leave whose end is
/// nearest: nobody has put them or asked for them for the longest time. Tells how many left, the new
/// one itself where none may be there.
pub(super) fn take(conn: &Connection, guest: &Guest, most: u64) -> rusqlite::Result<usize> {
    let known = conn
        .prepare_cached(
            "UPDATE guests SET ends_at = max(ends_at, ?2), next_at = ?3 WHERE key = ?1",
        )?
        .execute(params![
            guest.key.as_bytes(),
            to_micros(guest.ends_at),
            to_micros(guest.next_at)
        ])?;
    if known > 0 {
        return Ok(0);
    }
    if most == 0 {
        return Ok(1);
    }
    let left = conn
        .prepare_cached(
            "DELETE FROM guests WHERE key IN (
                 SELECT key FROM guests ORDER BY ends_at
                 LIMIT max(0, (SELECT count(*) FROM guests) - ?1))",
        )?
        .execute([i64::try_from(most - 1).unwrap_or(i64::MAX)])?;
    conn.prepare_cached("INSERT INTO guests (key, ends_at, next_at) VALUES (?1, ?2, ?3)")?
        .execute(params![
            guest.key.as_bytes(),
            to_micros(guest.ends_at),
            to_micros(guest.next_at)
        ])?;
    Ok(left)
}

/// Puts off the end of those of the keys that are guests.
pub(super) fn asked_for(
    conn: &Connection,
    keys: &[PublicKey],
    ends_at: SystemTime,
) -> rusqlite::Result<()> {
    let mut update = conn.prepare_cached("UPDATE guests SET ends_at = ?2 WHERE key = ?1")?;
    for key in keys {
        update.execute(params![key.as_bytes(), to_micros(ends_at)])?;
    }
    Ok(())
}

/// Those that are to be put again, the longest due first.
pub(super) fn due(conn: &Connection, now: SystemTime, most: usize) -> rusqlite::Result<Vec<Guest>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut select = conn.prepare_cached(
        "SELECT key, ends_at, next_at FROM guests WHERE next_at <= ? ORDER BY next_at LIMIT ?",
    )?;
    let rows = select.query_map(params![to_micros(now), most], |row| {
        let key: [u8; 32] = row.get(0)?;
        Ok(PublicKey::from_bytes(&key).ok().map(|key| {
            Ok::<_, rusqlite::Error>(Guest {
                key,
                ends_at: from_micros(row.get(1)?),
                next_at: from_micros(row.get(2)?),
            })
        }))
    })?;
    let mut guests = Vec::new();
    for row in rows {
        guests.extend(row?.transpose()?);
    }
    Ok(guests)
}

/// Notes when a guest is to be put next.
pub(super) fn put_off(
    conn: &Connection,
    key: &PublicKey,
    next_at: SystemTime,
) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE guests SET next_at = ?2 WHERE key = ?1")?
        .execute(params![key.as_bytes(), to_micros(next_at)])?;
    Ok(())
}

/// Lets go of those whose time has ended, and tells how many.
pub(super) fn leave(conn: &Connection, now: SystemTime) -> rusqlite::Result<usize> {
    conn.prepare_cached("DELETE FROM guests WHERE ends_at <= ?")?
        .execute([to_micros(now)])
}
