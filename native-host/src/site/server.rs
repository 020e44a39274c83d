//! Connections: accepted, made safe, served, ended.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use hyper::{
    Request,
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use super::{Content, Listen, SiteError, SiteLimits};
use crate::{
    connections::{Idle, Slot, Slots},
    key::{KeyPair, PublicKey},
    tasks,
    tls::{H2, HTTP_11, server_config},
};

/// How many bytes the head of a request may have.
const MAX_HEAD: u32 = 64 * 1024;
/// How many requests one connection of HTTP/2 may have open.
const MAX_STREAMS: u32 = 100;
/// How many bytes of one answer wait for a slow reader in HTTP/2.
const SEND_BUFFER: usize = 64 * 1024;

/// A running site. Dropped, it ends at once; [`Site::stop`] is kinder.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
    shared: Arc<Shared>,
    _end: DropGuard,
}

#[derive(Debug)]
struct Shared {
    /// Whose site it is.
    key: PublicKey,
    content: Content,
    limits: SiteLimits,
    /// Says that nothing new is begun.
    stopping: CancellationToken,
    /// Says that nothing goes on.
    ended: CancellationToken,
    tasks: TaskTracker,
}

/// A connection as the content knows it.
#[derive(Debug)]
pub(super) struct Visit {
    /// Who is at the other end.
    pub(super) peer: IpAddr,
    shared: Arc<Shared>,
    hold: Arc<Hold>,
}

/// What a connection holds for as long as it is in use, by whatever protocol.
#[derive(Debug)]
struct Hold {
    _permit: OwnedSemaphorePermit,
    _slot: Slot,
}

impl Visit {
    /// Whose site it is.
    pub(super) fn key(&self) -> &PublicKey {
        &self.shared.key
    }

    /// Lets work go on that belongs to this connection, until the site stops.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.shared.stopping.clone();
        let hold = Arc::clone(&self.hold);
        self.shared.tasks.spawn(tasks::boxed(async move {
            stopping.run_until_cancelled(work).await;
            drop(hold);
        }));
    }
}

impl Site {
    /// Starts to serve `content` as the site of `pair`.
    ///
    /// # Errors
    /// [`SiteError::NotAllowed`], [`SiteError::Listen`], [`SiteError::Tls`].
    pub async fn start(
        pair: &KeyPair,
        listen: Listen,
        content: Content,
        limits: SiteLimits,
    ) -> Result<Self, SiteError> {
        let tls = TlsAcceptor::from(Arc::new(server_config(pair, &[H2, HTTP_11])?));
        let listener = listen.bind().map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => SiteError::NotAllowed(listen),
            _ => SiteError::Listen(listen, error),
        })?;
        let address = listener
            .local_addr()
            .map_err(|error| SiteError::Listen(listen, error))?;
        let ended = CancellationToken::new();
        let shared = Arc::new(Shared {
            key: pair.public(),
            content,
            limits,
            stopping: ended.child_token(),
            ended: ended.clone(),
            tasks: TaskTracker::new(),
        });
        tasks::spawn(accept(listener, tls, Arc::clone(&shared)));
        tracing::info!(%address, "site listens");
        Ok(Self {
            address,
            shared,
            _end: ended.drop_guard(),
        })
    }

    /// The address it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections and requests, and waits a while for those that have begun.
    pub async fn stop(self) {
        self.shared.stopping.cancel();
        self.shared.tasks.close();
        _ = timeout(self.shared.limits.grace, self.shared.tasks.wait()).await;
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, shared: Arc<Shared>) {
    let permits = Arc::new(Semaphore::new(shared.limits.connections));
    let slots = Slots::new(shared.limits.from_one_place);
    let mut failing = false;
    loop {
        let next = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (permit, listener.accept().await)
        };
        // The semaphore is never closed.
        let Some((Ok(permit), accepted)) = shared.stopping.run_until_cancelled(next).await else {
            return;
        };
        match accepted {
            Ok((stream, peer)) => {
                failing = false;
                // On a socket for both protocols IPv4 looks like IPv6.
                let peer = peer.ip().to_canonical();
                let Some(slot) = slots.take(peer) else {
                    tracing::debug!(%peer, "too many connections from one place");
                    continue;
                };
                let visit = Visit {
                    peer,
                    shared: Arc::clone(&shared),
                    hold: Arc::new(Hold {
                        _permit: permit,
                        _slot: slot,
                    }),
                };
                let ended = shared.ended.clone();
                let connection = connection(stream, tls.clone(), visit);
                shared.tasks.spawn(tasks::boxed(async move {
                    ended.run_until_cancelled(connection).await;
                }));
            }
            Err(error) => {
                // Out of file descriptors, say: others will be given back.
                if !failing {
                    tracing::warn!(%error, "can’t accept a connection");
                    failing = true;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, tls: TlsAcceptor, visit: Visit) {
    let peer = visit.peer;
    match handshake(stream, &tls, &visit.shared).await {
        Ok(stream) => {
            if let Err(error) = serve(stream, visit).await {
                tracing::debug!(%peer, %error, "connection ended");
            }
        }
        Err(error) => tracing::debug!(%peer, %error, "TLS handshake failed"),
    }
}

async fn handshake(
    stream: TcpStream,
    tls: &TlsAcceptor,
    shared: &Shared,
) -> io::Result<TlsStream<Idle<TcpStream>>> {
    _ = stream.set_nodelay(true);
    let stream = Idle::new(stream, shared.limits.silence, Arc::default());
    let handshake = timeout(shared.limits.handshake, tls.accept(stream));
    match shared.stopping.run_until_cancelled(handshake).await {
        Some(Ok(outcome)) => outcome,
        Some(Err(_)) => Err(io::ErrorKind::TimedOut.into()),
        None => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

async fn serve(stream: TlsStream<Idle<TcpStream>>, visit: Visit) -> Result<(), hyper::Error> {
    let h2 = stream.get_ref().1.alpn_protocol() == Some(H2);
    let shared = Arc::clone(&visit.shared);
    let visit = Arc::new(visit);
    let service = service_fn(move |request: Request<Incoming>| {
        let visit = Arc::clone(&visit);
        async move { Ok::<_, Infallible>(visit.shared.content.answer(request, &visit).await) }
    });
    let stream = TokioIo::new(stream);
    if h2 {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_header_list_size(MAX_HEAD)
            .max_concurrent_streams(MAX_STREAMS)
            .max_send_buf_size(SEND_BUFFER)
            .serve_connection(stream, service);
        let wind_down = http2::Connection::graceful_shutdown;
        drive(connection, wind_down, &shared.stopping).await
    } else {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(shared.limits.head)
            // It counts when the buffer is full, and may have read as much again by then.
            .max_buf_size(MAX_HEAD as usize / 2)
            .serve_connection(stream, service)
            .with_upgrades();
        let wind_down = http1::UpgradeableConnection::graceful_shutdown;
        drive(connection, wind_down, &shared.stopping).await
    }
}

/// Serves a connection to its end; from `stopping` on only what has begun.
async fn drive<C: Future>(
    connection: C,
    wind_down: impl FnOnce(Pin<&mut C>),
    stopping: &CancellationToken,
) -> C::Output {
    let mut connection = pin!(connection);
    if let Some(outcome) = stopping.run_until_cancelled(connection.as_mut()).await {
        return outcome;
    }
    wind_down(connection.as_mut());
    connection.await
}
