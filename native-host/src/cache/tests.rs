mod damage;
mod publishing;

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::{
    item::Seq,
    key::KeyPair,
    packet::{SignedPacket, owner_name, record},
};

fn pair(number: u8) -> KeyPair {
    KeyPair::from_secret(&[number.max(1); 32])
}

fn key(number: u8) -> PublicKey {
    pair(number).public()
}

fn item_of(number: u8, seq: i64) -> SignedItem {
    SignedPacket::sign(&pair(number), Seq::new(seq).unwrap(), &[])
        .unwrap()
        .item()
        .clone()
}

fn item(seq: i64) -> SignedItem {
    item_of(1, seq)
}

/// An item that is no packet.
fn raw(seq: i64, value: &[u8]) -> SignedItem {
    SignedItem::sign(&pair(1), Seq::new(seq).unwrap(), value).unwrap()
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn seen(seconds: u64) -> Seen {
    Seen::in_dht(at(seconds))
}

fn seq_of(entry: &Entry) -> i64 {
    entry.newest.item().seq().get()
}

fn got(cache: &Cache, number: u8) -> Option<i64> {
    cache.get(&key(number)).as_ref().map(seq_of)
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join("cache.db");
    (folder, path)
}

fn open(path: &Path) -> Cache {
    let cache = Cache::open(path, Limits::default());
    assert!(cache.stats().file.is_some(), "the file is used");
    cache
}

fn limited(keys: u64, history: usize) -> Limits {
    Limits {
        keys,
        history,
        ..Limits::default()
    }
}

/// A connection past the cache, as a stranger would have it.
fn stranger(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

fn set_aside(path: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".damaged-"))
        .collect();
    names.sort();
    names
}

mod order {
    use super::*;

    #[test]
    fn nothing_older_replaces_what_is_kept() {
        let cache = Cache::default();
        assert_eq!(seq_of(&cache.keep(item(2), seen(1)).unwrap()), 2);
        let kept = cache.keep(item(1), seen(2)).unwrap();
        assert_eq!(seq_of(&kept), 2);
        assert_eq!(kept.seen.at, at(1), "no sighting of the newest");
        assert_eq!(seq_of(&cache.keep(item(3), seen(3)).unwrap()), 3);
        assert_eq!(got(&cache, 1), Some(3));
    }

    #[test]
    fn what_is_no_packet_supersedes_all_the_same() {
        let cache = Cache::default();
        cache.keep(item(1), seen(1)).unwrap();
        let kept = cache.keep(raw(2, b"hello"), seen(1)).unwrap();
        assert!(matches!(kept.newest, Newest::Other(_)));
        assert_eq!(seq_of(&cache.keep(item(1), seen(2)).unwrap()), 2);
    }

    #[test]
    fn seeing_it_again_renews_the_time_and_place() {
        let cache = Cache::default();
        cache.keep(item(2), seen(10)).unwrap();
        let relay = Seen {
            at: at(20),
            from: Origin::Relay("https://relay.example/".to_owned()),
        };
        assert_eq!(cache.keep(item(2), relay.clone()).unwrap().seen, relay);
        assert_eq!(cache.keep(item(2), seen(5)).unwrap().seen, relay);
        assert_eq!(cache.get(&key(1)).unwrap().seen, relay);
    }

    #[test]
    fn a_sighting_in_the_future_gives_way() {
        let now = SystemTime::now();
        let cache = Cache::default();
        let tomorrow = Seen::in_dht(now + Duration::from_secs(86_400));
        cache.keep(item(1), tomorrow).unwrap();
        let today = Seen::in_dht(now);
        assert_eq!(cache.keep(item(1), today.clone()).unwrap().seen, today);
    }

    #[test]
    fn absence_ends_with_an_item() {
        let cache = Cache::default();
        cache.keep_absent(key(1));
        assert!(cache.is_absent(&key(1)));
        cache.keep(item(1), seen(1)).unwrap();
        assert!(!cache.is_absent(&key(1)));
    }

    #[tokio::test]
    async fn a_tie_is_decided_by_bytes_while_they_are_there_and_refused_after() {
        let (_folder, path) = folder();
        let cache = open(&path);
        let (small, middle, large) = (raw(5, b"a"), raw(5, b"b"), raw(5, b"c"));
        cache.keep(small.clone(), seen(1)).unwrap();
        let kept = cache.keep(middle.clone(), seen(1)).unwrap();
        assert_eq!(kept.newest.item(), &middle);
        let kept = cache.keep(small.clone(), seen(1)).unwrap();
        assert_eq!(kept.newest.item(), &middle);
        cache.clear().await.unwrap();
        let floor = Floor::of(&middle);
        for other in [small, large] {
            assert_eq!(cache.keep(other, seen(2)).unwrap_err(), floor);
        }
        assert_eq!(cache.keep(item(4), seen(2)).unwrap_err(), floor);
        let kept = cache.keep(middle.clone(), seen(2)).unwrap();
        assert_eq!(kept.newest.item(), &middle, "the floor's own item is back");
        assert_eq!(seq_of(&cache.keep(item(6), seen(3)).unwrap()), 6);
    }
}

