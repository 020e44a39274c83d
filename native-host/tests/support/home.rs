//! Somebody's home, and the program run by them: nothing of whoever runs the tests is in it.

#![allow(dead_code)]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// A home folder that goes when this does.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    pub(crate) fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.0.path())
            // Browsers of this machine are not this person’s.
            .env("PATH", self.path("bin"))
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_program(Path::new(env!("CARGO_BIN_EXE_pkarr")), arguments)
    }

    pub(crate) fn run_program(&self, program: &Path, arguments: &[&str]) -> Output {
        self.command(program, arguments).output().unwrap()
    }

    /// What a command told in JSON, and its exit code.
    pub(crate) fn told(&self, arguments: &[&str]) -> (Value, i32) {
        let arguments: Vec<_> = arguments.iter().chain(&["--json"]).copied().collect();
        let output = self.run(&arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        (
            serde_json::from_str(&text).unwrap(),
            output.status.code().unwrap(),
        )
    }

    /// Everything in the home: what it is, its permissions and its content.
    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let mut tree = BTreeMap::new();
        let mut open = vec![self.0.path().to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let found = fs::symlink_metadata(&path).unwrap();
                let content = if found.is_dir() {
                    open.push(path.clone());
                    Vec::new()
                } else if found.is_symlink() {
                    let to = fs::read_link(&path).unwrap();
                    to.to_str().unwrap().into()
                } else {
                    fs::read(&path).unwrap()
                };
                tree.insert(path, (found.mode(), content));
            }
        }
        tree
    }
}
