//! Doing what a plan says: each file whole or not at all, each written down before.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    BrowsersError,
    ledger::{self, Book, Made, absent},
    machine::{self, Here, Look, Scope, Value, files_below},
    registry,
    replaced::{MAX_OLD, renamed},
    step::{Make, Place, Plan, Step, Verdict},
};

/// What became of a step.
#[derive(Debug)]
pub struct Done {
    /// The step.
    pub step: Step,
    /// Why it failed, if it did.
    pub failure: Option<io::Error>,
}

/// Does what is to be done, and tells what became of each step.
///
/// Without a book nothing is written down: whoever puts a package together keeps a list of its own.
///
/// # Errors
/// [`BrowsersError::Ledger`], when nothing can be written down; nothing more is made then.
pub fn apply(
    plan: Plan,
    scope: Scope,
    mut book: Option<&mut Book>,
) -> Result<Vec<Done>, BrowsersError> {
    let mut done = Vec::new();
    for step in plan.steps {
        let failure = match (&step.verdict, &step.place) {
            (Verdict::Make(make), Some(place)) => {
                if let Some(book) = book.as_deref_mut() {
                    match about_to_make(make, place) {
                        Ok(made) => book.add(made)?,
                        Err(error) => {
                            done.push(Done {
                                failure: Some(error),
                                step,
                            });
                            continue;
                        }
                    }
                }
                put(make, place, scope).err()
            }
            _ => None,
        };
        done.push(Done { step, failure });
    }
    Ok(done)
}

/// What will be there, with folders and keys that are missing.
fn about_to_make(make: &Make, place: &Place) -> io::Result<Vec<Made>> {
    let mut made = Vec::new();
    match place {
        Place::Path(path) => {
            let above = path.parent().unwrap_or(path);
            let missing = ledger::missing_folders(above);
            made.extend(missing.into_iter().map(|path| Made::Folder { path }));
        }
        Place::Value(value) => {
            let ends = value.key.match_indices('\\').map(|(end, _)| end);
            for end in ends.chain([value.key.len()]) {
                let path = value.key.get(..end).unwrap_or_default();
                if !registry::is_key(value.hive, path) {
                    made.push(Made::Key {
                        hive: value.hive,
                        path: path.to_owned(),
                    });
                }
            }
        }
    }
    made.push(match (make, place) {
        (Make::File(content), Place::Path(path)) => Made::File {
            path: path.clone(),
            sums: vec![machine::sum(content)],
        },
        (Make::Program(from) | Make::Copy(from), Place::Path(path)) => Made::File {
            path: path.clone(),
            sums: vec![Here.sum(from).ok_or(io::ErrorKind::NotFound)?],
        },
        (Make::Tree(_), Place::Path(path)) => Made::Tree { path: path.clone() },
        (Make::Link(to), Place::Path(path)) => Made::Link {
            path: path.clone(),
            to: to.clone(),
        },
        (Make::Value(text), Place::Value(value)) => Made::Value {
            value: value.clone(),
            texts: vec![text.clone()],
        },
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    });
    Ok(made)
}

