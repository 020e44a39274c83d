//! Tunnels: `CONNECT <key>:80`, which browsers ask for before a WebSocket.

use std::time::Duration;

use hyper::{Request, body::Incoming, upgrade};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncWriteExt, copy, split},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::timeout,
};

/// How long one side may go on after the other has ended. A page that closes its side can't be
/// answered any more, and a site that never ends must not hold its sockets for ever.
const GRACE: Duration = Duration::from_secs(30);

/// Joins the browser's side of an accepted `CONNECT` to the site's until both have ended.
pub(super) fn join(request: Request<Incoming>, site: TcpStream, permit: OwnedSemaphorePermit) {
    tokio::spawn(async move {
        match upgrade::on(request).await {
            Ok(browser) => carry(TokioIo::new(browser), site).await,
            Err(error) => tracing::debug!(%error, "the browser left before the tunnel was open"),
        }
        drop(permit);
    });
}

async fn carry<B>(browser: B, site: TcpStream)
where
    B: tokio::io::AsyncRead + tokio::io::AsyncWrite,
{
    let (mut from_browser, mut to_browser) = split(browser);
    let (mut from_site, mut to_site) = site.into_split();
    let mut up = std::pin::pin!(async {
        _ = copy(&mut from_browser, &mut to_site).await;
        _ = to_site.shutdown().await;
    });
    let mut down = std::pin::pin!(async {
        _ = copy(&mut from_site, &mut to_browser).await;
        _ = to_browser.shutdown().await;
    });
    tokio::select! {
        () = &mut up => drop(timeout(GRACE, down).await),
        () = &mut down => drop(timeout(GRACE, up).await),
    }
}
