//! The tables, and the connections to them.
//!
//! ```text
//! floors   key → seq, digest                          never shrinks
//! items    key → payload, seen_at, origin, used       the newest item, if still kept
//! history  key, seq → payload, seen_at, origin        what newer items replaced
//! kept     key → payload, …                           what is kept published
//! guests   key → ends_at, next_at                     what a server keeps published for others
//! lease    who keeps it published, and until when
//! ```
//!
//! `used` is no time but a counter: the least is what was used least recently, whatever the clock
//! says. The number of this layout is in `user_version`; a file with a higher one was written by a
//! newer version of the program and is left alone.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::guests;

/// The layout this program writes.
pub(super) const VERSION: i32 = 1;

const TABLES: &str = "
    CREATE TABLE floors (
        key BLOB PRIMARY KEY,
        seq INTEGER NOT NULL,
        digest BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE items (
        key BLOB PRIMARY KEY,
        payload BLOB NOT NULL,
        seen_at INTEGER NOT NULL,
        origin TEXT NOT NULL,
        used INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX items_used ON items (used);
    CREATE TABLE history (
        key BLOB NOT NULL,
        seq INTEGER NOT NULL,
        payload BLOB NOT NULL,
        seen_at INTEGER NOT NULL,
        origin TEXT NOT NULL
    ) STRICT;
    CREATE INDEX history_key ON history (key, seq);
    CREATE TABLE kept (
        key BLOB PRIMARY KEY,
        payload BLOB NOT NULL,
        own INTEGER NOT NULL,
        key_file TEXT,
        zone_file TEXT,
        last_put_at INTEGER,
        stored INTEGER,
        next_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE lease (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        holder TEXT NOT NULL,
        taken_at INTEGER NOT NULL,
        ends_at INTEGER NOT NULL
    ) STRICT;
";

/// How long a write waits for other processes.
const WRITE_WAIT: Duration = Duration::from_secs(10);
/// How long a read waits: it only ever has to while another process recovers the file.
const READ_WAIT: Duration = Duration::from_secs(1);

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing yet.
    Nothing,
    /// Our tables.
    Ours,
    /// Those of a newer version, with this number.
    Newer(i32),
    /// Something else.
    Foreign,
}

/// Opens the file, without waiting for anything in it.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(WRITE_WAIT)?;
    Ok(conn)
}

/// What the file is.
pub(super) fn content(conn: &Connection) -> rusqlite::Result<Content> {
    let version: i32 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match version {
        0 if tables == 0 => Content::Nothing,
        VERSION if has_tables(conn) => Content::Ours,
        _ if version > VERSION => Content::Newer(version),
        _ => Content::Foreign,
    })
}

fn has_tables(conn: &Connection) -> bool {
    [
        "SELECT key, seq, digest FROM floors",
        "SELECT key, payload, seen_at, origin, used FROM items",
        "SELECT key, seq, payload, seen_at, origin FROM history",
        "SELECT key, payload, own, key_file, zone_file, last_put_at, stored, next_at FROM kept",
        "SELECT id, holder, taken_at, ends_at FROM lease",
    ]
    .iter()
    .all(|select| conn.prepare(select).is_ok())
}

/// Whether the file's structure is sound.
pub(super) fn is_sound(conn: &Connection) -> rusqlite::Result<bool> {
    let verdict: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok(verdict == "ok")
}

/// Makes the tables in an empty file.
pub(super) fn create(conn: &mut Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "journal_mode", "WAL")?;
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    tx.execute_batch(TABLES)?;
    tx.execute_batch(guests::TABLE)?;
    tx.pragma_update(None, "user_version", VERSION)?;
    tx.commit()
}

/// Prepares a connection for writing.
///
/// `synchronous=NORMAL` in WAL mode: what was committed survives the end of the process at any
/// moment; a power failure may take back the last commits, but never leaves half of one.
pub(super) fn for_writing(conn: &Connection) -> rusqlite::Result<()> {
    guard(conn)?;
    // Older versions of the program made none, and don't miss it.
    conn.execute_batch(guests::TABLE)?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "journal_size_limit", 4 << 20)?;
    conn.busy_timeout(WRITE_WAIT)
}

/// Prepares a connection for reading.
pub(super) fn for_reading(conn: &Connection) -> rusqlite::Result<()> {
    guard(conn)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.busy_timeout(READ_WAIT)
}

/// The file is a stranger's until each item of it is verified: no code in it is run.
fn guard(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    conn.pragma_update(None, "cell_size_check", true)
}
