//! What is spoken inside a `CONNECT`.
//!
//! Browsers ask for a tunnel before TLS and before a WebSocket. Either way it leads no further than
//! here: what comes through it is read as HTTP again, so that every request meets the same rules,
//! whatever way it came. If the first byte begins a TLS handshake, TLS is done with a certificate
//! for that one host, signed by this machine's own root; over it goes HTTP/2 or HTTP/1.1.
//!
//! The host of the `CONNECT` holds for all that comes through: the name in the handshake and the
//! authority of each request must be the same, else the request is misdirected (RFC 9110, section
//! 15.5.20).

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper::{
    Request, Response,
    body::{Buf, Bytes, Incoming},
    server::conn::{http1, http2},
    service::service_fn,
    upgrade::{self, OnUpgrade},
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::server::Acceptor;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

use super::{
    Current, HEAD_TIMEOUT, MAX_HEAD,
    body::{Body, empty},
    http::refuse,
    pages::Reader,
    target,
    words::Language,
};
use crate::{
    key::KeyHost,
    problem::{Code, Problem},
    tasks,
    tls::H2,
};

/// How many tunnels are open at the same time.
const MAX_TUNNELS: usize = 1024;
/// How long the browser may take to say the first thing, and to do the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);
/// The first byte of a TLS handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;
/// How many requests one HTTP/2 connection has under way.
const MAX_STREAMS: u32 = 128;
/// How much of a request's body may be on its way before it is read, for one and for all.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// The tunnels of one gateway. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Tunnels {
    current: Current,
    open: Arc<Semaphore>,
}

/// Where a tunnel was asked to lead.
#[derive(Debug, Clone)]
struct Tunnel {
    host: KeyHost,
    port: u16,
}

/// What was found to be spoken in a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Plain,
    Tls { http2: bool },
}

impl Tunnels {
    pub(super) fn new(current: Current) -> Self {
        Self {
            current,
            open: Arc::new(Semaphore::new(MAX_TUNNELS)),
        }
    }

    /// Answers a `CONNECT`, and serves what comes through the tunnel.
    pub(super) fn open(&self, request: Request<Incoming>) -> Response<Body> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let version = request.version();
        match self.admit(&request) {
            Ok((tunnel, permit)) => {
                let tunnels = self.clone();
                tasks::spawn(async move {
                    if let Err(error) = tunnels.serve(upgrade::on(request), tunnel).await {
                        tracing::debug!(%error, "a tunnel ended");
                    }
                    drop(permit);
                });
                Response::new(empty())
            }
            Err(problem) => {
                let english = Language::english();
                refuse(&problem.into(), &host, Reader::Program, english, version)
            }
        }
    }

    fn admit(
        &self,
        request: &Request<Incoming>,
    ) -> Result<(Tunnel, OwnedSemaphorePermit), Problem> {
        let (host, port) = target::of_tunnel(request)?;
        if port == 443 && !self.current.proxy().certificates().are_there() {
            return Err(https_off(&host));
        }
        let permit = Arc::clone(&self.open)
            .try_acquire_owned()
            .map_err(|_| Problem::new(Code::Busy, "too many tunnels are open at the same time"))?;
        Ok((Tunnel { host, port }, permit))
    }

    async fn serve(self, upgrade: OnUpgrade, tunnel: Tunnel) -> io::Result<()> {
        let upgraded = upgrade.await.map_err(io::Error::other)?;
        let parts = upgraded
            .downcast::<TokioIo<TcpStream>>()
            .map_err(|_| io::Error::other("a tunnel inside a tunnel"))?;
        let stream = Begun {
            ahead: parts.read_buf,
            stream: parts.io.into_inner(),
        };
        let first = timeout(HANDSHAKE_TIMEOUT, stream.first_byte()).await??;
        if first == Some(HANDSHAKE) {
            let stream = timeout(HANDSHAKE_TIMEOUT, self.handshake(stream, &tunnel)).await??;
            let http2 = stream.get_ref().1.alpn_protocol() == Some(H2);
            self.serve_http(stream, tunnel, Inside::Tls { http2 }).await
        } else if first.is_some() && tunnel.port != 443 {
            self.serve_http(stream, tunnel, Inside::Plain).await
        } else {
            Ok(())
        }
    }

    async fn handshake(&self, stream: Begun, tunnel: &Tunnel) -> io::Result<TlsStream<Begun>> {
        let config = self
            .current
            .proxy()
            .certificates()
            .server_config()
            .ok_or_else(|| io::Error::other("https:// is not switched on"))?;
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let name = hello.client_hello().server_name().map(KeyHost::parse);
        if !matches!(name, Some(Ok(name)) if name == tunnel.host) {
            return Err(io::Error::other("a handshake for another host"));
        }
        hello.into_stream(config).await
    }

    async fn serve_http<S>(self, stream: S, tunnel: Tunnel, inside: Inside) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let secure = inside != Inside::Plain;
        let service = service_fn(move |request: Request<Incoming>| {
            let proxy = self.current.proxy();
            // A browser keeps its connection for long, and the root may go meanwhile.
            let site = if secure && !proxy.certificates().are_there() {
                Err(https_off(&tunnel.host))
            } else {
                target::of_tunnelled_request(&tunnel.host, tunnel.port, secure, &request)
            };
            // Boxed for the same reason as in the gateway's own service.
            Box::pin(async move { Ok::<_, Infallible>(proxy.answer(site, request).await) })
        });
        let stream = TokioIo::new(stream);
        let served = if inside == (Inside::Tls { http2: true }) {
            // No extended CONNECT (RFC 8441): Firefox would use it for WebSockets, which then could not
            // be passed on to a site that speaks HTTP/1.1.
            http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_concurrent_streams(MAX_STREAMS)
                .max_header_list_size(MAX_HEAD as u32)
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .keep_alive_interval(HEAD_TIMEOUT)
                .serve_connection(stream, service)
                .await
        } else {
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .max_buf_size(MAX_HEAD)
                .serve_connection(stream, service)
                .with_upgrades()
                .await
        };
        served.map_err(io::Error::other)
    }
}

fn https_off(host: &KeyHost) -> Problem {
    Problem::new(Code::HttpsOff, format!("https://{host}/ was asked for"))
}

/// A stream of which the first bytes may have been read already.
struct Begun {
    ahead: Bytes,
    stream: TcpStream,
}

impl Begun {
    /// The first byte, which stays to be read; `None` at the end.
    async fn first_byte(&self) -> io::Result<Option<u8>> {
        if let Some(first) = self.ahead.first() {
            return Ok(Some(*first));
        }
        let mut first = [0];
        let read = self.stream.peek(&mut first).await?;
        Ok((read > 0).then_some(first[0]))
    }
}

impl AsyncRead for Begun {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let count = self.ahead.len().min(buffer.remaining());
        buffer.put_slice(&self.ahead[..count]);
        self.ahead.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Begun {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
