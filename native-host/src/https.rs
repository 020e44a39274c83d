//! `https://` for keys, on this machine.
//!
//! It is switched on while there is a root; browsers that trust it then show key hosts as secure.
//! [`Https`] makes the root and brings it into the stores of browsers, tells how things are, renews
//! it before it ends, and takes everything out again. Processes take turns: while one changes
//! something, another waits. Another data folder’s roots in the same stores are left alone.
//!
//! A renewal begins at the stores: the next root is made and lies ready, the stores that trust this
//! one are told of it, and only when all of them trust it does it take over. A store that can’t be
//! told, because it has a password, say, or a person said no, holds that up until the last day.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{
    authority::{Authority, AuthorityError, Mark, RootChange, Roots},
    problem::{Code, Problem},
    trust::{Places, Root, Store, Stores, TrustError},
    view::{self, HttpsRoot, HttpsStatus, TrustStore},
};

mod in_use;

pub use in_use::InUse;

/// What it means to trust the root, and what its key is worth to a thief: one sentence each, told
/// to people before they decide. `docs/security.md` has the same.
pub const MEANING: [&str; 2] = [
    "Your browsers will show https:// addresses of keys as secure whenever pkarr on this computer \
     vouches for them, which it does only over an encrypted connection in which the site has \
     proved who it is.",
    "Whoever steals the root’s secret key from this computer could pretend to these browsers to be \
     any key’s site, a one-word name of your own network, or a name below a top-level domain newer \
     than this version of pkarr, until the root is renewed or switched off; no other name and no \
     IP address.",
];

/// How often a process that keeps running looks whether the root has to be renewed.
const DAILY: Duration = Duration::from_secs(24 * 60 * 60);
/// How often it looks whether another process has changed the root.
const LOOK: Duration = Duration::from_secs(60);
/// How long before the end of a root the next one takes over in any case.
const LAST: Duration = Duration::from_secs(24 * 60 * 60);

/// `https://` for keys, of one user. Cheap to clone.
///
/// Its methods wait for files and programs, and belong on a thread that may.
#[derive(Debug, Clone)]
pub struct Https {
    roots: Roots,
    stores: Stores,
}

impl Https {
    /// With the root below `data_dir`, and the browsers that are in `places`; without any for a
    /// user who has no home.
    pub fn new(data_dir: &Path, places: Option<Places>) -> Self {
        Self {
            roots: Roots::new(folder(data_dir)),
            stores: Stores::new(places),
        }
    }

    /// The root, for those who make certificates with it.
    pub fn roots(&self) -> &Roots {
        &self.roots
    }

    /// How it is now, by the word of every store.
    ///
    /// # Errors
    /// [`AuthorityError`] when there is a root that can’t be read.
    pub fn status(&self) -> Result<HttpsStatus, AuthorityError> {
        let authority = self.roots.current()?;
        self.told(authority.as_deref(), |_, _| Ok(()))
    }

    /// Makes a root where there is none that is good for another month, and has every store that is
    /// found trust it. A store that can’t be changed says why.
    ///
    /// # Errors
    /// [`AuthorityError`] when there can be no root.
    pub fn enable(&self) -> Result<HttpsStatus, AuthorityError> {
        let change = self.roots.change()?;
        change.create()?;
        self.renew(&change, SystemTime::now())?;
        let authority = change.create()?;
        let next = self.next().map(|next| Root::of(&next));
        let roots: Vec<_> = [Root::of(&authority)].into_iter().chain(next).collect();
        self.told(Some(&authority), |store, made| {
            for root in &roots {
                store.trust(root)?;
            }
            store.forget(&earlier(made, &roots))
        })
    }

    /// Takes the root, and every earlier one of this folder, out of all stores and deletes it with
    /// its key. A store that can’t be changed says why; the root is worth nothing to it any more.
    ///
    /// # Errors
    /// [`AuthorityError`] when the root can’t be deleted.
    pub fn disable(&self) -> Result<HttpsStatus, AuthorityError> {
        let change = self.roots.change()?;
        let status = self.told(None, Store::forget)?;
        if status.stores.iter().all(|store| store.failure.is_none()) {
            change.delete()?;
        } else {
            // To be taken out when this is tried again.
            change.delete_roots()?;
        }
        Ok(status)
    }

    /// Makes a new root when this one is about to end or excludes too little, brings it to the stores
    /// that trust one of this folder, and has it take over when they all do; those where a person has
    /// taken it out stay as they are. Gives whether anything had to be done.
    ///
    /// # Errors
    /// [`AuthorityError`] when there can be no new root.
    pub fn renew_if_due(&self) -> Result<bool, AuthorityError> {
        self.renew_if_due_at(SystemTime::now())
    }

    fn renew_if_due_at(&self, now: SystemTime) -> Result<bool, AuthorityError> {
        // Nothing is locked, and nothing made, where it is switched off.
        if self.roots.current()?.is_none() {
            return Ok(false);
        }
        self.renew(&self.roots.change()?, now)
    }

