//! Header fields: what stays on one connection, and what the gateway adds and takes away.

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

/// The header field that carries the stable code of a failure.
pub(super) const CODE: HeaderName = HeaderName::from_static("pkarr-error");

/// Says that an answer is of the public internet, though it came from this machine: without it a
/// page could reach into the reader's own network as if it were part of it (the directive of
/// Chromium's Local Network Access; measured for pages, and for scripts of workers).
const PUBLIC: HeaderValue = HeaderValue::from_static("treat-as-public-address");

/// Takes out what must not be passed on.
pub(super) fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let trailers = headers
        .get_all(header::TE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| coding.trim().eq_ignore_ascii_case("trailers"));
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    // Trailers are passed on, so the site may know that they are welcome (section 10.1.4).
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

/// Whether a body is framed by its length, by its end, or by `chunked` and no other coding. hyper
/// undoes that one alone, and would pass the rest on without its name.
pub(super) fn is_plainly_framed(headers: &HeaderMap) -> bool {
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
pub(super) fn join_cookies(headers: &mut HeaderMap) {
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

/// Makes an answer of a site one of the gateway.
///
/// Taken out, beside what is hop by hop: `Alt-Svc`, since the browser can't go around the gateway,
/// `Pkarr-Error`, which is the gateway's own, and `Strict-Transport-Security`: whether a key is to be opened as `https://` its record says,
/// and the browser must not be bound to it after the reader has switched that off.
pub(super) fn finish_answer(headers: &mut HeaderMap) {
    // Chunks stand over a length (RFC 9112, section 6.3).
    if headers.contains_key(header::TRANSFER_ENCODING) {
        headers.remove(header::CONTENT_LENGTH);
    }
    drop_hop_by_hop(headers);
    headers.remove(header::ALT_SVC);
    headers.remove(CODE);
    headers.remove(header::STRICT_TRANSPORT_SECURITY);
    mark_public(headers);
}

/// Adds the mark of the public internet, as a policy of its own beside the site's.
pub(super) fn mark_public(headers: &mut HeaderMap) {
    headers.append(header::CONTENT_SECURITY_POLICY, PUBLIC);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let field = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        fields.iter().map(field).collect()
    }

    #[test]
    fn fields_of_one_connection_stay_on_it() {
        let mut headers = fields(&[
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("keep-alive", "5"),
            ("proxy-authorization", "secret"),
            ("te", "gzip"),
            ("accept", "*/*"),
        ]);
        drop_hop_by_hop(&mut headers);
        let left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["accept"]);
    }

    #[test]
    fn trailers_may_come() {
        let mut headers = fields(&[("connection", "te"), ("te", "gzip;q=0.5, trailers")]);
        drop_hop_by_hop(&mut headers);
        assert_eq!(headers[header::TE], "trailers");
        assert_eq!(headers.len(), 1);
    }

    #[test]
    fn cookies_are_one_field() {
        let mut headers = fields(&[("cookie", "a=1"), ("cookie", "b=2; c=3")]);
        join_cookies(&mut headers);
        assert_eq!(headers[header::COOKIE], "a=1; b=2; c=3");
        assert_eq!(headers.len(), 1);
    }

    #[test]
    fn a_policy_of_the_site_stays() {
        let mut headers = fields(&[
            ("content-security-policy", "default-src 'self'"),
            ("strict-transport-security", "max-age=1"),
            ("alt-svc", "h3=\":443\""),
        ]);
        finish_answer(&mut headers);
        let policies: Vec<_> = headers
            .get_all(header::CONTENT_SECURITY_POLICY)
            .iter()
            .collect();
        assert_eq!(policies, ["default-src 'self'", "treat-as-public-address"]);
        assert_eq!(headers.keys_len(), 1);
    }
}
