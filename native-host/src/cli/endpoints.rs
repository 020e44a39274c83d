//! `pkarr endpoints`: where a URL leads, one place a line.

use clap::Args;
use serde_json::json;

use super::{output::Output, resolve::place};
use crate::{
    key::KeyAddress,
    problem::{Code, Problem},
    resolver::{Policy, Priority},
    settings::Settings,
    view::Resolution,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A URL whose host is a key host, or a key in any spelling. The scheme decides which records
    /// count: http, https, ws and wss take those at the name, foo takes those at _foo.<name>
    url: String,
    /// One line of JSON: {"host", "endpoints"}
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(
    arguments: Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let address =
        KeyAddress::parse(&arguments.url).map_err(|error| Problem::new(Code::NotAKey, error))?;
    let services = settings.services()?;
    let route = {
        let _progress = output.progress("asking the network");
        services
            .resolver
            .route(
                &address.host,
                address.url.scheme(),
                Policy::CacheFirst,
                Priority::Page,
            )
            .await?
    };
    let resolution = Resolution::new(
        &address.host,
        &route,
        settings.private_access().allows(address.host.key()),
    );
    if output.is_json() {
        output.json(&json!({ "host": resolution.host, "endpoints": resolution.endpoints }));
        return Ok(());
    }
    if resolution.endpoints.is_empty() {
        return Err(Problem::new(
            Code::NoEndpoint,
            format!("the records of {} name no address for it", resolution.host),
        ));
    }
    for endpoint in &resolution.endpoints {
        output.line(place(endpoint));
    }
    Ok(())
}
