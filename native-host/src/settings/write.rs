//! Writing the configuration file: in one step, and one program after the other.
//!
//! The new text is written to a file beside the old one and renamed, so that nobody ever reads half
//! of it. Programs take turns by a lock file beside it. An editor knows nothing of that, so the file
//! is looked at again just before.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{SettingsError, file};
use crate::turns;

/// How long another program's change is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How often it starts again because somebody wrote meanwhile.
const ATTEMPTS: usize = 5;
/// How many symbolic links may lead to the file, as many as Linux follows.
const MAX_LINKS: usize = 40;

/// Changes the text of the file, which need not exist, by `edit`.
pub(super) fn update(
    path: &Path,
    edit: impl Fn(&str) -> Result<String, SettingsError>,
) -> Result<(), SettingsError> {
    let unwritable = |source| SettingsError::Write {
        file: path.to_owned(),
        source,
    };
    let unreadable = |source| SettingsError::Read {
        file: path.to_owned(),
        source,
    };
    let target = follow(path).map_err(unwritable)?;
    let folder = folder_of(&target);
    for folder in [folder_of(path), folder] {
        create_folder(folder).map_err(unwritable)?;
    }
    // Given back when it is dropped.
    let _lock = lock(path)?;
    for _ in 0..ATTEMPTS {
        let before = file::text(path).map_err(unreadable)?;
        let after = edit(before.as_deref().unwrap_or_default())?;
        if before.as_deref().unwrap_or_default() == after {
            return Ok(());
        }
        let new = prepare(&target, folder, &after).map_err(unwritable)?;
        if file::text(path).map_err(unreadable)? == before {
            return turns::put(new, &target).map_err(unwritable);
        }
    }
    Err(SettingsError::Busy(path.to_owned()))
}

/// Writes the text to a file of its own, which only its owner can read, or whoever could read the
/// one it is to replace.
fn prepare(target: &Path, folder: &Path, text: &str) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(".config-")
        .suffix(".tmp")
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    if let Ok(old) = fs::metadata(target) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    Ok(file)
}

/// Where the file really is: a symbolic link stays one.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {
                let to = fs::read_link(&path)?;
                path = folder_of(&path).join(to);
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn lock(path: &Path) -> Result<File, SettingsError> {
    let unwritable = |source| SettingsError::Write {
        file: path.to_owned(),
        source,
    };
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = turns::lock_file(Path::new(&name)).map_err(unwritable)?;
    match turns::wait(LOCK_WAIT, || file.try_lock()) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SettingsError::Busy(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(unwritable(source)),
    }
}
