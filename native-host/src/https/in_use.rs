//! Whether a browser trusts the root, as its extension has found out.
//!
//! It holds for the root that the extension has tried, and for no other: once another takes its
//! place, a running browser may not know that one yet.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// Whether a browser trusts the root there is. Cheap to clone; false at first.
#[derive(Debug, Clone, Default)]
pub struct InUse {
    flag: Arc<AtomicBool>,
    known: Arc<Mutex<Known>>,
}

/// Roots by their fingerprints.
#[derive(Debug, Default)]
struct Known {
    /// The one that the extension was told of last.
    told: Option<String>,
    /// The one that the browser trusts.
    trusted: Option<String>,
}

impl InUse {
    /// What the gateway asks.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.flag)
    }

    /// Takes what the extension says in a message that is answered with `root`, a fingerprint: that
    /// the browser trusts the root it was told of before, or does not, or nothing of it.
    pub fn hear(&self, said: Option<bool>, root: Option<String>) {
        let mut known = self.known();
        if let Some(trusted) = said {
            known.trusted = known.told.take().filter(|_| trusted);
        }
        known.told = root;
        self.settle(&known, known.told.as_deref());
    }

    /// Takes notice of the root there is now, a fingerprint.
    pub fn notice(&self, root: Option<&str>) {
        self.settle(&self.known(), root);
    }

    fn settle(&self, known: &Known, root: Option<&str>) {
        let in_use = known.trusted.is_some() && known.trusted.as_deref() == root;
        self.flag.store(in_use, Ordering::Release);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_for_the_root_that_was_tried() {
        let root = |name: &str| Some(name.to_owned());
        let in_use = InUse::default();
        let flag = in_use.flag();
        let is = || flag.load(Ordering::Relaxed);
        in_use.hear(None, root("1"));
        assert!(!is());
        in_use.hear(Some(true), root("1"));
        assert!(is());
        in_use.hear(None, root("1"));
        assert!(is());

        in_use.notice(Some("2"));
        assert!(!is());
        // What was found out of the first says nothing of the second.
        in_use.hear(Some(true), root("2"));
        assert!(!is());
        in_use.hear(Some(true), root("2"));
        assert!(is());
        in_use.notice(Some("2"));
        assert!(is());
        in_use.hear(None, root("3"));
        assert!(!is());
        in_use.hear(Some(true), root("3"));
        in_use.hear(Some(false), root("3"));
        assert!(!is());
        in_use.hear(Some(true), None);
        assert!(!is());
        in_use.hear(Some(true), None);
        assert!(!is());
    }
}
