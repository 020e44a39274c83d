//! The pages of the gateway: what is wrong, in plain words.
//!
//! A person gets a page ([`html`]) in a language they read. Requests that are not for a page, such
//! as an image inside one, get one line of text, in English.

mod html;

use hyper::{
    Request, Response, StatusCode,
    header::{self, HeaderValue},
};

use super::{
    body::{Body, text},
    fields::{CODE, mark_public},
    words::Language,
};
use crate::{
    packet::SignedPacket,
    problem::{Code, Problem},
    view::RecordView,
};

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

/// The answer to a request that failed; a person gets it in this language.
pub(super) fn answer(
    failure: &Failure,
    host: &str,
    reader: Reader,
    language: &Language,
) -> Response<Body> {
    let problem = &failure.problem;
    let (kind, spoken, words) = match reader {
        Reader::Person => (
            "text/html; charset=utf-8",
            language,
            html::page(failure, host, language),
        ),
        Reader::Program => (
            "text/plain; charset=utf-8",
            Language::english(),
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
        (header::CONTENT_LANGUAGE, spoken.tag()),
        (header::VARY, "Accept-Language"),
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
        Code::BadRequest | Code::OwnKey => StatusCode::BAD_REQUEST,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page() {
        for code in Code::ALL {
            let failure = Problem::new(code, "x").into();
            let answer = answer(&failure, "h", Reader::Person, Language::english());
            assert!(!answer.status().is_success(), "{code}");
            assert_eq!(answer.headers()["pkarr-error"], code.as_str());
            assert_eq!(answer.headers()["content-language"], "en");
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
