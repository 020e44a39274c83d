//! Running programs of the system: bounded in time and in what they say.

use std::{
    ffi::OsStr,
    io::{self, Read, Write},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

const PAUSE: Duration = Duration::from_millis(1);
/// The most bytes that are read of what a program says.
const MAX_OUTPUT: u64 = 4 << 20;

/// Why a program did not do what it was run for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// It can’t be run.
    #[error("{program} can’t be run: {source}")]
    Run {
        /// Its name.
        program: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It did not come to an end.
    #[error("{program} did not answer within {} seconds", .after.as_secs())]
    Slow {
        /// Its name.
        program: &'static str,
        /// How long it was waited for.
        after: Duration,
    },
    /// It refused.
    #[error("{program} refuses: {said}")]
    Refused {
        /// Its name.
        program: &'static str,
        /// What it said last.
        said: String,
    },
}

/// Runs a program to its end, which comes within `patience`, and gives what it wrote to standard
/// output.
pub(crate) fn run<A: AsRef<OsStr>>(
    patience: Duration,
    program: &'static str,
    arguments: impl IntoIterator<Item = A>,
    input: &[u8],
) -> Result<String, CommandError> {
    let failed = |source| CommandError::Run { program, source };
    let mut command = Command::new(program);
    without_window(&mut command);
    let mut child = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (sender, said) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        listen(out, true, sender.clone());
    }
    if let Some(err) = child.stderr.take() {
        listen(err, false, sender);
    }
    if let Some(mut stdin) = child.stdin.take() {
        let input = input.to_vec();
        // A program that does not read its input says why.
        thread::spawn(move || stdin.write_all(&input));
    }
    let deadline = Instant::now() + patience;
    let slow = |mut child: Child| {
        _ = child.kill();
        _ = child.wait();
        Err(CommandError::Slow {
            program,
            after: patience,
        })
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    loop {
        match said.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((true, bytes)) => out = bytes,
            Ok((false, bytes)) => err = bytes,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => return slow(child),
        }
    }
    // It has nothing more to say, and is about to end.
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if Instant::now() < deadline => thread::sleep(PAUSE),
            None => return slow(child),
        }
    };
    let out = String::from_utf8_lossy(&out).into_owned();
    if status.success() {
        return Ok(out);
    }
    let err = String::from_utf8_lossy(&err);
    let last = [&*err, &*out]
        .iter()
        .find_map(|text| text.lines().rfind(|line| !line.trim().is_empty()))
        .map_or_else(|| status.to_string(), ToOwned::to_owned);
    let said = last
        .trim()
        .trim_end_matches('.')
        .chars()
        .filter(|c| !c.is_control());
    Err(CommandError::Refused {
        program,
        said: said.take(300).collect(),
    })
}

/// What a browser has started has no window, and Windows would open one for each program that it runs.
pub(crate) fn without_window(_command: &mut Command) {
    #[cfg(windows)]
    {
        /// `CREATE_NO_WINDOW` (winbase.h).
        const NO_WINDOW: u32 = 0x0800_0000;
        std::os::windows::process::CommandExt::creation_flags(_command, NO_WINDOW);
    }
}

fn listen(from: impl Read + Send + 'static, is_output: bool, to: mpsc::Sender<(bool, Vec<u8>)>) {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // For what is above the bound, the program finds its pipe broken.
        let read = from.take(MAX_OUTPUT).read_to_end(&mut bytes);
        if read.is_ok() {
            _ = to.send((is_output, bytes));
        }
    });
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    #[test]
    fn what_it_says_is_given() {
        let said = run(LONG, "cat", ["-"], b"as is").unwrap();
        assert_eq!(said, "as is");
    }

    #[test]
    fn what_it_refuses_is_told() {
        let script = "echo first >&2; echo 'the reason.' >&2; exit 3";
        let error = run(LONG, "sh", ["-c", script], b"").unwrap_err();
        assert_eq!(error.to_string(), "sh refuses: the reason");
        let error = run(LONG, "no-such-program-here", [""; 0], b"").unwrap_err();
        assert!(matches!(error, CommandError::Run { .. }), "{error:?}");
    }

    #[test]
    fn what_hangs_is_ended() {
        let patience = Duration::from_millis(50);
        let started = Instant::now();
        let error = run(patience, "sleep", ["60"], b"").unwrap_err();
        assert!(matches!(error, CommandError::Slow { .. }), "{error:?}");
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
