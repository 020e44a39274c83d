//! From a name's endpoints to a connection.
//!
//! Endpoints are tried in the resolver's order until one connects; those that failed a moment ago
//! come last. What can't be used is passed over, and the first reason stands when nothing connects.

use std::{
    io,
    net::{IpAddr, SocketAddr},
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

use super::{
    guard::Guard,
    race::Racer,
    way::{ConnectError, Reach, Site, Way},
};
use crate::{
    address::PrivateAccess,
    endpoint::{Endpoint, Target},
    key::PublicKey,
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

/// A connection, ready for the first request.
pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) way: Way,
    /// Whether HTTP/2 was agreed on.
    pub(super) http2: bool,
}

/// Connects to sites. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    guard: Guard,
    racer: Racer,
    by_key: KeyConnector,
    /// TLS with ordinary certificates; made when it is first needed, since that reads many files.
    public: Arc<OnceLock<ClientConfig>>,
}

impl Connector {
    pub(super) fn new(private: PrivateAccess) -> Self {
        Self {
            guard: Guard::new(private),
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
        reach: Reach,
        alpn: Alpn,
    ) -> Result<Connection, ConnectError> {
        let mut ordered: Vec<&Endpoint> = endpoints.iter().collect();
        ordered.sort_by_key(|endpoint| match &endpoint.target {
            Target::Addresses(addresses) => {
                let port = site.port_at(endpoint);
                self.racer.all_failed(&at_port(addresses, port))
            }
            Target::Icann(_) => false,
        });
        let mut first_error = None;
        let tries = async {
            for endpoint in ordered {
                match self.try_endpoint(site, endpoint, reach, alpn).await {
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
        reach: Reach,
        alpn: Alpn,
    ) -> Result<Connection, ConnectError> {
        let port = site.port_at(endpoint);
        let addresses = match &endpoint.target {
            Target::Addresses(addresses) => addresses,
            Target::Icann(name) => {
                self.guard.name(&site.host, name)?;
                return match reach {
                    Reach::Beyond => self.icann(site, name, port, alpn).await,
                    Reach::Records => {
                        let name = name.clone();
                        Err(ConnectError::Icann { name, port })
                    }
                };
            }
        };
        if site.secure && !endpoint.tls {
            return Err(ConnectError::NoTls(site.host.clone()));
        }
        if !endpoint.tls {
            let (stream, address) = self.reach(site, addresses, port).await?;
            return Ok(Connection {
                stream: Either::Left(stream),
                way: Way::Plain(address),
                http2: false,
            });
        }
        let proof = Proof::Key(&endpoint.key, alpn);
        let (stream, address) = self.reach_proven(site, addresses, port, &proof).await?;
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
        let refused = |error| refused(site, name, error);
        let config = self
            .public_tls(alpn)
            .map_err(|error| refused(io::Error::other(error)))?;
        let server = ServerName::try_from(name.to_owned())
            .map_err(|error| refused(io::Error::other(error)))?;
        let proof = Proof::Certificate {
            name,
            server,
            connector: TlsConnector::from(Arc::new(config)),
        };
        let (stream, _) = self.reach_proven(site, &addresses, port, &proof).await?;
        Ok(Connection {
            http2: stream.get_ref().1.alpn_protocol() == Some(H2),
            stream: Either::Right(stream),
            way: Way::Icann(name.to_owned(), port),
        })
    }

    /// Connects to one of the addresses at which the server proves who it is. One that answers and
    /// does not comes last from then on, like one that does not answer.
    async fn reach_proven(
        &self,
        site: &Site,
        addresses: &[IpAddr],
        port: u16,
        proof: &Proof<'_>,
    ) -> Result<(TlsStream<TcpStream>, SocketAddr), ConnectError> {
        let mut left = addresses.to_vec();
        let mut first_error = None;
        while !left.is_empty() {
            let (stream, address) = match self.reach(site, &left, port).await {
                Ok(reached) => reached,
                Err(error) => return Err(first_error.unwrap_or(error)),
            };
            match self.prove(site, address, stream, proof).await {
                Ok(proven) => return Ok((proven, address)),
                Err(error) => {
                    self.racer.note_failure(address);
                    left.retain(|other| *other != address.ip());
                    first_error.get_or_insert(error);
                }
            }
        }
        Err(first_error.unwrap_or_else(|| ConnectError::NoEndpoint(site.host.clone())))
    }

    async fn prove(
        &self,
        site: &Site,
        address: SocketAddr,
        stream: TcpStream,
        proof: &Proof<'_>,
    ) -> Result<TlsStream<TcpStream>, ConnectError> {
        match proof {
            Proof::Key(key, alpn) => {
                let handshake = self.by_key.connect(stream, &site.host, key, *alpn);
                timeout(HANDSHAKE_TIMEOUT, handshake)
                    .await
                    .unwrap_or_else(|_| Err(TlsError::Handshake(io::ErrorKind::TimedOut.into())))
                    .map_err(|reason| ConnectError::Tls {
                        host: site.host.clone(),
                        address,
                        reason: Box::new(reason),
                    })
            }
            Proof::Certificate {
                name,
                server,
                connector,
            } => timeout(HANDSHAKE_TIMEOUT, connector.connect(server.clone(), stream))
                .await
                .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
                .map_err(|reason| refused(site, name, reason)),
        }
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
        let allowed = self.guard.addresses(&site.host, addresses, port)?;
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

/// How a server has to prove who it is.
enum Proof<'a> {
    /// By the key itself.
    Key(&'a PublicKey, Alpn),
    /// By an ordinary certificate for a name of the ICANN root.
    Certificate {
        name: &'a str,
        server: ServerName<'static>,
        connector: TlsConnector,
    },
}

fn refused(site: &Site, name: &str, reason: io::Error) -> ConnectError {
    ConnectError::IcannTls {
        host: site.host.clone(),
        name: name.to_owned(),
        reason,
    }
}

fn at_port(addresses: &[IpAddr], port: u16) -> Vec<SocketAddr> {
    let at = |address: &IpAddr| SocketAddr::new(*address, port);
    addresses.iter().map(at).collect()
}