fn put(make: &Make, place: &Place, scope: Scope) -> io::Result<()> {
    match (make, place) {
        (Make::Value(text), Place::Value(value)) => registry::write(value, text),
        (make, Place::Path(path)) => {
            let folder = path.parent().unwrap_or(path);
            let missing = ledger::create_folders(folder)?;
            if scope == Scope::System {
                for folder in missing {
                    open_to_all(&folder, 0o755)?;
                }
            }
            match make {
                Make::File(content) => write(path, 0o644, |file| file.write_all(content)),
                Make::Program(from) => copy(from, path, 0o755),
                Make::Copy(from) => copy(from, path, 0o644),
                Make::Tree(from) => copy_tree(from, path),
                Make::Link(to) => link(to, path),
                Make::Value(_) => Err(io::ErrorKind::InvalidInput.into()),
            }
        }
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Writes a file beside its place, and then puts it there in one step.
fn write(path: &Path, mode: u32, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    let mut beside = tempfile::Builder::new()
        .prefix(".pkarr-")
        .tempfile_in(folder)?;
    fill(beside.as_file_mut())?;
    // Not before: what is half written is not to be run.
    open_to_all(beside.path(), mode)?;
    beside.as_file().sync_all()?;
    // What lies in the way on Windows may be running.
    if cfg!(windows) && path.exists() {
        return aside(path, || {
            beside.persist(path).map(drop).map_err(|error| error.error)
        });
    }
    beside.persist(path).map(drop).map_err(|error| error.error)
}

/// Puts the old file aside while the new one takes its place: a program that runs can be renamed on
/// Windows, and neither replaced nor deleted.
fn aside(path: &Path, replace: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let old = out_of_the_way(path)?;
    match replace() {
        Ok(()) => {
            // Where it runs it is left; the next time it may go.
            _ = fs::remove_file(&old);
            Ok(())
        }
        Err(error) => {
            _ = fs::rename(&old, path);
            Err(error)
        }
    }
}

/// Gives a file another name, beside it, and deletes those of earlier times that no longer run.
fn out_of_the_way(path: &Path) -> io::Result<PathBuf> {
    let mut free = None;
    for old in (0..MAX_OLD).map(|number| renamed(path, number)) {
        _ = fs::remove_file(&old);
        if free.is_none() && !old.exists() {
            free = Some(old);
        } else if free.is_some() && !old.exists() {
            break;
        }
    }
    let free = free.ok_or(io::ErrorKind::AlreadyExists)?;
    fs::rename(path, &free)?;
    Ok(free)
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

fn copy(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    write(to, mode, |file| {
        let mut from = File::open(from)?;
        io::copy(&mut from, file).map(drop)
    })
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    let folder = to.parent().unwrap_or(to);
    let beside = tempfile::Builder::new()
        .prefix(".pkarr-")
        .tempdir_in(folder)?;
    for file in files_below(from)? {
        let target = beside.path().join(&file);
        if let Some(above) = target.parent() {
            fs::create_dir_all(above)?;
        }
        copy(&from.join(&file), &target, 0o644)?;
    }
    open_folders(beside.path())?;
    // There is a moment without it: a folder can't take the place of another that has something in it.
    let old = tempfile::Builder::new()
        .prefix(".pkarr-")
        .tempdir_in(folder)?;
    if to.exists() {
        fs::rename(to, old.path().join("old"))?;
    }
    fs::rename(beside.path(), to)?;
    Ok(())
}

/// Folders of a copied extension are for everybody to read, as others are.
fn open_folders(folder: &Path) -> io::Result<()> {
    open_to_all(folder, 0o755)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_folders(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(to: &Path, path: &Path) -> io::Result<()> {
    absent(fs::remove_file(path))?;
    std::os::unix::fs::symlink(to, path)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
fn open_to_all(path: &Path, mode: u32) -> io::Result<()> {
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
    fs::set_permissions(path, permissions)
}

#[cfg(not(unix))]
fn open_to_all(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

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
            None if look.kind(path) == machine::Kind::Absent => Fate::Gone,
            None => Fate::Changed,
            Some(there) => changed(sums.contains(&there)),
        },
        Made::Link { path, to } => match look.link(path) {
            None if look.kind(path) == machine::Kind::Absent => Fate::Gone,
            None => Fate::Changed,
            Some(there) => changed(there == *to),
        },
        Made::Value { value, texts } => match look.value(value) {
            None => Fate::Gone,
            Some(there) => changed(texts.contains(&there)),
        },
        // A folder goes only when it is empty.
        Made::Tree { path } | Made::Folder { path } => match look.kind(path) {
            machine::Kind::Absent => Fate::Gone,
            machine::Kind::Folder => Fate::Remove,
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
