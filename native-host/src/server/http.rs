//! Connections over which HTTP is spoken.
//!
//! HTTP/1.1 and HTTP/2, with TLS or without; of HTTP/2 without TLS a client has to know beforehand.
//! Everything has an end: the number of connections, in all and from one place, the head of a
//! request, its body, and silence. A reader so slow that nothing moves is silent, too, and so is a
//! connection on which bytes move and no request happens: HTTP/2 could be kept open by pings alone, and
//! HTTP/1.1 by a head that never ends. So the time for a head is counted once for a connection, not by
//! an alarm for each request.

use std::{
    convert::Infallible,
    future::ready,
    io,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use futures_util::future::Either;
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{State, exchange::Peer, route};
use crate::{
    connections::{Idle, Requests, Slots, unless},
    tasks::boxed,
};

/// How many bytes the head of a request may have, and how many fields.
const MAX_HEAD: usize = 16 * 1024;
const MAX_FIELDS: usize = 64;
/// How many requests one connection of HTTP/2 may have open.
const MAX_STREAMS: u32 = 128;
/// How many bytes of one answer wait for a slow reader in HTTP/2.
const SEND_BUFFER: usize = 64 * 1024;

/// Takes connections until the server stops listening.
pub(super) async fn accept(
    listener: TcpListener,
    tls: bool,
    state: Arc<State>,
    permits: Arc<Semaphore>,
    slots: Slots,
) {
    let mut failing = false;
    loop {
        let next = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (permit, listener.accept().await)
        };
        // The semaphore is never closed.
        let Some((Ok(permit), accepted)) = state.deaf.run_until_cancelled(next).await else {
            return;
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, say: others will be given back.
                if !failing {
                    tracing::warn!(%error, "can’t accept a connection");
                    failing = true;
                }
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        failing = false;
        // On a socket for both protocols IPv4 looks like IPv6.
        let address = peer.ip().to_canonical();
        let slot = match state.config().is_trusted(address) {
            true => None,
            false => match slots.take(address) {
                Some(slot) => Some(slot),
                None => {
                    state.metrics.connections_refused.add();
                    continue;
                }
            },
        };
        let peer = Peer {
            client: state.source.limits().client(address),
            address,
        };
        let state = Arc::clone(&state);
        let tasks = state.tasks.clone();
        tasks.spawn(boxed(async move {
            let _hold = (permit, slot, state.metrics.connections.count());
            let ended = state.ended.clone();
            let connection = connection(stream, tls, peer, &state);
            unless(pin!(connection), ended.cancelled()).await;
        }));
    }
}

/// What connections are held to, but for time.
fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .header_read_timeout(None)
        .max_headers(MAX_FIELDS)
        .max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HEAD as u32)
        .max_concurrent_streams(MAX_STREAMS)
        .max_send_buf_size(SEND_BUFFER);
    builder
}

async fn connection(stream: TcpStream, tls: bool, peer: Peer, state: &Arc<State>) {
    _ = stream.set_nodelay(true);
    let (head, idle) = {
        let http = &state.config().http;
        (http.head(), http.idle())
    };
    let requests = Arc::<Requests>::default();
    let stream = Idle::new(stream, idle, Arc::clone(&requests));
    let address = peer.address;
    let outcome = match state.tls.current().filter(|_| tls) {
        Some(config) => {
            let handshake = timeout(head, TlsAcceptor::from(config).accept(stream));
            match state.deaf.run_until_cancelled(handshake).await {
                Some(Ok(Ok(stream))) => serve(stream, requests, peer, state, head).await,
                Some(Ok(Err(error))) => Err(error.into()),
                Some(Err(_)) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
                None => return,
            }
        }
        None if tls => return,
        None => serve(stream, requests, peer, state, head).await,
    };
    if let Err(error) = outcome {
        tracing::debug!(%address, %error, "connection ended");
    }
}

async fn serve<S>(
    stream: S,
    requests: Arc<Requests>,
    peer: Peer,
    state: &Arc<State>,
    head: Duration,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let peer = Arc::new(peer);
    let service = {
        let (state, requests) = (Arc::clone(state), Arc::clone(&requests));
        service_fn(move |request: Request<Incoming>| {
            // Most answers are there already; what waits for others is many times as large.
            let told = route::client(&state, &peer, &request);
            let client = told.as_ref().unwrap_or(&peer.client);
            if let Some(answer) = route::at_once(&state, client, &request) {
                requests.pass();
                return Either::Left(ready(Ok::<_, Infallible>(answer)));
            }
            let (state, peer) = (Arc::clone(&state), Arc::clone(&peer));
            let open = requests.begin();
            Either::Right(Box::pin(async move {
                let client = told.as_ref().unwrap_or(&peer.client);
                let answer = route::answer(&state, client, request).await;
                drop(open);
                Ok(answer)
            }))
        })
    };
    let builder = builder();
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let quiet = async {
        tokio::select! {
            () = state.deaf.cancelled() => false,
            () = requests.none_for(head) => true,
        }
    };
    let quiet = match unless(connection.as_mut(), quiet).await {
        Either::Left(outcome) => return outcome,
        Either::Right(quiet) => quiet,
    };
    // What is being sent may come to its end, and what is announced be heard.
    Pin::as_mut(&mut connection).graceful_shutdown();
    if !quiet {
        return connection.await;
    }
    timeout(head, connection)
        .await
        .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}
