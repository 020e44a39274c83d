//! How the server is doing, for those who run it.

use std::{
    sync::{Mutex, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use hyper::{
    Method, Request, StatusCode,
    body::Incoming,
    header::{self, HeaderValue},
};

use super::{
    State,
    exchange::{Answer, empty, text},
    limits::Client,
    metrics::{Levels, resident_memory},
};
use crate::dht::DhtInfo;

/// How long it is remembered how the DHT and the cache are doing.
const REMEMBERED: Duration = Duration::from_secs(1);
const LEVELS_REMEMBERED: Duration = Duration::from_secs(5);

/// What was found out a moment ago.
#[derive(Debug, Default)]
pub(super) struct Health {
    dht: Mutex<Option<(Instant, DhtInfo)>>,
    levels: Mutex<Option<(Instant, [u64; 3])>>,
}

/// `/healthz`: whether the process answers at all.
pub(super) fn alive(request: &Request<Incoming>) -> Answer {
    if let Some(answer) = wrong_method(request) {
        return answer;
    }
    text(StatusCode::OK, "ok")
}

/// `/readyz`: whether it makes sense to send requests here.
pub(super) async fn ready(state: &State, request: &Request<Incoming>) -> Answer {
    if let Some(answer) = wrong_method(request) {
        return answer;
    }
    if state.ending.is_cancelled() {
        return text(
            StatusCode::SERVICE_UNAVAILABLE,
            "the server is about to end",
        );
    }
    // Once it was there, what is remembered can be served without it.
    let reached = state.reached.load(Ordering::Relaxed);
    if !reached && !dht(state).await.bootstrapped {
        return text(
            StatusCode::SERVICE_UNAVAILABLE,
            "no node of the DHT has answered yet",
        );
    }
    state.reached.store(true, Ordering::Relaxed);
    text(StatusCode::OK, "ready")
}

/// `/metrics`: numbers for Prometheus.
pub(super) async fn metrics(state: &State, client: &Client, request: &Request<Incoming>) -> Answer {
    let config = state.config();
    if !config.metrics.enabled {
        return text(StatusCode::NOT_FOUND, "this is switched off here");
    }
    let allowed = &config.metrics.allow;
    if !allowed
        .iter()
        .any(|network| network.contains(client.address()))
    {
        return text(
            StatusCode::FORBIDDEN,
            "numbers are for those named in metrics.allow",
        );
    }
    if let Some(answer) = wrong_method(request) {
        return answer;
    }
    let nodes = dht(state).await.nodes;
    let [packets, bytes, guests] = levels(state).await;
    let levels = Levels {
        packets,
        bytes,
        guests,
        addresses: state.source.limits().places(),
        nodes: nodes as u64,
        memory: resident_memory(),
    };
    let mut answer = text(StatusCode::OK, "");
    *answer.body_mut() = state.metrics.to_text(&levels).into();
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
    );
    answer
}

async fn dht(state: &State) -> DhtInfo {
    let remembered = *state
        .health
        .dht
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some((at, info)) = remembered
        && at.elapsed() < REMEMBERED
    {
        return info;
    }
    let info = state.source.resolver().dht_info().await;
    *state
        .health
        .dht
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), info));
    info
}

/// Packets, bytes and guests on disk. Counting them takes milliseconds when there are many.
async fn levels(state: &State) -> [u64; 3] {
    let remembered = *state
        .health
        .levels
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some((at, levels)) = remembered
        && at.elapsed() < LEVELS_REMEMBERED
    {
        return levels;
    }
    let cache = state.source.resolver().cache().clone();
    let counted = tokio::task::spawn_blocking(move || {
        let (packets, bytes) = cache.size();
        [packets, bytes, cache.guests()]
    })
    .await
    .unwrap_or_default();
    *state
        .health
        .levels
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), counted));
    counted
}

fn wrong_method(request: &Request<Incoming>) -> Option<Answer> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let mut answer = empty(StatusCode::METHOD_NOT_ALLOWED);
    answer
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    Some(answer)
}
