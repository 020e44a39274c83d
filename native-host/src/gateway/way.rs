//! Where a request goes, how a connection there was come by, and why there is none.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use crate::{
    endpoint::{Endpoint, Target},
    key::{KeyHost, PublicKey},
    problem::{Code, Problem},
    tls::TlsError,
};

/// A site as a request names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Site {
    /// The key host.
    pub(super) host: KeyHost,
    /// The port of the URL, where it has one that is not its scheme's own. It wins over a record's.
    pub(super) port: Option<u16>,
    /// Whether it is asked for by `https` or `wss`: then nothing but TLS will do.
    pub(super) secure: bool,
}

impl Site {
    pub(super) fn new(host: KeyHost, port: Option<u16>, secure: bool) -> Self {
        let default = if secure { 443 } else { 80 };
        Self {
            host,
            port: port.filter(|port| *port != default),
            secure,
        }
    }

    /// The host, and the port where it is not the scheme's own.
    pub(super) fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }

    /// The port to connect to.
    pub(super) fn port_at(&self, endpoint: &Endpoint) -> u16 {
        let secure = endpoint.tls || matches!(endpoint.target, Target::Icann(_));
        // A port of the URL is one of the key's own; the ICANN name has the record's.
        let named = match endpoint.target {
            Target::Icann(_) => endpoint.port,
            _ => self.port.or(endpoint.port),
        };
        named.unwrap_or(if secure { 443 } else { 80 })
    }
}

/// How far a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// To the addresses in the records.
    Records,
    /// Also to a name of the ICANN root, which is for parts of pages only.
    Beyond,
}

/// How a connection was come by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// To an address in a record, in plain HTTP.
    Plain(SocketAddr),
    /// To an address in a record, which proved to hold this key.
    Key(SocketAddr, PublicKey),
    /// To a name of the ICANN root, with an ordinary certificate.
    Icann(String, u16),
}

impl Way {
    /// Whether these endpoints lead this way.
    pub(super) fn is_led_by(&self, site: &Site, endpoints: &[Endpoint], reach: Reach) -> bool {
        endpoints.iter().any(|endpoint| {
            let port = site.port_at(endpoint);
            match (self, &endpoint.target) {
                (Self::Plain(at), Target::Addresses(addresses)) => {
                    !endpoint.tls && addresses.contains(&at.ip()) && port == at.port()
                }
                (Self::Key(at, key), Target::Addresses(addresses)) => {
                    endpoint.tls
                        && endpoint.key == *key
                        && addresses.contains(&at.ip())
                        && port == at.port()
                }
                (Self::Icann(name, at), Target::Icann(target)) => {
                    reach == Reach::Beyond && name == target && port == *at
                }
                _ => false,
            }
        })
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum ConnectError {
    /// The records name no place.
    #[error("the records of {0} name no address for it")]
    NoEndpoint(KeyHost),
    /// An address that is not of the public internet.
    #[error("{host} points to {address}, which is not an address of the public internet")]
    Private {
        /// The name.
        host: KeyHost,
        /// Where it points.
        address: IpAddr,
    },
    /// A name that is not of the public DNS.
    #[error("{host} points to {name}, which is a name for local use")]
    LocalName {
        /// The name.
        host: KeyHost,
        /// Where it points.
        name: String,
    },
    /// A port of another protocol.
    #[error("{host} points to port {port}, which browsers don’t speak to")]
    Port {
        /// The name.
        host: KeyHost,
        /// The port.
        port: u16,
    },
    /// No answer from an address.
    #[error("{host} is at {address}, where nothing answers: {reason}")]
    Failed {
        /// The name.
        host: KeyHost,
        /// The address tried.
        address: SocketAddr,
        /// What the system said.
        reason: io::Error,
    },
    /// The server at an address does not prove the key.
    #[error("{host} is at {address}, but {reason}")]
    Tls {
        /// The name.
        host: KeyHost,
        /// The address.
        address: SocketAddr,
        /// Why not.
        reason: Box<TlsError>,
    },
    /// Only plain HTTP is to be had where TLS is asked for.
    #[error("the records of {0} lead to plain HTTP only")]
    NoTls(KeyHost),
    /// The name leads to a name of the ICANN root; the browser goes there by itself.
    #[error("this name is served by {name}")]
    Icann {
        /// That name.
        name: String,
        /// Its port.
        port: u16,
    },
    /// The ICANN name has no address.
    #[error("{host} leads to {name}, which has no address: {reason}")]
    IcannName {
        /// The key host.
        host: KeyHost,
        /// Where it leads.
        name: String,
        /// What the system said.
        reason: io::Error,
    },
    /// The ICANN name has no valid certificate.
    #[error("{host} leads to {name}, whose certificate was refused: {reason}")]
    IcannTls {
        /// The key host.
        host: KeyHost,
        /// Where it leads.
        name: String,
        /// What is wrong with it.
        reason: io::Error,
    },
    /// Everything together took too long.
    #[error("{0} did not answer in time")]
    Late(KeyHost),
}

impl From<ConnectError> for Problem {
    fn from(error: ConnectError) -> Self {
        let code = match &error {
            ConnectError::NoEndpoint(_) => Code::NoEndpoint,
            ConnectError::Private { .. } | ConnectError::LocalName { .. } => Code::PrivateAddress,
            ConnectError::Port { .. } => Code::BadPort,
            ConnectError::Failed { .. }
            | ConnectError::Late(_)
            | ConnectError::IcannName { .. } => Code::ConnectFailed,
            ConnectError::Tls { reason, .. } => match **reason {
                TlsError::WrongKey => Code::WrongKey,
                TlsError::Certificate => Code::NoRawKey,
                _ => Code::TlsFailed,
            },
            ConnectError::NoTls(_) => Code::NoTls,
            ConnectError::Icann { .. } => Code::NeedsTls,
            ConnectError::IcannTls { .. } => Code::BadCertificate,
        };
        Problem::new(code, error)
    }
}
