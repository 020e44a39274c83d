//! What `pkarr install` has made, so that exactly that can be taken away again.
//!
//! It stands in `installed.json` beside the data of the user, or in a folder of the administrator’s
//! for what is there for all users. A thing is written down before it is made: after a crash there
//! may be more in the list than on the disk, and never less. A file is ours as long as its content
//! is one that was written down.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{
    BrowsersError,
    machine::{Here, Look},
    registry::{Hive, Value},
    step::Place,
};
use crate::turns;

const FILE: &str = "installed.json";
const LOCK: &str = "installed.lock";
const FORMAT: u32 = 1;
/// How many things of the past are remembered of one place.
const MAX_BEFORE: usize = 8;
/// How long another installation is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Something that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Made {
    /// A file, with the SHA-256 of what was written there, the newest last.
    File {
        /// Where.
        path: PathBuf,
        /// In hexadecimal digits.
        sums: Vec<String>,
    },
    /// A folder with all that is in it: an unpacked extension.
    Tree {
        /// Where.
        path: PathBuf,
    },
    /// A symbolic link.
    Link {
        /// Where.
        path: PathBuf,
        /// Where it leads.
        to: PathBuf,
    },
    /// A folder that was missing.
    Folder {
        /// Where.
        path: PathBuf,
    },
    /// A value in the registry, with the texts that were written there, the newest last.
    Value {
        /// Which.
        value: Value,
        /// What it was set to.
        texts: Vec<String>,
    },
    /// A key in the registry that was missing.
    Key {
        /// In which part.
        hive: Hive,
        /// Its path.
        path: String,
    },
}

impl Made {
    fn is_same_thing(&self, other: &Self) -> bool {
        use Made::{File, Folder, Key, Link, Tree, Value};
        match (self, other) {
            (File { path: a, .. }, File { path: b, .. })
            | (Tree { path: a }, Tree { path: b })
            | (Link { path: a, .. }, Link { path: b, .. })
            | (Folder { path: a }, Folder { path: b }) => a == b,
            (Value { value: a, .. }, Value { value: b, .. }) => a == b,
            (Key { hive: a, path: x }, Key { hive: b, path: y }) => a == b && x == y,
            _ => false,
        }
    }
}

/// All that was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    made: Vec<Made>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    format: u32,
    made: Vec<Made>,
}

impl Ledger {
    /// One with these things in it.
    pub fn of(made: Vec<Made>) -> Self {
        Self { made }
    }

    /// What was made, in that order.
    pub fn made(&self) -> &[Made] {
        &self.made
    }

    /// Whether a file with this content at this place is ours.
    pub fn has_file(&self, at: &Path, sum: &str) -> bool {
        self.made.iter().any(|made| match made {
            Made::File { path, sums } => path == at && sums.iter().any(|known| known == sum),
            _ => false,
        })
    }

    /// Whether this value of the registry with this text is ours.
    pub fn has_value(&self, which: &Value, text: &str) -> bool {
        self.made.iter().any(|made| match made {
            Made::Value { value, texts } => value == which && texts.iter().any(|one| one == text),
            _ => false,
        })
    }

    /// Whether something was made at this place, whatever is there now.
    pub fn lists(&self, place: &Place) -> bool {
        self.made.iter().any(|made| match (made, place) {
            (
                Made::File { path, .. } | Made::Link { path, .. } | Made::Tree { path },
                Place::Path(at),
            ) => path == at,
            (Made::Value { value, .. }, Place::Value(at)) => value == at,
            _ => false,
        })
    }

    /// Whether the folder at this place, with all that is in it, is ours.
    pub fn has_tree(&self, at: &Path) -> bool {
        let tree = Made::Tree {
            path: at.to_owned(),
        };
        self.made.iter().any(|made| made.is_same_thing(&tree))
    }

    /// Whether the link at this place is ours.
    pub fn has_link(&self, at: &Path, to: &Path) -> bool {
        let link = Made::Link {
            path: at.to_owned(),
            to: to.to_owned(),
        };
        self.made.contains(&link)
    }

    fn add(&mut self, new: Made) {
        let known = self.made.iter_mut().find(|made| made.is_same_thing(&new));
        match (known, new) {
            (Some(Made::File { sums: all, .. }), Made::File { sums: more, .. })
            | (Some(Made::Value { texts: all, .. }), Made::Value { texts: more, .. }) => {
                all.retain(|one| !more.contains(one));
                all.extend(more);
                all.drain(..all.len().saturating_sub(MAX_BEFORE));
            }
            (Some(known), new) => *known = new,
            (None, new) => self.made.push(new),
        }
    }

