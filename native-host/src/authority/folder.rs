//! Where the root lies.
//!
//! `root.key` has the secret key and, after it, the certificate: one file, so that one rename
//! changes both and nobody ever sees half a root. `root.pem` is a copy of the certificate for
//! people. `next.key` and `next.pem` are the same of the root that takes over soon: stores are told of
//! it first. `roots` lists the roots that were made here, so that they can be told from those of other
//! folders. Folder and keys are their owner’s alone. Processes that change the root take turns by a
//! lock beside the folder; those that only read it need none.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use zeroize::Zeroizing;

use super::{Authority, AuthorityError, Mark};
use crate::{private, turns};

const KEY: &str = "root.key";
const CERTIFICATE: &str = "root.pem";
const NEXT_KEY: &str = "next.key";
const NEXT_CERTIFICATE: &str = "next.pem";
const MADE: &str = "roots";
/// How many of the roots that were made are remembered.
const MAX_MADE: usize = 16;
/// The most bytes a file of ours has; a root has about 20 000.
const MAX_FILE: u64 = 256 * 1024;
/// How long another process’s change is waited for; with many slow stores it takes that long.
const LOCK_WAIT: Duration = Duration::from_secs(60);

/// The root certificate of this machine, if there is one. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Roots {
    folder: PathBuf,
    known: Arc<Mutex<Option<Known>>>,
}

type Known = (Stamp, Arc<Authority>);

/// What tells one content of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    number: u64,
}

impl Stamp {
    fn of(file: &fs::Metadata) -> Self {
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(file);
        #[cfg(not(unix))]
        let number = 0;
        Self {
            modified: file.modified().ok(),
            length: file.len(),
            number,
        }
    }
}

