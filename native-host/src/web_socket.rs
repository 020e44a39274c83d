//! WebSockets: connections that stop being HTTP.
//!
//! A browser asks for one with `Upgrade: websocket` (RFC 6455, section 4.1). The gateway and the
//! proxy in front of a site pass that on; when the other side agrees (`101`), both sides are joined
//! until both have ended. No other protocol is upgraded to: what a proxy can’t read it would not
//! check either.

use std::time::Duration;

use hyper::{
    HeaderMap, Response,
    body::Incoming,
    header,
    header::HeaderValue,
    upgrade::{self, OnUpgrade},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, split},
    sync::OwnedSemaphorePermit,
    time::timeout,
};

use crate::tasks;

/// How long one side may go on after the other has ended. A page that closes its side can’t be
/// answered any more, and a site that never ends must not hold its sockets for ever.
const GRACE: Duration = Duration::from_secs(30);

/// The one protocol.
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// Whether a request asks for a WebSocket.
pub(crate) fn is_asked(headers: &HeaderMap) -> bool {
    let mut upgrades = headers.get_all(header::UPGRADE).iter();
    let websocket = upgrades
        .next()
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(WEBSOCKET.as_bytes()));
    websocket && upgrades.next().is_none()
}

/// Writes the fields that ask a site for a WebSocket, or tell the browser that it has one.
pub(crate) fn ask(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, WEBSOCKET);
}

/// Joins the two sides once both have left HTTP, and keeps the permit until they have ended.
pub(crate) fn join(
    browser: OnUpgrade,
    site: &mut Response<Incoming>,
    permit: OwnedSemaphorePermit,
) {
    let joined = joined(browser, upgrade::on(site));
    tasks::spawn(async move {
        joined.await;
        drop(permit);
    });
}

/// The same for as long as it is polled.
pub(crate) async fn joined(browser: OnUpgrade, site: OnUpgrade) {
    match tokio::try_join!(browser, site) {
        Ok((browser, site)) => carry(TokioIo::new(browser), TokioIo::new(site)).await,
        Err(error) => tracing::debug!(%error, "a side left before the tunnel was open"),
    }
}

async fn carry(browser: impl AsyncRead + AsyncWrite, site: impl AsyncRead + AsyncWrite) {
    let (mut from_browser, mut to_browser) = split(browser);
    let (mut from_site, mut to_site) = split(site);
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, duplex};

    #[tokio::test(start_paused = true)]
    async fn a_side_that_never_ends_is_left_after_a_while() {
        let (browser, near) = duplex(64);
        let (site, mut far) = duplex(64);
        let carried = tokio::spawn(carry(near, site));
        drop(browser);
        // The site hears that the browser has ended, and keeps its own side open.
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
        carried.await.unwrap();
        far.write_all(b"late").await.unwrap_err();
    }

    #[test]
    fn only_web_sockets_are_asked_for() {
        let asked = |values: &[&'static str]| {
            let field = |value: &&'static str| (header::UPGRADE, HeaderValue::from_static(value));
            is_asked(&values.iter().map(field).collect())
        };
        assert!(asked(&["websocket"]));
        assert!(asked(&["WebSocket"]));
        assert!(!asked(&[]));
        assert!(!asked(&["h2c"]));
        assert!(!asked(&["websocket, h2c"]));
        assert!(!asked(&["websocket", "h2c"]));
    }
}
