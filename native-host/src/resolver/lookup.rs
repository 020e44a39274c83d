//! Lookups in the network: one per key at a time, all sources raced.

use std::{
    collections::HashMap,
    future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use futures_util::{Stream, StreamExt};
use tokio::{
    sync::{Notify, Semaphore, broadcast, watch},
    time::{Instant, sleep, timeout},
};

use super::{
    Answer, Outcome, Priority, ResolveError, ResolverConfig, Source, SourceFailure, Update, answer,
};
use crate::{
    cache::{Cache, CacheError, Entry, Floor, Origin, Seen},
    dht::{Dht, DhtError, Lookup, LookupReport},
    item::SignedItem,
    key::PublicKey,
    relays::{RelayAnswer, RelayError, RelayPolicy, Relays},
    tasks,
};

/// How many lookups there may be, those that wait included, before parts of pages are refused.
const MAX_WAITING: usize = 1024;
/// How long a lookup may take in all.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(15);

/// How far a lookup goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Reach {
    /// The first acceptable answer will do; relays are asked when the DHT is slow.
    Enough,
    /// All sources, to their end: the newest there is.
    Everywhere,
}

/// What a running lookup tells those who wait for it.
#[derive(Debug, Clone, Default)]
struct Progress {
    /// The first acceptable answer, or why there is none.
    first: Option<Outcome>,
    /// The newest answer after the whole search.
    last: Option<Outcome>,
}

impl Progress {
    fn outcome(&self, reach: Reach) -> Option<&Outcome> {
        match reach {
            Reach::Enough => self.first.as_ref(),
            Reach::Everywhere => self.last.as_ref(),
        }
    }
}

/// How to join a lookup that is under way.
#[derive(Debug, Clone)]
struct Running {
    progress: watch::Receiver<Progress>,
    /// Tells it that a page waits, too.
    page: Arc<Notify>,
    /// The era in which it began.
    era: u64,
}

/// One lookup.
#[derive(Debug, Clone, Copy)]
struct Task {
    key: PublicKey,
    reach: Reach,
    era: u64,
}

impl Task {
    /// Whether it is the one that others join: all began in different eras.
    fn is_in(self, running: &HashMap<(PublicKey, Reach), Running>) -> bool {
        running
            .get(&(self.key, self.reach))
            .is_some_and(|running| running.era == self.era)
    }
}

/// The sources, the memory, and the lookups that are under way.
#[derive(Debug)]
pub(super) struct Lookups {
    pub(super) dht: Dht,
    pub(super) relays: Option<Relays>,
    pub(super) cache: Cache,
    pub(super) config: ResolverConfig,
    pub(super) updates: broadcast::Sender<Update>,
    /// When somebody last asked.
    pub(super) asked: watch::Sender<Option<Instant>>,
    running: Mutex<HashMap<(PublicKey, Reach), Running>>,
    /// How often all was forgotten. What a lookup finds after the era in which it began is given to
    /// those who wait for it, and not remembered: it would bring back what was just forgotten.
    era: RwLock<u64>,
    all: Semaphore,
    parts: Semaphore,
}

/// What a source says.
enum Event {
    Item(SignedItem, Origin),
    Failed(SourceFailure),
    /// A source answered, with nothing of use.
    Nothing,
    /// So many nodes answered with an item that the key did not sign.
    Forged(u32),
    /// A relay did.
    ForgedBy(SourceFailure),
}

type Events = Pin<Box<dyn Stream<Item = Event> + Send>>;

impl Lookups {
    pub(super) fn new(
        dht: Dht,
        relays: Option<Relays>,
        cache: Cache,
        config: ResolverConfig,
        updates: broadcast::Sender<Update>,
    ) -> Self {
        Self {
            dht,
            relays,
            cache,
            config,
            updates,
            asked: watch::Sender::default(),
            running: Mutex::default(),
            era: RwLock::default(),
            all: Semaphore::new(config.lookups.clamp(1, Semaphore::MAX_PERMITS)),
            // Parts of pages leave room for pages.
            parts: Semaphore::new((config.lookups.min(Semaphore::MAX_PERMITS) * 3 / 4).max(1)),
        }
    }

