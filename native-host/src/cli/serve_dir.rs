//! `pkarr serve-dir`: a folder as the site of a key.

use std::path::PathBuf;

use clap::Args;

use super::{output::Output, site};
use crate::{
    problem::{Code, Problem},
    settings::Settings,
    site::{Content, Files},
};

/// Readers connect by TLS 1.3 with the key itself, so no certificate is needed. A folder shows its
/// index.html and is never listed; names that begin with a dot are not shown, nor is what links
/// lead to outside the folder; 404.html is shown for what is missing. The records that lead here
/// are published, and kept so while it runs; others under the key stay.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    pub(super) site: site::Options,
}

const EXAMPLES: &str = "\
Examples:
  pkarr serve-dir --key site.key public --listen :443
  pkarr serve-dir --key site.key public --listen :8443 --address 203.0.113.7";

pub(super) async fn run(
    arguments: Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let files = Files::new(&arguments.folder)?;
    if files.holds(&arguments.site.key) {
        let what =
            "the key file lies in the folder, where everybody could read it; move it elsewhere";
        return Err(Problem::new(Code::BadRequest, what));
    }
    let what = format!("the folder {}", arguments.folder.display());
    site::run(
        arguments.site,
        Content::Files(files),
        &what,
        settings,
        output,
    )
    .await
}
