//! The programs that are measured, as real processes.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// How long a program may take to listen.
const START: Duration = Duration::from_secs(20);

/// A running program; it ends with this.
pub(crate) struct Program {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Program {
    /// How much memory it has, in KiB.
    pub(crate) fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// A DHT on this machine, and its first nodes.
pub(crate) fn testnet(program: &Path) -> (Program, Vec<String>) {
    let (process, told) = tells(Command::new(program).args(["testnet", "--json"]));
    let nodes = told["bootstrap"].as_array().unwrap().iter();
    let bootstrap: Vec<_> = nodes
        .map(|node| node.as_str().unwrap().to_owned())
        .collect();
    let address = bootstrap[0].parse().unwrap();
    (Program { process, address }, bootstrap)
}

/// The gateway, in a network of these nodes.
pub(crate) fn gateway(program: &Path, bootstrap: &[String], data: &Path) -> Program {
    let (process, told) = tells(
        Command::new(program)
            .args(["gateway", "--listen", "127.0.0.1:0", "--json"])
            .args(["--allow-private", "--no-relays"])
            .args(["--bootstrap", &bootstrap.join(",")])
            .arg("--data-dir")
            .arg(data),
    );
    let address = told["listen"].as_str().unwrap().parse().unwrap();
    Program { process, address }
}

/// Starts a program of ours; it says one line of JSON when it is ready.
fn tells(command: &mut Command) -> (Child, Value) {
    let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    (process, serde_json::from_str(&line).unwrap())
}

/// Tinyproxy, as a plain forward proxy; `None` where it is not installed.
pub(crate) fn tinyproxy(folder: &Path) -> Option<Program> {
    let address = free();
    let config = format!(
        "Port {}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 60\nMaxClients 4000\n\
         LogFile \"/dev/null\"\nLogLevel Critical\nDisableViaHeader Yes\n",
        address.port()
    );
    let file = folder.join("tinyproxy.conf");
    fs::write(&file, config).unwrap();
    listens(
        Command::new(find("tinyproxy")?)
            .arg("-d")
            .arg("-c")
            .arg(file),
        address,
    )
}

/// Squid, as a plain forward proxy; `None` where it is not installed.
pub(crate) fn squid(folder: &Path) -> Option<Program> {
    let address = free();
    let config = format!(
        "http_port {address}\nhttp_access allow all\ncache deny all\ncache_mem 0 MB\n\
         access_log none\ncache_store_log none\ncache_log /dev/null\nlogfile_rotate 0\n\
         pid_filename none\nnetdb_filename none\npinger_enable off\nicp_port 0\nhtcp_port 0\n\
         via off\nforwarded_for delete\nshutdown_lifetime 0 seconds\nmax_filedescriptors 4096\n\
         coredump_dir {}\n",
        folder.display()
    );
    let file = folder.join("squid.conf");
    fs::write(&file, config).unwrap();
    listens(
        Command::new(find("squid")?).arg("-N").arg("-f").arg(file),
        address,
    )
}

fn find(name: &str) -> Option<PathBuf> {
    ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
        .map(|folder| Path::new(folder).join(name))
        .into_iter()
        .find(|path| path.exists())
}

/// Starts a program that says nothing when it is ready.
fn listens(command: &mut Command, address: SocketAddr) -> Option<Program> {
    let process = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut program = Program { process, address };
    let started = Instant::now();
    while std::net::TcpStream::connect(address).is_err() {
        if program.process.try_wait().unwrap().is_some() || started.elapsed() > START {
            _ = program.process.kill();
            let mut said = String::new();
            _ = program
                .process
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut said);
            eprintln!("{command:?} does not listen: {said}");
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(program)
}

/// An address on which nobody listens.
fn free() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
