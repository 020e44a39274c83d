//! Keys that are kept published, and the lease of who does it.
//!
//! Nodes of the DHT forget items after a few hours, so somebody has to publish them again. Which
//! items, and whose turn it is, stands in the file; when and how is the publisher's.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::entry::{from_micros, to_micros};
use crate::{item::SignedItem, key::PublicKey};

/// How far clock readings of two processes on one machine may lie apart.
const LEASE_SLACK: Duration = Duration::from_secs(5);

/// A key that is kept published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What is published.
    pub item: SignedItem,
    /// Whose it is.
    pub whose: Whose,
    /// When it was last put, if ever.
    pub last_put_at: Option<SystemTime>,
    /// How many nodes confirmed that.
    pub stored: Option<u32>,
    /// When it is to be put again.
    pub next_at: SystemTime,
}

/// Whose key is kept published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Our own: it can be signed anew.
    Own {
        /// The file with its secret key.
        key_file: Option<PathBuf>,
        /// The zone file that is published under it.
        zone_file: Option<PathBuf>,
    },
    /// Somebody else's: it is put again as it is.
    Foreign,
}

/// The files of a key, as text.
pub(super) struct Files<'a> {
    own: bool,
    key_file: Option<&'a str>,
    zone_file: Option<&'a str>,
}

impl<'a> Files<'a> {
    /// Takes the paths, or gives the one that is no text.
    pub(super) fn of(whose: &'a Whose) -> Result<Self, &'a Path> {
        let text = |path: &'a Option<PathBuf>| {
            path.as_deref()
                .map(|path| path.to_str().ok_or(path))
                .transpose()
        };
        Ok(match whose {
            Whose::Own {
                key_file,
                zone_file,
            } => Self {
                own: true,
                key_file: text(key_file)?,
                zone_file: text(zone_file)?,
            },
            Whose::Foreign => Self {
                own: false,
                key_file: None,
                zone_file: None,
            },
        })
    }
}

/// Keeps a key published. An item that is older than the kept one changes all but the item, and
/// a file that is not named leaves the one that was.
pub(super) fn keep_alive(
    conn: &Connection,
    item: &SignedItem,
    files: &Files<'_>,
    next_at: SystemTime,
) -> rusqlite::Result<()> {
    let key = item.key();
    let kept = conn
        .prepare_cached("SELECT payload FROM kept WHERE key = ?")?
        .query_row([key.as_bytes()], |row| row.get::<_, Vec<u8>>(0))
        .optional()?
        .and_then(|payload| SignedItem::from_relay_payload(*key, &payload).ok());
    let newest = kept
        .as_ref()
        .filter(|kept| kept.is_newer_than(item))
        .unwrap_or(item);
    conn.prepare_cached(
        "INSERT INTO kept (key, payload, own, key_file, zone_file, next_at)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET payload = excluded.payload, own = excluded.own,
             key_file = coalesce(excluded.key_file, key_file),
             zone_file = coalesce(excluded.zone_file, zone_file),
             next_at = excluded.next_at",
    )?
    .execute(params![
        key.as_bytes(),
        newest.to_relay_payload(),
        files.own,
        files.key_file,
        files.zone_file,
        to_micros(next_at),
    ])?;
    Ok(())
}

/// Keeps a key published no longer; tells whether it was.
pub(super) fn forget(conn: &Connection, key: &PublicKey) -> rusqlite::Result<bool> {
    let rows = conn
        .prepare_cached("DELETE FROM kept WHERE key = ?")?
        .execute([key.as_bytes()])?;
    Ok(rows > 0)
}

/// All keys that are kept published, the next due first, and how many can't be verified.
pub(super) fn kept(conn: &Connection) -> rusqlite::Result<(Vec<Kept>, usize)> {
    let (kept, damaged) = read_all(conn)?;
    Ok((kept, damaged.len()))
}

/// Drops the kept keys that can't be verified.
pub(super) fn drop_damaged(conn: &Connection) -> rusqlite::Result<()> {
    let (_, damaged) = read_all(conn)?;
    for row in damaged {
        conn.execute("DELETE FROM kept WHERE rowid = ?", [row])?;
    }
    Ok(())
}

fn read_all(conn: &Connection) -> rusqlite::Result<(Vec<Kept>, Vec<i64>)> {
    let mut select = conn.prepare_cached(
        "SELECT key, payload, own, key_file, zone_file, last_put_at, stored, next_at, rowid
         FROM kept ORDER BY next_at, key",
    )?;
    let mut rows = select.query([])?;
    let (mut kept, mut damaged) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        match from_row(row) {
            Ok(Some(key)) => kept.push(key),
            _ => damaged.push(row.get(8)?),
        }
    }
    Ok((kept, damaged))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Option<Kept>> {
    let key: Vec<u8> = row.get(0)?;
    let payload: Vec<u8> = row.get(1)?;
    let Ok(item) = SignedItem::from_canonical(&[key, payload].concat()) else {
        return Ok(None);
    };
    let path = |column| {
        row.get::<_, Option<String>>(column)
            .map(|path| path.map(PathBuf::from))
    };
    let whose = if row.get(2)? {
        Whose::Own {
            key_file: path(3)?,
            zone_file: path(4)?,
        }
    } else {
        Whose::Foreign
    };
    Ok(Some(Kept {
        item,
        whose,
        last_put_at: row.get::<_, Option<i64>>(5)?.map(from_micros),
        stored: row.get(6)?,
        next_at: from_micros(row.get(7)?),
    }))
}

/// Notes that a kept key was put; tells whether it is kept.
pub(super) fn note_put(
    conn: &Connection,
    key: &PublicKey,
    at: SystemTime,
    stored: u32,
    next_at: SystemTime,
) -> rusqlite::Result<bool> {
    let rows = conn
        .prepare_cached("UPDATE kept SET last_put_at = ?, stored = ?, next_at = ? WHERE key = ?")?
        .execute(params![
            to_micros(at),
            stored,
            to_micros(next_at),
            key.as_bytes()
        ])?;
    Ok(rows > 0)
}

/// Takes or renews the lease unless another holds it.
///
/// A lease that was taken in the future was taken before the clock was set back. How long it still
/// lasts can't be told, so it counts as ended: its holder, if alive, learns so when renewing.
pub(super) fn take_lease(
    conn: &Connection,
    holder: &str,
    now: SystemTime,
    duration: Duration,
) -> rusqlite::Result<bool> {
    let rows = conn
        .prepare_cached(
            "INSERT INTO lease (id, holder, taken_at, ends_at) VALUES (1, ?1, ?2, ?3)
             ON CONFLICT DO UPDATE
                 SET holder = ?1, taken_at = ?2, ends_at = ?3
                 WHERE holder = ?1 OR ends_at <= ?2 OR taken_at > ?4",
        )?
        .execute(params![
            holder,
            to_micros(now),
            to_micros(now + duration),
            to_micros(now + LEASE_SLACK),
        ])?;
    Ok(rows > 0)
}

/// Gives the lease back, if it is the holder's.
pub(super) fn release_lease(conn: &Connection, holder: &str) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM lease WHERE holder = ?")?
        .execute([holder])?;
    Ok(())
}