    /// Forgets all that is remembered, and lets lookups that are under way bring nothing of it back.
    pub(super) async fn forget(&self) -> Result<(), CacheError> {
        *self.era.write().unwrap_or_else(PoisonError::into_inner) += 1;
        self.cache.clear().await
    }

    fn era(&self) -> u64 {
        *self.era.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins a running lookup of the key or starts one, and waits for its answer.
    pub(super) async fn ask(
        self: &Arc<Self>,
        key: &PublicKey,
        reach: Reach,
        priority: Priority,
    ) -> Outcome {
        let mut progress = {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            let era = self.era();
            match running.get(&(*key, reach)) {
                Some(running) if running.era == era => {
                    if priority == Priority::Page {
                        running.page.notify_one();
                    }
                    running.progress.clone()
                }
                _ if priority == Priority::Part && running.len() >= MAX_WAITING => {
                    return Err(ResolveError::Busy);
                }
                _ => {
                    let (sender, progress) = watch::channel(Progress::default());
                    let page = Arc::new(Notify::new());
                    if priority == Priority::Page {
                        page.notify_one();
                    }
                    let joined = Running {
                        progress: progress.clone(),
                        page: Arc::clone(&page),
                        era,
                    };
                    running.insert((*key, reach), joined);
                    let (lookups, key) = (Arc::clone(self), *key);
                    let task = Task { key, reach, era };
                    tasks::spawn(async move { lookups.run(task, &page, sender).await });
                    progress
                }
            }
        };
        match progress
            .wait_for(|progress| progress.outcome(reach).is_some())
            .await
        {
            Ok(progress) => progress
                .outcome(reach)
                .cloned()
                .unwrap_or(Err(ResolveError::Unreachable)),
            Err(_) => Err(ResolveError::Unreachable),
        }
    }

    /// Takes an item of the network into the cache and gives the newest that is kept, or the floor
    /// where the item is below it and nothing is kept.
    fn take(&self, item: &SignedItem, origin: &Origin, era: u64) -> Result<Entry, Floor> {
        let seen = Seen {
            at: SystemTime::now(),
            from: origin.clone(),
        };
        // Held until the item is kept: what is forgotten after that, is.
        let now = self.era.read().unwrap_or_else(PoisonError::into_inner);
        if *now != era {
            return self.cache.weigh(item.clone(), seen);
        }
        let news = self.is_news(item);
        let kept = self.cache.keep(item.clone(), seen);
        if news && kept.is_ok() {
            self.announce(item);
        }
        kept
    }

    /// Whether an item is newer than what is known, unless it is below the floor.
    pub(super) fn is_news(&self, item: &SignedItem) -> bool {
        match self.cache.get(item.key()) {
            Some(known) => item.is_newer_than(known.newest.item()),
            // The first sight of a key is news to whoever was told that there is nothing.
            None => self.cache.is_absent(item.key()),
        }
    }

    /// Tells subscribers of an item, which must be in the cache when they come and ask for it.
    pub(super) fn announce(&self, item: &SignedItem) {
        // Nobody may be listening.
        _ = self.updates.send(Update {
            key: *item.key(),
            seq: item.seq(),
        });
    }

    async fn run(&self, task: Task, page: &Notify, progress: watch::Sender<Progress>) {
        let Task { key, era, .. } = task;
        // A page that wants what parts queue for does not queue with them. The semaphores are
        // never closed.
        let _part = tokio::select! {
            biased;
            () = page.notified() => None,
            part = self.parts.acquire() => part.ok(),
        };
        let _permit = self.all.acquire().await;
        if self.is_abandoned(task, &progress) {
            return;
        }
        let last = timeout(LOOKUP_TIMEOUT, self.search(task, &progress))
            .await
            .unwrap_or_else(|_| self.without_answer(key, ResolveError::Unreachable, Vec::new()));
        {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            if task.is_in(&running) {
                running.remove(&(key, task.reach));
            }
        }
        if matches!(last, Err(ResolveError::NoRecord(_))) && self.era() == era {
            self.cache.keep_absent(key);
        }
        progress.send_modify(|progress| {
            progress.first.get_or_insert_with(|| last.clone());
            progress.last = Some(last);
        });
    }

    /// Whether nobody waits any more for a lookup that has not begun; it is given up then.
    fn is_abandoned(&self, task: Task, progress: &watch::Sender<Progress>) -> bool {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        // One receiver stands in the map itself, for those who come later.
        let joinable = task.is_in(&running);
        let abandoned = progress.receiver_count() <= usize::from(joinable);
        if abandoned && joinable {
            running.remove(&(task.key, task.reach));
        }
        abandoned
    }

    /// Races the sources until all have ended.
    async fn search(
        &self,
        Task { key, reach, era }: Task,
        progress: &watch::Sender<Progress>,
    ) -> Outcome {
        let ended = Arc::new(Notify::new());
        let mut events = futures_util::stream::select_all([
            self.dht_events(key, Arc::clone(&ended)),
            self.relay_events(key, reach, progress.subscribe(), ended),
        ]);
        let mut found: Option<Found> = None;
        let mut failures = Vec::new();
        let (mut answered, mut forged, mut outdated) = (false, 0, None);
        while let Some(event) = events.next().await {
            match event {
                Event::Item(item, origin) => {
                    answered = true;
                    // Older than the floor: no answer, whoever gave it.
                    let entry = match self.take(&item, &origin, era) {
                        Ok(entry) if entry.newest.item() == &item => entry,
                        Ok(_) => continue,
                        Err(floor) => {
                            outdated = outdated.max(Some((item.seq(), floor.seq)));
                            continue;
                        }
                    };
                    // Said by this very search, where it is not remembered.
                    if found
                        .as_ref()
                        .is_some_and(|found| found.is_newer_than(&item))
                    {
                        continue;
                    }
                    let next = Found::after(found.take(), entry, origin);
                    if progress.borrow().first.is_none() {
                        let first = next.answer(failures.clone(), self.config);
                        progress.send_modify(|progress| progress.first = Some(first));
                    }
                    found = Some(next);
                }
                Event::Failed(failure) => {
                    tracing::debug!(%key, ?failure, "a source failed");
                    failures.push(failure);
                }
                Event::Nothing => answered = true,
                Event::Forged(count) => {
                    answered = true;
                    forged += count;
                }
                // That one relay lies says nothing of what others would have said.
                Event::ForgedBy(failure) => {
                    tracing::debug!(%key, ?failure, "a source lied");
                    forged += 1;
                    failures.push(failure);
                }
            }
        }
        if let Some(found) = found {
            return found.answer(failures, self.config);
        }
        let error = match (answered, forged, outdated) {
            (false, ..) => ResolveError::Unreachable,
            (.., Some((found, seen))) => ResolveError::Outdated { key, found, seen },
            (_, 0, None) => ResolveError::NoRecord(key),
            (_, sources, None) => ResolveError::BadSignature { key, sources },
        };
        self.without_answer(key, error, failures)
    }

    /// Nothing in the network: what was seen before is still the newest there ever was.
    fn without_answer(
        &self,
        key: PublicKey,
        error: ResolveError,
        failures: Vec<SourceFailure>,
    ) -> Outcome {
        let Some(entry) = self.cache.get(&key) else {
            return Err(error);
        };
        let source = Source::Cache {
            origin: entry.seen.from.clone(),
        };
        let answer = answer(entry, source, failures, self.config.ttl)?;
        Ok(Answer {
            stale: true,
            instead_of: Some(error),
            ..answer
        })
    }

    /// What the DHT says; `ended` is told when that was all.
    fn dht_events(&self, key: PublicKey, ended: Arc<Notify>) -> Events {
        let dht = self.dht.clone();
        let started = async move { dht.get(&key).await };
        let end = async move {
            ended.notify_one();
            None
        };
        Box::pin(
            futures_util::stream::once(started)
                .map(|started| match started {
                    Ok(lookup) => events_of(lookup),
                    Err(error) => {
                        let failed = Event::Failed(failure("dht", &error));
                        Box::pin(futures_util::stream::once(future::ready(failed)))
                    }
                })
                .flatten()
                .chain(futures_util::stream::once(end).filter_map(future::ready)),
        )
    }

    /// Relays are asked when nothing has answered in time, or the DHT has ended without.
    fn relay_events(
        &self,
        key: PublicKey,
        reach: Reach,
        mut progress: watch::Receiver<Progress>,
        ended: Arc<Notify>,
    ) -> Events {
        let Some(relays) = self.relays.clone() else {
            return Box::pin(futures_util::stream::empty());
        };
        let delay = match reach {
            Reach::Enough => self.config.relay_delay,
            Reach::Everywhere => Duration::ZERO,
        };
        let known = self.cache.get(&key).map(|entry| entry.newest.item().seq());
        let hedge = async move {
            if !delay.is_zero() {
                let answered = async {
                    if progress
                        .wait_for(|progress| progress.first.is_some())
                        .await
                        .is_err()
                    {
                        future::pending::<()>().await;
                    }
                };
                tokio::select! {
                    biased;
                    () = answered => return None,
                    () = ended.notified() => {}
                    () = sleep(delay) => {}
                }
            }
            Some(relays.get_all(&key, known, RelayPolicy::CacheFirst))
        };
        Box::pin(
            futures_util::stream::once(hedge)
                .filter_map(future::ready)
                .flatten()
                .map(|(relay, outcome)| relay_event(relay.as_str(), outcome)),
        )
    }
}

/// The newest item of a running lookup.
struct Found {
    entry: Entry,
    origin: Origin,
    nodes: u32,
}

impl Found {
    fn is_newer_than(&self, item: &SignedItem) -> bool {
        self.entry.newest.item().is_newer_than(item)
    }

