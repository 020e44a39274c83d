//! Writes down what is to outlive the program: beside the node's work, and one thing after the other.
//!
//! A disk may be slow, and another program may be writing; neither must hold up answers. The order is
//! what matters: what the node knew before it forgot is never written after it was to be forgotten.

use std::{io, path::PathBuf};

use tokio::sync::{mpsc, oneshot};

use super::{
    engine::Now,
    remember::{self, Memory},
};
use crate::tasks;

/// Where a node writes, and since when.
#[derive(Debug, Clone)]
pub(super) struct Notebook {
    pub(super) file: PathBuf,
    /// When the node began, in seconds since 1970.
    pub(super) began: u64,
}

impl Notebook {
    /// Writes down what a node knows.
    pub(super) fn write(&self, memory: Memory) {
        if let Err(error) = memory.write(&self.file, self.began, Now::read().unix) {
            tracing::warn!(%error, "the nodes can’t be remembered");
        }
    }
}

/// Who writes. What it was told before it is dropped is still done, unless the runtime ends first.
#[derive(Debug)]
pub(super) struct Scribe {
    work: mpsc::UnboundedSender<Work>,
}

#[derive(Debug)]
enum Work {
    Write(Option<Box<Memory>>, Option<oneshot::Sender<()>>),
    Forget(u64, oneshot::Sender<io::Result<()>>),
}

impl Scribe {
    pub(super) fn new(notebook: Notebook) -> Self {
        let (work, mut waits) = mpsc::unbounded_channel::<Work>();
        tasks::spawn(async move {
            while let Some(work) = waits.recv().await {
                let notebook = notebook.clone();
                if let Err(error) = tokio::task::spawn_blocking(move || work.done(&notebook)).await
                {
                    tracing::warn!(%error, "the nodes can’t be remembered");
                }
            }
        });
        Self { work }
    }

    /// Has this written down, if there is anything; `done` is told when it is, well or not, and all that
    /// was to be before it.
    pub(super) fn write(&self, memory: Option<Memory>, done: Option<oneshot::Sender<()>>) {
        // It listens as long as the program runs.
        _ = self.work.send(Work::Write(memory.map(Box::new), done));
    }

    /// Has looked up keys forgotten down to this time, in seconds since 1970, in all files.
    pub(super) fn forget(&self, until: u64, done: oneshot::Sender<io::Result<()>>) {
        _ = self.work.send(Work::Forget(until, done));
    }
}

impl Work {
    fn done(self, notebook: &Notebook) {
        // Whoever asked for it may have left.
        match self {
            Self::Write(memory, done) => {
                if let Some(memory) = memory {
                    notebook.write(*memory);
                }
                _ = done.map(|done| done.send(()));
            }
            Self::Forget(until, done) => {
                _ = done.send(remember::forget_keys(&notebook.file, until));
            }
        }
    }
}
