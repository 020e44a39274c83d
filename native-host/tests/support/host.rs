//! The native messaging host as a browser has it: a process, a pipe in and a pipe out.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

/// The program as a browser has started it.
pub(crate) struct Host {
    pub(crate) process: Child,
    pub(crate) input: Option<ChildStdin>,
    pub(crate) output: ChildStdout,
    /// Its data folder, which goes with it; none where it takes the one of a home.
    folder: Option<tempfile::TempDir>,
}

/// The configuration file of the user whose home this is.
pub(crate) fn config_file(home: &Path) -> PathBuf {
    let folder = super::config_folder(home);
    std::fs::create_dir_all(&folder).unwrap();
    folder.join("config.toml")
}

impl Host {
    pub(crate) fn start(bootstrap: &[String]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), bootstrap)
    }

    pub(crate) fn start_in(data_dir: tempfile::TempDir, bootstrap: &[String]) -> Self {
        Self::start_with(data_dir, bootstrap, &[])
    }

    /// With these variables in its environment, and none that name a proxy or a desktop.
    pub(crate) fn start_with(
        data_dir: tempfile::TempDir,
        bootstrap: &[String],
        variables: &[(&str, &str)],
    ) -> Self {
        let cleared = [
            "XDG_CURRENT_DESKTOP",
            "DESKTOP_SESSION",
            "GNOME_DESKTOP_SESSION_ID",
            "KDE_FULL_SESSION",
            "KDEHOME",
            "AUTO_PROXY",
            "ALL_PROXY",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "NO_PROXY",
            "SOCKS_SERVER",
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_pkarr"));
        for name in cleared {
            command.env_remove(name).env_remove(name.to_lowercase());
        }
        super::at_home(&mut command, &data_dir.path().join("home"))
            .env("PKARR_BOOTSTRAP", bootstrap.join(","))
            .env("PKARR_DATA_DIR", data_dir.path())
            .env("PKARR_ALLOW_PRIVATE", "1")
            .env("PKARR_NO_RELAYS", "1")
            .envs(variables.iter().copied());
        Self::spawn(command, Some(data_dir))
    }

    /// Starts one for the user whose home this is, with nothing else in its environment, and greets it.
    pub(crate) fn of_user(home: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pkarr"));
        super::only_at_home(&mut command, home).envs(variables.iter().copied());
        let mut host = Self::spawn(command, None);
        host.greet();
        host
    }

    fn spawn(mut command: Command, folder: Option<tempfile::TempDir>) -> Self {
        let mut process = command
            .arg("chrome-extension://lgefegacnbcimpjhcdiipjjboabmnjfd/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            input: process.stdin.take(),
            output: process.stdout.take().unwrap(),
            process,
            folder,
        }
    }

    /// Its data folder.
    pub(crate) fn data_dir(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// A host that has been greeted.
    pub(crate) fn greeted(bootstrap: &[String]) -> Self {
        let mut host = Self::start(bootstrap);
        host.greet();
        host
    }

    fn greet(&mut self) {
        let hello = self.call("hello", json!({ "version": "1.0.0", "protocol": 1 }));
        assert_eq!(hello["result"]["protocol"], 1);
    }

    pub(crate) fn send(&mut self, message: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input
            .write_all(&(message.len() as u32).to_ne_bytes())
            .unwrap();
        input.write_all(message).unwrap();
        input.flush().unwrap();
    }

    pub(crate) fn receive(&mut self) -> Value {
        let mut length = [0; 4];
        self.output.read_exact(&mut length).unwrap();
        let mut message = vec![0; u32::from_ne_bytes(length) as usize];
        self.output.read_exact(&mut message).unwrap();
        serde_json::from_slice(&message).unwrap()
    }

    /// Calls, and gives the answer; events that come before it are left out.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        self.send(request.to_string().as_bytes());
        let mut answer = self.receive();
        while answer["method"] == "updated" {
            answer = self.receive();
        }
        assert_eq!(answer["jsonrpc"], "2.0");
        assert_eq!(answer["id"], 7);
        answer
    }
}

impl Host {
    /// Calls what must succeed, and gives the result.
    pub(crate) fn result(&mut self, method: &str, params: Value) -> Value {
        let mut answer = self.call(method, params);
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].take()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Nobody's address: for what needs no network.
pub(crate) fn nowhere() -> Vec<String> {
    vec!["127.0.0.1:9".to_owned()]
}
