//! From a name to a connection.
//!
//! Endpoints are tried in the resolver's order until one connects. What can't be used is passed
//! over, and the first reason stands when nothing connects.

use std::{
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use hyper::Uri;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};
use tower_service::Service;

use crate::{
    address::is_public,
    endpoint::{Endpoint, Target},
    item::Seq,
    key::{KeyError, KeyHost},
    problem::{Code, Problem},
    resolver::{Policy, Priority, ResolveError, Resolver},
};

/// How long one address may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(6);
/// How long all of them together may take.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(super) enum ConnectError {
    /// The host is no key host.
    #[error(transparent)]
    NotAKey(#[from] KeyError),
    /// The name could not be resolved.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
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
    /// No answer from an address.
    #[error("{host} is at {address}, where nothing answers: {reason}")]
    Failed {
        /// The name.
        host: KeyHost,
        /// The address tried.
        address: SocketAddr,
        /// What the system said.
        reason: String,
    },
    /// The record asks for TLS.
    #[error("the record of {0} asks for TLS with its key")]
    NeedsTls(KeyHost),
    /// The name leads to a name of the ICANN root; the browser goes there by itself.
    #[error("this name is served by {name}")]
    Icann {
        /// That name.
        name: String,
        /// Its port, where the record gives one.
        port: Option<u16>,
    },
}

impl From<ConnectError> for Problem {
    fn from(error: ConnectError) -> Self {
        let code = match &error {
            ConnectError::NotAKey(_) => Code::NotAKey,
            ConnectError::Resolve(inner) => return inner.clone().into(),
            ConnectError::NoEndpoint(_) => Code::NoEndpoint,
            ConnectError::Private { .. } => Code::PrivateAddress,
            ConnectError::Failed { .. } => Code::ConnectFailed,
            ConnectError::NeedsTls(_) => Code::NeedsTls,
            ConnectError::Icann { .. } => Code::NeedsTls,
        };
        Problem::new(code, error)
    }
}

/// Connects to key hosts. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    resolver: Resolver,
    allow_private: bool,
}

impl Connector {
    pub(super) fn new(resolver: Resolver, allow_private: bool) -> Self {
        Self {
            resolver,
            allow_private,
        }
    }

    /// Sees to it that all records that `host` leads to are at hand, in the turn of who asks, and
    /// gives the version of its own.
    pub(super) async fn ready(
        &self,
        host: &KeyHost,
        priority: Priority,
    ) -> Result<Seq, ResolveError> {
        let route = self
            .resolver
            .route(host, "http", Policy::CacheFirst, priority)
            .await?;
        Ok(route.answer.packet.seq())
    }

    /// Connects to `host`; a port of the URL wins over the record's, and that over 80.
    pub(super) async fn connect(
        &self,
        host: &KeyHost,
        port: Option<u16>,
    ) -> Result<TcpStream, ConnectError> {
        let route = self
            .resolver
            .route(host, "http", Policy::CacheFirst, Priority::Page)
            .await?;
        let mut first_error = None;
        let tries = async {
            for endpoint in &route.endpoints {
                match self.try_endpoint(host, port, endpoint).await {
                    Ok(stream) => return Ok(stream),
                    Err(error @ ConnectError::Icann { .. }) => return Err(error),
                    Err(error) => _ = first_error.get_or_insert(error),
                }
            }
            Err(match route.failures.first() {
                Some((_, failure)) if route.endpoints.is_empty() => failure.clone().into(),
                _ => ConnectError::NoEndpoint(host.clone()),
            })
        };
        let outcome = timeout(TOTAL_TIMEOUT, tries).await;
        match outcome {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(icann @ ConnectError::Icann { .. })) => Err(icann),
            Ok(Err(error)) => Err(first_error.unwrap_or(error)),
            Err(_) => Err(first_error.unwrap_or_else(|| ConnectError::NoEndpoint(host.clone()))),
        }
    }

    async fn try_endpoint(
        &self,
        host: &KeyHost,
        port: Option<u16>,
        endpoint: &Endpoint,
    ) -> Result<TcpStream, ConnectError> {
        let addresses = match &endpoint.target {
            Target::Icann(name) => {
                return Err(ConnectError::Icann {
                    name: name.clone(),
                    port: endpoint.port,
                });
            }
            Target::Addresses(_) if endpoint.tls => {
                return Err(ConnectError::NeedsTls(host.clone()));
            }
            Target::Addresses(addresses) => addresses,
        };
        let port = port.or(endpoint.port).unwrap_or(80);
        let mut first_error = None;
        for address in addresses {
            match self
                .try_address(host, SocketAddr::new(*address, port))
                .await
            {
                Ok(stream) => return Ok(stream),
                Err(error) => _ = first_error.get_or_insert(error),
            }
        }
        Err(first_error.unwrap_or_else(|| ConnectError::NoEndpoint(host.clone())))
    }

    async fn try_address(
        &self,
        host: &KeyHost,
        address: SocketAddr,
    ) -> Result<TcpStream, ConnectError> {
        if !self.allow_private && !is_public(address.ip()) {
            return Err(ConnectError::Private {
                host: host.clone(),
                address: address.ip(),
            });
        }
        let failed = |reason: String| ConnectError::Failed {
            host: host.clone(),
            address,
            reason,
        };
        let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect(address))
            .await
            .map_err(|_| failed("no answer in time".to_owned()))?
            .map_err(|error| failed(error.to_string()))?;
        // An address of this machine's own is no less private for being public: nothing outside
        // could reach what listens there behind a firewall.
        let own = |stream: &TcpStream| Ok(stream.local_addr()?.ip() == stream.peer_addr()?.ip());
        let own: std::io::Result<bool> = own(&stream);
        if !self.allow_private && own.map_err(|error| failed(error.to_string()))? {
            return Err(ConnectError::Private {
                host: host.clone(),
                address: address.ip(),
            });
        }
        _ = stream.set_nodelay(true);
        Ok(stream)
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            // The version of the records stands in front: see `site_uri`.
            let host = uri.host().unwrap_or_default();
            let host = KeyHost::parse(host.split_once('.').map_or(host, |(_, host)| host))?;
            let stream = connector.connect(&host, uri.port_u16()).await?;
            Ok(TokioIo::new(stream))
        })
    }
}
