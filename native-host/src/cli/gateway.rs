//! `pkarr gateway`: the gateway alone.

use std::net::SocketAddr;

use clap::Args;
use serde_json::json;

use super::{options::Settings, output::Output, stop};
use crate::{
    gateway::{Gateway, GatewayConfig},
    problem::{Code, Problem},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where to listen; port 0 lets the system choose
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8118")]
    listen: SocketAddr,
    /// One line of JSON when it listens: {"listen"}
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(
    arguments: Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let services = settings.services()?;
    services.dht.start();
    let config = GatewayConfig {
        private: settings.private_access(),
        roots: Some(settings.https().roots().clone()),
        ..GatewayConfig::new(arguments.listen)
    };
    let gateway = Gateway::start(services.resolver, config)
        .await
        .map_err(|error| {
            Problem::new(
                Code::GatewayFailed,
                format!("can’t listen at {}: {error}", arguments.listen),
            )
        })?;
    let address = gateway.address();
    if output.is_json() {
        output.json(&json!({ "listen": address.to_string() }));
    } else {
        output.line(format_args!("The gateway listens at {address}. Try"));
        output.line(format_args!("  curl -x http://{address} http://<key>/"));
        output.line("Ctrl-C stops it.");
    }
    stop::asked().await;
    Ok(())
}
