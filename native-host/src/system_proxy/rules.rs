//! What goes to no proxy, as it is written in all kinds of places.

use std::net::{IpAddr, Ipv4Addr};

/// How many of them are read.
const MAX_RULES: usize = 512;
/// The most characters one has: a host name's (RFC 1035, section 2.3.4), and `*.`.
const MAX_RULE: usize = 255;

/// What a name without an asterisk stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Itself.
    Exact,
    /// Itself and all names below it.
    AndBelow,
}

/// Reads such a list; `None` when it is everything.
///
/// Rules that have no form in a [`super::SystemProxy`], such as those for one port, are left out:
/// what they are about goes to the proxy.
pub(super) fn read<'a>(
    written: impl IntoIterator<Item = &'a str>,
    names: Names,
) -> Option<Vec<String>> {
    let mut rules = Vec::new();
    for rule in written.into_iter().take(MAX_RULES) {
        let rule = rule.trim().to_ascii_lowercase();
        if rule == "*" {
            return None;
        }
        if rule.len() > MAX_RULE {
            continue;
        }
        for rule in rule_of(&rule, names) {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
    }
    Some(rules)
}

fn rule_of(rule: &str, names: Names) -> Vec<String> {
    if rule == "<local>" {
        return vec![rule.to_owned()];
    }
    let unbracketed = rule
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(rule);
    if let Ok(address) = unbracketed.parse::<IpAddr>() {
        return vec![address.to_string()];
    }
    if let Some(network) = network(rule).or_else(|| octets(rule)) {
        return vec![network];
    }
    let (name, at, below) = match (rule.strip_prefix("*."), rule.strip_prefix(['*', '.'])) {
        (Some(name), _) => (name, false, true),
        (None, Some(name)) => (name, rule.starts_with('*'), true),
        (None, None) => (rule, true, names == Names::AndBelow),
    };
    if !is_name(name) {
        return Vec::new();
    }
    let at = at.then(|| name.to_owned());
    at.into_iter()
        .chain(below.then(|| format!(".{name}")))
        .collect()
}

/// Whether these are labels of letters, digits, `-` and `_`.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    name.split('.')
        .all(|label| !label.is_empty() && label.bytes().all(allowed))
}

/// A network, `10.0.0.0/8`, also without the zeros at its end, as macOS writes it.
fn network(rule: &str) -> Option<String> {
    let (address, length) = rule.split_once('/')?;
    let length: u8 = length.parse().ok()?;
    let address = match address.parse() {
        Ok(address) => address,
        Err(_) => IpAddr::V4(filled(address.split('.'))?),
    };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    (length <= longest).then(|| format!("{address}/{length}"))
}

/// A network, written with asterisks for whole bytes: `192.168.*`.
fn octets(rule: &str) -> Option<String> {
    let labels: Vec<&str> = rule.split('.').collect();
    let given = labels.iter().position(|label| *label == "*")?;
    let (given, rest) = labels.split_at_checked(given)?;
    if given.is_empty() || labels.len() > 4 || rest.iter().any(|label| *label != "*") {
        return None;
    }
    let length = given.len() * 8;
    Some(format!("{}/{length}", filled(given.iter().copied())?))
}

/// An address of which the last bytes may be missing.
fn filled<'a>(labels: impl Iterator<Item = &'a str>) -> Option<Ipv4Addr> {
    let mut bytes = [0; 4];
    for (index, label) in labels.enumerate() {
        *bytes.get_mut(index)? = label.parse().ok()?;
    }
    Some(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(rule: &str) -> Vec<String> {
        read([rule], Names::Exact).unwrap()
    }

    #[test]
    fn rules_get_one_form() {
        for (written, rules) in [
            (" LocalHost ", &["localhost"][..]),
            ("example.com", &["example.com"]),
            (".example.com", &[".example.com"]),
            ("*.example.com", &[".example.com"]),
            ("*example.com", &["example.com", ".example.com"]),
            ("<local>", &["<local>"]),
            ("127.0.0.1", &["127.0.0.1"]),
            ("[::1]", &["::1"]),
            ("127.0.0.0/8", &["127.0.0.0/8"]),
            ("fe80::/10", &["fe80::/10"]),
            ("169.254/16", &["169.254.0.0/16"]),
            ("192.168.*", &["192.168.0.0/16"]),
            ("10.*.*.*", &["10.0.0.0/8"]),
        ] {
            assert_eq!(exact(written), rules, "{written}");
        }
        let below = read(["example.com", "10.0.0.1"], Names::AndBelow).unwrap();
        assert_eq!(below, ["example.com", ".example.com", "10.0.0.1"]);
    }

    #[test]
    fn what_has_no_form_goes_to_the_proxy() {
        for odd in [
            "",
            ".",
            "*.",
            "a b",
            "a..b",
            "example.com:8080",
            "http://example.com",
            "a.*.example.com",
            "192.*.1",
            "*.*.*.*",
            "300.*",
            "1.2.3.4.*",
            "10.0.0.0/33",
            "10.0.0.0/x",
            "\"+alert(1)+\"",
            "<-loopback>",
            "naïve.example",
            &"a".repeat(256),
        ] {
            assert_eq!(exact(odd), Vec::<String>::new(), "{odd}");
        }
    }

    #[test]
    fn a_list_is_bounded_and_says_nothing_twice() {
        let many: Vec<String> = (0..10_000).map(|number| format!("host{number}")).collect();
        let read_all = read(many.iter().map(String::as_str), Names::Exact).unwrap();
        assert_eq!(read_all.len(), MAX_RULES);
        assert_eq!(read(["a", "A", "a"], Names::Exact).unwrap(), ["a"]);
        assert_eq!(read(["a", "*"], Names::Exact), None);
    }
}
