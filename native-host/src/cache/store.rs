//! The file while it is open: one connection that reads, one that writes.
//!
//! Reads run where they are asked for; they are short and in WAL mode wait for nobody. Writes run
//! on a thread of their own, which takes all that waits into one transaction. A cache without a
//! file has the same tables in memory and one connection for both, used where it is asked for.
//!
//! A write that fails is told of in the log, once a minute at the most; what is in memory stays
//! good. A file that turns out damaged is let go of, for the next start to set aside.

use std::{
    collections::HashSet,
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::{
    Limits,
    error::{CacheError, is_damage},
    file::{self, OpenError, Opened},
    rows, schema,
};
use crate::key::PublicKey;

/// How many writes may wait.
const MAX_WAITING: usize = 1024;
/// How many go into one transaction.
const MAX_BATCH: usize = 256;
/// How often it is written which keys were asked for.
const TOUCH_EVERY: Duration = Duration::from_secs(30);
/// After how many it is written sooner.
const MAX_TOUCHED: usize = 1024;
/// How many writes at most come between two looks at the number of keys, where it is not very high.
const MAX_OVERSHOOT: u64 = 64;
/// How often a failure is told of.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// The tables, in a file or in memory.
pub(super) struct Store {
    // The order is that of dropping: the thread ends before the connection that reads.
    writer: Writer,
    reader: Mutex<Option<Reader>>,
    shared: Arc<Shared>,
}

/// The connection that reads.
struct Reader {
    conn: Connection,
    /// Dropped after the connection: without it the file may be renamed.
    _lock: Option<Arc<File>>,
}

/// What the reading and the writing side both use.
struct Shared {
    path: Option<PathBuf>,
    touched: Mutex<HashSet<PublicKey>>,
    damaged: AtomicBool,
    warned: Mutex<Option<Instant>>,
}

enum Writer {
    Thread {
        /// Taken when the store is dropped, which ends the thread.
        queue: Option<SyncSender<Message>>,
        thread: Option<JoinHandle<()>>,
    },
    Inline(Mutex<Upkeep>),
}

enum Message {
    Job(Box<dyn Job>),
    /// Give space back to the system, as far as others let us, and say when that is done.
    Shrink(oneshot::Sender<()>),
}

impl Store {
    /// Opens a file, and makes or remakes it where that is needed.
    pub(super) fn open(path: &Path, limits: Limits) -> Result<Self, OpenError> {
        let Opened {
            reader,
            writer,
            lock,
        } = file::open(path)?;
        let shared = Arc::new(Shared::new(Some(path.to_owned())));
        let lock = Arc::new(lock);
        let (queue, waiting) = sync_channel(MAX_WAITING);
        let thread = thread::Builder::new().name("cache".to_owned()).spawn({
            let upkeep = Upkeep::new(limits, Arc::clone(&shared));
            let lock = Arc::clone(&lock);
            move || write(writer, &waiting, upkeep, lock)
        })?;
        Ok(Self {
            writer: Writer::Thread {
                queue: Some(queue),
                thread: Some(thread),
            },
            reader: Mutex::new(Some(Reader {
                conn: reader,
                _lock: Some(lock),
            })),
            shared,
        })
    }

    /// Tables in memory.
    pub(super) fn memory(limits: Limits) -> rusqlite::Result<Self> {
        let mut conn = Connection::open_in_memory()?;
        // Else SQLite sorts what is large in files.
        conn.pragma_update(None, "temp_store", "MEMORY")?;
        schema::create(&mut conn)?;
        let shared = Arc::new(Shared::new(None));
        Ok(Self {
            writer: Writer::Inline(Mutex::new(Upkeep::new(limits, Arc::clone(&shared)))),
            reader: Mutex::new(Some(Reader { conn, _lock: None })),
            shared,
        })
    }

    /// The file, unless all is in memory.
    pub(super) fn path(&self) -> Option<&Path> {
        self.shared.path.as_deref()
    }

    /// Reads, here and now.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, CacheError> {
        let mut reader = lock(&self.reader);
        let outcome = match reader.as_ref() {
            Some(reader) => work(&reader.conn),
            None => return Err(CacheError::Damaged),
        };
        let outcome = outcome.map_err(|error| {
            self.shared.failed("read", &error);
            CacheError::Read(Arc::new(error))
        });
        if self.shared.is_damaged() {
            *reader = None;
        }
        outcome
    }

    /// Notes that a key was asked for.
    pub(super) fn touch(&self, key: &PublicKey) {
        let mut touched = lock(&self.shared.touched);
        if touched.len() < MAX_TOUCHED * 4 {
            touched.insert(*key);
        }
    }

    /// Lets a write be done soon. It is lost when too much waits, which is told of.
    pub(super) fn queue<F>(&self, work: F)
    where
        F: FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    {
        let job = Message::Job(Box::new(Task {
            work: Some(work),
            value: None,
            done: None,
        }));
        if self.send(job).is_err() {
            self.shared.warn("too much waits to be written");
        }
    }

    /// Writes; when this returns the write is committed.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, CacheError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (done, outcome) = oneshot::channel();
        let mut message = Message::Job(Box::new(Task {
            work: Some(work),
            value: None,
            done: Some(done),
        }));
        let started = Instant::now();
        while let Err(unsent) = self.send(message) {
            if started.elapsed() > Duration::from_secs(10) {
                return Err(CacheError::Busy);
            }
            message = unsent.ok_or(CacheError::Damaged)?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        outcome.await.unwrap_or(Err(CacheError::Damaged))
    }

    /// Gives space that is not needed any more back to the system, unless others are at it.
    pub(super) async fn shrink(&self) {
        let (done, shrunk) = oneshot::channel();
        if self.send(Message::Shrink(done)).is_ok() {
            // Dropped unanswered where there is no file.
            let _ = shrunk.await;
        }
    }

    /// Sends a message, or gives it back where it has to wait.
    fn send(&self, message: Message) -> Result<(), Option<Message>> {
        match &self.writer {
            Writer::Thread { queue, .. } => {
                let queue = queue.as_ref().ok_or(None)?;
                queue.try_send(message).map_err(|error| match error {
                    TrySendError::Full(message) => Some(message),
                    TrySendError::Disconnected(_) => None,
                })
            }
            Writer::Inline(upkeep) => {
                if let (Message::Job(job), Some(reader)) = (message, lock(&self.reader).as_mut()) {
                    batch(&mut reader.conn, vec![job], &mut lock(upkeep));
                }
                Ok(())
            }
        }
    }
}