mod bounds {
    use super::*;

    #[tokio::test]
    async fn history_is_bounded_and_newest_first() {
        let (_folder, path) = folder();
        let cache = Cache::open(&path, limited(10, 3));
        for seq in 1..=6 {
            cache.keep(item(seq), seen(seq.unsigned_abs())).unwrap();
            cache.keep(item(1), seen(100)).unwrap();
        }
        cache.flush().await.unwrap();
        let history = cache.history(&key(1));
        assert_eq!(history.iter().map(seq_of).collect::<Vec<_>>(), [5, 4, 3]);
        assert_eq!(history[0].seen.at, at(5));
        assert_eq!(cache.stats().history, 3);
    }

    #[tokio::test]
    async fn the_least_recently_used_goes_and_its_floor_stays() {
        let (_folder, path) = folder();
        let limits = limited(4, 2);
        {
            let cache = Cache::open(&path, limits);
            for number in 1..=4 {
                cache.keep(item_of(number, 6), seen(1)).unwrap();
                cache.keep(item_of(number, 7), seen(1)).unwrap();
            }
            cache.flush().await.unwrap();
            assert_eq!(got(&cache, 1), Some(7));
            cache
                .keep_durably(item_of(5, 7), seen(2))
                .await
                .unwrap()
                .unwrap();
            let stats = cache.stats();
            assert_eq!((stats.keys, stats.floors, stats.history), (4, 5, 3));
        }
        let cache = Cache::open(&path, limits);
        assert_eq!(got(&cache, 1), Some(7), "it was asked for");
        assert_eq!(got(&cache, 2), None, "it was not");
        assert_eq!(cache.floor(&key(2)).unwrap(), Floor::of(&item_of(2, 7)));
        assert!(cache.keep(item_of(2, 6), seen(3)).is_err());
        assert_eq!(seq_of(&cache.keep(item_of(2, 7), seen(3)).unwrap()), 7);
    }

    #[tokio::test]
    async fn memory_alone_is_bounded_and_keeps_its_floors() {
        let cache = Cache::in_memory(limited(3, 1));
        for number in 1..=9 {
            cache.keep(item_of(number, 7), seen(1)).unwrap();
        }
        let stats = cache.stats();
        assert_eq!((stats.keys, stats.floors, stats.file), (3, 9, None));
        cache.clear().await.unwrap();
        assert_eq!(got(&cache, 9), None);
        assert!(cache.keep(item_of(9, 6), seen(3)).is_err());
    }

    #[tokio::test]
    async fn clearing_keeps_floors_and_kept_keys() {
        let (_folder, path) = folder();
        let (cache, other) = (open(&path), open(&path));
        cache.keep(item(1), seen(1)).unwrap();
        cache.keep(item(2), seen(1)).unwrap();
        cache
            .keep_alive(item(2), Whose::Foreign, at(9))
            .await
            .unwrap();
        cache.flush().await.unwrap();
        assert_eq!(got(&other, 1), Some(2));
        cache.clear().await.unwrap();
        for cache in [&cache, &other] {
            assert_eq!(got(cache, 1), None);
            assert!(cache.history(&key(1)).is_empty());
            assert!(cache.keep(item(1), seen(2)).is_err());
            assert_eq!(cache.kept().unwrap().len(), 1);
        }
        let stats = cache.stats();
        assert_eq!((stats.keys, stats.floors, stats.kept), (0, 1, 1));
    }
}

mod sharing {
    use super::*;

    #[tokio::test]
    async fn what_one_learns_the_other_knows() {
        let (_folder, path) = folder();
        let (one, two) = (open(&path), open(&path));
        assert_eq!(got(&two, 1), None);
        for seq in 1..4 {
            one.keep_durably(item(seq), seen(1)).await.unwrap().unwrap();
            assert_eq!(got(&two, 1), Some(seq));
            assert_eq!(got(&two, 1), Some(seq));
        }
        let stats = two.stats();
        assert_eq!(
            (stats.disk_hits, stats.memory_hits, stats.misses),
            (3, 3, 1)
        );
        assert_eq!(seq_of(&two.keep(item(2), seen(9)).unwrap()), 3);
    }

