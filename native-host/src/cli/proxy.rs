//! `pkarr proxy`: a key's own TLS in front of any web server.

use clap::Args;

use super::{output::Output, site};
use crate::{
    problem::Problem,
    settings::Settings,
    site::{Content, Proxy, Upstream},
};

/// Readers connect by TLS 1.3 with the key itself, so no certificate is needed. Requests go to the
/// server with `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`; WebSockets pass. The
/// records that lead here are published, and kept so while it runs; others under the key stay.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The web server that has the site, such as 127.0.0.1:8080
    #[arg(long, value_name = "HOST:PORT")]
    to: Upstream,
    #[command(flatten)]
    pub(super) site: site::Options,
}

const EXAMPLES: &str = "\
Examples:
  pkarr proxy --key site.key --to 127.0.0.1:8080 --listen :443
  pkarr proxy --key site.key --to 127.0.0.1:3000 --listen :8443 --name blog --address 203.0.113.7";

pub(super) async fn run(
    arguments: Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let what = arguments.to.to_string();
    let content = Content::Proxy(Proxy::new(arguments.to));
    site::run(arguments.site, content, &what, settings, output).await
}