    fn remove(&mut self, gone: &Made) {
        self.made.retain(|made| !made.is_same_thing(gone));
    }
}

/// The list on disk, which others that install wait for.
#[derive(Debug)]
pub struct Book {
    folder: PathBuf,
    ledger: Ledger,
    /// None where nothing is to be changed.
    lock: Option<File>,
    /// Folders above the list that were missing.
    folders: Vec<PathBuf>,
}

impl Book {
    /// Reads the list in a folder, to look at; where there is none it is empty.
    ///
    /// # Errors
    /// [`BrowsersError::Ledger`].
    pub fn look(folder: &Path) -> Result<Self, BrowsersError> {
        Ok(Self {
            ledger: read(folder)?,
            folder: folder.to_owned(),
            lock: None,
            folders: Vec::new(),
        })
    }

    /// Opens the list in a folder for changes, after others that do the same.
    ///
    /// # Errors
    /// [`BrowsersError::Ledger`], [`BrowsersError::Busy`].
    pub fn open(folder: &Path) -> Result<Self, BrowsersError> {
        let failed = |source| BrowsersError::Ledger {
            path: folder.to_owned(),
            source,
        };
        let path = folder.join(LOCK);
        let deadline = Instant::now() + PATIENCE;
        let mut folders = Vec::new();
        let lock = loop {
            let opened = create_folders(folder).and_then(|made| {
                folders.extend(made);
                turns::lock_file(&path)
            });
            let lock = match opened {
                // Whoever was before us has just taken the folder away, or one above it.
                Err(error)
                    if error.kind() == io::ErrorKind::NotFound && Instant::now() < deadline =>
                {
                    continue;
                }
                opened => opened.map_err(failed)?,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            turns::wait(left, || lock.try_lock()).map_err(|error| match error {
                fs::TryLockError::WouldBlock => BrowsersError::Busy,
                fs::TryLockError::Error(source) => failed(source),
            })?;
            // A lock on a file that is deleted locks nobody out.
            if is_there(&lock, &path).map_err(failed)? {
                break lock;
            }
        };
        folders.sort_unstable();
        folders.dedup();
        Ok(Self {
            ledger: read(folder)?,
            folder: folder.to_owned(),
            lock: Some(lock),
            folders,
        })
    }

    /// What was made.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether the list itself lies in or below a folder.
    fn is_above(&self, folder: &Path) -> bool {
        self.folder.starts_with(folder)
    }

    /// Whether a folder or key holds the list itself, or something that is in it.
    pub(super) fn needs(&self, holder: &Made) -> bool {
        let others = || self.ledger.made.iter().filter(|made| *made != holder);
        match holder {
            Made::Folder { path: holder } => {
                self.is_above(holder)
                    || others().any(|made| match made {
                        Made::File { path, .. }
                        | Made::Tree { path }
                        | Made::Link { path, .. }
                        | Made::Folder { path } => path.starts_with(holder),
                        Made::Value { .. } | Made::Key { .. } => false,
                    })
            }
            Made::Key { hive, path } => others().any(|made| match made {
                Made::Value { value, .. } => value.hive == *hive && value.key.starts_with(path),
                _ => false,
            }),
            _ => false,
        }
    }

    /// Writes down what is about to be made.
    ///
    /// # Errors
    /// [`BrowsersError::Ledger`].
    pub fn add(&mut self, made: impl IntoIterator<Item = Made>) -> Result<(), BrowsersError> {
        let before = self.ledger.clone();
        let folders = std::mem::take(&mut self.folders);
        let folders = folders.into_iter().map(|path| Made::Folder { path });
        for made in folders.chain(made) {
            self.ledger.add(made);
        }
        if self.ledger == before {
            return Ok(());
        }
        self.write()
    }

    /// Strikes out what is gone.
    ///
    /// # Errors
    /// [`BrowsersError::Ledger`].
    pub fn remove(&mut self, gone: &Made) -> Result<(), BrowsersError> {
        self.ledger.remove(gone);
        self.write()
    }

    /// Ends the work. Where nothing is left that was made, the list itself goes, too, with folders
    /// that were made for it.
    ///
    /// # Errors
    /// [`BrowsersError::Ledger`].
    pub fn close(mut self) -> Result<(), BrowsersError> {
        let failed = |source| BrowsersError::Ledger {
            path: self.folder.clone(),
            source,
        };
        let left = |made: &Made| match made {
            // Those of the list itself go last.
            Made::Folder { path } => !self.is_above(path),
            _ => true,
        };
        if self.lock.is_none() || self.ledger.made.iter().any(left) {
            return Ok(());
        }
        let mut folders = std::mem::take(&mut self.folders);
        for made in self.ledger.made.drain(..) {
            if let Made::Folder { path } = made {
                folders.push(path);
            }
        }
        for name in [FILE, LOCK] {
            absent(fs::remove_file(self.folder.join(name))).map_err(failed)?;
        }
        self.lock = None;
        folders.sort_unstable();
        for folder in folders.iter().rev() {
            // Others have put something there.
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn write(&self) -> Result<(), BrowsersError> {
        let failed = |source| BrowsersError::Ledger {
            path: self.folder.clone(),
            source,
        };
        let written = Written {
            format: FORMAT,
            made: self.ledger.made.clone(),
        };
        let text = serde_json::to_string_pretty(&written).map_err(|error| failed(error.into()))?;
        let put = || {
            let mut file = tempfile::Builder::new()
                .prefix(".installed-")
                .tempfile_in(&self.folder)?;
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            turns::put(file, &self.folder.join(FILE))
        };
        put().map_err(failed)
    }
}

/// Whether a file that is open still lies at its place.
#[cfg(unix)]
fn is_there(open: &File, _: &Path) -> io::Result<bool> {
    Ok(std::os::unix::fs::MetadataExt::nlink(&open.metadata()?) > 0)
}

#[cfg(not(unix))]
fn is_there(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

fn read(folder: &Path) -> Result<Ledger, BrowsersError> {
    let path = folder.join(FILE);
    let failed = |source| BrowsersError::Ledger {
        path: path.clone(),
        source,
    };
    let Some(bytes) = Here.read(&path).map_err(failed)? else {
        return Ok(Ledger::default());
    };
    let written: Written = serde_json::from_slice(&bytes).map_err(|error| failed(error.into()))?;
    if written.format != FORMAT {
        return Err(failed(io::Error::other(
            "it was written by another version of pkarr",
        )));
    }
    Ok(Ledger { made: written.made })
}

/// Makes a folder and those above it, and tells which were missing.
pub(super) fn create_folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let missing: Vec<PathBuf> = missing_folders(folder);
    fs::create_dir_all(folder)?;
    Ok(missing)
}

/// Which folders would have to be made, the outermost first.
pub(super) fn missing_folders(folder: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<_> = folder
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .map(Path::to_owned)
        .collect();
    missing.reverse();
    missing
}

/// What is gone already is no failure.
pub(super) fn absent(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, sum: &str) -> Made {
        Made::File {
            path: path.into(),
            sums: vec![sum.to_owned()],
        }
    }

    #[test]
    fn what_was_written_down_is_there_again() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("share/pkarr");
        let mut book = Book::open(&folder).unwrap();
        book.add([file("/x", "aa")]).unwrap();
        book.add([file("/x", "bb"), Made::Folder { path: "/y".into() }])
            .unwrap();
        book.close().unwrap();
        let book = Book::look(&folder).unwrap();
        let ledger = book.ledger();
        assert!(ledger.has_file(Path::new("/x"), "aa") && ledger.has_file(Path::new("/x"), "bb"));
        assert!(!ledger.has_file(Path::new("/x"), "cc"));
        let folders = [home.path().join("share"), folder];
        for path in folders {
            assert!(ledger.made().contains(&Made::Folder { path }));
        }
    }

    #[test]
    fn an_empty_list_leaves_nothing_behind() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("share/pkarr");
        Book::open(&folder).unwrap().close().unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        let mut book = Book::open(&folder).unwrap();
        book.add([file("/x", "aa")]).unwrap();
        book.close().unwrap();
        let mut book = Book::open(&folder).unwrap();
        book.remove(&file("/x", "")).unwrap();
        book.close().unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_damaged_list_is_told_and_not_taken_for_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "{\"format\":2,\"made\":[]}", "{\"format\":1}"] {
            fs::write(folder.path().join(FILE), text).unwrap();
            assert!(Book::open(folder.path()).is_err(), "{text}");
        }
    }
}
