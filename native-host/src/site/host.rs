//! The host that a request is for, as the server behind the site hears of it.
//!
//! A site is that of one key, so a request for any other host is none for it: the server behind may
//! have more sites, and a reader must not choose among them. What is passed on is the key host.

use hyper::{
    Request, Version,
    header::{self, HeaderValue},
    http::uri::Authority,
};

use crate::key::{KeyHost, PublicKey};

/// The port of `https://`.
const DEFAULT_PORT: u16 = 443;

/// Why a request has no host that can be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HostError {
    /// It names none, several, or one that can’t be read.
    Unclear,
    /// It is for another host than this key’s.
    Misdirected,
}

/// A key host with the port that was named beside it.
#[derive(Debug, PartialEq, Eq)]
struct Named(KeyHost, Option<u16>);

/// The value of `Host` for the server: a host of `key`, with a port where one was named.
///
/// The target’s authority stands over `Host` (RFC 9112, section 3.2.2; RFC 9113, section 8.3.1); in
/// HTTP/2 the two must be the same. HTTP/1.1 has one `Host` in any case (RFC 9112, section 3.2).
pub(super) fn host_for<B>(request: &Request<B>, key: &PublicKey) -> Result<HeaderValue, HostError> {
    let mut fields = request.headers().get_all(header::HOST).iter();
    let field = fields.next();
    if fields.next().is_some() || (field.is_none() && request.version() == Version::HTTP_11) {
        return Err(HostError::Unclear);
    }
    let named = match (request.uri().authority(), field) {
        (Some(authority), field) => {
            let named = read(authority.as_str().as_bytes())?;
            if let Some(field) = field
                && request.version() == Version::HTTP_2
                && !read(field.as_bytes()).is_ok_and(|other| other.is_same_place(&named))
            {
                return Err(HostError::Unclear);
            }
            named
        }
        (None, Some(field)) => read(field.as_bytes())?,
        (None, None) => return Err(HostError::Unclear),
    };
    if named.0.key() != key {
        return Err(HostError::Misdirected);
    }
    let text = match named.1 {
        Some(port) => format!("{}:{port}", named.0),
        None => named.0.to_string(),
    };
    HeaderValue::try_from(text).map_err(|_| HostError::Unclear)
}

impl Named {
    fn is_same_place(&self, other: &Self) -> bool {
        let port = |named: &Self| named.1.unwrap_or(DEFAULT_PORT);
        self.0 == other.0 && port(self) == port(other)
    }
}

fn read(text: &[u8]) -> Result<Named, HostError> {
    let authority = Authority::try_from(text).map_err(|_| HostError::Unclear)?;
    // What stands before the host is a user name.
    let port = authority
        .as_str()
        .strip_prefix(authority.host())
        .ok_or(HostError::Unclear)?;
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        Some("") => None,
        // `parse` would take a sign.
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => match digits.parse() {
            Ok(port @ 1..) => Some(port),
            _ => return Err(HostError::Unclear),
        },
        _ => return Err(HostError::Unclear),
    };
    let host = KeyHost::parse(authority.host()).map_err(|_| HostError::Misdirected)?;
    Ok(Named(host, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyPair;

    fn ask(version: Version, target: &str, hosts: &[&str]) -> Result<String, HostError> {
        let key = KeyPair::from_secret(&[1; 32]).public();
        let other = KeyPair::from_secret(&[2; 32]).public();
        let fill = |text: &str| {
            let text = text.replace("KEY", &key.to_string());
            text.replace("OTHER", &other.to_string())
        };
        let mut request = Request::builder().version(version).uri(fill(target));
        for host in hosts {
            request = request.header(header::HOST, fill(host));
        }
        host_for(&request.body(()).unwrap(), &key)
            .map(|host| host.to_str().unwrap().replace(&key.to_string(), "KEY"))
    }

    #[test]
    fn the_host_is_one_of_the_key() {
        let http11 = |hosts: &[&str]| ask(Version::HTTP_11, "/", hosts);
        let key = KeyPair::from_secret(&[1; 32]).public().to_string();
        for (given, passed) in [
            ("KEY", "KEY"),
            ("www.KEY", "www.KEY"),
            ("KEY:8443", "KEY:8443"),
            ("KEY:", "KEY"),
            (&format!("WWW.{}", key.to_uppercase()), "www.KEY"),
        ] {
            assert_eq!(http11(&[given]).as_deref(), Ok(passed));
        }
        for other in [
            "OTHER",
            "KEY.OTHER",
            "localhost",
            "127.0.0.1",
            "KEY.example",
        ] {
            assert_eq!(http11(&[other]), Err(HostError::Misdirected), "{other}");
            let target = format!("https://{other}/");
            let http2 = ask(Version::HTTP_2, &target, &[]);
            assert_eq!(http2, Err(HostError::Misdirected), "{other}");
        }
        for unclear in [
            "",
            "u@KEY",
            "KEY@KEY",
            "KEY:x",
            "KEY:+1",
            "KEY:0",
            "KEY:70000",
            "a b",
        ] {
            assert_eq!(http11(&[unclear]), Err(HostError::Unclear), "{unclear}");
        }
        for hosts in [&[][..], &["KEY", "KEY"]] {
            assert_eq!(http11(hosts), Err(HostError::Unclear));
        }
    }

    #[test]
    fn the_target_stands_over_the_field() {
        let absolute = |hosts: &[&str]| ask(Version::HTTP_11, "http://www.KEY/x", hosts);
        assert_eq!(absolute(&["localhost"]).as_deref(), Ok("www.KEY"));
        assert_eq!(absolute(&[]), Err(HostError::Unclear));

        let http2 = |hosts: &[&str]| ask(Version::HTTP_2, "https://www.KEY/", hosts);
        for same in [&[][..], &["www.KEY"], &["www.KEY:443"]] {
            assert_eq!(http2(same).as_deref(), Ok("www.KEY"));
        }
        for other in ["KEY", "www.KEY:80", "localhost", ""] {
            assert_eq!(http2(&[other]), Err(HostError::Unclear), "{other}");
        }
        let field = ask(Version::HTTP_2, "/", &["www.KEY"]);
        assert_eq!(field.as_deref(), Ok("www.KEY"));
    }
}
