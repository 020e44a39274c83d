//! The requests of one connection, counted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::sleep;

/// How many requests have begun on a connection and how many of those have been answered.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// A request that is being answered; its end is when this is dropped.
#[derive(Debug)]
pub(crate) struct Open(Arc<Requests>);

impl Requests {
    /// One more begins.
    pub(crate) fn begin(self: &Arc<Self>) -> Open {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Open(Arc::clone(self))
    }

    /// One that took no time has been answered.
    pub(crate) fn pass(self: &Arc<Self>) {
        drop(self.begin());
    }

    /// How many have ended, unless one is open.
    fn settled(&self) -> Option<u64> {
        // In this order none seems to have ended that has not begun.
        let ended = self.ended.load(Ordering::Acquire);
        (self.begun.load(Ordering::Relaxed) == ended).then_some(ended)
    }

    /// Whether one is being answered: who waits for that is not silent.
    pub(crate) fn is_open(&self) -> bool {
        self.settled().is_none()
    }

    /// Returns when there has been no request for this time, or up to a quarter longer.
    pub(crate) async fn none_for(&self, time: Duration) {
        const LOOKS: u32 = 4;
        let (mut before, mut quiet) = (Some(0), 0);
        while quiet < LOOKS {
            sleep(time / LOOKS).await;
            let now = self.settled();
            quiet = match now.is_some() && now == before {
                true => quiet + 1,
                false => 0,
            };
            before = now;
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_lasts_as_long_as_there_are_requests() {
        let second = Duration::from_secs(1);
        let requests = Arc::<Requests>::default();
        let began = Instant::now();
        requests.none_for(second).await;
        assert_eq!(began.elapsed(), second);
        let asking = {
            let requests = Arc::clone(&requests);
            async move {
                // One that takes long, then some that don't.
                let open = requests.begin();
                sleep(5 * second).await;
                drop(open);
                for _ in 0..10 {
                    sleep(second / 2).await;
                    drop(requests.begin());
                }
                Instant::now()
            }
        };
        let (last, ()) = tokio::join!(asking, requests.none_for(second));
        let quiet = last.elapsed();
        assert!(quiet >= second && quiet <= second * 5 / 4, "{quiet:?}");
    }
}
