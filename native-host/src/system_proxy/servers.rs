//! Proxy servers as they are written in all kinds of places.

use std::net::Ipv6Addr;

use url::{Host, Url};

use super::{
    SystemProxy,
    rules::{self, Names},
};

/// The port of a server that is named without: of HTTP, and of SOCKS (RFC 1928, section 3).
const HTTP_PORT: u16 = 80;
const SOCKS_PORT: u16 = 1080;
/// The most bytes a server is written in.
const MAX_SERVER: usize = 512;

/// Servers by what they are for, as they are written.
#[derive(Debug, Default)]
pub(super) struct Written<'a> {
    pub(super) http: Option<&'a str>,
    pub(super) https: Option<&'a str>,
    pub(super) socks: Option<&'a str>,
}

impl<'a> Written<'a> {
    /// One for everything.
    pub(super) fn one(server: &'a str) -> Self {
        Self {
            http: Some(server),
            https: Some(server),
            socks: None,
        }
    }

    /// Reads them together with what goes to none of them; `None` where there is no server.
    pub(super) fn read<'b>(
        &self,
        bypass: impl IntoIterator<Item = &'b str>,
        names: Names,
    ) -> Option<SystemProxy> {
        let mut socks = self.socks.and_then(|server| read(server, SOCKS_PORT));
        // A SOCKS server in the place of another is for what has no other.
        let mut other = |written: Option<&str>| {
            let written = written?;
            if !is_socks(written) {
                return read(written, HTTP_PORT);
            }
            socks = socks.take().or_else(|| read(written, SOCKS_PORT));
            None
        };
        let (http, https) = (other(self.http), other(self.https));
        if http.is_none() && https.is_none() && socks.is_none() {
            return None;
        }
        let Some(bypass) = rules::read(bypass, names) else {
            return Some(SystemProxy::None);
        };
        Some(SystemProxy::Servers {
            http,
            https,
            socks,
            bypass,
        })
    }
}

fn is_socks(written: &str) -> bool {
    written
        .split_once("://")
        .is_some_and(|(scheme, _)| scheme.to_ascii_lowercase().starts_with("socks"))
}

/// A server as `host:port`. Browsers take neither scheme nor password from here, and ask for the
/// password themselves.
fn read(written: &str, default_port: u16) -> Option<String> {
    let written = written.trim();
    // What reads URLs would leave line ends out.
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if written.len() > MAX_SERVER || written.contains(odd) {
        return None;
    }
    let server = written.split_once("://").map_or(written, |(_, rest)| rest);
    let server = server.rsplit_once('@').map_or(server, |(_, rest)| rest);
    if let Ok(address) = server.parse::<Ipv6Addr>() {
        return Some(format!("[{address}]:{default_port}"));
    }
    let url = Url::parse(&format!("proxy://{server}")).ok()?;
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return None;
    }
    let host = Host::parse(url.host_str()?).ok()?;
    // Names in URLs may have quotes and the like in them.
    if matches!(&host, Host::Domain(name) if !rules::is_name(name)) {
        return None;
    }
    let port = url.port().filter(|port| *port != 0).unwrap_or(default_port);
    Some(format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_read_however_it_is_written() {
        for (written, server) in [
            ("proxy.example:3128", "proxy.example:3128"),
            ("http://proxy.example:3128/", "proxy.example:3128"),
            ("https://Proxy.Example", "proxy.example:80"),
            ("http://me:p#:a@ss@proxy.example:8080", "proxy.example:8080"),
            (" 192.0.2.1 ", "192.0.2.1:80"),
            ("[2001:db8::1]:8080", "[2001:db8::1]:8080"),
            ("2001:db8::1", "[2001:db8::1]:80"),
            ("proxy.example:0", "proxy.example:80"),
        ] {
            assert_eq!(read(written, HTTP_PORT).as_deref(), Some(server));
        }
        for odd in [
            "",
            "http://",
            "proxy.example:99999",
            "proxy.example:http",
            "proxy.example/path",
            "proxy.example; DIRECT",
            "proxy\n.example",
            "\";alert(1)//",
            "it's.example",
            "a\"+b",
            "a;b",
            &"a".repeat(600),
        ] {
            assert_eq!(read(odd, HTTP_PORT), None, "{odd}");
        }
    }

    #[test]
    fn socks_servers_are_for_what_has_no_other() {
        let found = Written::one("socks5h://127.0.0.1:9050").read([], Names::Exact);
        let expected = SystemProxy::Servers {
            http: None,
            https: None,
            socks: Some("127.0.0.1:9050".to_owned()),
            bypass: Vec::new(),
        };
        assert_eq!(found, Some(expected));
        let both = Written {
            http: Some("a:1"),
            https: Some("socks4://b"),
            socks: None,
        };
        let expected = SystemProxy::Servers {
            http: Some("a:1".to_owned()),
            https: None,
            socks: Some("b:1080".to_owned()),
            bypass: Vec::new(),
        };
        assert_eq!(both.read([], Names::Exact), Some(expected));
    }

    #[test]
    fn nothing_goes_to_a_server_that_everything_passes_by() {
        let found = Written::one("a:1").read(["b", "*"], Names::Exact);
        assert_eq!(found, Some(SystemProxy::None));
        assert_eq!(Written::default().read(["b"], Names::Exact), None);
    }
}
