//! DNS over HTTPS: the frame's part of it.

use std::sync::Arc;

use hyper::{Request, body::Incoming};

use super::{State, exchange::Answer, limits::Client};

/// The answer to a question that was answered a moment ago.
pub(super) fn at_once(
    state: &State,
    client: &Client,
    request: &Request<Incoming>,
) -> Option<Answer> {
    state.names.remembered_by_http(request, client)
}

/// Answers a question.
pub(super) async fn answer(
    state: &Arc<State>,
    client: &Client,
    request: Request<Incoming>,
) -> Answer {
    let within = state.config().http.body();
    state.names.serve_http(request, client, within).await
}
