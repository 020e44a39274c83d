//! Work beside something that hardly ever happens.

use std::{future::Future, pin::Pin};

use futures_util::{StreamExt, future::Either, stream::FuturesUnordered};

/// Does the work until it is done or the event has happened, whichever is first.
///
/// A plain `select!` asks for the event each time the work moves on, which for the end of a server
/// means locks that all its connections share, at every request. Here it is asked for when it has
/// something to say.
pub(crate) async fn unless<W: Future, E: Future>(
    work: Pin<&mut W>,
    event: E,
) -> Either<W::Output, E::Output> {
    let mut events = FuturesUnordered::new();
    events.push(event);
    tokio::select! {
        biased;
        done = work => Either::Left(done),
        Some(happened) = events.next() => Either::Right(happened),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering},
        task::Poll,
    };

    use futures_util::future::{pending, poll_fn};
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn the_event_is_asked_for_when_it_has_something_to_say() {
        let asked = AtomicUsize::new(0);
        let (say, mut heard) = oneshot::channel::<()>();
        let event = poll_fn(|context| {
            asked.fetch_add(1, Ordering::Relaxed);
            Pin::new(&mut heard).poll(context)
        });
        // Moves on a hundred times, then waits for ever.
        let mut say = Some(say);
        let mut steps = 0;
        let work = poll_fn(|context| {
            steps += 1;
            if steps < 100 {
                context.waker().wake_by_ref();
            } else {
                say.take();
            }
            Poll::<()>::Pending
        });
        assert!(matches!(
            unless(pin!(work), event).await,
            Either::Right(Err(_))
        ));
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn work_that_is_done_does_not_wait() {
        let done = unless(pin!(async { 7 }), pending::<()>()).await;
        assert!(matches!(done, Either::Left(7)));
    }
}
