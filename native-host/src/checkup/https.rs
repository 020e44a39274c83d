//! `https://` for keys: whether it is on, and who trusts it.

use super::{Finding, State, waiting};
use crate::{https::Https, view::TrustStore};

const CHECK: &str = "https";

pub(super) async fn check(https: &Https) -> Vec<Finding> {
    let https = https.clone();
    waiting(CHECK, move || look(&https)).await
}

fn look(https: &Https) -> Vec<Finding> {
    let status = match https.status() {
        Ok(status) => status,
        Err(error) => {
            return vec![
                Finding::new(CHECK, "damaged", State::Bad)
                    .what(format_args!(
                        "The root of https:// for keys can’t be used: {error}."
                    ))
                    .todo("Switch https:// for keys off and on again.")
                    .fact("reason", error),
            ];
        }
    };
    if !status.enabled {
        return vec![
            Finding::new(CHECK, "off", State::Note)
                .what("https:// is switched off for keys.")
                .todo(
                    "If you want it, switch it on in the extension, or with `pkarr https enable`.",
                ),
        ];
    }
    if status.stores.is_empty() {
        return vec![
            Finding::new(CHECK, "no-store", State::Warning)
                .what("https:// is switched on for keys, but no browser was found to trust it.")
                .todo("Start the browser once, then run `pkarr https enable` again."),
        ];
    }
    let mut findings: Vec<_> = status.stores.iter().filter_map(complaint).collect();
    if findings.is_empty() {
        let stores = status.stores.len();
        findings.push(
            Finding::new(CHECK, "ok", State::Good)
                .what("https:// is switched on for keys, and every store of a browser that was found trusts it.")
                .fact("stores", stores),
        );
    }
    findings
}

fn complaint(store: &TrustStore) -> Option<Finding> {
    let TrustStore { name, place, .. } = store;
    let finding = match &store.failure {
        Some(reason) => Finding::new(CHECK, "store-failed", State::Warning)
            .what(format_args!(
                "The certificates of {name} ({place}) can’t be looked after: {reason}."
            ))
            .todo("Do as it says, then run `pkarr https enable` again.")
            .fact("reason", reason),
        None if !store.trusts => Finding::new(CHECK, "untrusted", State::Warning)
            .what(format_args!(
                "{name} ({place}) does not trust https:// for keys."
            ))
            .todo("Run `pkarr https enable` again, if you want it there."),
        None => return None,
    };
    Some(finding.fact("store", name).fact("place", place))
}
