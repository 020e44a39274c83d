//! Tunnels: `CONNECT <key>:80`, which browsers ask for before a WebSocket.

use hyper::{Request, body::Incoming, upgrade};
use hyper_util::rt::TokioIo;
use tokio::{io::copy_bidirectional, net::TcpStream};

/// Joins the browser's side of an accepted `CONNECT` to the site's until both have ended.
pub(super) fn join(request: Request<Incoming>, mut site: TcpStream) {
    tokio::spawn(async move {
        let browser = match upgrade::on(request).await {
            Ok(browser) => browser,
            Err(error) => {
                tracing::debug!(%error, "the browser left before the tunnel was open");
                return;
            }
        };
        if let Err(error) = copy_bidirectional(&mut TokioIo::new(browser), &mut site).await {
            tracing::debug!(%error, "tunnel ended");
        }
    });
}
