//! What is written where, and how it looks.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::{Duration, SystemTime},
};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{
    problem::{Code, Problem},
    tasks,
};

/// For what matters most.
pub(super) const STRONG: Style = Style::new().bold();
/// For what matters least.
pub(super) const FAINT: Style = Style::new().dimmed();
/// What takes longer than this is said to go on.
const PATIENCE: Duration = Duration::from_millis(500);
const FAILURE: Style = AnsiColor::Red.on_default().bold();

/// Standard output and standard error of one command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads.
    pub(super) fn is_json(self) -> bool {
        self.json
    }

    /// Writes a line for people; colours only on a terminal.
    pub(super) fn line(self, text: impl Display) {
        // Whoever reads may have had enough, as `head` has: that is no failure.
        _ = writeln!(anstream::stdout(), "{text}");
    }

    /// Writes a line of JSON.
    pub(super) fn json(self, value: &impl Serialize) {
        let mut stdout = io::stdout().lock();
        if serde_json::to_writer(&mut stdout, value).is_ok() {
            _ = writeln!(stdout);
            _ = stdout.flush();
        }
    }

    /// Tells of a failure and gives the exit code.
    pub(super) fn failure(self, problem: &Problem) -> ExitCode {
        let Problem { code, what } = problem;
        let todo = code.todo();
        if self.json {
            self.json(&json!({ "error": Self::described(problem) }));
        } else {
            let mut stderr = anstream::stderr();
            _ = writeln!(stderr, "{FAILURE}error[{code}]{FAILURE:#}: {what}");
            // A wrong call explains itself.
            if *code != Code::BadRequest {
                _ = writeln!(stderr, "{todo}");
            }
        }
        ExitCode::FAILURE
    }

    /// A failure as it stands in JSON.
    pub(super) fn described(problem: &Problem) -> Value {
        let mut described = json!({ "code": problem.code.as_str(), "message": problem.what });
        // A wrong call explains itself; the advice of its code is for the gateway's pages.
        if problem.code != Code::BadRequest {
            described["todo"] = problem.code.todo().into();
        }
        described
    }

    /// Says on a terminal that something takes its time, once it does and until it is dropped.
    pub(super) fn progress(self, text: &'static str) -> Progress {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(text);
        let shown = (!self.json && io::stderr().is_terminal()).then(|| {
            let bar = bar.clone();
            tasks::spawn(async move {
                tokio::time::sleep(PATIENCE).await;
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(Duration::from_millis(120));
            })
        });
        Progress { bar, shown }
    }
}

/// A line that moves while something takes its time.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    shown: Option<JoinHandle<()>>,
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(shown) = &self.shown {
            shown.abort();
        }
        self.bar.finish_and_clear();
    }
}

/// How long ago a time was, in words: `3 minutes ago`, `in 2 hours`, `just now`.
pub(super) fn ago(time: SystemTime, now: SystemTime) -> String {
    let (span, future) = match now.duration_since(time) {
        Ok(span) => (span, false),
        Err(error) => (error.duration(), true),
    };
    let seconds = span.as_secs();
    let (count, unit) = match seconds {
        0..2 => return "just now".to_owned(),
        2..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    if future {
        format!("in {count} {unit}s")
    } else {
        format!("{count} {unit}s ago")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_words() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let before = |seconds| ago(now - Duration::from_secs(seconds), now);
        assert_eq!(before(0), "just now");
        assert_eq!(before(119), "119 seconds ago");
        assert_eq!(before(120), "2 minutes ago");
        assert_eq!(before(7200), "2 hours ago");
        assert_eq!(before(172_800), "2 days ago");
        assert_eq!(ago(now + Duration::from_secs(7200), now), "in 2 hours");
    }
}