impl Drop for Store {
    /// Waits until all is written.
    fn drop(&mut self) {
        if let Writer::Thread { queue, thread } = &mut self.writer {
            drop(queue.take());
            if let Some(thread) = thread.take() {
                let _ = thread.join();
            }
        }
    }
}

impl Shared {
    fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            touched: Mutex::default(),
            damaged: AtomicBool::new(false),
            warned: Mutex::default(),
        }
    }

    fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    fn failed(&self, action: &str, error: &rusqlite::Error) {
        if is_damage(error) && !self.damaged.swap(true, Ordering::Relaxed) {
            if let Some(path) = &self.path {
                file::report_damage(path);
            }
            tracing::warn!(
                %error,
                "the cache file is damaged; it is set aside at the next start, memory is used till then"
            );
        }
        self.warn(&format!("it can’t be {action}: {error}"));
    }

    fn warn(&self, reason: &str) {
        let mut warned = lock(&self.warned);
        if warned.is_none_or(|warned| warned.elapsed() >= WARN_EVERY) {
            *warned = Some(Instant::now());
            tracing::warn!(reason, "the cache goes on in memory");
        } else {
            tracing::debug!(reason, "the cache goes on in memory");
        }
    }
}

/// A write and whom to tell.
trait Job: Send {
    fn run(&mut self, conn: &Connection) -> rusqlite::Result<()>;
    /// Called after the transaction has ended.
    fn end(self: Box<Self>, outcome: Result<(), CacheError>);
}

