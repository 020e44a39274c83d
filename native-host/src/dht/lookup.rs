//! A lookup as a whole: both families of addresses, and what was found.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::{
    LookupReport, bencode,
    id::Id,
    krpc::Response,
    put::Put,
    query::{Held, K, Phase, Query},
};
use crate::{item::SignedItem, key::PublicKey};

/// A lookup that runs.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) target: Id,
    pub(super) purpose: Purpose,
    /// One for each family of addresses, IPv4 first.
    pub(super) queries: [Query; 2],
    /// Whose item it is about.
    key: Option<PublicKey>,
    items: Vec<SignedItem>,
    newest: Option<usize>,
    holding: u32,
    forged: u32,
    /// Until when a family in which nobody answers holds up the one that has ended.
    patience: Option<Instant>,
    /// Whether it is not to be kept in mind: looked up keys were to be forgotten while it ran.
    pub(super) forgotten: bool,
}

/// What a lookup is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// An item.
    Get {
        items: mpsc::UnboundedSender<SignedItem>,
        report: oneshot::Sender<LookupReport>,
    },
    /// To keep an item on the closest nodes.
    Put(Put),
    /// The nodes themselves.
    Find(Option<oneshot::Sender<LookupReport>>),
}

impl Lookup {
    pub(super) fn new(
        target: Id,
        key: Option<PublicKey>,
        purpose: Purpose,
        queries: [Query; 2],
    ) -> Self {
        Self {
            target,
            purpose,
            queries,
            key,
            items: Vec::new(),
            newest: None,
            holding: 0,
            forged: 0,
            patience: None,
            forgotten: false,
        }
    }

    /// Whether an item is asked for, and not nodes alone.
    pub(super) fn is_for_item(&self) -> bool {
        self.key.is_some()
    }

    /// Whether nobody waits for it any more.
    pub(super) fn is_abandoned(&self) -> bool {
        match &self.purpose {
            Purpose::Get { items, report } => items.is_closed() && report.is_closed(),
            Purpose::Put(_) | Purpose::Find(_) => false,
        }
    }

    /// The newest item so far.
    pub(super) fn newest(&self) -> Option<&SignedItem> {
        self.items.get(self.newest?)
    }

    pub(super) fn item(&self, held: Held) -> Option<&SignedItem> {
        match held {
            Held::Item(number) => self.items.get(number),
            Held::Nothing | Held::Forged => None,
        }
    }

    /// Takes the item out of an answer. Whoever waits hears of it at once.
    pub(super) fn take(&mut self, response: &Response<'_>) -> Held {
        let held = self.verify(response);
        match held {
            Held::Nothing => {}
            Held::Forged => self.forged += 1,
            Held::Item(number) => {
                self.holding += 1;
                if let (Purpose::Get { items, .. }, Some(item)) =
                    (&self.purpose, self.items.get(number))
                {
                    // Who has found enough need not listen on.
                    _ = items.send(item.clone());
                }
            }
        }
        held
    }

    fn verify(&mut self, response: &Response<'_>) -> Held {
        let (Some(key), Some(value)) = (self.key, response.value) else {
            return Held::Nothing;
        };
        let (Some(signature), Some(seq), Some(value)) =
            (response.signature, response.seq, bencode::as_bytes(value))
        else {
            return Held::Forged;
        };
        if response.key != Some(*key.as_bytes()) {
            return Held::Forged;
        }
        let known = self.items.iter().position(|item| {
            item.seq().get() == seq && *item.signature() == signature && item.value() == value
        });
        if let Some(number) = known {
            return Held::Item(number);
        }
        let Ok(item) = SignedItem::verify(key, signature, seq, value) else {
            return Held::Forged;
        };
        let number = self.items.len();
        if self
            .newest()
            .is_none_or(|newest| item.is_newer_than(newest))
        {
            self.newest = Some(number);
        }
        self.items.push(item);
        Held::Item(number)
    }

    /// Ends the search in a family in which nobody has answered when so long has passed since it ended in
    /// the other one, where somebody has.
    pub(super) fn leave_behind(&mut self, now: Instant, timeout: Duration) {
        let [v4, v6] = &mut self.queries;
        let (first, last) = match (v4.has_answers(), v6.has_answers()) {
            (true, false) => (v4, v6),
            (false, true) => (v6, v4),
            _ => {
                self.patience = None;
                return;
            }
        };
        if last.is_empty() || first.phase() != Phase::Done || last.phase() == Phase::Done {
            self.patience = None;
            return;
        }
        let until = *self.patience.get_or_insert(now + timeout);
        if until <= now {
            last.give_up();
            self.patience = None;
        }
    }

