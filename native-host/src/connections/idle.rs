//! A stream on which silence has an end.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

use super::requests::Requests;

/// A stream that fails with [`io::ErrorKind::TimedOut`] once no byte has come or gone for so long
/// while somebody waits for one. The time in which a request is being answered doesn't count.
#[derive(Debug)]
pub(crate) struct Idle<S> {
    stream: S,
    limit: Duration,
    last: Instant,
    sleep: Pin<Box<Sleep>>,
    requests: Arc<Requests>,
}

impl<S> Idle<S> {
    pub(crate) fn new(stream: S, limit: Duration, requests: Arc<Requests>) -> Self {
        Self {
            stream,
            limit,
            last: Instant::now(),
            sleep: Box::pin(sleep(limit)),
            requests,
        }
    }

    fn bounded<T>(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.last = Instant::now();
            return outcome;
        }
        // Set anew only when it has run out: bytes are many, and the alarm costs.
        while self.sleep.as_mut().poll(context).is_ready() {
            if self.requests.is_open() {
                self.last = Instant::now();
            }
            let end = self.last + self.limit;
            if end <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.sleep.as_mut().reset(end);
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Idle<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.bounded(context, outcome)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Idle<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded(context, outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.bounded(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test]
    async fn silence_ends_and_bytes_put_it_off() {
        let (near, mut far) = duplex(4);
        let mut near = Idle::new(near, Duration::from_secs(1), Arc::default());
        let began = Instant::now();
        let talking = async {
            for _ in 0..3 {
                sleep(Duration::from_millis(400)).await;
                far.write_all(b"x").await.unwrap();
            }
        };
        let listening = async {
            let mut buffer = [0; 3];
            near.read_exact(&mut buffer).await.unwrap();
            near.read_u8().await.unwrap_err()
        };
        let (error, ()) = tokio::join!(listening, talking);
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() >= Duration::from_millis(2200));
        // The other side reads nothing.
        let error = near.write_all(b"more than four").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_an_answer_is_not_silent() {
        let second = Duration::from_secs(1);
        let requests = Arc::<Requests>::default();
        let (near, _far) = duplex(4);
        let mut near = Idle::new(near, second, Arc::clone(&requests));
        let open = requests.begin();
        let began = Instant::now();
        let answering = async {
            sleep(10 * second).await;
            drop(open);
        };
        let (error, ()) = tokio::join!(near.read_u8(), answering);
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let lasted = began.elapsed();
        assert!(lasted >= 10 * second && lasted <= 12 * second, "{lasted:?}");
    }
}
