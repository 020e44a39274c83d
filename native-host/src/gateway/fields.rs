//! Header fields that the gateway adds to answers and takes away.

use hyper::{
    HeaderMap,
    header::{self, HeaderName, HeaderValue},
};

use crate::http_fields::without_hop_by_hop;

/// The header field that carries the stable code of a failure.
pub(super) const CODE: HeaderName = HeaderName::from_static("pkarr-error");

/// Says that an answer is of the public internet, though it came from this machine: without it a
/// page could reach into the reader's own network as if it were part of it (the directive of
/// Chromium's Local Network Access; measured for pages, and for scripts of workers).
const PUBLIC: HeaderValue = HeaderValue::from_static("treat-as-public-address");

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
    without_hop_by_hop(headers);
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
