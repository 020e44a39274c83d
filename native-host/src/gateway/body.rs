//! Bodies on their way through: passed on as they come, and given up when they stand still.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};
use hyper::body::{Body as HttpBody, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::limits::Turn;

/// How long a body may stand still. Events and long downloads pause, but not for ever.
const IDLE: Duration = Duration::from_secs(15 * 60);

/// The body of a request or an answer: a browser's or a site's, streamed, or one of our pages.
pub(super) type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Why a body ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// The other side broke off.
    #[error(transparent)]
    Http(#[from] hyper::Error),
    /// It stood still for too long.
    #[error("nothing came for too long")]
    Idle,
}

/// A body of nothing.
pub(super) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body of this text.
pub(super) fn text(text: String) -> Body {
    Full::new(Bytes::from(text))
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// When something last moved, for whoever waits for an answer to what is being sent.
#[derive(Debug, Clone)]
pub(super) struct Pulse {
    began: Instant,
    /// Milliseconds since then.
    moved: Arc<AtomicU64>,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            moved: Arc::default(),
        }
    }

    /// When something last moved.
    pub(super) fn last(&self) -> Instant {
        self.began + Duration::from_millis(self.moved.load(Ordering::Relaxed))
    }

    fn beat(&self) {
        let passed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(passed, Ordering::Relaxed);
    }
}

/// A body that is passed on.
pub(super) struct Passing {
    inner: Incoming,
    /// Set while nothing comes.
    idle: Option<Pin<Box<Sleep>>>,
    pulse: Option<Pulse>,
    /// Given back when the body has ended.
    _turn: Option<Turn>,
}

impl Passing {
    /// The body of a request; the pulse tells how it moves.
    pub(super) fn request(inner: Incoming, pulse: Pulse) -> Body {
        Self {
            inner,
            idle: None,
            pulse: Some(pulse),
            _turn: None,
        }
        .boxed_unsync()
    }

    /// The body of an answer; until it has ended it takes this turn.
    pub(super) fn answer(inner: Incoming, turn: Turn) -> Body {
        Self {
            inner,
            idle: None,
            pulse: None,
            _turn: Some(turn),
        }
        .boxed_unsync()
    }
}

impl HttpBody for Passing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(frame) => {
                self.idle = None;
                if let Some(pulse) = &self.pulse {
                    pulse.beat();
                }
                Poll::Ready(frame.map(|frame| frame.map_err(BodyError::Http)))
            }
            Poll::Pending => {
                let idle = self.idle.get_or_insert_with(|| Box::pin(sleep(IDLE)));
                ready!(idle.as_mut().poll(context));
                Poll::Ready(Some(Err(BodyError::Idle)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
