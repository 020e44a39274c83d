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
    Request,
    body::{Buf, Bytes, Incoming},
    service::service_fn,
    upgrade::OnUpgrade,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    server::{Acceptor, ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::TLS13,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::timeout,
};
use tokio_rustls::LazyConfigAcceptor;

use super::{HEAD_TIMEOUT, MAX_HEAD, http::Proxy, target::of_tunnelled_request};
use crate::{
    authority::Authority,
    key::KeyHost,
    tls::{H2, HTTP_11},
};

/// How long the browser may take to say the first thing, and to do the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);
/// The first byte of a TLS handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;
/// How many requests one HTTP/2 connection has under way.
const MAX_STREAMS: u32 = 128;
/// How much of a request's body may be on its way before it is read, for one and for all.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// Where a tunnel was asked to lead.
#[derive(Debug, Clone)]
pub(super) struct Tunnel {
    pub(super) host: KeyHost,
    pub(super) port: u16,
}

/// Serves what comes through a tunnel, until it ends.
pub(super) async fn serve(
    proxy: Arc<Proxy>,
    upgrade: OnUpgrade,
    tunnel: Tunnel,
    permit: OwnedSemaphorePermit,
) {
    if let Err(error) = serve_tunnel(proxy, upgrade, tunnel).await {
        tracing::debug!(%error, "a tunnel ended");
    }
    drop(permit);
}

async fn serve_tunnel(proxy: Arc<Proxy>, upgrade: OnUpgrade, tunnel: Tunnel) -> io::Result<()> {
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
        let stream = timeout(HANDSHAKE_TIMEOUT, handshake(&proxy, stream, &tunnel)).await??;
        serve_http(proxy, stream, tunnel, true).await
    } else if first.is_some() && tunnel.port != 443 {
        serve_http(proxy, stream, tunnel, false).await
    } else {
        Ok(())
    }
}

async fn handshake(
    proxy: &Proxy,
    stream: Begun,
    tunnel: &Tunnel,
) -> io::Result<impl AsyncRead + AsyncWrite + Unpin + Send + 'static> {
    let config = proxy
        .server_config()
        .ok_or_else(|| io::Error::other("https:// is not switched on"))?;
    let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let name = hello.client_hello().server_name().map(KeyHost::parse);
    if !matches!(name, Some(Ok(name)) if name == tunnel.host) {
        return Err(io::Error::other("a handshake for another host"));
    }
    hello.into_stream(config).await
}

async fn serve_http<S>(proxy: Arc<Proxy>, stream: S, tunnel: Tunnel, secure: bool) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let proxy = Arc::clone(&proxy);
        let asked = of_tunnelled_request(&tunnel.host, tunnel.port, secure, &request);
        async move { Ok::<_, Infallible>(proxy.answer(asked, request).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .preserve_header_case(true);
    // No extended CONNECT (RFC 8441): Firefox would use it for WebSockets, which then could not be
    // passed on to a site that speaks HTTP/1.1.
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD as u32)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(HEAD_TIMEOUT);
    if !secure {
        builder = builder.http1_only();
    }
    builder
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .await
        .map_err(io::Error::other)
}

/// The side of TLS that browsers see, with certificates of this authority.
pub(super) fn server_config(authority: Arc<Authority>) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Leaves(authority)));
    config.alpn_protocols = vec![H2.to_vec(), HTTP_11.to_vec()];
    Ok(config)
}

/// A certificate for each key host, made when it is asked for.
#[derive(Debug)]
struct Leaves(Arc<Authority>);

impl ResolvesServerCert for Leaves {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = KeyHost::parse(hello.server_name()?).ok()?;
        self.0
            .leaf(&host)
            .inspect_err(|error| tracing::warn!(%error, %host, "no certificate"))
            .ok()
    }
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