    /// When to look again whether a family is left behind.
    pub(super) fn leaves_behind_at(&self) -> Option<Instant> {
        self.patience
    }

    /// How far it is: as far as the family that lags.
    pub(super) fn phase(&self) -> Phase {
        let [v4, v6] = &self.queries;
        v4.phase().min(v6.phase())
    }

    /// What it saw so far.
    pub(super) fn report(&self) -> LookupReport {
        let mut report = LookupReport {
            holding: self.holding,
            forged: self.forged,
            ..LookupReport::default()
        };
        // Items are mostly published with IPv4 alone: that IPv6 knows none proves nothing beside it.
        let [v4, _] = &self.queries;
        let speaks = usize::from(v4.is_empty());
        for (family, query) in self.queries.iter().enumerate() {
            let tally = query.tally();
            report.asked += tally.asked;
            report.answered += tally.answered;
            report.settled |= tally.settled && family == speaks;
            let agrees = |held: Held| match self.newest {
                Some(newest) => held == Held::Item(newest),
                None => held == Held::Nothing,
            };
            let agreed = query
                .closest()
                .take(K)
                .filter(|(_, answer)| agrees(answer.held))
                .count();
            report.agreed += u32::try_from(agreed).unwrap_or(u32::MAX);
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dht::{
        id::Node,
        query::{Answer, Network},
    };

    const TIMEOUT: Duration = Duration::from_millis(400);

    fn lookup(now: Instant) -> Lookup {
        let target = Id::new([1; 20]);
        let queries = [(); 2].map(|()| Query::new(target, false, Network::default(), now));
        Lookup::new(target, None, Purpose::Find(None), queries)
    }

    fn node(address: &str) -> Node {
        Node {
            id: Id::new([2; 20]),
            address: address.parse().unwrap(),
        }
    }

    fn asked(query: &mut Query, node: Node, now: Instant) {
        query.knows(node);
        query.poll(now, |_| TIMEOUT, &mut 10);
    }

    #[test]
    fn a_family_without_answers_holds_nobody_up() {
        let start = Instant::now();
        let mut lookup = lookup(start);
        let (v4, v6) = (node("127.0.0.1:1"), node("[::1]:1"));
        asked(&mut lookup.queries[0], v4, start);
        asked(&mut lookup.queries[1], v6, start);
        lookup.leave_behind(start, TIMEOUT);
        // Neither has said anything.
        assert_eq!(lookup.leaves_behind_at(), None);
        lookup.queries[0].answered(v4, Answer::default(), &[]);
        lookup.leave_behind(start, TIMEOUT);
        assert_eq!(lookup.leaves_behind_at(), Some(start + TIMEOUT));
        assert_eq!(lookup.phase(), Phase::Searching);
        lookup.leave_behind(start + TIMEOUT, TIMEOUT);
        assert_eq!(lookup.phase(), Phase::Done);
    }

    #[test]
    fn a_family_with_answers_is_waited_for() {
        let start = Instant::now();
        let mut lookup = lookup(start);
        let (v4, v6) = (node("127.0.0.1:1"), node("[::1]:1"));
        asked(&mut lookup.queries[0], v4, start);
        asked(&mut lookup.queries[1], v6, start);
        lookup.queries[0].answered(v4, Answer::default(), &[]);
        let other = Node {
            id: Id::new([3; 20]),
            ..node("[::1]:2")
        };
        lookup.queries[1].answered(v6, Answer::default(), &[other]);
        lookup.leave_behind(start, TIMEOUT);
        assert_eq!(lookup.leaves_behind_at(), None);
        assert_eq!(lookup.phase(), Phase::Searching);
    }

    #[test]
    fn ipv6_does_not_speak_for_ipv4() {
        let start = Instant::now();
        for silent in [false, true] {
            let mut lookup = lookup(start);
            if silent {
                asked(&mut lookup.queries[0], node("127.0.0.1:1"), start);
            }
            let v6 = node("[::1]:1");
            asked(&mut lookup.queries[1], v6, start);
            lookup.queries[1].answered(v6, Answer::default(), &[]);
            assert!(lookup.queries[1].tally().settled);
            assert_eq!(lookup.report().settled, !silent);
        }
    }
}
