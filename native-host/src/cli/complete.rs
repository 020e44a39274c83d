//! `pkarr completions` and `pkarr man`: what shells and readers of manuals want.

use std::{fs, io, path::PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;

use super::output::Output;
use crate::problem::{Code, Problem};

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct Man {
    /// The folder to write the pages to; it is made where it is missing
    folder: PathBuf,
}

/// Writes the shell's completion script to standard output.
pub(super) fn completions(arguments: &Completions, mut command: Command) {
    clap_complete::generate(arguments.shell, &mut command, "pkarr", &mut io::stdout());
}

/// Writes a manual page for the program and each subcommand.
pub(super) fn man(arguments: &Man, command: Command, output: &Output) -> Result<(), Problem> {
    let folder = &arguments.folder;
    let write = || {
        fs::create_dir_all(folder)?;
        clap_mangen::generate_to(command, folder)
    };
    write().map_err(|error| {
        let folder = folder.display();
        Problem::new(
            Code::BadRequest,
            format!("can’t write manual pages to {folder}: {error}"),
        )
    })?;
    output.line(format_args!("manual pages are in {}", folder.display()));
    Ok(())
}
