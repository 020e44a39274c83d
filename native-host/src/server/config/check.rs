//! What has to fit together, and on which line it stands.

use toml_edit::{Document, Item};

use super::Config;

/// A setting that makes no sense beside others.
pub(super) struct Mistake {
    /// Table and name.
    pub(super) place: &'static [&'static str],
    /// What is wrong.
    pub(super) what: String,
}

/// Looks at what the types don't tell.
pub(super) fn consistent(config: &Config) -> Result<(), Mistake> {
    let mistake = |place, what: &str| {
        Err(Mistake {
            place,
            what: what.to_owned(),
        })
    };
    let tls = &config.tls;
    match (&tls.certificate, &tls.key, tls.listen.is_empty()) {
        (Some(_), None, _) => {
            return mistake(
                &["tls", "certificate"],
                "a certificate needs its key: add tls.key",
            );
        }
        (None, Some(_), _) => {
            return mistake(
                &["tls", "key"],
                "a key needs its certificate: add tls.certificate",
            );
        }
        (None, None, false) => {
            return mistake(
                &["tls", "listen"],
                "TLS needs a certificate: add tls.certificate and tls.key",
            );
        }
        (Some(_), Some(_), true) => {
            return mistake(
                &["tls", "certificate"],
                "nothing listens with this certificate: add tls.listen, such as [\":443\"]",
            );
        }
        _ => {}
    }
    if config.cache.minimum_ttl_seconds.get() > config.cache.maximum_ttl_seconds.get() {
        return mistake(
            &["cache", "minimum-ttl-seconds"],
            "the minimum is above cache.maximum-ttl-seconds",
        );
    }
    if let Some(relays) = &config.network.relays
        && let Err(error) = crate::relays::check(relays)
    {
        return mistake(&["network", "relays"], &error.to_string());
    }
    for node in config.network.bootstrap.iter().flatten() {
        if let Err(error) = crate::settings::check_node(node) {
            return mistake(&["network", "bootstrap"], &error.to_string());
        }
    }
    Ok(())
}

/// The line of a setting, from 1.
pub(super) fn line_of(text: &str, place: &[&str]) -> Option<usize> {
    let document = Document::parse(text).ok()?;
    let mut item: &Item = document.as_item();
    let mut start = None;
    for name in place {
        let table = item.as_table_like()?;
        let (key, value) = table.get_key_value(name)?;
        start = key.span().or(value.span()).map(|span| span.start);
        item = value;
    }
    let before = text.get(..start?)?;
    Some(before.matches('\n').count() + 1)
}
