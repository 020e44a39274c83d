//! The web app at `/`: look a key up, check its signature in the page itself, make a key, publish.
//!
//! Plain HTML, CSS and ES modules, embedded as they are written, without a build step. The style
//! sheets are those of the extension's pages, so both look like the one product they are. What the
//! page does stands in its modules, `app/main.js` first.
//!
//! Nothing here is secret and nothing differs between readers, but the page handles secret keys: it
//! may load nothing from elsewhere, be framed by nobody, and turn no text into markup. The policy
//! says so to the browser, which enforces it even where the page has a mistake. Each file has an
//! `ETag` and is asked for again each time (`no-cache`), so that page and modules are always of the
//! same version.

use std::sync::LazyLock;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
        REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    },
};
use sha2::{Digest, Sha256};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Any relay may be asked; all else comes from this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self' http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

/// How many bytes of a file's digest are its `ETag`.
const TAG_BYTES: usize = 12;

/// A file of the app.
struct File {
    path: &'static str,
    kind: &'static str,
    body: &'static [u8],
    /// In quotes, as it stands in the header.
    tag: String,
}

macro_rules! files {
    ($($path:literal $kind:ident $source:literal)*) => {
        [$(($path, $kind, include_bytes!($source).as_slice())),*]
    };
}

static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    files! {
        "/" HTML "app/index.html"
        "/app/app.css" CSS "app/app.css"
        "/app/shared.css" CSS "../../../extension/pages/style.css"
        "/app/key.css" CSS "../../../extension/entrypoints/key/style.css"
        "/app/records.css" CSS "../../../extension/entrypoints/key/records.css"
        "/app/icon.svg" SVG "../../../extension/public/icon/icon.svg"
        "/app/art.js" SCRIPT "app/art.js"
        "/app/dns.js" SCRIPT "app/dns.js"
        "/app/key.js" SCRIPT "app/key.js"
        "/app/key-view.js" SCRIPT "app/key-view.js"
        "/app/ask.js" SCRIPT "app/ask.js"
        "/app/main.js" SCRIPT "app/main.js"
        "/app/meaning.js" SCRIPT "app/meaning.js"
        "/app/merge.js" SCRIPT "app/merge.js"
        "/app/packet.js" SCRIPT "app/packet.js"
        "/app/page.js" SCRIPT "app/page.js"
        "/app/publish-view.js" SCRIPT "app/publish-view.js"
        "/app/relay-field.js" SCRIPT "app/relay-field.js"
        "/app/relay.js" SCRIPT "app/relay.js"
        "/app/text.js" SCRIPT "app/text.js"
        "/app/zone-scan.js" SCRIPT "app/zone-scan.js"
        "/app/zone-show.js" SCRIPT "app/zone-show.js"
        "/app/zone.js" SCRIPT "app/zone.js"
    }
    .into_iter()
    .map(|(path, kind, body)| {
        let digest = Sha256::digest(body);
        let tag = format!("\"{}\"", HEXLOWER.encode(&digest[..TAG_BYTES]));
        File {
            path,
            kind,
            body,
            tag,
        }
    })
    .collect()
});

/// The answer to a `GET` or `HEAD` of this path (without query): a file of the app, or that the
/// reader has it already (`304`). `None` where the app has nothing.
///
/// `if_none_match` is that header of the request, as it came.
pub(super) fn answer(path: &str, if_none_match: Option<&str>) -> Option<Response<Full<Bytes>>> {
    let file = FILES.iter().find(|file| file.path == path)?;
    let known = if_none_match.is_some_and(|tags| matches(tags, &file.tag));
    let mut response = Response::new(if known {
        Full::default()
    } else {
        Full::new(Bytes::from_static(file.body))
    });
    let headers = response.headers_mut();
    headers.insert(ETAG, HeaderValue::from_str(&file.tag).ok()?);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.kind));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    for (name, value) in [
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    Some(response)
}

/// Whether the list of tags names this one (RFC 9110, section 13.1.2: weak comparison).
fn matches(tags: &str, tag: &str) -> bool {
    tags.split(',')
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn text(path: &str) -> String {
        let file = FILES.iter().find(|file| file.path == path);
        String::from_utf8(file.unwrap().body.to_vec()).unwrap()
    }

    /// What stands between `before` and the next quote.
    fn named(text: &str, before: &str) -> Vec<String> {
        text.split(before)
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect()
    }

    #[tokio::test]
    async fn the_page_is_at_the_root() {
        let answer = answer("/", None).unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[CONTENT_TYPE], HTML);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(body.starts_with(b"<!doctype html>"));
    }

    #[tokio::test]
    async fn what_a_reader_has_is_not_sent_again() {
        let tag = answer("/app/main.js", None).unwrap().headers()[ETAG].clone();
        let tag = tag.to_str().unwrap();
        for known in [tag.to_owned(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let answer = answer("/app/main.js", Some(&known)).unwrap();
            assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(answer.headers()[ETAG], tag);
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            assert!(body.is_empty());
        }
        let other = answer("/app/main.js", Some("\"x\"")).unwrap();
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[test]
    fn nothing_else_is_there() {
        for path in [
            "",
            "/app",
            "/app/",
            "/app/../main.js",
            "/index.html",
            "/app/main.js/",
        ] {
            assert!(answer(path, None).is_none(), "{path}");
        }
    }

    #[test]
    fn everything_that_the_page_names_is_there() {
        let page = text("/");
        let links = [named(&page, "href=\"/"), named(&page, "src=\"/")].concat();
        assert!(links.len() > 5);
        for link in links {
            assert!(answer(&format!("/{link}"), None).is_some(), "{link}");
        }
        for file in FILES.iter().filter(|file| file.kind == SCRIPT) {
            for module in named(&text(file.path), "from \"./") {
                assert!(
                    answer(&format!("/app/{module}"), None).is_some(),
                    "{module}"
                );
            }
        }
    }

    #[test]
    fn the_policy_allows_all_that_is_in_the_page() {
        let page = text("/");
        for inline in ["<style", "<script>", " style=", " onclick=", "javascript:"] {
            assert!(!page.contains(inline), "{inline}");
        }
        for file in FILES.iter().filter(|file| file.kind == SCRIPT) {
            for markup in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "eval(",
                "document.write",
            ] {
                assert!(
                    !text(file.path).contains(markup),
                    "{} in {}",
                    markup,
                    file.path
                );
            }
        }
        for file in FILES.iter().filter(|file| file.kind == CSS) {
            assert!(!text(file.path).contains("@import"), "{}", file.path);
            assert!(!text(file.path).contains("url("), "{}", file.path);
        }
    }
}