impl Roots {
    /// Looks after the root in `folder`, which need not exist.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            known: Arc::default(),
        }
    }

    /// The same root, with no memory of the certificates that were made with it.
    pub fn afresh(&self) -> Self {
        Self::new(self.folder.clone())
    }

    /// The root there is now; `None` means that `https://` is switched off.
    ///
    /// One look at the file’s date, and nothing more unless another process has changed it.
    ///
    /// # Errors
    /// [`AuthorityError::Io`] and [`AuthorityError::Damaged`].
    pub fn current(&self) -> Result<Option<Arc<Authority>>, AuthorityError> {
        let path = self.folder.join(KEY);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = match fs::metadata(&path) {
            Ok(file) => Stamp::of(&file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                *known = None;
                return Ok(None);
            }
            Err(source) => return Err(failed("read", &path)(source)),
        };
        if let Some((seen, authority)) = known.as_ref()
            && *seen == stamp
        {
            return Ok(Some(Arc::clone(authority)));
        }
        *known = None;
        let Some((stamp, authority)) = self.read(&path, CERTIFICATE)? else {
            return Ok(None);
        };
        let authority = Arc::new(authority);
        *known = Some((stamp, Arc::clone(&authority)));
        Ok(Some(authority))
    }

    fn read(
        &self,
        path: &Path,
        certificate: &str,
    ) -> Result<Option<(Stamp, Authority)>, AuthorityError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed("read", path)(source)),
        };
        // Of the file that is open: the one at this place may be another by now.
        let stamp = Stamp::of(&file.metadata().map_err(failed("read", path))?);
        // Made large enough at once, or the secret would be left behind where it grew out of.
        let mut text = Zeroizing::new(Vec::with_capacity(stamp.length.min(MAX_FILE) as usize + 1));
        file.take(MAX_FILE)
            .read_to_end(&mut text)
            .map_err(failed("read", path))?;
        Authority::read(&text, self.folder.join(certificate))
            .map(|authority| Some((stamp, authority)))
            .ok_or_else(|| AuthorityError::Damaged(path.to_owned()))
    }

    /// The root that takes over soon, if one is prepared.
    ///
    /// # Errors
    /// [`AuthorityError::Io`] and [`AuthorityError::Damaged`].
    pub fn next(&self) -> Result<Option<Authority>, AuthorityError> {
        let read = self.read(&self.folder.join(NEXT_KEY), NEXT_CERTIFICATE)?;
        Ok(read.map(|(_, authority)| authority))
    }

    /// The roots that were made in this folder, the newest last: the one there is, the next, and
    /// earlier ones as far as they are remembered.
    ///
    /// # Errors
    /// [`AuthorityError::Io`].
    pub fn made(&self) -> Result<Vec<Mark>, AuthorityError> {
        let mut made = self.listed()?;
        // What is damaged can’t be told, and is in the list.
        let current = self.current().ok().flatten().map(|root| root.mark());
        let next = self.next().ok().flatten().map(|root| root.mark());
        for mark in current.into_iter().chain(next) {
            if !made.contains(&mark) {
                made.push(mark);
            }
        }
        Ok(made)
    }

    fn listed(&self) -> Result<Vec<Mark>, AuthorityError> {
        let path = self.folder.join(MADE);
        let mut text = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MAX_FILE).read_to_end(&mut text));
        absent(read.map(drop)).map_err(failed("read", &path))?;
        let text = String::from_utf8_lossy(&text);
        let mut made: Vec<_> = text.lines().filter_map(Mark::read).collect();
        made.drain(..made.len().saturating_sub(MAX_MADE));
        Ok(made)
    }

    /// The root there is, or a new one where there is none that can be used.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn create(&self) -> Result<Arc<Authority>, AuthorityError> {
        self.change()?.create()
    }

    /// A new root in place of the one there is.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn replace(&self) -> Result<Arc<Authority>, AuthorityError> {
        self.change()?.replace()
    }

    /// Deletes the root, its key and their folder.
    ///
    /// # Errors
    /// [`AuthorityError::Io`], [`AuthorityError::Busy`].
    pub fn delete(&self) -> Result<(), AuthorityError> {
        self.change()?.delete()
    }

    /// Keeps other processes from changing the root, and waits for one that does.
    ///
    /// # Errors
    /// [`AuthorityError::Busy`] after a minute, [`AuthorityError::Io`].
    pub fn change(&self) -> Result<RootChange<'_>, AuthorityError> {
        // Beside the folder, because a lock that is deleted locks nobody out.
        let path = self.folder.with_extension("lock");
        if let Some(above) = path.parent() {
            fs::create_dir_all(above).map_err(failed("create", above))?;
        }
        let lock = turns::lock_file(&path).map_err(failed("lock", &path))?;
        turns::wait(LOCK_WAIT, || lock.try_lock()).map_err(|error| match error {
            TryLockError::WouldBlock => AuthorityError::Busy,
            TryLockError::Error(source) => failed("lock", &path)(source),
        })?;
        Ok(RootChange {
            roots: self,
            _lock: lock,
        })
    }
}

/// The right to change the root, until dropped.
#[derive(Debug)]
pub struct RootChange<'a> {
    roots: &'a Roots,
    _lock: File,
}

