//! From a name's endpoints to a connection.
//!
//! Endpoints are tried in the resolver's order until one connects; those that failed a moment ago
//! come last. What can't be used is passed over, and the first reason stands when nothing connects.
//! How a connection was come by is kept with it as its [`Way`], so that it can be asked later
//! whether the records still say so.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::{Arc, OnceLock},
    time::Duration,
};

use rustls::{ClientConfig, crypto::ring, pki_types::ServerName};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::either::Either;

use super::race::Racer;
use crate::{
    address::{PrivateAccess, is_local_name, is_public, is_web_port},
    endpoint::{Endpoint, Target},
    key::{KeyHost, PublicKey},
    problem::{Code, Problem},
    tls::{Alpn, H2, HTTP_11, KeyConnector, TlsError},
};

/// How long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the system may take to look an ICANN name up.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);
/// How long all of it together may take.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to a site.
pub(super) type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// What is to be connected to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Site {
    /// The key host.
    pub(super) host: KeyHost,
    /// The port of the URL, where it has one that is not its scheme's own. It wins over a record's.
    pub(super) port: Option<u16>,
    /// Whether the URL says `https`: then nothing but TLS will do.
    pub(super) secure: bool,
    /// Whether an ICANN name may be connected to, which is for parts of pages only.
    pub(super) beyond: bool,
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
    pub(super) fn is_led_by(&self, site: &Site, endpoints: &[Endpoint]) -> bool {
        endpoints.iter().any(|endpoint| {
            let port = port(site, endpoint);
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
                (Self::Icann(name, at), Target::Icann(target)) => name == target && port == *at,
                _ => false,
            }
        })
    }
}

/// A connection, ready for the first request.
pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) way: Way,
    /// Whether HTTP/2 was agreed on.
    pub(super) http2: bool,
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
        reason: TlsError,
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
            ConnectError::Tls { reason, .. } => match reason {
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

/// The port to connect to.
fn port(site: &Site, endpoint: &Endpoint) -> u16 {
    let secure = endpoint.tls || matches!(endpoint.target, Target::Icann(_));
    // A port of the URL is one of the key's own; the ICANN name has the record's.
    let named = match endpoint.target {
        Target::Icann(_) => endpoint.port,
        _ => site.port.or(endpoint.port),
    };
    named.unwrap_or(if secure { 443 } else { 80 })
}

/// Connects to sites. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    private: PrivateAccess,
    racer: Racer,
    by_key: KeyConnector,
    /// TLS with ordinary certificates; made when it is first needed, since that reads many files.
    public: Arc<OnceLock<ClientConfig>>,
}

impl Connector {
    pub(super) fn new(private: PrivateAccess) -> Self {
        Self {
            private,
            racer: Racer::new(),
            by_key: KeyConnector::new(),
            public: Arc::default(),
        }
    }

