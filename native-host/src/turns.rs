//! Files that several programs write: one at a time, and each of them whole.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use tempfile::NamedTempFile;

/// How long it takes until it is tried again.
const PAUSE: Duration = Duration::from_millis(5);
/// How long readers of the old file are waited for on Windows.
const READERS: Duration = Duration::from_secs(10);

/// Opens the file whose lock says whose turn it is; it is made where it is missing, for its owner alone.
///
/// # Errors
/// Those of the file system.
pub(crate) fn lock_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Tries to take a lock until it is there.
///
/// # Errors
/// [`TryLockError::WouldBlock`] when somebody else still has it after this time, and
/// [`TryLockError::Error`] where there are no locks.
pub(crate) fn wait(
    patience: Duration,
    mut attempt: impl FnMut() -> Result<(), TryLockError>,
) -> Result<(), TryLockError> {
    let deadline = Instant::now() + patience;
    loop {
        match attempt() {
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(PAUSE),
            ended => return ended,
        }
    }
}

/// Puts a new file into the place of the old one, in one step. Windows does not while somebody reads that.
///
/// # Errors
/// Those of the file system; the old file is there as before then.
pub(crate) fn put(mut new: NamedTempFile, target: &Path) -> io::Result<()> {
    let deadline = Instant::now() + READERS;
    loop {
        match new.persist(target) {
            Ok(_) => return Ok(()),
            Err(refused) if is_read(&refused.error) && Instant::now() < deadline => {
                new = refused.file;
                thread::sleep(PAUSE);
            }
            Err(refused) => return Err(refused.error),
        }
    }
}

/// The same with a file that has a name already.
///
/// # Errors
/// As for [`put`].
pub(crate) fn rename(new: &Path, target: &Path) -> io::Result<()> {
    let deadline = Instant::now() + READERS;
    loop {
        match fs::rename(new, target) {
            Err(refused) if is_read(&refused) && Instant::now() < deadline => thread::sleep(PAUSE),
            done => return done,
        }
    }
}

/// Whether Windows may refuse for no other reason than that somebody reads the file.
fn is_read(refused: &io::Error) -> bool {
    cfg!(windows) && refused.kind() == io::ErrorKind::PermissionDenied
}
