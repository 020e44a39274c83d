//! What the root must never vouch for.
//!
//! X.509 can’t say “names that end in 52 characters of z-base-32”, so everything else is excluded
//! (RFC 5280, section 4.2.1.10): every top-level domain of the ICANN root, the names that are set
//! aside for local use, and every IP address. What is left is keys, and names that lead nowhere in
//! the DNS.

use std::collections::BTreeSet;

use rcgen::{CidrSubnet, GeneralSubtree, NameConstraints};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName};

/// IANA's list.
const TLDS: &str = include_str!("tlds.txt");

/// Top-level names that no registry will hand out, but which machines or networks answer to:
/// RFC 2606, RFC 6761, RFC 6762 (appendix G), RFC 7686, RFC 9476, and those that ICANN keeps back.
const LOCAL: [&str; 16] = [
    "alt",
    "arpa",
    "corp",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "onion",
    "private",
    "test",
];

/// The top-level names that are excluded.
pub(super) fn names() -> BTreeSet<&'static str> {
    tlds().chain(LOCAL).collect()
}

fn tlds() -> impl Iterator<Item = &'static str> {
    TLDS.lines().filter(|line| !line.starts_with('#'))
}

/// The extension as it goes into a new root.
pub(super) fn extension() -> NameConstraints {
    let names = names()
        .into_iter()
        .map(|name| GeneralSubtree::DnsName(name.to_owned()));
    let addresses = [
        CidrSubnet::from_v4_prefix([0; 4], 0),
        CidrSubnet::from_v6_prefix([0; 16], 0),
    ]
    .map(GeneralSubtree::IpAddress);
    NameConstraints {
        permitted_subtrees: Vec::new(),
        excluded_subtrees: names.chain(addresses).collect(),
    }
}

/// Whether a root excludes all that one made today would. It may exclude more: another version of
/// the program, with a longer list, may have made it, and two must not replace each other’s for ever.
pub(super) fn are_current(root: &X509Certificate<'_>) -> bool {
    let Ok(Some(found)) = root.name_constraints() else {
        return false;
    };
    let Some(excluded) = found.value.excluded_subtrees.as_ref() else {
        return false;
    };
    let mut names = BTreeSet::new();
    let mut addresses = BTreeSet::new();
    for subtree in excluded {
        match subtree.base {
            GeneralName::DNSName(name) => {
                names.insert(name);
            }
            GeneralName::IPAddress(range) => {
                addresses.insert(range);
            }
            _ => {}
        }
    }
    found.critical
        && found.value.permitted_subtrees.is_none()
        && names.is_superset(&self::names())
        && addresses.is_superset(&BTreeSet::from([&[0; 8][..], &[0; 32][..]]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KEY_CHARS;

    #[test]
    fn the_list_is_whole_and_clean() {
        let list: Vec<_> = tlds().collect();
        assert!(list.len() > 1400, "{}", list.len());
        assert!(list.is_sorted_by(|a, b| a < b), "sorted, none twice");
        for name in &list {
            assert!((2..=63).contains(&name.len()), "{name}");
            assert_ne!(name.len(), KEY_CHARS, "{name} would hide keys");
            assert!(
                name.bytes()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-'),
                "{name}"
            );
            assert_eq!(
                url::Host::parse(name),
                Ok(url::Host::Domain((*name).to_owned())),
                "{name} is not as browsers write it"
            );
        }
        for name in ["com", "de", "xn--p1ai"] {
            assert!(list.contains(&name), "{name}");
        }
    }
}
