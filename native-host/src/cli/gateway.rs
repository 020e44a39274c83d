//! `pkarr gateway`: the gateway alone.

use std::net::SocketAddr;

use clap::Args;
use serde_json::json;

use super::{output::Output, stop};
use crate::{
    browsers::GATEWAY_ADDRESS,
    gateway::{Gateway, GatewayConfig},
    problem::{Code, Problem},
    settings::Settings,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where to listen; port 0 lets the system choose
    #[arg(long, value_name = "ADDR:PORT", default_value = GATEWAY_ADDRESS)]
    listen: SocketAddr,
    /// Remember what is looked up in memory only, and begin with nothing
    #[arg(long)]
    incognito: bool,
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
        pac: true,
        ..GatewayConfig::new(arguments.listen)
    };
    let resolver = match arguments.incognito {
        true => services.resolver.afresh(),
        false => services.resolver,
    };
    let cache = resolver.cache().clone();
    let gateway = Gateway::start(resolver, config).await.map_err(|error| {
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
        output.line(format_args!(
            "or have a browser take its proxies from http://{address}/proxy.pac"
        ));
        output.line("Ctrl-C stops it.");
    }
    stop::asked().await;
    // What was just answered is to be on disk, too.
    cache.flush().await?;
    Ok(())
}
