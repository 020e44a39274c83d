//! Opening the one file that all processes of a user share.
//!
//! Beside `cache.db` lies `cache.db.lock`. A process holds it *shared* for as long as it has the
//! file open, and *alone* while it makes the tables or sets a damaged file aside. So nobody's file
//! is renamed under their feet (SQLite would then delete the log of the new file by its name), and
//! of two processes that find damage at the same moment one sets the file aside while the other
//! waits, looks again and finds a sound one. The system drops the lock when a process ends, however
//! it ends.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rusqlite::Connection;

use super::{
    error::is_damage,
    schema::{self, Content},
};
use crate::turns;

/// How long another process's use of the file is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(3);
/// Up to this size a file is checked whenever it is opened; above, when damage was noticed.
const ALWAYS_CHECKED: u64 = 32 << 20;
/// How often opening starts again because another process changed the file meanwhile.
const ATTEMPTS: usize = 5;

/// Why there is no file to work with.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error("it can’t be used: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the system refuses: {0}")]
    Io(#[from] io::Error),
    #[error("it can’t be written to")]
    ReadOnly,
    #[error("a newer version of this program made it (layout {0}); it is left as it is")]
    Newer(i32),
    #[error("it has to be made anew, but other processes have it open")]
    InUse,
}

/// An open file.
pub(super) struct Opened {
    pub(super) reader: Connection,
    pub(super) writer: Connection,
    /// Held shared as long as there is a connection.
    pub(super) lock: File,
}

/// What is to be done with a file.
enum Verdict {
    Sound(Connection),
    Empty,
    Damaged(String),
}

/// Opens the file, makes it where it is missing, and sets it aside where it is damaged.
pub(super) fn open(path: &Path) -> Result<Opened, OpenError> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let lock = private()
        .create(true)
        .truncate(false)
        .open(beside(path, ".lock"))?;
    for _ in 0..ATTEMPTS {
        wait_for(|| lock.try_lock_shared())?;
        if let Verdict::Sound(writer) = look(path)? {
            schema::for_writing(&writer)?;
            let reader = schema::connect(path)?;
            schema::for_reading(&reader)?;
            return Ok(Opened {
                reader,
                writer,
                lock,
            });
        }
        give_back(&lock);
        wait_for(|| lock.try_lock())?;
        // Another process may have been faster.
        match look(path)? {
            Verdict::Sound(_) => {}
            Verdict::Empty => make(path)?,
            Verdict::Damaged(reason) => {
                let aside = set_aside(path)?;
                tracing::warn!(
                    path = %path.display(), aside = %aside.display(), reason,
                    "the cache file is damaged; it was set aside and a new one is made"
                );
                make(path)?;
            }
        }
        give_back(&lock);
    }
    Err(OpenError::InUse)
}

/// Leaves word that damage was noticed, so that the next one to open the file checks all of it.
pub(super) fn report_damage(path: &Path) {
    if let Err(error) = File::create(beside(path, ".check")) {
        tracing::debug!(%error, "can’t leave word of the damage");
    }
}

/// The bytes on disk, log included.
pub(super) fn size(path: &Path) -> u64 {
    [path.to_owned(), beside(path, "-wal")]
        .iter()
        .filter_map(|path| fs::metadata(path).ok())
        .map(|file| file.len())
        .sum()
}

fn look(path: &Path) -> Result<Verdict, OpenError> {
    if !path.try_exists()? {
        return Ok(Verdict::Empty);
    }
    match examine(path) {
        Err(OpenError::Sqlite(error)) if is_damage(&error) => {
            Ok(Verdict::Damaged(error.to_string()))
        }
        other => other,
    }
}

fn examine(path: &Path) -> Result<Verdict, OpenError> {
    let conn = schema::connect(path)?;
    match schema::content(&conn)? {
        Content::Nothing => return Ok(Verdict::Empty),
        Content::Newer(version) => return Err(OpenError::Newer(version)),
        Content::Foreign => return Ok(Verdict::Damaged("it is no cache file".to_owned())),
        Content::Ours => {}
    }
    if conn.is_readonly("main")? {
        return Err(OpenError::ReadOnly);
    }
    let check = beside(path, ".check");
    if size(path) <= ALWAYS_CHECKED || check.exists() {
        if !schema::is_sound(&conn)? {
            return Ok(Verdict::Damaged("its structure is broken".to_owned()));
        }
        let _ = fs::remove_file(check);
    }
    Ok(Verdict::Sound(conn))
}

/// Makes the file, for its owner's eyes only: it tells which keys somebody visited.
fn make(path: &Path) -> Result<(), OpenError> {
    match private().create_new(true).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    let mut conn = schema::connect(path)?;
    if conn.is_readonly("main")? {
        return Err(OpenError::ReadOnly);
    }
    Ok(schema::create(&mut conn)?)
}

/// Renames the file and its log, and gives the new name.
fn set_aside(path: &Path) -> Result<PathBuf, OpenError> {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let aside = (0..1000)
        .map(|number| match number {
            0 => beside(path, &format!(".damaged-{seconds}")),
            _ => beside(path, &format!(".damaged-{seconds}-{number}")),
        })
        .find(|aside| !aside.exists())
        .ok_or(OpenError::InUse)?;
    // The file itself comes last: until then it is still found damaged.
    for part in ["-wal", "-shm", ""] {
        match fs::rename(beside(path, part), beside(&aside, part)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    let _ = fs::remove_file(beside(path, ".check"));
    Ok(aside)
}

/// Whether it worked shows in the next attempt to take it: Wine reports a failure where there was none.
fn give_back(lock: &File) {
    _ = lock.unlock();
}

fn wait_for(attempt: impl FnMut() -> Result<(), TryLockError>) -> Result<(), OpenError> {
    turns::wait(LOCK_WAIT, attempt).map_err(|error| match error {
        TryLockError::WouldBlock => OpenError::InUse,
        TryLockError::Error(error) => error.into(),
    })
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
