//! Taking away what was made: files and values before what they are in, and no file, link or value that
//! somebody has changed since.

use std::{fs, io, path::Path};

use super::{
    BrowsersError,
    ledger::{Book, Made, absent},
    machine::{Here, Kind, Look},
    registry::{self, Value},
    replaced::{MAX_OLD, out_of_the_way, renamed},
};

/// What is to be taken away of what was made, and why some of it is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// What was made.
    pub made: Made,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of something that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is removed.
    Remove,
    /// It is gone already.
    Gone,
    /// Somebody has changed it since, and it stays.
    Changed,
}

/// Plans the removal of all that was made: files and values before the folders and keys they are in.
pub fn removals(made: &[Made], look: &dyn Look, force: bool) -> Vec<Removal> {
    let (mut holders, things): (Vec<_>, Vec<_>) = made
        .iter()
        .partition(|made| matches!(made, Made::Folder { .. } | Made::Key { .. }));
    // The innermost first.
    holders.sort_by_key(|made| match made {
        Made::Folder { path } => std::cmp::Reverse(path.as_os_str().len()),
        Made::Key { path, .. } => std::cmp::Reverse(path.len()),
        _ => std::cmp::Reverse(0),
    });
    let removal = |made: &Made| Removal {
        made: made.clone(),
        fate: fate(made, look, force),
    };
    things
        .into_iter()
        .rev()
        .chain(holders)
        .map(removal)
        .collect()
}

fn fate(made: &Made, look: &dyn Look, force: bool) -> Fate {
    let changed = |is_ours: bool| match is_ours || force {
        true => Fate::Remove,
        false => Fate::Changed,
    };
    match made {
        Made::File { path, sums } => match look.sum(path) {
            None if look.kind(path) == Kind::Absent => Fate::Gone,
            None => Fate::Changed,
            Some(there) => changed(sums.contains(&there)),
        },
        Made::Link { path, to } => match look.link(path) {
            None if look.kind(path) == Kind::Absent => Fate::Gone,
            None => Fate::Changed,
            Some(there) => changed(there == *to),
        },
        Made::Value { value, texts } => match look.value(value) {
            None => Fate::Gone,
            Some(there) => changed(texts.contains(&there)),
        },
        // A tree is ours with all that is in it; a folder goes only when it is empty.
        Made::Tree { path } | Made::Folder { path } => match look.kind(path) {
            Kind::Absent => Fate::Gone,
            Kind::Folder => Fate::Remove,
            _ => Fate::Changed,
        },
        Made::Key { .. } => Fate::Remove,
    }
}

/// What became of a removal.
#[derive(Debug)]
pub struct Removed {
    /// What was to be removed.
    pub removal: Removal,
    /// Why it failed, if it did.
    pub failure: Option<io::Error>,
}

/// Takes away what was made. What was changed since stays in the list.
///
/// # Errors
/// [`BrowsersError::Ledger`].
pub fn remove(removals: Vec<Removal>, book: &mut Book) -> Result<Vec<Removed>, BrowsersError> {
    let mut removed = Vec::new();
    for removal in removals {
        let failure = match removal.fate {
            Fate::Changed => None,
            Fate::Gone => {
                book.remove(&removal.made)?;
                None
            }
            Fate::Remove => match take_away(&removal.made) {
                Ok(false) => {
                    // What is in it is ours, and stays for now; else others have put something there.
                    if !book.needs(&removal.made) {
                        book.remove(&removal.made)?;
                    }
                    continue;
                }
                Ok(true) => {
                    book.remove(&removal.made)?;
                    None
                }
                Err(error) => Some(error),
            },
        };
        removed.push(Removed { removal, failure });
    }
    Ok(removed)
}

/// Takes one thing away; false where it is a folder or key that is in use.
fn take_away(made: &Made) -> io::Result<bool> {
    match made {
        Made::File { path, .. } | Made::Link { path, .. } => remove_file(path).map(|()| true),
        Made::Tree { path } => absent(fs::remove_dir_all(path)).map(|()| true),
        Made::Folder { path } => match fs::remove_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
            other => absent(other).map(|()| true),
        },
        Made::Value { value, .. } => remove_value(value).map(|()| true),
        Made::Key { hive, path } => registry::remove_empty(*hive, path),
    }
}

fn remove_value(value: &Value) -> io::Result<()> {
    match Here.value(value) {
        None => Ok(()),
        Some(_) => registry::remove(value),
    }
}

/// Removes a file. One that runs is left in the folder for temporary files on Windows, or, where that is
/// on another drive, put aside.
pub(super) fn remove_file(path: &Path) -> io::Result<()> {
    let removed = absent(fs::remove_file(path));
    if cfg!(windows) {
        // What was put aside by upgrades.
        for number in 0..MAX_OLD {
            let old = renamed(path, number);
            if !old.exists() {
                // Others with a greater number may have run longer.
                continue;
            }
            _ = fs::remove_file(&old).or_else(|_| to_temporary(&old));
        }
        return removed
            .or_else(|_| to_temporary(path))
            .or_else(|_| out_of_the_way(path).map(drop));
    }
    removed
}

fn to_temporary(path: &Path) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unique = format!("{}-{}", std::process::id(), name);
    fs::rename(path, std::env::temp_dir().join(unique))
}