    #[tokio::test]
    async fn what_waits_to_be_written_does_not_roll_back_what_was() {
        let (_folder, path) = folder();
        let (one, two) = (open(&path), open(&path));
        // Both think theirs is the newest, and the older one comes last.
        let old = item(1);
        two.keep_durably(item(2), seen(1)).await.unwrap().unwrap();
        one.write(move |conn| rows::keep(conn, &old, &seen(1), 9))
            .await
            .unwrap();
        assert_eq!(got(&one, 1), Some(2));
        assert_eq!(got(&two, 1), Some(2));
    }

    #[test]
    fn it_is_all_there_after_the_end() {
        let (_folder, path) = folder();
        let cache = open(&path);
        for number in 1..=50 {
            cache.keep(item_of(number, 5), seen(1)).unwrap();
        }
        drop(cache);
        let cache = open(&path);
        for number in 1..=50 {
            assert_eq!(got(&cache, number), Some(5));
        }
    }

    #[test]
    fn many_may_open_a_new_file_at_once() {
        let (_folder, path) = folder();
        thread::scope(|scope| {
            for number in 1..=8 {
                let path = &path;
                scope.spawn(move || {
                    open(path).keep(item_of(number, 5), seen(1)).unwrap();
                });
            }
        });
        assert_eq!(open(&path).stats().keys, 8);
        assert_eq!(set_aside(&path).len(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, path) = folder();
        open(&path).keep(item(1), seen(1)).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    fn model_step() -> impl Strategy<Value = (u8, u8, i64, u8)> {
        // What is done, by which of two processes, with which seq and value.
        (0u8..10, 0u8..2, 1i64..6, 0u8..3)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn no_order_of_events_rolls_back(steps in proptest::collection::vec(model_step(), 1..40)) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            let (_folder, path) = folder();
            let limits = limited(2, 2);
            let mut caches = [Cache::open(&path, limits), Cache::open(&path, limits)];
            let mut highest: Option<SignedItem> = None;
            for (what, who, seq, value) in steps {
                let cache = &caches[usize::from(who)];
                match what {
                    0 => runtime.block_on(cache.clear()).unwrap(),
                    1 => {
                        // Two other keys push the item out.
                        for other in [2, 3] {
                            cache.keep(item_of(other, seq), seen(1)).ok();
                        }
                    }
                    2 => caches[usize::from(who)] = Cache::open(&path, limits),
                    3 => {}
                    _ => {
                        let offered = raw(seq, &[value]);
                        let outcome = cache.keep(offered.clone(), seen(1));
                        if let Ok(entry) = &outcome {
                            let entry = entry.newest.item();
                            prop_assert!(entry == &offered || entry.is_newer_than(&offered));
                            prop_assert!(highest.as_ref().is_none_or(|it| !it.is_newer_than(entry)));
                        }
                        match &highest {
                            Some(highest) if offered == *highest => prop_assert!(outcome.is_ok()),
                            Some(highest) if offered.seq() <= highest.seq() && outcome.is_err() => {}
                            _ => {
                                let raised = highest.as_ref().is_none_or(|it| offered.is_newer_than(it));
                                prop_assert!(outcome.is_ok());
                                if raised {
                                    highest = Some(offered);
                                }
                            }
                        }
                    }
                }
                for cache in &caches {
                    runtime.block_on(cache.flush()).unwrap();
                }
                for cache in &caches {
                    if let Some(entry) = cache.get(&key(1)) {
                        prop_assert_eq!(Some(entry.newest.item()), highest.as_ref());
                    }
                    prop_assert_eq!(cache.floor(&key(1)), highest.as_ref().map(Floor::of));
                }
            }
        }
    }
}

#[tokio::test]
async fn packets_come_back_whole() {
    use simple_dns::rdata::{A, RData};
    let (_folder, path) = folder();
    let name = owner_name("www", &key(1)).unwrap();
    let records = [record(name, 60, RData::A(A { address: 1 }))];
    let packet = SignedPacket::sign(&pair(1), Seq::new(3).unwrap(), &records).unwrap();
    let seen = Seen {
        at: at(7),
        from: Origin::Published,
    };
    open(&path)
        .keep(packet.item().clone(), seen.clone())
        .unwrap();
    let entry = open(&path).get(&key(1)).unwrap();
    assert_eq!(entry.seen, seen);
    assert!(matches!(entry.newest, Newest::Packet(found) if found == packet));
}
