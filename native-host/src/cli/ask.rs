//! A question to the person at the terminal, before something that is not easily taken back.

use std::{
    fmt::Display,
    io::{self, BufRead, IsTerminal, Read, Write},
};

use super::output::STRONG;
use crate::problem::{Code, Problem};

/// The most bytes of an answer that are read.
const MAX_ANSWER: u64 = 1024;

/// Says these lines on the standard error, asks, and tells whether the answer is yes.
///
/// # Errors
/// There is no terminal to ask at: [`Code::BadRequest`], which says what `--yes` is for.
pub(super) async fn agreed(
    lines: Vec<String>,
    question: &'static str,
    yes_is_for: impl Display,
) -> Result<bool, Problem> {
    if !io::stdin().is_terminal() {
        let what = format!("there is no terminal to ask at; say --yes to have {yes_is_for}");
        return Err(Problem::new(Code::BadRequest, what));
    }
    let ask = move || {
        let mut stderr = anstream::stderr();
        for line in lines {
            writeln!(stderr, "{line}")?;
        }
        write!(stderr, "{STRONG}{question}{STRONG:#} [y/N] ")?;
        stderr.flush()?;
        let mut answer = String::new();
        io::stdin().lock().take(MAX_ANSWER).read_line(&mut answer)?;
        Ok::<_, io::Error>(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    };
    tokio::task::spawn_blocking(ask)
        .await
        .map_err(|error| Problem::new(Code::Internal, error))?
        .map_err(|error| Problem::new(Code::Internal, error))
}
