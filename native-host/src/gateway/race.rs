//! From addresses to one that answers (RFC 8305, “happy eyeballs”).
//!
//! IPv6 and IPv4 take turns, and the next address is tried when one has failed or has not answered
//! within a moment, while the ones before it go on trying. What answered last time comes first, and
//! what did not comes last: for a while both are remembered.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::recent::Recent;

/// How long one address has to itself (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);
/// How long one address may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it is remembered whether an address answered.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);
/// Of how many addresses.
const MAX_REMEMBERED: usize = 1024;

/// Connects to addresses, and remembers which of them answer. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Racer {
    answered: Recent<SocketAddr, bool>,
}

impl Racer {
    pub(super) fn new() -> Self {
        Self {
            answered: Recent::for_a_while(MAX_REMEMBERED, REMEMBERED),
        }
    }

    /// Whether all of these addresses failed a moment ago.
    pub(super) fn all_failed(&self, addresses: &[SocketAddr]) -> bool {
        addresses
            .iter()
            .all(|address| self.answered.get(address) == Some(false))
    }

    /// An address that answered was of no use after all.
    pub(super) fn note_failure(&self, address: SocketAddr) {
        self.answered.insert(address, false);
    }

    /// A connection to one of the addresses, or the failure of the first.
    pub(super) async fn connect(
        &self,
        addresses: &[SocketAddr],
    ) -> Result<TcpStream, (SocketAddr, io::Error)> {
        let mut waiting = self.in_order(addresses).into_iter();
        let mut attempts = FuturesUnordered::new();
        let mut first_error = None;
        loop {
            match waiting.next() {
                Some(address) => attempts.push(self.attempt(address)),
                None if attempts.is_empty() => {
                    // `first_error` is there: the caller gives at least one address.
                    let none = || {
                        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
                        (nowhere, io::ErrorKind::AddrNotAvailable.into())
                    };
                    return Err(first_error.unwrap_or_else(none));
                }
                None => {}
            }
            let head_start = async {
                if waiting.len() > 0 {
                    sleep(HEAD_START).await;
                } else {
                    std::future::pending().await
                }
            };
            tokio::select! {
                Some(attempt) = attempts.next() => match attempt {
                    Ok(stream) => return Ok(stream),
                    Err(error) => _ = first_error.get_or_insert(error),
                },
                () = head_start => {}
            }
        }
    }

    async fn attempt(&self, address: SocketAddr) -> Result<TcpStream, (SocketAddr, io::Error)> {
        let outcome = timeout(CONNECT_TIMEOUT, TcpStream::connect(address))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        self.answered.insert(address, outcome.is_ok());
        outcome.map_err(|error| (address, error))
    }

    /// What answered, then the unknown, then what did not; families taking turns among equals.
    fn in_order(&self, addresses: &[SocketAddr]) -> Vec<SocketAddr> {
        let (six, four): (Vec<SocketAddr>, Vec<SocketAddr>) = addresses
            .iter()
            .partition(|address| matches!(address.ip(), IpAddr::V6(_)));
        let (mut six, mut four) = (six.into_iter(), four.into_iter());
        let mut ordered = Vec::with_capacity(addresses.len());
        while six.len() + four.len() > 0 {
            ordered.extend(six.next());
            ordered.extend(four.next());
        }
        ordered.sort_by_key(|address| match self.answered.get(address) {
            Some(true) => 0,
            None => 1,
            Some(false) => 2,
        });
        ordered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn families_take_turns() {
        let addresses = ["1.1.1.1:1", "2.2.2.2:1", "[::1]:1", "[::2]:1", "[::3]:1"].map(at);
        let ordered = Racer::new().in_order(&addresses);
        let expected = ["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"].map(at);
        assert_eq!(ordered, expected);
    }

    #[tokio::test]
    async fn what_answered_comes_first_from_then_on() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let dead = SocketAddr::from(([127, 3, 2, 1], port));
        let alive = SocketAddr::from(([127, 0, 0, 1], port));
        let racer = Racer::new();
        let stream = racer.connect(&[dead, alive]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), alive);
        assert_eq!(racer.in_order(&[dead, alive]), [alive, dead]);
        assert!(racer.all_failed(&[dead]));
        assert!(!racer.all_failed(&[dead, alive]));
    }

    #[tokio::test]
    async fn a_silent_address_is_not_waited_for() {
        // A listener whose queue is full answers no more: the kernel drops what comes.
        let silent = tokio::net::TcpSocket::new_v4().unwrap();
        silent.bind(at("127.0.0.1:0")).unwrap();
        let silent = silent.listen(1).unwrap();
        let address = silent.local_addr().unwrap();
        let mut held = Vec::new();
        while let Ok(Ok(stream)) =
            timeout(Duration::from_millis(200), TcpStream::connect(address)).await
        {
            held.push(stream);
            assert!(held.len() < 64, "the queue never fills");
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let answering = listener.local_addr().unwrap();
        let racer = Racer::new();
        let addresses = [address, answering];
        let racing = racer.connect(&addresses);
        let stream = timeout(CONNECT_TIMEOUT / 2, racing).await.unwrap().unwrap();
        assert_eq!(stream.peer_addr().unwrap(), answering);
    }

    #[tokio::test]
    async fn the_first_failure_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let dead = SocketAddr::from(([127, 0, 0, 1], port));
        let (address, error) = Racer::new().connect(&[dead]).await.unwrap_err();
        assert_eq!(address, dead);
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