struct Task<T, F> {
    work: Option<F>,
    value: Option<T>,
    done: Option<oneshot::Sender<Result<T, CacheError>>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        if let Some(work) = self.work.take() {
            self.value = Some(work(conn)?);
        }
        Ok(())
    }

    fn end(self: Box<Self>, outcome: Result<(), CacheError>) {
        let Self { value, done, .. } = *self;
        if let Some(done) = done {
            let value = outcome.and_then(|()| value.ok_or(CacheError::Busy));
            // Nobody waits any more: the write is done all the same.
            let _ = done.send(value);
        }
    }
}

/// What is done now and then along with writes.
struct Upkeep {
    limits: Limits,
    shared: Arc<Shared>,
    touched_at: Instant,
    /// Writes since the number of keys was looked at.
    writes: u64,
}

impl Upkeep {
    fn new(limits: Limits, shared: Arc<Shared>) -> Self {
        Self {
            limits,
            shared,
            touched_at: Instant::now(),
            // Another process may have had a higher limit.
            writes: limits.keys,
        }
    }

    fn run(&mut self, conn: &Connection, writes: usize) -> rusqlite::Result<()> {
        self.writes += writes as u64;
        // Counting a million keys takes milliseconds: the more there may be, the rarer.
        let most = MAX_OVERSHOOT.max(self.limits.keys / 1024);
        let evict = self.writes >= (self.limits.keys / 16).clamp(1, most);
        let touched: Vec<_> = {
            let mut touched = lock(&self.shared.touched);
            let due = evict
                || writes == 0
                || touched.len() >= MAX_TOUCHED
                || self.touched_at.elapsed() >= TOUCH_EVERY;
            if due {
                touched.drain().collect()
            } else {
                Vec::new()
            }
        };
        if !touched.is_empty() {
            self.touched_at = Instant::now();
            rows::touch(conn, touched.iter())?;
        }
        if evict {
            self.writes = 0;
            let evicted = rows::evict(conn, self.limits.keys)?;
            tracing::trace!(evicted, "looked at the number of keys");
        }
        Ok(())
    }
}

/// The thread that writes.
fn write(mut conn: Connection, queue: &Receiver<Message>, mut upkeep: Upkeep, lock: Arc<File>) {
    let mut open = true;
    while open && !upkeep.shared.is_damaged() {
        let mut jobs = Vec::new();
        let mut shrink = Vec::new();
        match queue.recv_timeout(TOUCH_EVERY) {
            Ok(first) => {
                let mut next = Some(first);
                while let Some(message) = next {
                    match message {
                        Message::Job(job) => jobs.push(job),
                        Message::Shrink(done) => shrink.push(done),
                    }
                    next = (jobs.len() < MAX_BATCH)
                        .then(|| queue.try_recv().ok())
                        .flatten();
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => open = false,
        }
        batch(&mut conn, jobs, &mut upkeep);
        if !shrink.is_empty() {
            if let Err(error) = conn.execute_batch("VACUUM") {
                tracing::debug!(%error, "can’t give back space");
            }
            // Writes the log back into the file and empties it, unless somebody reads just now.
            let _ = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
        for done in shrink {
            let _ = done.send(());
        }
    }
    // The lock goes last: without it the file may be renamed.
    drop(conn);
    drop(lock);
}

/// Does all jobs in one transaction and tells them how it ended.
fn batch(conn: &mut Connection, mut jobs: Vec<Box<dyn Job>>, upkeep: &mut Upkeep) {
    if jobs.is_empty() && lock(&upkeep.shared.touched).is_empty() {
        return;
    }
    let mut all = || {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for job in &mut jobs {
            job.run(&tx)?;
        }
        upkeep.run(&tx, jobs.len())?;
        tx.commit()
    };
    let outcome = all().map_err(|error: rusqlite::Error| {
        upkeep.shared.failed("written", &error);
        CacheError::Write(Arc::new(error))
    });
    for job in jobs {
        job.end(outcome.clone());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
