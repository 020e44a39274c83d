//! DNS over HTTPS: the frame's part of it.

use std::sync::Arc;

use hyper::{Request, body::Incoming};

use super::{State, exchange::Answer, limits::Client};

/// Answers a question.
pub(super) async fn answer(
    state: &Arc<State>,
    client: &Client,
    request: Request<Incoming>,
) -> Answer {
    let within = state.config().http.body();
    state.names.serve_http(request, client, within).await
}
