//! HTTP as it is spoken with sites.

use std::time::Duration;

use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::OwnedSemaphorePermit;

use super::{body::Body, connect::Connection};
use crate::tasks;

/// How many bytes of an answer's head are read.
const MAX_HEAD: usize = 64 * 1024;
/// How much of an answer may be on its way over HTTP/2 before it is read, for one and for all.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// What takes the requests of one connection.
#[derive(Debug)]
pub(super) enum Sender {
    /// One at a time, on one of the places that a site has.
    Http1(http1::SendRequest<Body>, OwnedSemaphorePermit),
    /// Many at a time.
    Http2(http2::SendRequest<Body>),
}

impl Sender {
    /// Sends a request; with the error the request comes back if nothing of it was sent.
    pub(super) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, (Option<Request<Body>>, hyper::Error)> {
        let sent = match self {
            Self::Http1(sender, _) => sender.try_send_request(request).await,
            Self::Http2(sender) => sender.try_send_request(request).await,
        };
        sent.map_err(|mut error| (error.take_message(), error.into_error()))
    }
}

/// Begins HTTP/1.1 on a connection.
pub(super) async fn begin_http1(
    connection: Connection,
) -> Result<http1::SendRequest<Body>, hyper::Error> {
    let (sender, driver) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(connection.stream))
        .await?;
    tasks::spawn(async move {
        if let Err(error) = driver.with_upgrades().await {
            tracing::debug!(%error, "connection to a site ended");
        }
    });
    Ok(sender)
}

/// Begins HTTP/2 on a connection.
pub(super) async fn begin_http2(
    connection: Connection,
) -> Result<http2::SendRequest<Body>, hyper::Error> {
    let (sender, driver) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEAD as u32)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20))
        .handshake(TokioIo::new(connection.stream))
        .await?;
    tasks::spawn(async move {
        if let Err(error) = driver.await {
            tracing::debug!(%error, "connection to a site ended");
        }
    });
    Ok(sender)
}
