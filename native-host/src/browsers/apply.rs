//! Doing what a plan says: each file whole or not at all, each written down before.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use super::{
    BrowsersError,
    ledger::{self, Book, Made},
    machine::{self, Here, Look, Scope, files_below},
    registry,
    replaced::out_of_the_way,
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
    ledger::absent(fs::remove_file(path))?;
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
