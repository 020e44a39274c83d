//! What is kept of the network across restarts.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use super::{
    network::{Network, Plan, id},
    seeker::{self, ends, item, look_up, pair},
};
use pkarr_host::dht::{Dht, DhtConfig};
use tempfile::TempDir;

/// A client that remembers in a folder.
fn client(bootstrap: &[String], folder: &Path) -> Dht {
    Dht::new(DhtConfig {
        bootstrap: bootstrap.to_vec(),
        folder: Some(folder.to_owned()),
        ..DhtConfig::default()
    })
}

/// A network, and what a client remembers of it that looked some keys up.
struct Remembered {
    net: Network,
    /// Where the client began, and which nodes these are.
    first: Vec<String>,
    folder: TempDir,
}

impl Remembered {
    async fn of(numbers: &[u16]) -> Self {
        Self::beside(numbers, &[]).await
    }

    /// With other first nodes beside those of the network.
    async fn beside(numbers: &[u16], others: &[String]) -> Self {
        let net = Network::start(Plan {
            dead: 0.1,
            ..Plan::ideal(100)
        });
        for number in numbers {
            let signed = item(&pair(*number), 5);
            net.store(&signed, &net.closest(signed.key(), 8));
        }
        let first = [&net.bootstrap(4), others].concat();
        let folder = tempfile::tempdir().unwrap();
        let dht = client(&first, folder.path());
        for number in numbers {
            let found = look_up(&dht, pair(*number).public()).await.unwrap();
            assert_eq!(found.newest(), Some(5));
        }
        ends(dht.save()).await;
        net.take_seen();
        Self { net, first, folder }
    }

    /// Lets the first nodes die.
    fn kill_first(&self) {
        let is_first = |node: &usize| {
            let address = self.net.contact(*node).address.to_string();
            self.first.contains(&address)
        };
        self.net.kill((0..self.net.size()).filter(is_first));
    }

    /// The client after a restart.
    fn again(&self) -> Dht {
        client(&self.first, self.folder.path())
    }

    /// Whether the folder tells that a key was looked up.
    fn tells_of(&self, number: u16) -> bool {
        let target = id::target(&pair(number).public());
        let holds = |file: PathBuf| fs::read(file).unwrap().windows(20).any(|at| at == target);
        self.files().into_iter().any(holds)
    }

    /// What is in the folder.
    fn content(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let read = |file: PathBuf| (file.clone(), fs::read(file).unwrap());
        let mut content: Vec<_> = self.files().into_iter().map(read).collect();
        content.sort();
        content
    }

    fn files(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        files.map(|file| file.unwrap().path()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_needs_no_first_node() {
    let it = Remembered::of(&[1, 2, 3]).await;
    it.kill_first();
    let signed = item(&pair(4), 5);
    it.net.store(&signed, &it.net.closest(signed.key(), 8));
    let found = look_up(&it.again(), pair(4).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5), "{:?}", found.report);
    assert!(found.report.settled, "{:?}", found.report);
}

/// Nor does it wait for their names.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_needs_no_name() {
    let nobody = ["nobody.invalid:1".to_owned()];
    let it = Remembered::beside(&[1, 2, 3], &nobody).await;
    it.kill_first();
    let found = look_up(&it.again(), pair(2).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5), "{:?}", found.report);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_held_a_key_are_asked_first() {
    let it = Remembered::of(&[1, 2, 3]).await;
    let holders = it.net.holders(&item(&pair(2), 5));
    let found = look_up(&it.again(), pair(2).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5));
    let target = id::target(&pair(2).public());
    let seen = it.net.take_seen();
    let asked: Vec<_> = seen
        .iter()
        .filter(|seen| seen.target == Some(target))
        .map(|seen| seen.node)
        .collect();
    // Packets to different nodes may overtake each other; of the first four most are holders.
    let first = asked.iter().take(4).filter(|node| holders.contains(node));
    assert!(first.count() >= 3, "{asked:?}, {holders:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_remembered_may_all_be_gone() {
    let other = Network::start(Plan {
        seed: 2,
        ..Plan::ideal(60)
    });
    let others = other.bootstrap(2);
    other.kill(0..other.size());
    let it = Remembered::beside(&[1, 2], &others).await;
    // Another network: of the one that is remembered nobody answers.
    it.net.kill(0..it.net.size());
    other.revive(0..other.size());
    let before = it.net.packets();
    let signed = item(&pair(2), 7);
    other.store(&signed, &other.closest(signed.key(), 8));
    let found = look_up(&it.again(), pair(2).public()).await.unwrap();
    assert_eq!(found.newest(), Some(7), "{:?}", found.report);
    // Nor is the old one asked without end.
    let asked = it.net.packets() - before;
    assert!(asked < 600, "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_memory_is_none() {
    let it = Remembered::of(&[1]).await;
    let deep = [b"d1:n".as_slice(), &[b'l'; 3_000_000]].concat();
    for damage in [
        vec![],
        b"\0\xff".to_vec(),
        b"{}".to_vec(),
        b"de".to_vec(),
        deep,
    ] {
        let files = it.files();
        assert!(!files.is_empty());
        for file in files {
            fs::write(file, &damage).unwrap();
        }
        let dht = it.again();
        let found = look_up(&dht, pair(1).public()).await.unwrap();
        assert_eq!(found.newest(), Some(5));
        // And is written anew.
        ends(dht.save()).await;
        assert!(
            it.files()
                .iter()
                .any(|file| fs::read(file).unwrap() != damage)
        );
    }
    it.kill_first();
    let found = look_up(&it.again(), pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_file_does_no_harm() {
    let it = Remembered::of(&[1, 2, 3]).await;
    for file in it.files() {
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    }
    let found = look_up(&it.again(), pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5));
}

/// However many nodes and keys there were, little is written.
#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded() {
    let numbers: Vec<_> = (0..150).collect();
    let it = Remembered::of(&numbers).await;
    let files = it.files();
    let size: u64 = files
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert!(size > 1000, "{size}");
    assert!(size < 1_000_000, "{size}");
}

/// A folder that can't be written to is no reason to fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_none_does_no_harm() {
    let net = Network::start(Plan::ideal(40));
    let signed = item(&pair(1), 5);
    net.store(&signed, &net.closest(signed.key(), 8));
    let file = tempfile::NamedTempFile::new().unwrap();
    let dht = client(&net.bootstrap(2), &file.path().join("below a file"));
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5));
    ends(dht.save()).await;
}