impl RootChange<'_> {
    /// As [`Roots::create`].
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn create(&self) -> Result<Arc<Authority>, AuthorityError> {
        match self.roots.current() {
            Ok(Some(authority)) if SystemTime::now() < authority.not_after() => {
                // The copy may have been lost.
                let copy = authority.certificate_pem();
                if fs::read_to_string(authority.file()).ok().as_deref() != Some(copy) {
                    self.write(CERTIFICATE, copy)?;
                }
                Ok(authority)
            }
            Ok(_) | Err(AuthorityError::Damaged(_)) => {
                self.prepare(SystemTime::now())?;
                self.advance()
            }
            Err(error) => Err(error),
        }
    }

    /// As [`Roots::replace`].
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn replace(&self) -> Result<Arc<Authority>, AuthorityError> {
        self.make_next(SystemTime::now())?;
        self.advance()
    }

    /// The root that is to take over: the one that is prepared, or a new one where that would have
    /// to be renewed itself.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn prepare(&self, now: SystemTime) -> Result<Authority, AuthorityError> {
        match self.roots.next() {
            Ok(Some(next)) if !next.needs_renewal(now) => Ok(next),
            Ok(_) | Err(AuthorityError::Damaged(_)) => self.make_next(now),
            Err(error) => Err(error),
        }
    }

    fn make_next(&self, now: SystemTime) -> Result<Authority, AuthorityError> {
        let folder = &self.roots.folder;
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(failed("create", folder))?;
        let text = Authority::mint(now)?;
        let damaged = || AuthorityError::Damaged(folder.join(NEXT_KEY));
        let next = Authority::read(text.as_bytes(), folder.join(NEXT_CERTIFICATE));
        let next = next.ok_or_else(damaged)?;
        // Listed first: no store may ever have one that is not known here.
        let mut made = self.roots.made()?;
        made.push(next.mark());
        made.drain(..made.len().saturating_sub(MAX_MADE));
        let lines: String = made.iter().map(|mark| format!("{mark}\n")).collect();
        self.write(MADE, &lines)?;
        self.write(NEXT_KEY, &text)?;
        self.write(NEXT_CERTIFICATE, next.certificate_pem())?;
        Ok(next)
    }

    /// Puts the root that is prepared in the place of the one there is.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn advance(&self) -> Result<Arc<Authority>, AuthorityError> {
        let folder = &self.roots.folder;
        let (next, path) = (folder.join(NEXT_KEY), folder.join(KEY));
        turns::rename(&next, &path).map_err(failed("write", &path))?;
        let authority = self
            .roots
            .current()?
            .ok_or_else(|| AuthorityError::Damaged(path))?;
        self.write(CERTIFICATE, authority.certificate_pem())?;
        let copy = folder.join(NEXT_CERTIFICATE);
        absent(fs::remove_file(&copy)).map_err(failed("delete", &copy))?;
        Ok(authority)
    }

    /// As [`Roots::delete`].
    ///
    /// # Errors
    /// [`AuthorityError::Io`].
    pub fn delete(&self) -> Result<(), AuthorityError> {
        self.delete_roots()?;
        self.remove(MADE)?;
        let folder = &self.roots.folder;
        match absent(fs::remove_dir(folder)) {
            // Somebody keeps something of their own there.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            other => other.map_err(failed("delete", folder)),
        }
    }

    /// Deletes the root and its key, and remembers which there were, because a store still has one.
    ///
    /// # Errors
    /// [`AuthorityError::Io`].
    pub fn delete_roots(&self) -> Result<(), AuthorityError> {
        for name in [KEY, CERTIFICATE, NEXT_KEY, NEXT_CERTIFICATE] {
            self.remove(name)?;
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), AuthorityError> {
        for name in [name, &unfinished(name)] {
            let path = self.roots.folder.join(name);
            absent(fs::remove_file(&path)).map_err(failed("delete", &path))?;
        }
        Ok(())
    }

    /// Writes a file whole or not at all.
    fn write(&self, name: &str, text: &str) -> Result<(), AuthorityError> {
        let path = self.roots.folder.join(name);
        let beside = self.roots.folder.join(unfinished(name));
        // What a crash left behind could have other permissions.
        absent(fs::remove_file(&beside)).map_err(failed("write", &beside))?;
        private::create_new(&beside)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| turns::rename(&beside, &path))
            .map_err(failed("write", &path))
    }
}

fn unfinished(name: &str) -> String {
    format!("{name}.new")
}

fn absent(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn failed<'a>(
    action: &'static str,
    path: &'a Path,
) -> impl Fn(io::Error) -> AuthorityError + use<'a> {
    move |source| AuthorityError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}
