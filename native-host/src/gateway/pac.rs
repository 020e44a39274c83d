//! The proxy script for browsers that have no extension to lead them here: `/proxy.pac`.
//!
//! It sends key hosts to the gateway and leaves all others to go directly, and it never asks DNS. Only
//! what comes from no page is answered: a page is not to find out by it who has a gateway.

use std::net::SocketAddr;

use hyper::{
    HeaderMap, Method, Request, Response, Uri, Version,
    header::{self, HeaderValue},
    http::uri::Authority,
};

use super::body::{Body, text};
use crate::http_fields::is_plainly_framed;

const PATH: &str = "/proxy.pac";
const MIME: HeaderValue = HeaderValue::from_static("application/x-ns-proxy-autoconfig");
/// What browsers tell of a page that asks. Their own question for the script has none of it.
const OF_PAGES: [&str; 2] = ["origin", "referer"];
/// Whose page it is that asks (Fetch Metadata); Firefox says of its own question that it is nobody’s.
const SITE: &str = "sec-fetch-site";
const NOBODY: &str = "none";

/// The answer to a request for the script, if it is one, of the gateway at `address`.
pub(super) fn answer<B>(request: &Request<B>, address: SocketAddr) -> Option<Response<Body>> {
    let is_ours = request.method() == Method::GET
        && is_origin_form(request.uri())
        && request.version() <= Version::HTTP_11
        && is_plainly_framed(request.headers())
        && names(request.headers(), address)
        && !is_of_page(request.headers());
    if !is_ours {
        return None;
    }
    let mut response = Response::new(text(script(address)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, MIME);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("same-origin"),
    );
    Some(response)
}

fn is_origin_form(uri: &Uri) -> bool {
    uri.scheme().is_none() && uri.authority().is_none() && uri.path() == PATH
}

fn is_of_page(headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all(SITE).iter();
    OF_PAGES.iter().any(|name| headers.contains_key(*name)) || sites.any(|site| site != NOBODY)
}

/// Whether the host is the gateway’s own address, and no name that somebody has led here.
fn names(headers: &HeaderMap, address: SocketAddr) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    Authority::try_from(host.as_bytes()).is_ok_and(|host| host.as_str().parse() == Ok(address))
}

fn script(address: SocketAddr) -> String {
    format!(
        r#"// pkarr: key hosts go to the gateway, all others where they go without a proxy.
var keyHost = /^(?:.*\.)?[ybndrfg8ejkmcpqxot1uwisza345h769]{{51}}[yo]\.?$/;
function FindProxyForURL(url, host) {{
  return keyHost.test(host.toLowerCase()) ? "PROXY {address}" : "DIRECT";
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "127.0.0.1:8118";

    fn request(path: &str, fields: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::get(path);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    fn is_answered(path: &str, fields: &[(&str, &str)]) -> bool {
        answer(&request(path, fields), ADDRESS.parse().unwrap()).is_some()
    }

    #[test]
    fn browsers_get_it_and_pages_do_not() {
        let host = ("host", ADDRESS);
        assert!(is_answered("/proxy.pac", &[host]));
        let of_firefox = [("sec-fetch-mode", "no-cors"), ("sec-fetch-site", "none")];
        assert!(is_answered(
            "/proxy.pac",
            &[&[host], &of_firefox[..]].concat()
        ));
        for (path, fields) in [
            ("/", &[host][..]),
            ("http://127.0.0.1:8118/proxy.pac", &[host]),
            ("/proxy.pac", &[]),
            ("/proxy.pac", &[host, host]),
            // A name that leads here: DNS rebinding.
            ("/proxy.pac", &[("host", "evil.example:8118")]),
            ("/proxy.pac", &[("host", "127.0.0.1:8119")]),
            ("/proxy.pac", &[host, ("origin", "http://evil.example")]),
            ("/proxy.pac", &[host, ("sec-fetch-site", "cross-site")]),
            ("/proxy.pac", &[host, ("sec-fetch-site", "same-origin")]),
            ("/proxy.pac", &[host, ("referer", "http://evil.example/")]),
        ] {
            assert!(!is_answered(path, fields), "{path} {fields:?}");
        }
    }

    #[test]
    fn the_script_names_the_gateway() {
        let script = script(ADDRESS.parse().unwrap());
        assert!(script.contains("\"PROXY 127.0.0.1:8118\""));
        assert!(script.contains("{51}[yo]") && !script.contains("{{"));
        assert!(!script.contains("dnsResolve") && !script.contains("isInNet"));
    }
}