/// Neither what was about to be written, nor what another program has in mind, nor a lookup that has
/// not ended brings back what was to be forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgotten_is_not_written_again() {
    let it = Remembered::of(&[1, 2, 3]).await;
    assert!((1..4).all(|number| it.tells_of(number)));
    let (dht, other) = (it.again(), it.again());
    for dht in [&dht, &other] {
        look_up(dht, pair(1).public()).await.unwrap();
    }
    let running = dht.get(&pair(2).public()).await.unwrap();
    let (_, forgotten, _, _) =
        ends(async { tokio::join!(dht.save(), dht.forget_keys(), dht.save(), other.save()) }).await;
    forgotten.unwrap();
    let (items, report) = running.split();
    drop(items);
    ends(report).await;
    for dht in [&dht, &other] {
        ends(dht.save()).await;
        assert!((1..4).all(|number| !it.tells_of(number)));
    }
    drop((dht, other));
    // The nodes are still known.
    it.kill_first();
    let found = look_up(&it.again(), pair(3).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5), "{:?}", found.report);
}

/// Not a byte is written for a lookup that nobody is to know of, neither then nor later; and whoever
/// watches the network can't tell by its address or id who looks up.
#[tokio::test(flavor = "multi_thread")]
async fn private_lookups_leave_no_trace() {
    let it = Remembered::of(&[1]).await;
    for number in [2, 3] {
        let signed = item(&pair(number), 5);
        it.net.store(&signed, &it.net.closest(signed.key(), 8));
    }
    it.kill_first();
    let dht = it.again();
    look_up(&dht, pair(1).public()).await.unwrap();
    ends(dht.save()).await;
    let (before, ordinary) = (it.content(), it.net.clients());
    for private in [dht.forgetful(), it.again().forgetful()] {
        // It knows the network all the same: nobody of the first nodes is there.
        for number in [1, 2, 3] {
            let found = look_up(&private, pair(number).public()).await.unwrap();
            assert_eq!(found.newest(), Some(5), "{:?}", found.report);
        }
        ends(private.save()).await;
        private.forget_keys().await.unwrap();
    }
    assert_eq!(it.net.clients().difference(&ordinary).count(), 2);
    ends(dht.save()).await;
    assert_eq!(it.content(), before);
    // Nor does what is looked up openly later bring anything of it along.
    look_up(&dht, pair(1).public()).await.unwrap();
    ends(dht.save()).await;
    assert!(it.tells_of(1) && !it.tells_of(2) && !it.tells_of(3));
}

/// What the program would write into its log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log that tells all there is to tell. In one thread, which is the one that it is kept for.
#[tokio::test]
async fn private_lookups_are_in_no_log() {
    let net = Network::start(Plan::ideal(40));
    let log = Log::default();
    let writer = log.clone();
    let logger = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // As long as there is one logger alone, what another thread comes by first is logged in no thread.
    let _other = tracing::Dispatch::new(tracing_subscriber::fmt().finish());
    let _listens = tracing::subscriber::set_default(logger);
    let dht = seeker::client(&net.bootstrap(4));
    look_up(&dht, pair(1).public()).await.unwrap();
    look_up(&dht.forgetful(), pair(2).public()).await.unwrap();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let target = |number| {
        let target = id::target(&pair(number).public());
        target.map(|byte| format!("{byte:02x}")).concat()
    };
    assert!(log.contains(&target(1)), "{log}");
    assert!(!log.contains(&target(2)), "{log}");
}
