//! Keeping a key published that somebody else signs: no secret is needed, because the same bytes
//! are put again and again.

use std::time::SystemTime;

use crate::{
    cache::{CacheError, Whose},
    key::PublicKey,
    packet::SignedPacket,
    problem::Problem,
    resolver::{Policy, ResolveError, Resolver},
};

/// Why a key is not kept published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// There is no packet to keep.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// It could not be written down.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl From<PinError> for Problem {
    fn from(error: PinError) -> Self {
        match error {
            PinError::Resolve(error) => error.into(),
            PinError::Cache(error) => error.into(),
        }
    }
}

/// Keeps a key published from now on, and gives the packet that is put first: the newest in the
/// network, or the one that is remembered where the network can't be reached.
///
/// The keeper puts it at once. A key that is kept already stays whose it is.
///
/// # Errors
/// [`PinError`]; nothing has changed then.
pub async fn pin(resolver: &Resolver, key: &PublicKey) -> Result<SignedPacket, PinError> {
    let answer = match resolver.resolve(key, Policy::NetworkOnly).await {
        Err(ResolveError::Unreachable) => resolver
            .resolve(key, Policy::CacheOnly)
            .await
            .map_err(|_| ResolveError::Unreachable)?,
        other => other?,
    };
    let cache = resolver.cache();
    let whose = cache
        .kept_of(key)?
        .map_or(Whose::Foreign, |kept| kept.whose);
    let item = answer.packet.item().clone();
    cache.keep_alive(item, whose, SystemTime::now()).await?;
    Ok(answer.packet)
}
