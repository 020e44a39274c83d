//! One cache file, several processes, and one of them killed again and again.
//!
//! The helper processes are this test program itself, started with [`FILE`] set.

#![allow(clippy::unwrap_used)]

use std::{
    collections::HashMap,
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

use pkarr_host::{
    cache::{Cache, Limits, Seen, Whose},
    item::{Seq, SignedItem},
    key::KeyPair,
    packet::SignedPacket,
};

/// Tells a helper which file to use.
const FILE: &str = "PKARR_TEST_CACHE_FILE";
/// The keys that the helpers write, all the same ones.
const KEYS: u8 = 4;
const ROUNDS: u64 = 15;
/// How long a program may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

fn pair(number: u8) -> KeyPair {
    KeyPair::from_secret(&[number + 1; 32])
}

fn item(number: u8, seq: Seq) -> SignedItem {
    let packet = SignedPacket::sign(&pair(number), seq, &[]).unwrap();
    packet.item().clone()
}

fn seq_in(cache: &Cache, number: u8) -> Option<i64> {
    let entry = cache.get(&pair(number).public())?;
    Some(entry.newest.item().seq().get())
}

/// Writes as fast as it can, says what was acknowledged, and ends when its input does.
async fn hammer(path: &Path) {
    let cache = Cache::open(path, Limits::default());
    assert!(cache.stats().file.is_some(), "the file is used");
    let ended = thread::spawn(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let mut highest = HashMap::new();
    let mut turn = 0u64;
    while !ended.is_finished() {
        turn += 1;
        let number = u8::try_from(turn % u64::from(KEYS)).unwrap();
        let now = SystemTime::now();
        // Every third one is old by the time it is offered.
        let signed_at = now - Duration::from_millis(if turn.is_multiple_of(3) { 20 } else { 0 });
        let offered = item(number, Seq::at(signed_at));
        let entry = cache
            .keep_durably(offered.clone(), Seen::in_dht(now))
            .await
            .unwrap()
            .unwrap();
        let kept = entry.newest.item().seq().get();
        let got = seq_in(&cache, number).unwrap();
        let before = highest.insert(number, got.max(kept)).unwrap_or(0);
        assert!(before <= kept && kept <= got, "rolled back");
        say("item", number, kept);
        if turn.is_multiple_of(4) {
            let seq = offered.seq().get();
            cache
                .keep_alive(offered, Whose::Foreign, now)
                .await
                .unwrap();
            say("kept", number, seq);
        }
    }
}

/// One line in one write: it is out when this returns, whatever happens to the process.
fn say(what: &str, number: u8, seq: i64) {
    let line = format!("\nack {what} {number} {seq} .\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

/// Does nothing unless it was started as a helper.
#[tokio::test]
async fn helper() {
    if let Some(path) = env::var_os(FILE) {
        hammer(Path::new(&path)).await;
    }
}

type Acknowledged = Arc<Mutex<HashMap<(String, u8), i64>>>;

struct Helper {
    process: Child,
    reading: JoinHandle<usize>,
    works: mpsc::Receiver<()>,
}

impl Helper {
    fn start(path: &Path, acknowledged: &Acknowledged) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "helper", "--nocapture"])
            .env(FILE, path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let acknowledged = Arc::clone(acknowledged);
        let (first, works) = mpsc::channel();
        let reading = thread::spawn(move || {
            let mut count = 0;
            for line in lines.map_while(Result::ok) {
                let words: Vec<_> = line.split(' ').collect();
                if let ["ack", what, number, seq, "."] = words[..] {
                    let mut acknowledged = acknowledged.lock().unwrap();
                    let highest = acknowledged
                        .entry((what.to_owned(), number.parse().unwrap()))
                        .or_insert(0);
                    *highest = seq.parse::<i64>().unwrap().max(*highest);
                    count += 1;
                    // Nobody may wait for it.
                    _ = first.send(());
                }
            }
            count
        });
        Self {
            process,
            reading,
            works,
        }
    }

    /// Waits until something is acknowledged: how long a program takes to start depends on the machine.
    fn works(&self) {
        self.works.recv_timeout(PATIENCE).unwrap();
    }

    /// As `kill -9` does; gives how much was acknowledged until then.
    fn kill(mut self) -> usize {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.reading.join().unwrap()
    }

    /// Lets it end by itself.
    fn end(mut self) -> usize {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success(), "the helper failed");
        self.reading.join().unwrap()
    }
}

fn check(cache: &Cache, acknowledged: &Acknowledged) {
    // What is acknowledged from here on may be newer than what is read: take the numbers first.
    let acknowledged = acknowledged.lock().unwrap().clone();
    let kept: HashMap<_, _> = cache
        .kept()
        .unwrap()
        .into_iter()
        .map(|kept| (*kept.item.key(), kept.item.seq().get()))
        .collect();
    for ((what, number), seq) in acknowledged {
        let found = match what.as_str() {
            "item" => seq_in(cache, number),
            _ => kept.get(&pair(number).public()).copied(),
        };
        assert!(found >= Some(seq), "{what} {number}: {found:?} after {seq}");
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let acknowledged = Acknowledged::default();
    let onlooker = Cache::open(&path, Limits::default());
    let steady = Helper::start(&path, &acknowledged);
    let mut killed = 0;
    for round in 0..ROUNDS {
        let victim = Helper::start(&path, &acknowledged);
        // Some are killed while they start.
        if round % 2 == 0 {
            victim.works();
        }
        thread::sleep(Duration::from_millis(60 + round * 37 % 150));
        killed += victim.kill();
        check(&onlooker, &acknowledged);
        check(&Cache::open(&path, Limits::default()), &acknowledged);
    }
    let steady = steady.end();
    // The last one to have it open is killed too: nobody tidies up.
    drop(onlooker);
    let last = Helper::start(&path, &acknowledged);
    last.works();
    thread::sleep(Duration::from_millis(300));
    let last = last.kill();
    check(&Cache::open(&path, Limits::default()), &acknowledged);
    assert!(steady > 0 && killed > 0 && last > 0, "something was tried");
    let names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        !names.iter().any(|name| name.contains("damaged")),
        "{names:?}"
    );
    assert!(names.len() <= 4, "{names:?}");
}

/// A small disk of its own; only root may have one.
#[cfg(target_os = "linux")]
struct SmallDisk(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=512k", "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Self(folder))
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let Some(disk) = SmallDisk::mount() else {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: only root can mount a small disk"
        );
        return;
    };
    let path = disk.0.path().join("cache.db");
    let filler = disk.0.path().join("filler");
    let cache = Cache::open(&path, Limits::default());
    assert!(cache.stats().file.is_some());
    let mut rest = fs::File::create(&filler).unwrap();
    let mut acknowledged = Vec::new();
    let mut refused = 0;
    for number in 0..200 {
        if number == 20 {
            while rest.write_all(&[0; 4096]).is_ok() {}
        }
        let item = item(number, Seq::new(i64::from(number) + 1).unwrap());
        let seen = Seen::in_dht(SystemTime::now());
        match cache.keep_durably(item, seen).await {
            Ok(_) => acknowledged.push(number),
            Err(_) => refused += 1,
        }
        assert_eq!(seq_in(&cache, number), Some(i64::from(number) + 1));
    }
    assert!(acknowledged.len() >= 20 && refused > 0, "{refused} refused");
    fs::remove_file(&filler).unwrap();
    drop(rest);
    let late = item(250, Seq::new(1).unwrap());
    let seen = Seen::in_dht(SystemTime::now());
    cache.keep_durably(late, seen).await.unwrap().unwrap();
    drop(cache);
    let cache = Cache::open(&path, Limits::default());
    for number in acknowledged {
        assert_eq!(seq_in(&cache, number), Some(i64::from(number) + 1));
    }
}
