//! What requests and answers are made of, whatever they are about.

use std::{net::IpAddr, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Response, StatusCode,
    body::{Body, Incoming},
    header::{self, HeaderValue},
};
use tokio::time::timeout;

use super::limits::Client;

/// What answers are made of: all bodies are whole before they are sent.
pub(super) type Answer = Response<Full<Bytes>>;

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

/// An answer of one line of text.
pub(super) fn text(status: StatusCode, line: &str) -> Answer {
    let mut answer = Response::new(Full::from(format!("{line}\n")));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// As [`text`], with the seconds after which to try again.
pub(super) fn refused(status: StatusCode, line: &str, retry_after: Option<u64>) -> Answer {
    let mut answer = text(status, line);
    if let Some(seconds) = retry_after {
        answer
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    answer
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It is longer than it may be.
    TooLarge,
    /// It takes too long.
    TooSlow,
    /// The connection broke off, or what came is no HTTP.
    Broken,
}

impl From<BodyError> for Answer {
    fn from(error: BodyError) -> Self {
        let (status, line) = match error {
            BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"),
            BodyError::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body took too long"),
            BodyError::Broken => (StatusCode::BAD_REQUEST, "the body broke off"),
        };
        let mut answer = text(status, line);
        // What is left of the body is not waited for.
        answer
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
        answer
    }
}

/// Reads a body of at most so many bytes, in at most so much time.
pub(super) async fn body(
    body: Incoming,
    most: usize,
    within: Duration,
) -> Result<Bytes, BodyError> {
    let announced = body.size_hint().lower();
    if announced > most as u64 {
        return Err(BodyError::TooLarge);
    }
    let mut body = Limited::new(body, most);
    let read = async {
        let mut all = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(most));
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => {
                    if let Ok(data) = frame.into_data() {
                        all.extend_from_slice(&data);
                    }
                }
                Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                    return Err(BodyError::TooLarge);
                }
                Err(_) => return Err(BodyError::Broken),
            }
        }
        Ok(all.freeze())
    };
    timeout(within, read)
        .await
        .unwrap_or(Err(BodyError::TooSlow))
}

/// A connection as requests know it.
#[derive(Debug)]
pub(super) struct Peer {
    /// Who is at the other end.
    pub(super) address: IpAddr,
    /// The same, with its purses.
    pub(super) client: Client,
}
