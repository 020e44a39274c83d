//! Which page a request comes from, as far as browsers tell.

use hyper::{HeaderMap, Uri, header};

use crate::key::{KeyHost, PublicKey};

/// A page, by what it can't change about itself: the key of a key host, else its host name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Page {
    /// A page of this key, whatever its sub-domain.
    Key(PublicKey),
    /// Another page.
    Other(String),
}

/// The page that a request comes from; `None` where that is not told.
pub(super) fn page(headers: &HeaderMap) -> Option<Page> {
    let host = host(headers)?;
    Some(match KeyHost::parse(&host) {
        Ok(host) => Page::Key(*host.key()),
        Err(_) => Page::Other(host),
    })
}

/// Whether a request is known to come from a page of another origin than `host`, to which the
/// browser then shows no more of the answer than the site allows. Where it is not known, it may be
/// the page's own.
pub(super) fn is_of_another(host: &KeyHost, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "cross-site" || site == "same-site";
    }
    self::host(headers).is_some_and(|page| page != host.as_str())
}

/// Whether a request is for what is shown inside a page.
pub(super) fn is_framed(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-dest")
        .is_some_and(|destination| destination != "document")
}

fn host(headers: &HeaderMap) -> Option<String> {
    [header::ORIGIN, header::REFERER]
        .iter()
        .filter_map(|name| headers.get(name)?.to_str().ok()?.parse::<Uri>().ok())
        .find_map(|uri| Some(uri.host()?.trim_end_matches('.').to_ascii_lowercase()))
}
