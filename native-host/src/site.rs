//! A site of one's own: a web server that proves its key.
//!
//! The other end of what the gateway connects to. A [`Site`] listens for TLS 1.3, shows the raw key
//! of its name (RFC 7250), speaks HTTP/2 and HTTP/1.1 inside, and answers from its [`Content`]: any
//! web server behind it ([`Proxy`]), or a folder ([`Files`]). No certificate is needed, and nobody
//! to give one. An [`Announcer`] publishes where the site is, and keeps that published for as long
//! as it runs.
//!
//! Everybody can connect, so everything is bounded ([`SiteLimits`]): how many connections there are
//! at a time, in all and from one place, how long a handshake, the head of a request and silence may
//! take, how large a head is. A site that is stopped finishes the requests it has begun.

mod announcer;
mod files;
mod host;
mod proxy;
mod records;
mod server;

use std::{io, path::PathBuf, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, header};

use crate::{
    connections::remedy,
    problem::{Code, Problem},
};

pub use crate::connections::{Listen, ListenError};
pub use announcer::Announcer;
pub use files::Files;
pub use proxy::{Proxy, Upstream, UpstreamError};
pub use records::{Addresses, RecordsError, SiteRecords};
pub use server::Site;

/// What bodies of answers are here.
type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Where a site’s answers come from.
#[derive(Debug)]
#[non_exhaustive]
pub enum Content {
    /// A web server behind it.
    Proxy(Proxy),
    /// A folder.
    Files(Files),
}

impl Content {
    async fn answer(&self, request: Request<Incoming>, visit: &server::Visit) -> Response<Body> {
        // Neither is for a site: the one makes tunnels, the other tells back what was sent.
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return text(
                StatusCode::METHOD_NOT_ALLOWED,
                "This method is not allowed.",
            );
        }
        match self {
            Self::Proxy(proxy) => proxy.answer(request, visit).await,
            Self::Files(files) => files.answer(request).await,
        }
    }
}

/// What a site puts up with.
#[derive(Debug, Clone, Copy)]
pub struct SiteLimits {
    /// How many connections there are at a time; more wait.
    pub connections: usize,
    /// How many of them are from one IPv4 address or IPv6 network (/64), this machine apart; more
    /// are closed.
    pub from_one_place: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long the head of a request in HTTP/1.1 may take; so long a connection without a request
    /// is kept, too.
    pub head: Duration,
    /// How long no byte may come or go on a connection.
    pub silence: Duration,
    /// How long requests that have begun may take when the site stops.
    pub grace: Duration,
}

impl Default for SiteLimits {
    fn default() -> Self {
        Self {
            connections: 1024,
            from_one_place: 64,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            silence: Duration::from_secs(300),
            grace: Duration::from_secs(10),
        }
    }
}

/// Why there is no site.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SiteError {
    /// Ports below 1024 are not for everybody.
    #[error(
        "this user may not listen at {0}; take a port from 1024 on, such as --listen :8443, which the \
         record tells, or allow the program all ports: sudo setcap cap_net_bind_service=+ep \
         \"$(command -v pkarr)\""
    )]
    NotAllowed(Listen),
    /// The address or port can’t be had otherwise: another program has it, say.
    #[error("can’t listen at {0}: {1}; {advice} (--listen)", advice = remedy(.1))]
    Listen(Listen, io::Error),
    /// The folder can’t be read.
    #[error("can’t serve the folder {}: {}", .0.display(), .1)]
    Folder(PathBuf, io::Error),
    /// A fault in our own set-up of TLS.
    #[error("TLS can’t be set up: {0}")]
    Tls(#[from] rustls::Error),
}

impl From<SiteError> for Problem {
    fn from(error: SiteError) -> Self {
        let code = match error {
            SiteError::Tls(_) => Code::Internal,
            _ => Code::BadRequest,
        };
        Problem::new(code, error)
    }
}

/// An answer of our own.
fn text(status: StatusCode, text: &'static str) -> Response<Body> {
    let body = Full::from(format!("{text}\n")).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
