//! A DHT of our own on this machine: to try things, and for tests.

use std::net::Ipv4Addr;

use super::DhtError;

/// A local DHT on loopback addresses. It ends when dropped.
pub struct Testnet {
    inner: mainline::Testnet,
}

impl std::fmt::Debug for Testnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Testnet")
            .field("bootstrap", &self.bootstrap())
            .finish()
    }
}

impl Testnet {
    /// Starts `nodes` nodes that know each other.
    ///
    /// # Errors
    /// [`DhtError::Socket`].
    pub async fn start(nodes: usize) -> Result<Self, DhtError> {
        let inner = tokio::task::spawn_blocking(move || {
            mainline::Testnet::builder(nodes)
                .bind_address(Ipv4Addr::LOCALHOST)
                .build()
        })
        .await
        .map_err(|error| DhtError::Socket(error.to_string()))?
        .map_err(|error| DhtError::Socket(error.to_string()))?;
        Ok(Self { inner })
    }

    /// The nodes' addresses, as [`DhtConfig::bootstrap`](super::DhtConfig) takes them.
    pub fn bootstrap(&self) -> &[String] {
        &self.inner.bootstrap
    }
}