    /// Counts another sighting of the same item; a newer one starts over.
    fn after(before: Option<Self>, entry: Entry, origin: Origin) -> Self {
        let node = u32::from(origin == Origin::Dht);
        match before {
            Some(before) if before.entry.newest.item() == entry.newest.item() => Self {
                entry,
                nodes: before.nodes + node,
                origin: before.origin,
            },
            _ => Self {
                entry,
                origin,
                nodes: node,
            },
        }
    }

    fn answer(&self, failures: Vec<SourceFailure>, config: ResolverConfig) -> Outcome {
        let source = match &self.origin {
            Origin::Relay(url) if self.nodes == 0 => Source::Relay { url: url.clone() },
            _ => Source::Dht { nodes: self.nodes },
        };
        answer(self.entry.clone(), source, failures, config.ttl)
    }
}

fn events_of(lookup: Lookup) -> Events {
    let (items, report) = lookup.split();
    let items = items.map(|item| Event::Item(item, Origin::Dht));
    let end = async move {
        let report = report.await;
        end_of(&report)
    };
    Box::pin(items.chain(futures_util::stream::once(end)))
}

/// What a lookup that has ended says beside the items that it found.
fn end_of(report: &LookupReport) -> Event {
    match (report.answered, report.forged) {
        (0, _) => Event::Failed(failure("dht", &DhtError::Unreachable)),
        // Nothing found where few answer is not the same as nothing there, and lies don't make it so.
        _ if report.holding == 0 && !report.settled => {
            Event::Failed(failure("dht", &DhtError::Unsettled))
        }
        (_, 0) => Event::Nothing,
        (_, forged) => Event::Forged(forged),
    }
}

fn failure(source: &str, error: &impl ToString) -> SourceFailure {
    SourceFailure {
        source: source.to_owned(),
        reason: error.to_string(),
    }
}

fn relay_event(relay: &str, outcome: Result<RelayAnswer, RelayError>) -> Event {
    match outcome {
        Ok(RelayAnswer::Item { item, .. }) => Event::Item(item, Origin::Relay(relay.to_owned())),
        Ok(_) => Event::Nothing,
        Err(error @ RelayError::Forged(_)) => Event::ForgedBy(failure(relay, &error)),
        Err(error) => Event::Failed(failure(relay, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lies_where_few_answer_are_no_answer() {
        let few = LookupReport {
            asked: 20,
            answered: 2,
            forged: 1,
            ..LookupReport::default()
        };
        assert!(matches!(end_of(&few), Event::Failed(_)));
        let many = LookupReport {
            settled: true,
            ..few
        };
        assert!(matches!(end_of(&many), Event::Forged(1)));
    }
}
