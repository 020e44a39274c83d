//! The pages of the gateway: what is wrong, in plain words.
//!
//! One design for all, light and dark, without script and without anything to load. What goes into
//! a page from outside (names, reasons) is escaped. Requests that are not for a page, such as an
//! image inside one, get one line of text.

use hyper::{
    Request, Response, StatusCode,
    header::{self, HeaderValue},
};

use super::{
    body::{Body, text},
    fields::{CODE, mark_public},
};
use crate::{
    packet::SignedPacket,
    problem::{Code, Problem},
    view::RecordView,
};

const STYLE: &str = include_str!("page.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'";

/// Who will read the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// A person, in a tab or a frame.
    Person,
    /// A page or a program.
    Program,
}

impl Reader {
    /// Judges by the Fetch Metadata of the request. Browsers leave that out for `http` sites; then
    /// a navigation is known by `Upgrade-Insecure-Requests`, which no page can set unasked.
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let field = |name: &str| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let person = match field("sec-fetch-dest") {
            Some(destination) => {
                matches!(
                    destination,
                    "document" | "iframe" | "frame" | "embed" | "object"
                )
            }
            None => {
                field("upgrade-insecure-requests") == Some("1")
                    && field("accept").is_some_and(|accept| accept.contains("text/html"))
            }
        };
        if person { Self::Person } else { Self::Program }
    }
}

/// A failure, and what the reader may want to see of it.
#[derive(Debug)]
pub(super) struct Failure {
    /// What went wrong.
    pub(super) problem: Problem,
    /// The records that were found, where they are of help.
    pub(super) records: Vec<RecordView>,
}

impl<E: Into<Problem>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            problem: error.into(),
            records: Vec::new(),
        }
    }
}

impl Failure {
    /// The failure of a name whose records name no site.
    pub(super) fn with_records(problem: impl Into<Problem>, packet: &SignedPacket) -> Self {
        Self {
            problem: problem.into(),
            records: RecordView::all(packet),
        }
    }
}

/// The answer to a request that failed.
pub(super) fn answer(failure: &Failure, host: &str, reader: Reader) -> Response<Body> {
    let problem = &failure.problem;
    let (kind, words) = match reader {
        Reader::Person => ("text/html; charset=utf-8", page(failure, host)),
        Reader::Program => (
            "text/plain; charset=utf-8",
            format!(
                "{}: {}\n{}\n",
                problem.code,
                problem.what,
                problem.code.todo()
            ),
        ),
    };
    let mut response = Response::new(text(words));
    *response.status_mut() = status(problem.code);
    let headers = response.headers_mut();
    for (name, value) in [
        (CODE, problem.code.as_str()),
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(seconds) = retry_after(problem.code) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    mark_public(headers);
    response
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::NotAKey | Code::PrivateAddress | Code::BadPort => StatusCode::FORBIDDEN,
        Code::NoRecord | Code::NoEndpoint | Code::NotCached | Code::Outdated => {
            StatusCode::NOT_FOUND
        }
        Code::DhtUnreachable | Code::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Code::BadRequest => StatusCode::BAD_REQUEST,
        Code::NeedsTls | Code::HttpsOff => StatusCode::NOT_IMPLEMENTED,
        Code::Misdirected => StatusCode::MISDIRECTED_REQUEST,
        Code::BadSignature
        | Code::NotAPacket
        | Code::ConnectFailed
        | Code::WrongKey
        | Code::NoRawKey
        | Code::TlsFailed
        | Code::BadCertificate
        | Code::NoTls => StatusCode::BAD_GATEWAY,
        Code::GatewayFailed | Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// After how many seconds it is worth trying again (RFC 9110, section 10.2.3), where time helps.
fn retry_after(code: Code) -> Option<u16> {
    match code {
        Code::Busy => Some(5),
        Code::DhtUnreachable => Some(15),
        Code::ConnectFailed | Code::NoRecord | Code::Outdated => Some(60),
        _ => None,
    }
}

fn page(failure: &Failure, host: &str) -> String {
    let problem = &failure.problem;
    let title = escape(problem.code.title());
    let what = escape(&sentence(&problem.what));
    let todo = escape(problem.code.todo());
    let host = escape(host);
    let code = problem.code;
    let records = records(&failure.records);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title} · pkarr</title>\n<style>{STYLE}</style>\n\
         <main>\n<h1>{title}</h1>\n<p class=\"host\" id=\"host\">{host}</p>\n\
         <p id=\"what\">{what}</p>\n<p id=\"todo\">{todo}</p>\n\
         <p><a class=\"again\" href=\"\">Try again</a></p>\n{records}\
         <footer>pkarr · <code id=\"code\">{code}</code></footer>\n</main>\n</html>\n"
    )
}

/// The records as a table; nothing where there are none.
fn records(records: &[RecordView]) -> String {
    if records.is_empty() {
        return String::new();
    }
    let rows: String = records
        .iter()
        .map(|record| {
            let (name, kind, value) = (&record.name, &record.kind, &record.value);
            format!(
                "<tr><td>{}<td>{}<td>{}\n",
                escape(name),
                escape(kind),
                escape(value)
            )
        })
        .collect();
    format!(
        "<h2>What the key says</h2>\n<div class=\"records\" tabindex=\"0\"><table>\n\
         <tr><th scope=\"col\">Name<th scope=\"col\">Type<th scope=\"col\">Value\n{rows}</table></div>\n"
    )
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase);
    let text: String = first.into_iter().flatten().chain(characters).collect();
    if text.ends_with(['.', '!', '?']) {
        text
    } else {
        text + "."
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Controls and marks that turn the direction of text can disguise it.
            hidden
                if hidden.is_control()
                    || matches!(hidden, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                escaped.push('\u{fffd}');
            }
            plain => escaped.push(plain),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_text() {
        let problem = Problem::new(Code::NotAKey, "<script>alert(1)</script>\u{202e}");
        let page = page(&problem.into(), "\"><img src=x>");
        assert!(!page.contains("<script>"));
        assert!(!page.contains("<img"));
        assert!(!page.contains('\u{202e}'));
        assert!(page.contains("&lt;script&gt;"));
        assert_eq!(sentence("nobody is there"), "Nobody is there.");
        assert_eq!(sentence("Why?"), "Why?");
    }

    #[test]
    fn every_code_has_a_page() {
        for code in Code::ALL {
            let answer = answer(&Problem::new(code, "x").into(), "h", Reader::Person);
            assert!(!answer.status().is_success(), "{code}");
            assert_eq!(answer.headers()["pkarr-error"], code.as_str());
        }
    }

    #[test]
    fn pages_are_for_people() {
        let reader = |name: &str, value: &str| {
            Reader::of(&Request::builder().header(name, value).body(()).unwrap())
        };
        assert_eq!(reader("sec-fetch-dest", "document"), Reader::Person);
        assert_eq!(reader("sec-fetch-dest", "image"), Reader::Program);
        assert_eq!(reader("accept", "text/html,*/*"), Reader::Program);
        let navigation = Request::builder()
            .header("accept", "text/html,*/*")
            .header("upgrade-insecure-requests", "1")
            .body(())
            .unwrap();
        assert_eq!(Reader::of(&navigation), Reader::Person);
        assert_eq!(reader("accept", "*/*"), Reader::Program);
    }
}
