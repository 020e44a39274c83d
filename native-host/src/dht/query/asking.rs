//! Whom a lookup asks, and when it stops waiting.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::{K, Known, MAX_ASKED, Place, Query, State};

/// How many nodes are asked at a time while they are far away.
const ALPHA: usize = 10;
/// How many are asked at a time at most.
const MAX_IN_FLIGHT: usize = 40;
/// How long an answer is waited for where few have come.
const PATIENCE: Duration = Duration::from_millis(1200);
/// How long, where none has.
pub(super) const PATIENCE_ALONE: Duration = Duration::from_secs(3);
/// How long all may take from the first question on.
pub(super) const MAX_TIME: Duration = Duration::from_secs(8);

/// From how many answers it is told how long answers take in this lookup.
const ENOUGH_TIMES: usize = 5;
/// No answer is overdue sooner for those that came: a busy machine is not a lost datagram.
const LEAST_USUAL: Duration = Duration::from_millis(100);

impl Query {
    /// A node is about to be heard: takes down how long it took, where it was asked once.
    pub(in crate::dht) fn times(&mut self, address: &SocketAddr, now: Instant) {
        let state = match self.by_address.get(address) {
            Some(Known::Candidate(place)) => {
                self.candidates.get(place).map(|candidate| &candidate.state)
            }
            Some(Known::Seed) => self
                .seeds
                .iter()
                .find(|seed| seed.address == *address)
                .map(|seed| &seed.state),
            None => None,
        };
        if let Some(State::Asked { at, .. }) = state {
            let took = now.saturating_duration_since(*at);
            let place = self.times.partition_point(|other| *other <= took);
            self.times.insert(place, took);
        }
    }

    /// After how long an answer is overdue by those that came to this lookup, when there are enough:
    /// what the machine and the network are like now says more than what they were.
    pub(in crate::dht) fn usual(&self) -> Option<Duration> {
        if self.times.len() < ENOUGH_TIMES {
            return None;
        }
        let middle = *self.times.get(self.times.len() / 2)?;
        let most = *self.times.get(self.times.len() * 3 / 4)?;
        Some((middle * 2).max(most * 5 / 4).max(LEAST_USUAL))
    }

    /// Whom to ask now, with at most `allowance` questions, which is reduced; and who is silent.
    pub(in crate::dht) fn poll(
        &mut self,
        now: Instant,
        timeout: impl Fn(&SocketAddr) -> Duration,
        allowance: &mut usize,
    ) -> Step {
        let mut step = Step::default();
        if self.asked == 0 {
            // Where much is looked up at once, some wait their turn. That is not the network's time.
            self.started = now;
        }
        self.expire(now, allowance, &mut step);
        if now >= self.started + MAX_TIME {
            self.given_up = true;
        }
        if !self.given_up {
            self.ask(now, timeout, allowance, &mut step);
        }
        step
    }

    fn ask(
        &mut self,
        now: Instant,
        timeout: impl Fn(&SocketAddr) -> Duration,
        allowance: &mut usize,
        step: &mut Step,
    ) {
        let mut in_flight = self.in_flight();
        let mut window = self.window(0);
        // Some of those who are asked won't answer. Whoever takes their place is asked with them.
        let pending = |place: &&Place| {
            let candidate = self.candidates.get(place);
            candidate.is_some_and(|candidate| {
                matches!(candidate.state, State::Fresh | State::Asked { .. })
            })
        };
        let pending = window.members.iter().filter(pending).count();
        // A part of a small number.
        let reserve = (pending as f64 * self.network.silent).round() as usize;
        if window.full && reserve > 0 {
            window = self.window(reserve);
        }
        let limit = ALPHA + self.late() / 2;
        let near = self
            .network
            .nodes
            .map_or(0.0, |nodes| (2 * K) as f64 / nodes);
        for place in &window.members {
            let Some(candidate) = self.candidates.get_mut(place) else {
                continue;
            };
            if !matches!(candidate.state, State::Fresh) {
                continue;
            }
            let anyway = candidate.first || place.0.fraction() <= near;
            let limit = if anyway { MAX_IN_FLIGHT } else { limit };
            if in_flight >= limit.min(MAX_IN_FLIGHT) || *allowance == 0 || self.asked >= MAX_ASKED {
                continue;
            }
            let address = candidate.node.address;
            candidate.state = State::Asked {
                at: now,
                timeout: timeout(&address),
            };
            step.ask.push(address);
            *allowance -= 1;
            self.asked += 1;
            in_flight += 1;
        }
        if window.members.len() >= K {
            return;
        }
        for seed in &mut self.seeds {
            if in_flight >= limit.min(MAX_IN_FLIGHT) || *allowance == 0 || self.asked >= MAX_ASKED {
                break;
            }
            if matches!(seed.state, State::Fresh) {
                seed.state = State::Asked {
                    at: now,
                    timeout: timeout(&seed.address),
                };
                step.ask.push(seed.address);
                *allowance -= 1;
                self.asked += 1;
                in_flight += 1;
            }
        }
    }