    fn renew(&self, change: &RootChange<'_>, now: SystemTime) -> Result<bool, AuthorityError> {
        let Some(current) = self.roots.current()? else {
            return Ok(false);
        };
        // One that is prepared may be due to another version of the program, and is brought on all
        // the same.
        let next = match self.next().filter(|next| !next.needs_renewal(now)) {
            None if current.needs_renewal(now) => Some(change.prepare(now)?),
            prepared => prepared,
        };
        let root = Root::of(next.as_ref().unwrap_or(&current));
        let made = self.roots.made()?;
        let stores = self.stores.find();
        let (mut changed, mut held_up) = (false, false);
        for store in &stores {
            match follow(store, &root, &made) {
                Ok(new) => changed |= new,
                Err(error) => {
                    held_up = true;
                    tracing::warn!(store = store.place(), %error, "can’t renew the root in a store");
                }
            }
        }
        if next.is_some() {
            if held_up && now + LAST < current.not_after() {
                return Ok(changed);
            }
            let authority = change.advance()?;
            tracing::info!(root = authority.fingerprint(), "the root is renewed");
            changed = true;
        }
        let earlier = earlier(&made, std::slice::from_ref(&root));
        for store in &stores {
            let forgotten = match store.trusted(&made) {
                // By an earlier one, a store is known to be behind.
                Ok(trusted) if !trusted.has(root.mark()) => Ok(()),
                Ok(_) => store.forget(&earlier),
                Err(error) => Err(error),
            };
            if let Err(error) = forgotten {
                tracing::warn!(store = store.place(), %error, "an earlier root stays in a store");
            }
        }
        Ok(changed)
    }

    /// Renews the root whenever that is due, for as long as it is polled, and takes notice when
    /// another takes its place.
    pub async fn keep_renewed(&self, in_use: &InUse) {
        tokio::join!(self.renew_daily(in_use), self.watch(in_use));
    }

    async fn renew_daily(&self, in_use: &InUse) {
        let mut days = tokio::time::interval(DAILY);
        loop {
            days.tick().await;
            let https = self.clone();
            match tokio::task::spawn_blocking(move || https.renew_if_due()).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::warn!(%error, "can’t renew the root"),
                Err(error) => tracing::warn!(%error, "renewing the root came to no end"),
            }
            self.notice(in_use);
        }
    }

    async fn watch(&self, in_use: &InUse) {
        let mut looks = tokio::time::interval(LOOK);
        loop {
            looks.tick().await;
            self.notice(in_use);
        }
    }

    fn notice(&self, in_use: &InUse) {
        let root = self.roots.current().ok().flatten();
        in_use.notice(root.map(|root| root.fingerprint()).as_deref());
    }

    /// The root that takes over soon; one that can’t be read is made anew.
    fn next(&self) -> Option<Authority> {
        self.roots.next().ok().flatten()
    }

    /// Does something with each store, which hears of the roots that were made here, then tells how
    /// it is.
    fn told(
        &self,
        authority: Option<&Authority>,
        work: impl Fn(&Store, &[Mark]) -> Result<(), TrustError>,
    ) -> Result<HttpsStatus, AuthorityError> {
        let made = self.roots.made()?;
        let root = authority.map(Authority::mark);
        let next = authority.and_then(|_| self.next());
        let stores = self.stores.find().into_iter().map(|store| {
            let failure = work(&store, &made).err();
            let (trusted, failure) = match (store.trusted(&made), failure) {
                (Ok(trusted), failure) => (trusted, failure),
                (Err(error), failure) => (Default::default(), failure.or(Some(error))),
            };
            let trusts = match &root {
                Some(root) => trusted.has(root),
                None => trusted.has_known(),
            };
            let behind = next
                .as_ref()
                .filter(|next| trusts && !trusted.has(&next.mark()))
                .map(|next| TrustError::Behind(next.file().to_owned()));
            TrustStore {
                name: store.name().to_owned(),
                place: store.place().to_owned(),
                trusts,
                others: trusted.has_others(),
                failure: failure.or(behind).map(|error| error.to_string()),
            }
        });
        Ok(HttpsStatus {
            enabled: authority.is_some(),
            stores: stores.collect(),
            root: authority.map(|authority| HttpsRoot {
                file: authority.file().display().to_string(),
                fingerprint: authority.fingerprint(),
                not_after: view::unix_millis(authority.not_after()),
            }),
            probe: authority.map(|authority| authority.probe().to_string()),
        })
    }
}

/// Has a store that trusts a root of this folder trust this one. Gives whether that was new to it.
fn follow(store: &Store, root: &Root, made: &[Mark]) -> Result<bool, TrustError> {
    let trusted = store.trusted(made)?;
    if trusted.has_known() && !trusted.has(root.mark()) {
        store.trust(root)
    } else {
        Ok(false)
    }
}

/// Those of the roots that were made which have no more use.
fn earlier(made: &[Mark], of_use: &[Root]) -> Vec<Mark> {
    let mut earlier = made.to_vec();
    earlier.retain(|mark| !of_use.iter().any(|root| root.mark() == mark));
    earlier
}

/// Where the root lies in a data folder.
pub fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("https")
}

impl From<AuthorityError> for Problem {
    fn from(error: AuthorityError) -> Self {
        Problem::new(Code::Internal, error)
    }
}

#[cfg(test)]
mod tests;
