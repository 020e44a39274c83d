//! Which part of the server answers a request.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use hyper::{Method, Request, StatusCode, body::Incoming, header};

use super::{
    State, app, doh,
    exchange::{Answer, Peer, text},
    forwarded::{self, Told},
    health,
    limits::Client,
    metrics::Face,
    relay::{self, at_a_price},
};

/// The answer to what is in memory, ready to be sent, which is most of what is asked; `None` where
/// [`answer`] has to see to it.
pub(super) fn at_once(
    state: &Arc<State>,
    client: &Client,
    request: &Request<Incoming>,
) -> Option<Answer> {
    let config = state.config();
    let (face, answer) = match request.uri().path() {
        "/dns-query" if config.doh.enabled => (Face::Doh, doh::at_once(state, client, request)?),
        _ if config.relay.enabled => (Face::Relay, relay::at_once(state, client, request)?),
        _ => return None,
    };
    state.metrics.answered(face, answer.status());
    Some(answer)
}

/// Answers a request.
pub(super) async fn answer(
    state: &Arc<State>,
    client: &Client,
    request: Request<Incoming>,
) -> Answer {
    let (face, answer) = by_face(state, client, request).await;
    state.metrics.answered(face, answer.status());
    answer
}

/// Who asks, where a trusted proxy tells; else it is the peer.
pub(super) fn client(state: &State, peer: &Peer, request: &Request<Incoming>) -> Option<Client> {
    let config = state.config();
    if !config.is_trusted(peer.address) {
        return None;
    }
    let limits = state.source.limits();
    match forwarded::client(&config.http, request.headers()) {
        Told::Client(address) => Some(limits.client(address)),
        // Somebody behind the proxy: what the proxy itself may do is not for them.
        Told::Unreadable => Some(limits.client(IpAddr::V4(Ipv4Addr::UNSPECIFIED))),
        Told::Nobody => None,
    }
}

async fn by_face(
    state: &Arc<State>,
    client: &Client,
    request: Request<Incoming>,
) -> (Face, Answer) {
    let path = request.uri().path();
    let paid = |answer: Answer| at_a_price(state, client, || answer);
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        let answer = text(
            StatusCode::METHOD_NOT_ALLOWED,
            "this method is not for servers like this one",
        );
        return (Face::Other, paid(answer));
    }
    if relay::key_text(path).is_some() || path.starts_with("/pkarr/") {
        return (Face::Relay, relay_answer(state, client, request).await);
    }
    match path {
        "/dns-query" => {
            if state.config().doh.enabled {
                return (Face::Doh, doh::answer(state, client, request).await);
            }
            (Face::Doh, paid(off()))
        }
        // Whoever watches the server is never sent away for asking too often.
        "/healthz" => (Face::Other, health::alive(&request)),
        "/readyz" => (Face::Other, health::ready(state, &request).await),
        "/metrics" => (Face::Other, health::metrics(state, client, &request).await),
        _ => {
            if state.config().app.enabled
                && let Some(answer) = app(&request)
            {
                return (Face::App, paid(answer));
            }
            // What can't be a file's name is taken for a key that was written wrong.
            let name = path.strip_prefix('/').unwrap_or(path);
            if !name.is_empty() && !name.contains(['.', '/']) && name.len() > 40 {
                return (Face::Relay, relay_answer(state, client, request).await);
            }
            (Face::Other, paid(nothing(path)))
        }
    }
}

/// A file of the web app; `None` where there is none at this path.
fn app(request: &Request<Incoming>) -> Option<Answer> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let known = request.headers().get(header::IF_NONE_MATCH);
    app::answer(
        request.uri().path(),
        known.and_then(|tags| tags.to_str().ok()),
    )
}

async fn relay_answer(state: &Arc<State>, client: &Client, request: Request<Incoming>) -> Answer {
    if state.config().relay.enabled {
        relay::answer(state, client, request).await
    } else {
        at_a_price(state, client, off)
    }
}

fn off() -> Answer {
    text(StatusCode::NOT_FOUND, "this is switched off here")
}

fn nothing(path: &str) -> Answer {
    let line = match path {
        "/" => {
            "This is a pkarr server: signed packets are at /<key>, DNS over HTTPS at /dns-query."
        }
        _ => "there is nothing here; signed packets are at /<key>, DNS over HTTPS at /dns-query",
    };
    let status = match path {
        "/" => StatusCode::OK,
        _ => StatusCode::NOT_FOUND,
    };
    text(status, line)
}
