//! The certificates that browsers see, and the set-up of TLS with them.
//!
//! A certificate is made for each key host when it is asked for, with the root that holds at that
//! moment: it may be made, renewed and taken away while the gateway runs.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{
    ServerConfig,
    crypto::ring,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::TLS13,
};

use crate::{
    authority::{Authority, AuthorityError, Roots},
    key::KeyHost,
    tls::{H2, HTTP_11},
};

/// The certificates of one gateway.
#[derive(Debug)]
pub(super) struct Certificates {
    roots: Option<Roots>,
    /// The set-up of TLS for the root that holds.
    config: Mutex<Option<(Arc<Authority>, Arc<ServerConfig>)>>,
}

impl Certificates {
    /// With this root; `None` does without any.
    pub(super) fn new(roots: Option<Roots>) -> Self {
        Self {
            roots,
            config: Mutex::default(),
        }
    }

    /// Whether there are any: `https://` is switched on.
    pub(super) fn are_there(&self) -> bool {
        self.authority().is_some()
    }

    /// Whether this host is the one at which browsers find out whether they trust the root.
    pub(super) fn is_probe(&self, host: &KeyHost) -> bool {
        self.authority()
            .is_some_and(|authority| authority.probe() == host)
    }

    /// The set-up of TLS towards browsers; `None` while `https://` is switched off.
    pub(super) fn server_config(&self) -> Option<Arc<ServerConfig>> {
        let authority = self.authority()?;
        let mut kept = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, config)) = &*kept
            && Arc::ptr_eq(of, &authority)
        {
            return Some(Arc::clone(config));
        }
        let config = server_config(Arc::clone(&authority))
            .inspect_err(|error| tracing::warn!(%error, "TLS can’t be set up"))
            .ok()?;
        let config = Arc::new(config);
        *kept = Some((authority, Arc::clone(&config)));
        Some(config)
    }

    fn authority(&self) -> Option<Arc<Authority>> {
        self.roots
            .as_ref()?
            .current()
            .inspect_err(|error| tracing::warn!(%error, "the root can’t be used"))
            .ok()?
    }
}

/// The side of TLS that browsers see, with certificates of this authority.
fn server_config(authority: Arc<Authority>) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Leaves(authority)));
    config.alpn_protocols = vec![H2.to_vec(), HTTP_11.to_vec()];
    Ok(config)
}

/// A certificate for each key host, made when it is asked for.
#[derive(Debug)]
struct Leaves(Arc<Authority>);

impl ResolvesServerCert for Leaves {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = KeyHost::parse(hello.server_name()?).ok()?;
        self.0
            .leaf(&host)
            .inspect_err(|error| match error {
                // Which site was asked for is not for the log.
                AuthorityError::Name(_) => tracing::debug!(%error, "no certificate"),
                _ => tracing::warn!(%error, "no certificate"),
            })
            .ok()
    }
}
