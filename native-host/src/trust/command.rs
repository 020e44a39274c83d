//! Running the programs that come with a store: bounded in time and in what they say.

use std::{
    ffi::OsStr,
    io::{Read, Write},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use super::TrustError;

/// How long a program may take. macOS asks the user, so that it is not too short there.
const PATIENCE: Duration = Duration::from_secs(if cfg!(target_os = "linux") { 10 } else { 120 });
const PAUSE: Duration = Duration::from_millis(1);
/// The most bytes that are read of what a program says.
const MAX_OUTPUT: u64 = 4 << 20;

/// Runs a program to its end and gives what it wrote to standard output.
pub(super) fn run<A: AsRef<OsStr>>(
    program: &'static str,
    arguments: impl IntoIterator<Item = A>,
    input: &[u8],
) -> Result<String, TrustError> {
    run_for(PATIENCE, program, arguments, input)
}

fn run_for<A: AsRef<OsStr>>(
    patience: Duration,
    program: &'static str,
    arguments: impl IntoIterator<Item = A>,
    input: &[u8],
) -> Result<String, TrustError> {
    let failed = |source| TrustError::Run { program, source };
    let mut child = Command::new(program)
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
        Err(TrustError::Slow {
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
    Err(TrustError::Refused {
        program,
        said: said.take(300).collect(),
    })
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

    #[test]
    fn what_it_says_is_given() {
        let said = run("cat", ["-"], b"as is").unwrap();
        assert_eq!(said, "as is");
    }

    #[test]
    fn what_it_refuses_is_told() {
        let script = "echo first >&2; echo 'the reason.' >&2; exit 3";
        let error = run("sh", ["-c", script], b"").unwrap_err();
        assert_eq!(error.to_string(), "sh refuses: the reason");
        let error = run("no-such-program-here", [""; 0], b"").unwrap_err();
        assert!(matches!(error, TrustError::Run { .. }), "{error:?}");
    }

    #[test]
    fn what_hangs_is_ended() {
        let patience = Duration::from_millis(50);
        let started = Instant::now();
        let error = run_for(patience, "sleep", ["60"], b"").unwrap_err();
        assert!(matches!(error, TrustError::Slow { .. }), "{error:?}");
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
