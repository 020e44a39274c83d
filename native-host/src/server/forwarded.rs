//! Who a client is behind proxies.
//!
//! Each proxy adds the address it was asked from at the end of a list. Only those that are trusted
//! say the truth, so the list is read from its end, and the first address that is not a trusted
//! proxy's is the client: whatever stands before, the client may have written.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;

use super::config::{ForwardedField, Http};

/// Whom a list of proxies names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// This client.
    Client(IpAddr),
    /// Somebody, but it can't be read who.
    Unreadable,
    /// Nobody: there is no list.
    Nobody,
}

/// Who the client is, as the list tells.
pub(super) fn client(http: &Http, headers: &HeaderMap) -> Told {
    let mut last = None;
    let values = headers.get_all(http.forwarded_field.name());
    // A member that is no text must not be passed over: what stands before it is worth nothing.
    let mut values: Vec<&[u8]> = values
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .collect();
    if values.is_empty() {
        return Told::Nobody;
    }
    while let Some(value) = values.pop() {
        let address = str::from_utf8(value)
            .ok()
            .and_then(|value| match http.forwarded_field {
                ForwardedField::XForwardedFor => address(value.trim()),
                ForwardedField::Forwarded => of_pair(value),
            });
        // Unreadable: what stands before can't be told apart from what a client made up.
        let Some(address) = address else { break };
        last = Some(address);
        if !http.trusts(address) {
            break;
        }
    }
    last.map_or(Told::Unreadable, Told::Client)
}

/// The address of a list's member in `Forwarded` (RFC 7239, section 4).
fn of_pair(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| address(value.trim().trim_matches('"')))?
    })
}

/// An address, with a port or without, an IPv6 one with brackets or without.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;
    use crate::server::config::Config;

    #[test]
    fn what_is_no_text_is_not_passed_over() {
        let text = "[http]\ntrusted-proxies = [\"10.0.0.0/8\"]";
        let http = Config::parse("serve.toml".as_ref(), text).unwrap().http;
        let told = |fields: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for field in fields {
                let value = HeaderValue::from_bytes(field).unwrap();
                headers.append("x-forwarded-for", value);
            }
            client(&http, &headers)
        };
        let asked_from = Told::Client("203.0.113.9".parse().unwrap());
        assert_eq!(told(&[b"\xe9, 203.0.113.9"]), asked_from);
        assert_eq!(told(&[b"1.1.1.1", b"\xe9, 203.0.113.9"]), asked_from);
        assert_eq!(told(&[b"1.1.1.1", b"\xe9"]), Told::Unreadable);
        assert_eq!(told(&[b"1.1.1.1, \xe9"]), Told::Unreadable);
        assert_eq!(told(&[b""]), Told::Unreadable);
    }

    fn asked(text: &str, fields: &[(&'static str, &'static str)]) -> Option<String> {
        let text = format!("[http]\ntrusted-proxies = [\"10.0.0.0/8\"]\n{text}");
        let config = Config::parse("serve.toml".as_ref(), &text).unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        match client(&config.http, &headers) {
            Told::Client(address) => Some(address.to_string()),
            Told::Unreadable => Some("unreadable".to_owned()),
            Told::Nobody => None,
        }
    }

    #[test]
    fn the_last_that_is_no_proxy_is_the_client() {
        let x = "x-forwarded-for";
        for (fields, expected) in [
            (&[(x, "203.0.113.9")][..], Some("203.0.113.9")),
            (
                &[(x, "1.1.1.1, 203.0.113.9, 10.0.0.2")],
                Some("203.0.113.9"),
            ),
            (&[(x, "1.1.1.1"), (x, "203.0.113.9")], Some("203.0.113.9")),
            (&[(x, "203.0.113.9:1234")], Some("203.0.113.9")),
            (&[(x, "[2001:db8::1]:1234")], Some("2001:db8::1")),
            (&[(x, "2001:db8::1")], Some("2001:db8::1")),
            // All are proxies: the first that was asked.
            (&[(x, "10.0.0.3, 10.0.0.2")], Some("10.0.0.3")),
            // What a client may have written is never reached past what can't be read.
            (&[(x, "1.1.1.1, unknown")], Some("unreadable")),
            (&[(x, "1.1.1.1, unknown, 10.0.0.2")], Some("10.0.0.2")),
            (&[], None),
            // The field that no proxy writes here is the client's own invention.
            (&[("forwarded", "for=1.1.1.1")], None),
        ] {
            assert_eq!(asked("", fields).as_deref(), expected, "{fields:?}");
        }
    }

    #[test]
    fn the_field_can_be_the_other_one() {
        let field = "forwarded-field = \"forwarded\"";
        for (value, expected) in [
            ("for=203.0.113.9;proto=https", Some("203.0.113.9")),
            ("For=1.1.1.1, for=\"[2001:db8::1]:99\"", Some("2001:db8::1")),
            (
                "proto=http;for=203.0.113.9;by=10.0.0.1",
                Some("203.0.113.9"),
            ),
            ("for=_hidden", Some("unreadable")),
        ] {
            let fields = [("forwarded", value), ("x-forwarded-for", "1.1.1.1")];
            assert_eq!(asked(field, &fields).as_deref(), expected, "{value}");
        }
    }
}
