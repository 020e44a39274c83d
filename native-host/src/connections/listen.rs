//! Where a server listens.

use std::{
    fmt, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpSocket, UdpSocket};

/// How many connections wait to be accepted.
const BACKLOG: u32 = 1024;

/// Where a server listens: `192.0.2.7:443` or `[::1]:8443` at one address, `:443` at all that this
/// machine has. Port 0 lets the system choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Listen {
    /// At one address.
    At(SocketAddr),
    /// At this port of all addresses, IPv6 and IPv4.
    Everywhere(u16),
}

/// The text is not a place to listen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write it as ADDRESS:PORT, or as :PORT for all addresses of this machine")]
#[non_exhaustive]
pub struct ListenError;

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        if let Some(port) = text.strip_prefix(':') {
            return port.parse().map(Self::Everywhere).map_err(|_| ListenError);
        }
        text.parse().map(Self::At).map_err(|_| ListenError)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(address) => write!(f, "{address}"),
            Self::Everywhere(port) => write!(f, ":{port}"),
        }
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| {
            de::Error::custom(format_args!("{text:?} is no place to listen: {error}"))
        })
    }
}

impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Listen {
    /// Opens the port for connections.
    pub(crate) fn bind(self) -> io::Result<TcpListener> {
        self.open(bind)
    }

    /// Opens the port for datagrams.
    pub(crate) fn bind_udp(self) -> io::Result<UdpSocket> {
        self.open(bind_udp)
    }

    fn open<T>(self, bind: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
        match self {
            Self::At(address) => bind(address),
            Self::Everywhere(port) => match bind((Ipv6Addr::UNSPECIFIED, port).into()) {
                // A machine without IPv6.
                Err(error) if !at_fault(&error) => bind((Ipv4Addr::UNSPECIFIED, port).into()),
                bound => bound,
            },
        }
    }
}

/// What to do where a port can’t be had.
pub(crate) fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrNotAvailable => {
            "take one of this machine’s own addresses, or :PORT for all of them"
        }
        _ => "stop what listens there, or take another port",
    }
}

/// Whether the port can’t be had, by either protocol.
fn at_fault(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::AddrInUse
    )
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv6() {
        let socket = TcpSocket::new_v6()?;
        if address.ip().is_unspecified() {
            // Systems differ in whether `::` is for IPv4 too.
            SockRef::from(&socket).set_only_v6(false)?;
        }
        socket
    } else {
        TcpSocket::new_v4()?
    };
    // What connections of before have left behind on the port is in nobody’s way. On Windows the
    // option would mean sharing the port with anybody.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpStream;

    #[test]
    fn places_are_read_and_shown() {
        for text in ["127.0.0.1:8443", "[::1]:443", ":443", ":0"] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        for text in [
            "",
            ":",
            "443",
            "host:443",
            ":70000",
            "127.0.0.1",
            "::1:443:",
        ] {
            assert_eq!(text.parse::<Listen>(), Err(ListenError), "{text}");
        }
    }

    #[tokio::test]
    async fn everywhere_is_both_protocols() {
        let listener = Listen::Everywhere(0).bind().unwrap();
        let local = listener.local_addr().unwrap();
        let v4 = (Ipv4Addr::LOCALHOST, local.port());
        TcpStream::connect(v4).await.unwrap();
        if local.is_ipv6() {
            let v6 = (Ipv6Addr::LOCALHOST, local.port());
            TcpStream::connect(v6).await.unwrap();
        }
        let taken = Listen::Everywhere(local.port()).bind().unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        assert!(remedy(&taken).contains("another port"));
        // TEST-NET-1: nobody’s own address.
        let elsewhere: Listen = "192.0.2.1:0".parse().unwrap();
        let foreign = elsewhere.bind().unwrap_err();
        assert!(remedy(&foreign).contains("own addresses"), "{foreign}");
    }
}