    /// Connects to the first of the endpoints that can be connected to.
    pub(super) async fn connect(
        &self,
        site: &Site,
        endpoints: &[Endpoint],
        alpn: Alpn,
    ) -> Result<Connection, ConnectError> {
        let mut ordered: Vec<&Endpoint> = endpoints.iter().collect();
        ordered.sort_by_key(|endpoint| match &endpoint.target {
            Target::Addresses(addresses) => {
                let port = port(site, endpoint);
                self.racer.all_failed(&at_port(addresses, port))
            }
            Target::Icann(_) => false,
        });
        let mut first_error = None;
        let tries = async {
            for endpoint in ordered {
                match self.try_endpoint(site, endpoint, alpn).await {
                    Ok(connection) => return Some(Ok(connection)),
                    Err(icann @ ConnectError::Icann { .. }) => return Some(Err(icann)),
                    Err(error) => _ = first_error.get_or_insert(error),
                }
            }
            None
        };
        match timeout(TOTAL_TIMEOUT, tries).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => {
                Err(first_error.unwrap_or_else(|| ConnectError::NoEndpoint(site.host.clone())))
            }
            Err(_) => Err(first_error.unwrap_or_else(|| ConnectError::Late(site.host.clone()))),
        }
    }

    async fn try_endpoint(
        &self,
        site: &Site,
        endpoint: &Endpoint,
        alpn: Alpn,
    ) -> Result<Connection, ConnectError> {
        let port = port(site, endpoint);
        if let Target::Icann(name) = &endpoint.target
            && !self.private.allows(site.host.key())
            && is_local_name(name)
        {
            return Err(ConnectError::LocalName {
                host: site.host.clone(),
                name: name.clone(),
            });
        }
        let addresses = match &endpoint.target {
            Target::Icann(name) if site.beyond => return self.icann(site, name, port, alpn).await,
            Target::Icann(name) => {
                let name = name.clone();
                return Err(ConnectError::Icann { name, port });
            }
            Target::Addresses(addresses) => addresses,
        };
        if site.secure && !endpoint.tls {
            return Err(ConnectError::NoTls(site.host.clone()));
        }
        let (stream, address) = self.reach(site, addresses, port).await?;
        if !endpoint.tls {
            return Ok(Connection {
                stream: Either::Left(stream),
                way: Way::Plain(address),
                http2: false,
            });
        }
        let handshake = self.by_key.connect(stream, &site.host, &endpoint.key, alpn);
        let stream = timeout(HANDSHAKE_TIMEOUT, handshake)
            .await
            .unwrap_or_else(|_| Err(TlsError::Handshake(io::ErrorKind::TimedOut.into())))
            .map_err(|reason| ConnectError::Tls {
                host: site.host.clone(),
                address,
                reason,
            })?;
        Ok(Connection {
            http2: stream.get_ref().1.alpn_protocol() == Some(H2),
            stream: Either::Right(stream),
            way: Way::Key(address, endpoint.key),
        })
    }

    /// A part of a page from a name of the ICANN root, as the browser itself would get it.
    async fn icann(
        &self,
        site: &Site,
        name: &str,
        port: u16,
        alpn: Alpn,
    ) -> Result<Connection, ConnectError> {
        let nowhere = |reason| ConnectError::IcannName {
            host: site.host.clone(),
            name: name.to_owned(),
            reason,
        };
        let found = timeout(LOOKUP_TIMEOUT, lookup_host((name, port)))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(nowhere)?;
        let addresses: Vec<IpAddr> = found.map(|address| address.ip()).take(16).collect();
        if addresses.is_empty() {
            return Err(nowhere(io::ErrorKind::NotFound.into()));
        }
        let (stream, _) = self.reach(site, &addresses, port).await?;
        let refused = |reason| ConnectError::IcannTls {
            host: site.host.clone(),
            name: name.to_owned(),
            reason,
        };
        let config = self
            .public_tls(alpn)
            .map_err(|error| refused(io::Error::other(error)))?;
        let server = ServerName::try_from(name.to_owned())
            .map_err(|error| refused(io::Error::other(error)))?;
        let handshake = TlsConnector::from(Arc::new(config)).connect(server, stream);
        let stream = timeout(HANDSHAKE_TIMEOUT, handshake)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(refused)?;
        Ok(Connection {
            http2: stream.get_ref().1.alpn_protocol() == Some(H2),
            stream: Either::Right(stream),
            way: Way::Icann(name.to_owned(), port),
        })
    }

    /// TLS as everybody does it, with the authorities that this system trusts.
    fn public_tls(&self, alpn: Alpn) -> Result<ClientConfig, rustls::Error> {
        let mut config = match self.public.get() {
            Some(config) => config.clone(),
            None => {
                let provider = Arc::new(ring::default_provider());
                let config = ClientConfig::builder_with_provider(provider)
                    .with_safe_default_protocol_versions()?
                    .with_platform_verifier()?
                    .with_no_client_auth();
                self.public.get_or_init(|| config).clone()
            }
        };
        config.alpn_protocols = match alpn {
            Alpn::Any => vec![H2.to_vec(), HTTP_11.to_vec()],
            Alpn::Http11 => vec![HTTP_11.to_vec()],
        };
        Ok(config)
    }

    /// Connects to one of the addresses that may be connected to.
    async fn reach(
        &self,
        site: &Site,
        addresses: &[IpAddr],
        port: u16,
    ) -> Result<(TcpStream, SocketAddr), ConnectError> {
        if !is_web_port(port) {
            let host = site.host.clone();
            return Err(ConnectError::Port { host, port });
        }
        let private = |address| ConnectError::Private {
            host: site.host.clone(),
            address,
        };
        let everywhere = self.private.allows(site.host.key());
        let (allowed, refused): (Vec<IpAddr>, Vec<IpAddr>) = addresses
            .iter()
            .partition(|address| everywhere || (is_public(**address) && !is_own(**address)));
        if allowed.is_empty() {
            return Err(match refused.first() {
                Some(address) => private(*address),
                None => ConnectError::NoEndpoint(site.host.clone()),
            });
        }
        let failed = |(address, reason)| ConnectError::Failed {
            host: site.host.clone(),
            address,
            reason,
        };
        let stream = self
            .racer
            .connect(&at_port(&allowed, port))
            .await
            .map_err(failed)?;
        let far = stream.peer_addr().map_err(|reason| {
            let nowhere = SocketAddr::from(([0, 0, 0, 0], port));
            failed((nowhere, reason))
        })?;
        _ = stream.set_nodelay(true);
        Ok((stream, far))
    }
}

/// Whether an address is one of this machine's own. It is no less private for being public: nothing
/// outside could reach what listens there behind a firewall. A socket that is only told where it
/// would send to knows, and sends nothing.
fn is_own(address: IpAddr) -> bool {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let near = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((address, 9))?;
        socket.local_addr()
    });
    near.is_ok_and(|near| near.ip() == address)
}

fn at_port(addresses: &[IpAddr], port: u16) -> Vec<SocketAddr> {
    let at = |address: &IpAddr| SocketAddr::new(*address, port);
    addresses.iter().map(at).collect()
}
