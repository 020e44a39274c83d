//! What can be the address of a relay.

use url::Url;

use super::{MAX_RELAYS, RelayError};

/// Whether these can be the addresses of relays, all together.
///
/// # Errors
/// [`RelayError::Address`], [`RelayError::TooMany`].
pub fn check(urls: &[Url]) -> Result<(), RelayError> {
    bases(urls.to_vec()).map(drop)
}

/// The addresses that keys are joined to; of two that are the same, one.
pub(super) fn bases(urls: Vec<Url>) -> Result<Vec<Url>, RelayError> {
    let mut bases = Vec::new();
    for url in urls {
        let base = base(url)?;
        if !bases.contains(&base) {
            bases.push(base);
        }
    }
    if bases.len() > MAX_RELAYS {
        return Err(RelayError::TooMany(bases.len()));
    }
    Ok(bases)
}

/// The address a key is joined to.
pub(super) fn base(mut url: Url) -> Result<Url, RelayError> {
    let reason = if !matches!(url.scheme(), "http" | "https") {
        Some("it begins with neither https:// nor http://")
    } else if !url.username().is_empty() || url.password().is_some() {
        Some("a relay takes no user name and password")
    } else if url.query().is_some() || url.fragment().is_some() {
        Some("nothing can follow the path")
    } else {
        None
    };
    if let Some(reason) = reason {
        // The address is shown and logged; a password in it is not.
        let _ = url.set_password(None);
        return Err(RelayError::Address { url, reason });
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}
