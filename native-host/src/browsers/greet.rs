//! Starting a native messaging host the way browsers do, to see whether it answers.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::table::{Engine, Identity};
use crate::command::without_window;

/// The most bytes of an answer: what browsers take.
const MAX_ANSWER: u32 = 1024 * 1024;
/// How long a program that was told to end may take.
const LAST_MOMENT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(5);

/// What the program said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// Its version.
    pub version: String,
}

/// Why there was no greeting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GreetError {
    /// It can’t be started.
    #[error("it can’t be started: {0}")]
    Start(io::Error),
    /// It ended without an answer.
    #[error("it ended without an answer")]
    Ended,
    /// It said nothing.
    #[error("it said nothing within {} seconds", .0.as_secs())]
    Silent(Duration),
    /// It is not pkarr that answers.
    #[error("it answers with something that is no message of pkarr")]
    Odd,
}

/// Starts `program` with what a browser with this engine gives it, greets it and has it end.
///
/// # Errors
/// [`GreetError`].
pub fn greet(
    program: &Path,
    manifest: &Path,
    engine: Engine,
    identity: &Identity,
    patience: Duration,
) -> Result<Greeting, GreetError> {
    let mut command = Command::new(program);
    match engine {
        Engine::Chromium => {
            command.arg(format!("chrome-extension://{}/", identity.chromium.id));
            if cfg!(windows) {
                command.arg("--parent-window=0");
            }
        }
        Engine::Gecko => {
            command.args([
                OsString::from(manifest),
                OsString::from(&identity.firefox.id),
            ]);
        }
    }
    if let Some(folder) = program.parent() {
        command.current_dir(folder);
    }
    without_window(&mut command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(GreetError::Start)?;
    let answer = exchange(&mut child, patience);
    end(child, answer.is_ok());
    let answer: Value = serde_json::from_slice(&answer?).map_err(|_| GreetError::Odd)?;
    let version = answer.pointer("/result/version").and_then(Value::as_str);
    let version = version.ok_or(GreetError::Odd)?;
    Ok(Greeting {
        version: version
            .chars()
            .filter(|c| !c.is_control())
            .take(40)
            .collect(),
    })
}

fn exchange(child: &mut Child, patience: Duration) -> Result<Vec<u8>, GreetError> {
    let hello = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "hello",
        "params": { "version": env!("CARGO_PKG_VERSION"), "protocol": 1 },
    });
    let hello = hello.to_string().into_bytes();
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(GreetError::Ended);
    };
    let (sender, heard) = mpsc::channel();
    thread::spawn(move || {
        let length = u32::try_from(hello.len()).unwrap_or(0).to_ne_bytes();
        // One that does not read says so by its answer, or its silence.
        _ = input
            .write_all(&length)
            .and_then(|()| input.write_all(&hello));
        _ = sender.send(read(output));
        // Only now: the end of its input ends it.
        drop(input);
    });
    match heard.recv_timeout(patience) {
        Ok(answer) => answer,
        Err(RecvTimeoutError::Timeout) => Err(GreetError::Silent(patience)),
        Err(RecvTimeoutError::Disconnected) => Err(GreetError::Ended),
    }
}

fn read(mut output: impl Read) -> Result<Vec<u8>, GreetError> {
    let mut length = [0; 4];
    output
        .read_exact(&mut length)
        .map_err(|_| GreetError::Ended)?;
    let length = u32::from_ne_bytes(length);
    if length > MAX_ANSWER {
        return Err(GreetError::Odd);
    }
    let mut answer = vec![0; length as usize];
    output
        .read_exact(&mut answer)
        .map_err(|_| GreetError::Ended)?;
    Ok(answer)
}

/// It ends by itself when its input does; if not, or when it was waited for already, it is ended.
fn end(mut child: Child, by_itself: bool) {
    let deadline = Instant::now() + LAST_MOMENT;
    while by_itself && Instant::now() < deadline {
        match child.try_wait() {
            Ok(None) => thread::sleep(PAUSE),
            _ => return,
        }
    }
    _ = child.kill();
    _ = child.wait();
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn greeted(script: &str, patience: Duration) -> Result<Greeting, GreetError> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("host");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let manifest = folder.path().join("org.pkarr.host.json");
        let identity = Identity::ours().unwrap();
        greet(&program, &manifest, Engine::Gecko, identity, patience)
    }

    #[test]
    fn what_answers_otherwise_is_not_pkarr() {
        let odd = |script| greeted(script, PATIENCE).unwrap_err();
        assert!(matches!(odd("exit 0"), GreetError::Ended));
        assert!(matches!(odd("printf 'ab'"), GreetError::Ended));
        assert!(matches!(odd("echo hello, world"), GreetError::Odd));
        assert!(matches!(
            odd("printf '\\002\\000\\000\\000{}'"),
            GreetError::Odd
        ));
    }

    #[test]
    fn what_says_nothing_is_not_waited_for() {
        let silent = greeted("exec sleep 60", Duration::from_millis(50));
        assert!(matches!(silent, Err(GreetError::Silent(_))), "{silent:?}");
    }

    #[test]
    fn it_gets_what_firefox_gives() {
        let script = r#"case "$1 $2" in */org.pkarr.host.json\ extension@pkarr.org) ;; *) exit 1 ;; esac
answer='{"result":{"version":"1.2.3"}}'
printf '\036\000\000\000%s' "$answer""#;
        assert_eq!(greeted(script, PATIENCE).unwrap().version, "1.2.3");
    }
}