    /// A question was not sent after all. The node is as it was before, where it was the first.
    pub(in crate::dht) fn not_sent(&mut self, address: &SocketAddr) {
        let state = match self.by_address.get(address) {
            Some(Known::Candidate(place)) => self
                .candidates
                .get_mut(place)
                .map(|candidate| &mut candidate.state),
            Some(Known::Seed) => self
                .seeds
                .iter_mut()
                .find(|seed| seed.address == *address)
                .map(|seed| &mut seed.state),
            None => None,
        };
        match state {
            Some(state @ State::Asked { .. }) => {
                *state = State::Fresh;
                self.asked -= 1;
            }
            // The first was sent: it is late, and was not asked again.
            Some(state) => {
                if let State::Late { asked, timeout, .. } = *state {
                    *state = State::Asked { at: asked, timeout };
                }
            }
            None => {}
        }
    }

    /// Lets time pass for those who were asked.
    fn expire(&mut self, now: Instant, allowance: &mut usize, step: &mut Step) {
        let window = self.window(0);
        let last = window
            .full
            .then(|| window.members.last().copied())
            .flatten();
        let matters = |place: &Place| last.is_none_or(|last| *place <= last);
        let patience = self.patience(window.full);
        let usual = self.usual();
        let states = self
            .candidates
            .iter_mut()
            .map(|(place, candidate)| {
                let address = candidate.node.address;
                (matters(place), address, candidate.by, &mut candidate.state)
            })
            .chain(
                self.seeds
                    .iter_mut()
                    .map(|seed| (last.is_none(), seed.address, None, &mut seed.state)),
            );
        for (matters, address, by, state) in states {
            if let State::Asked { at, timeout } = *state
                && let timeout = usual.map_or(timeout, |usual| usual.min(timeout))
                && now >= at + timeout
            {
                if matters {
                    // Nobody is late who could not be asked once more.
                    if *allowance == 0 {
                        continue;
                    }
                    *allowance -= 1;
                    step.ask.push(address);
                }
                *state = State::Late {
                    asked: at,
                    since: now,
                    timeout,
                };
            } else if let State::Late { .. } = *state
                && now >= patience.end(state)
            {
                *state = State::Silent;
                step.silent.push(address);
                if let Some(by) = by {
                    self.references.entry(by).or_default().silent += 1;
                }
            }
        }
    }

    fn patience(&self, enough: bool) -> Patience {
        Patience {
            least: match (enough, self.answered) {
                (true, _) => None,
                (false, 0) => Some(PATIENCE_ALONE),
                (false, _) => Some(PATIENCE),
            },
        }
    }

    /// When to poll again, if nothing comes in before.
    pub(in crate::dht) fn deadline(&self) -> Option<Instant> {
        let patience = self.patience(self.window(0).full);
        let usual = self.usual();
        self.states()
            .filter_map(|state| match state {
                State::Asked { at, timeout } => {
                    Some(*at + usual.map_or(*timeout, |usual| usual.min(*timeout)))
                }
                State::Late { .. } => Some(patience.end(state)),
                _ => None,
            })
            .min()
    }
}

/// What is to be done now.
#[derive(Debug, Default)]
pub(in crate::dht) struct Step {
    /// Whom to ask, some of them again.
    pub(in crate::dht) ask: Vec<SocketAddr>,
    /// Who has not answered at all.
    pub(in crate::dht) silent: Vec<SocketAddr>,
}

/// How long late answers are waited for.
struct Patience {
    /// At least so long after the first question; `None` when enough others have answered.
    least: Option<Duration>,
}

impl Patience {
    fn end(&self, state: &State) -> Instant {
        match (state, self.least) {
            (State::Late { since, timeout, .. }, None) => *since + *timeout * 7 / 10,
            (
                State::Late {
                    asked,
                    since,
                    timeout,
                },
                Some(least),
            ) => (*since + *timeout * 2).max(*asked + least),
            (State::Asked { at, .. }, _) => *at,
            _ => Instant::now(),
        }
    }
}
