//! A folder as a site: what of it is shown, and how.

#![allow(clippy::unwrap_used)]

mod support;

use std::{fs, path::Path};

use hyper::{Response, StatusCode, body::Incoming, header};
use pkarr_host::{
    site::{Content, Files, Site, SiteError, SiteLimits},
    tls::Alpn,
};
use support::{
    pair,
    visitor::{Visitor, nothing, text},
};
use tempfile::TempDir;

/// A folder with something of everything, and things beside it that are nobody's business.
fn folder() -> TempDir {
    let outer = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = outer.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("secret.txt", "secret");
    write("site/index.html", "<p>home");
    write("site/about/index.html", "<p>about");
    write("site/empty/picture.png", "png");
    write("site/text.txt", "0123456789");
    write("site/code.js", "1");
    write("site/code.js.gz", "zipped");
    write("site/.env", "secret");
    write("site/.git/config", "secret");
    write("site/deep/.hidden/page.html", "secret");
    write("site/.well-known/info", "known");
    write("site/.well-known/.hidden", "secret");
    outer
}

async fn serve(folder: &Path) -> (Site, Visitor) {
    let content = Content::Files(Files::new(folder).unwrap());
    let listen = "127.0.0.1:0".parse().unwrap();
    let site = Site::start(&pair(1), listen, content, SiteLimits::default())
        .await
        .unwrap();
    let visitor = Visitor::connect(site.address(), &pair(1), Alpn::Any).await;
    (site, visitor)
}

async fn get(
    visitor: &mut Visitor,
    path: &str,
    fields: &[(header::HeaderName, &str)],
) -> Response<Incoming> {
    let mut request = visitor.request(&pair(1), path);
    for (name, value) in fields {
        request = request.header(name, *value);
    }
    visitor.send(request.body(nothing()).unwrap()).await
}

fn field(response: &Response<Incoming>, name: header::HeaderName) -> &str {
    response.headers()[name].to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_shown_as_what_they_are() {
    let outer = folder();
    let (_site, mut visitor) = serve(&outer.path().join("site")).await;
    for (path, kind, body) in [
        ("/", "text/html; charset=utf-8", "<p>home"),
        ("/index.html?x=y", "text/html; charset=utf-8", "<p>home"),
        ("/about/", "text/html; charset=utf-8", "<p>about"),
        ("/text.txt", "text/plain; charset=utf-8", "0123456789"),
        ("/code.js", "text/javascript; charset=utf-8", "1"),
        ("/empty/picture.png", "image/png", "png"),
        ("/.well-known/info", "application/octet-stream", "known"),
    ] {
        let response = get(&mut visitor, path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(field(&response, header::CONTENT_TYPE), kind, "{path}");
        assert_eq!(field(&response, header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(text(response).await, body, "{path}");
    }
    let response = get(&mut visitor, "/about?x", &[]).await;
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
    let target = field(&response, header::LOCATION);
    assert!(target.ends_with("/about/?x"), "{target}");

    let zipped = [(header::ACCEPT_ENCODING, "br, gzip")];
    let response = get(&mut visitor, "/code.js", &zipped).await;
    assert_eq!(field(&response, header::CONTENT_ENCODING), "gzip");
    assert_eq!(
        field(&response, header::CONTENT_TYPE),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(text(response).await, "zipped");
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_and_what_has_not_changed() {
    let outer = folder();
    let (_site, mut visitor) = serve(&outer.path().join("site")).await;
    let part = [(header::RANGE, "bytes=2-4")];
    let response = get(&mut visitor, "/text.txt", &part).await;
    assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(field(&response, header::CONTENT_RANGE), "bytes 2-4/10");
    assert_eq!(text(response).await, "234");
    let none = [(header::RANGE, "bytes=20-")];
    let response = get(&mut visitor, "/text.txt", &none).await;
    assert_eq!(response.status(), StatusCode::RANGE_NOT_SATISFIABLE);

    let response = get(&mut visitor, "/text.txt", &[]).await;
    for (known, condition) in [
        (header::ETAG, header::IF_NONE_MATCH),
        (header::LAST_MODIFIED, header::IF_MODIFIED_SINCE),
    ] {
        let known = field(&response, known);
        let again = get(&mut visitor, "/text.txt", &[(condition, known)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(text(again).await, "");
    }

    let request = visitor.request(&pair(1), "/text.txt").method("HEAD");
    let response = visitor.send(request.body(nothing()).unwrap()).await;
    assert_eq!(field(&response, header::CONTENT_LENGTH), "10");
    assert_eq!(text(response).await, "");
    let request = visitor.request(&pair(1), "/text.txt").method("POST");
    let response = visitor.send(request.body(nothing()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(field(&response, header::ALLOW), "GET,HEAD");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_meant_for_all_is_not_there() {
    let outer = folder();
    let inner = outer.path().join("site");
    let (_site, mut visitor) = serve(&inner).await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink("../secret.txt", inner.join("out.txt")).unwrap();
        symlink("..", inner.join("up")).unwrap();
        symlink(".env", inner.join("env")).unwrap();
        symlink("../secret.txt", inner.join("index.html.br")).unwrap();
        symlink("text.txt", inner.join("link.txt")).unwrap();
        let mut pipe = std::process::Command::new("mkfifo");
        assert!(pipe.arg(inner.join("pipe")).status().unwrap().success());
        let inside = get(&mut visitor, "/link.txt", &[]).await;
        assert_eq!(text(inside).await, "0123456789");
        // The compressed neighbour leads out, so it counts as missing.
        let zipped = [(header::ACCEPT_ENCODING, "br")];
        let plain = get(&mut visitor, "/index.html", &zipped).await;
        assert_eq!(text(plain).await, "<p>home");
    }
    for path in [
        "/missing",
        "/empty/",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/.git/",
        "/deep/.hidden/page.html",
        "/deep/.well-known/info",
        "/.well-known/.hidden",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/about/../../secret.txt",
        "/about/..%5c..%5csecret.txt",
        "/text.txt/",
        "/text.txt/more",
        "/text.txt%00",
        "//about",
        "//elsewhere.example/..",
        "/out.txt",
        "/up/secret.txt",
        "/up/site/text.txt/",
        "/env",
        "/pipe",
    ] {
        let response = get(&mut visitor, path, &[]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(text(response).await, "There is nothing here.\n", "{path}");
    }

    fs::write(inner.join("404.html"), "<p>lost").unwrap();
    let range = [(header::RANGE, "bytes=0-1")];
    for path in ["/missing", "/.env", "/up/secret.txt"] {
        let response = get(&mut visitor, path, &range).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        let kind = field(&response, header::CONTENT_TYPE);
        assert_eq!(kind, "text/html; charset=utf-8");
        assert_eq!(text(response).await, "<p>lost", "{path}");
    }
}

#[test]
fn a_folder_that_is_none_is_told() {
    let outer = folder();
    for path in ["missing", "secret.txt"] {
        let error = Files::new(&outer.path().join(path)).unwrap_err();
        assert!(matches!(error, SiteError::Folder(..)), "{error}");
    }
}
