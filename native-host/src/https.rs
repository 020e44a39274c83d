//! `https://` for keys, on this machine.
//!
//! It is switched on while there is a root; browsers that trust it then show key hosts as secure.
//! [`Https`] makes the root and brings it into the stores of browsers, tells how things are, renews
//! it before it ends, and takes everything out again. Processes take turns: while one changes
//! something, another waits.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    authority::{Authority, AuthorityError, RootChange, Roots},
    problem::{Code, Problem},
    trust::{Places, Root, Store, Stores, TrustError},
    view::{self, HttpsRoot, HttpsStatus, TrustStore},
};

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
        Ok(self.told(authority.as_deref(), |_| Ok(())))
    }

    /// Makes a root where there is none that is good for another month, and has every store that is
    /// found trust it. A store that can’t be changed says why.
    ///
    /// # Errors
    /// [`AuthorityError`] when there can be no root.
    pub fn enable(&self) -> Result<HttpsStatus, AuthorityError> {
        let change = self.roots.change()?;
        let authority = change.create()?;
        let authority = renewed(&change, authority)?;
        let root = Root::of(&authority);
        Ok(self.told(Some(&authority), |store| store.trust(&root)))
    }

    /// Takes the root, and every earlier one, out of all stores and deletes it with its key. A store
    /// that can’t be changed says why; the root is worth nothing to it any more.
    ///
    /// # Errors
    /// [`AuthorityError`] when the root can’t be deleted.
    pub fn disable(&self) -> Result<HttpsStatus, AuthorityError> {
        let change = self.roots.change()?;
        let status = self.told(None, Store::forget);
        change.delete()?;
        Ok(status)
    }

    /// Makes a new root when this one is about to end or excludes too little, and brings it to the
    /// stores that trust an earlier one of ours; those where a person has taken it out stay as they
    /// are. Gives whether anything had to be done.
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
        let change = self.roots.change()?;
        let Some(mut authority) = self.roots.current()? else {
            return Ok(false);
        };
        let mut changed = authority.needs_renewal(now);
        if changed {
            authority = change.replace()?;
            tracing::info!(root = authority.fingerprint(), "the root is renewed");
        }
        // Also where an earlier renewal came only half way.
        let root = Root::of(&authority);
        for store in self.stores.find() {
            let behind = store
                .trusts(None)
                .and_then(|any| Ok(any && !store.trusts(Some(&root))?));
            let outcome = match behind {
                Ok(true) => store.trust(&root).inspect(|()| changed = true),
                other => other.map(drop),
            };
            if let Err(error) = outcome {
                tracing::warn!(store = store.place(), %error, "can’t renew the root in a store");
            }
        }
        Ok(changed)
    }

    /// Renews the root whenever that is due, for as long as it is polled.
    pub async fn keep_renewed(&self) {
        let mut days = tokio::time::interval(DAILY);
        loop {
            days.tick().await;
            let https = self.clone();
            match tokio::task::spawn_blocking(move || https.renew_if_due()).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::warn!(%error, "can’t renew the root"),
                Err(error) => tracing::warn!(%error, "renewing the root came to no end"),
            }
        }
    }

    /// Does something with each store, then tells how it is.
    fn told(
        &self,
        authority: Option<&Authority>,
        work: impl Fn(&Store) -> Result<(), TrustError>,
    ) -> HttpsStatus {
        let root = authority.map(Root::of);
        let stores = self.stores.find().into_iter().map(|store| {
            let failure = work(&store).err();
            let (trusts, failure) = match (store.trusts(root.as_ref()), failure) {
                (Ok(trusts), failure) => (trusts, failure),
                (Err(error), failure) => (false, failure.or(Some(error))),
            };
            TrustStore {
                name: store.name().to_owned(),
                place: store.place().to_owned(),
                trusts,
                failure: failure.map(|error| error.to_string()),
            }
        });
        HttpsStatus {
            enabled: authority.is_some(),
            root: authority.map(|authority| HttpsRoot {
                file: authority.file().display().to_string(),
                fingerprint: authority.fingerprint(),
                not_after: view::unix_millis(authority.not_after()),
            }),
            probe: authority.map(|authority| authority.probe().to_string()),
            stores: stores.collect(),
        }
    }
}

/// Where the root lies in a data folder.
pub fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("https")
}

fn renewed(
    change: &RootChange<'_>,
    authority: Arc<Authority>,
) -> Result<Arc<Authority>, AuthorityError> {
    if authority.needs_renewal(SystemTime::now()) {
        change.replace()
    } else {
        Ok(authority)
    }
}

impl From<AuthorityError> for Problem {
    fn from(error: AuthorityError) -> Self {
        Problem::new(Code::Internal, error)
    }
}

#[cfg(test)]
mod tests;
