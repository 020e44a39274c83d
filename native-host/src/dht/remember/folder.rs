//! The folder with the files: whose turn it is to write, what is to be forgotten, what a crash left.
//!
//! Whoever writes reads first what others wrote, and would bring back what was forgotten in between.
//! So there is a lock for the whole folder, which the system takes back from a program that dies. It
//! is a file of its own: those with the nodes are replaced, and a lock on what is replaced locks
//! nobody out.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Id, Memory};
use crate::turns;

/// Whose it is to write says a lock on this file.
const LOCK: &str = "dht.lock";
/// What files are called until they are whole.
const UNFINISHED: &str = ".dht-";
/// How long others may write before it is given up: a file takes milliseconds.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// The file for these first nodes.
pub(in crate::dht) fn path(folder: &Path, bootstrap: &[String]) -> PathBuf {
    let mut names = bootstrap.to_vec();
    names.sort_unstable();
    let [a, b, c, d, ..] = *Id::of_bytes(names.join(",").as_bytes()).as_bytes();
    folder.join(format!("dht-{a:02x}{b:02x}{c:02x}{d:02x}.nodes"))
}

/// Forgets which keys were looked up, in all files of the folder of this one, and in this one also
/// where there is none yet: a program that runs may be about to write it. What programs have in mind
/// that run now is not written down by them later.
///
/// # Errors
/// Those of the file system; [`io::ErrorKind::ResourceBusy`] when another program doesn't stop writing.
pub(in crate::dht) fn forget_keys(own: &Path, now: u64) -> io::Result<()> {
    let folder = above(own);
    if !folder.try_exists()? {
        return Ok(());
    }
    let _turn = Turn::wait(folder, LOCK_WAIT)?;
    for file in fs::read_dir(folder)? {
        let file = file?.path();
        let name = file.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with("dht-") && name.ends_with(".nodes")) {
            let mut memory = Memory::read(&file);
            memory.holders.clear();
            memory.cleared = now;
            replace(&file, &memory)?;
        }
    }
    if !own.try_exists()? {
        let cleared = Memory {
            cleared: now,
            ..Memory::default()
        };
        replace(own, &cleared)?;
    }
    Ok(())
}

/// Writes a file, with what others have written there since `began`.
///
/// # Errors
/// Those of the file system, and [`io::ErrorKind::ResourceBusy`]; the file is as before then.
pub(super) fn write(mut memory: Memory, path: &Path, began: u64, now: u64) -> io::Result<()> {
    let folder = above(path);
    fs::create_dir_all(folder)?;
    let _turn = Turn::wait(folder, LOCK_WAIT)?;
    memory.merge(Memory::read(path), began, now);
    replace(path, &memory)
}

fn above(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// Puts a whole file in the place of what is there.
fn replace(path: &Path, memory: &Memory) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempfile_in(above(path))?;
    file.write_all(&memory.encode())?;
    turns::put(file, path)
}

/// The turn to write in a folder, until dropped.
#[derive(Debug)]
pub(super) struct Turn {
    /// None where the file system knows no locks.
    _lock: Option<File>,
}

impl Turn {
    /// Waits until nobody else writes, and takes away what somebody left who didn't come to the end.
    ///
    /// # Errors
    /// [`io::ErrorKind::ResourceBusy`] when that takes longer than `patience`, and those of the file
    /// system.
    pub(super) fn wait(folder: &Path, patience: Duration) -> io::Result<Self> {
        let lock = turns::lock_file(&folder.join(LOCK))?;
        match turns::wait(patience, || lock.try_lock()) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::ResourceBusy.into()),
            Err(TryLockError::Error(error)) => {
                tracing::debug!(%error, "this file system has no locks");
                return Ok(Self { _lock: None });
            }
        }
        clean(folder);
        Ok(Self { _lock: Some(lock) })
    }
}

/// Removes files that were never finished. Nobody else is at it now.
fn clean(folder: &Path) {
    let Ok(files) = fs::read_dir(folder) else {
        return;
    };
    for file in files.flatten() {
        if file.file_name().to_string_lossy().starts_with(UNFINISHED)
            && let Err(error) = fs::remove_file(file.path())
        {
            tracing::debug!(file = %file.path().display(), %error, "left from a crash, and stays");
        }
    }
}
