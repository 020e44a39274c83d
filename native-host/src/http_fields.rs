//! Header fields that proxies have to mind: the gateway, and the one in front of a site.

use hyper::{
    HeaderMap,
    header::{self, HeaderName, HeaderValue},
};

/// Header fields that are about one connection only (RFC 9110, section 7.6.1), and those for
/// proxies. `Connection` itself names more.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Takes out what is about one connection only and must not be passed on.
pub(crate) fn without_hop_by_hop(headers: &mut HeaderMap) {
    let trailers = list(headers, header::TE).any(|coding| coding.eq_ignore_ascii_case("trailers"));
    let named: Vec<HeaderName> = list(headers, header::CONNECTION)
        .filter_map(|name| name.parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    // Trailers are passed on, so the other side may know that they are welcome (section 10.1.4).
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

/// Says in `Connection` that `TE` is about this connection, where there is one (RFC 9110, section
/// 10.1.4).
pub(crate) fn name_te(headers: &mut HeaderMap) {
    if headers.contains_key(header::TE) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
    }
}

/// Whether a body is framed by its length, by its end, or by `chunked` and no other coding. hyper
/// undoes that one alone, and would pass the rest on without its name.
pub(crate) fn is_plainly_framed(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"chunked"),
        _ => false,
    }
}

/// Makes one field of several `Cookie` fields, into which HTTP/2 may split it (RFC 9113, section
/// 8.2.3).
pub(crate) fn join_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<&[u8]> = headers
        .get_all(header::COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if cookies.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&cookies.join(&b"; "[..]))
    {
        headers.insert(header::COOKIE, joined);
    }
}

/// Whether `Connection` names `option`, in either case.
pub(crate) fn has_connection_option(headers: &HeaderMap, option: &str) -> bool {
    list(headers, header::CONNECTION).any(|name| name.eq_ignore_ascii_case(option))
}

/// The members of a list in a field (RFC 9110, section 5.6.1).
fn list(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_one_connection_stay_on_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Mine"),
            ("connection", "Upgrade"),
            ("x-mine", "1"),
            ("keep-alive", "5"),
            ("proxy-authorization", "secret"),
            ("te", "gzip"),
            ("upgrade", "websocket"),
            ("accept", "*/*"),
        ] {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        assert!(has_connection_option(&headers, "upgrade"));
        assert!(!has_connection_option(&headers, "mine"));
        without_hop_by_hop(&mut headers);
        let left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["accept"]);
    }

    #[test]
    fn trailers_may_come() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
        headers.insert(header::TE, HeaderValue::from_static("gzip;q=0.5, trailers"));
        without_hop_by_hop(&mut headers);
        assert_eq!(headers[header::TE], "trailers");
        assert_eq!(headers.len(), 1);
    }

    #[test]
    fn cookies_are_one_field() {
        let mut headers = HeaderMap::new();
        for value in ["a=1", "b=2; c=3"] {
            headers.append(header::COOKIE, HeaderValue::from_static(value));
        }
        join_cookies(&mut headers);
        assert_eq!(headers[header::COOKIE], "a=1; b=2; c=3");
        assert_eq!(headers.len(), 1);
    }
}
