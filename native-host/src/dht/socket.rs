//! The UDP sockets, one for each family of addresses.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::{DhtConfig, bootstrap};

/// How much the system may hold for us until we read it: answers to many lookups come at once.
const BUFFER: usize = 1 << 20;
/// The longest datagram that is read whole.
pub(super) const MAX_DATAGRAM: usize = 4096;

/// What we send and receive with.
#[derive(Debug)]
pub(super) struct Sockets {
    pub(super) v4: Option<UdpSocket>,
    pub(super) v6: Option<UdpSocket>,
    /// Whether they reach this machine only.
    pub(super) local: bool,
}

impl Sockets {
    /// Opens the sockets as they are wanted. IPv6 may be missing; so may IPv4, where there is IPv6.
    ///
    /// # Errors
    /// When neither can be opened, or an address that was asked for is not to be had.
    pub(super) fn open(config: &DhtConfig) -> io::Result<Self> {
        // A network of this machine only has no business on other interfaces.
        let local = bootstrap::is_local(&config.bootstrap);
        let any_v4 = if local {
            Ipv4Addr::LOCALHOST
        } else {
            Ipv4Addr::UNSPECIFIED
        };
        let any_v6 = if local {
            Ipv6Addr::LOCALHOST
        } else {
            Ipv6Addr::UNSPECIFIED
        };
        let v4 = match config.bind_v4 {
            Some(address) => Ok(bind(address.into())?),
            None => bind((any_v4, 0).into()),
        };
        let v6 = match (config.ipv6, config.bind_v6) {
            (false, _) => None,
            // Where there is no IPv6, none of its addresses was meant in particular.
            (true, Some(address)) if address.ip().is_unspecified() => bind(address.into()).ok(),
            (true, Some(address)) => Some(bind(address.into())?),
            (true, None) => bind((any_v6, 0).into()).ok(),
        };
        let v4 = match (v4, &v6) {
            (Ok(v4), _) => Some(v4),
            (Err(_), Some(_)) => None,
            (Err(error), None) => return Err(error),
        };
        Ok(Self { v4, v6, local })
    }

    /// Where they are bound.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        [&self.v4, &self.v6]
            .into_iter()
            .flatten()
            .filter_map(|socket| socket.local_addr().ok())
            .collect()
    }

    /// Sends a datagram, or not: the network loses some, too, and whoever waits asks again.
    pub(super) async fn send(&self, bytes: &[u8], to: SocketAddr) {
        let socket = if to.is_ipv4() { &self.v4 } else { &self.v6 };
        let Some(socket) = socket else { return };
        let sent = match socket.try_send_to(bytes, to) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                socket.send_to(bytes, to).await
            }
            sent => sent,
        };
        if let Err(error) = sent {
            tracing::trace!(%to, %error, "not sent");
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // As much as the system allows.
    _ = socket.set_recv_buffer_size(BUFFER);
    _ = socket.set_send_buffer_size(BUFFER);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}
