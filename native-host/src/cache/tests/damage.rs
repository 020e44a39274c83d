//! Files that are broken, full or not ours.

use std::io::{Seek, SeekFrom, Write};

use super::*;

async fn filled(path: &Path) {
    let cache = open(path);
    for number in 1..=40 {
        let (older, newer) = (item_of(number, 4), item_of(number, 5));
        cache.keep(older, seen(1)).unwrap();
        cache.keep(newer, seen(1)).unwrap();
    }
    cache.flush().await.unwrap();
}

#[tokio::test]
async fn broken_files_are_set_aside() {
    type Break = fn(&Path);
    let breaks: [(&str, Break); 4] = [
        ("garbage", |path| fs::write(path, [0x55; 9000]).unwrap()),
        ("header", |path| {
            let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.write_all(b"not SQLite at all").unwrap();
        }),
        ("truncated", |path| {
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(4096 * 3 + 100).unwrap();
        }),
        ("foreign", |path| {
            fs::remove_file(path).unwrap();
            stranger(path).execute_batch("CREATE TABLE a (b)").unwrap();
        }),
    ];
    for (name, break_it) in breaks {
        let (_folder, path) = folder();
        filled(&path).await;
        break_it(&path);
        fs::write(path.with_extension("db-wal"), b"rest").unwrap();
        let cache = open(&path);
        assert_eq!(got(&cache, 1), None, "{name}");
        cache.keep_durably(item(1), seen(1)).await.unwrap().unwrap();
        drop(cache);
        assert_eq!(got(&open(&path), 1), Some(1), "{name}");
        let aside = set_aside(&path);
        assert!(!aside.is_empty() && aside.len() <= 3, "{name}: {aside:?}");
    }
}

#[tokio::test]
async fn damage_found_by_many_at_once_is_set_aside_once() {
    let (_folder, path) = folder();
    filled(&path).await;
    fs::write(&path, [0x55; 9000]).unwrap();
    thread::scope(|scope| {
        for number in 1..=8 {
            let path = &path;
            scope.spawn(move || {
                open(path).keep(item_of(number, 5), seen(1)).unwrap();
            });
        }
    });
    assert_eq!(open(&path).stats().keys, 8, "nobody's writes were lost");
    let files = set_aside(&path)
        .iter()
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .count();
    assert_eq!(files, 1);
}

#[test]
fn a_damaged_file_in_use_is_left_to_its_users() {
    let (_folder, path) = folder();
    let user = open(&path);
    stranger(&path)
        .execute_batch("PRAGMA user_version = 0")
        .unwrap();
    let cache = Cache::open(&path, Limits::default());
    assert_eq!(cache.stats().file, None);
    assert!(set_aside(&path).is_empty());
    drop(user);
    open(&path);
    assert!(!set_aside(&path).is_empty());
}

#[tokio::test]
async fn a_newer_layout_is_left_alone() {
    let (_folder, path) = folder();
    filled(&path).await;
    stranger(&path)
        .execute_batch("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let before = fs::read(&path).unwrap();
    let cache = Cache::open(&path, Limits::default());
    assert_eq!(cache.stats().file, None);
    cache.keep(item(1), seen(1)).unwrap();
    assert_eq!(got(&cache, 1), Some(1));
    drop(cache);
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(set_aside(&path).is_empty());
}

#[test]
fn without_a_folder_it_is_memory_only() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs::write(&blocked, b"").unwrap();
    for path in [blocked.join("cache.db"), folder.path().to_owned()] {
        let cache = Cache::open(&path, Limits::default());
        assert_eq!(cache.stats().file, None, "{path:?}");
        cache.keep(item(1), seen(1)).unwrap();
        assert_eq!(got(&cache, 1), Some(1));
    }
}

#[tokio::test]
async fn nothing_can_be_slipped_into_the_file() {
    let (_folder, path) = folder();
    filled(&path).await;
    let older = item(4).to_relay_payload();
    let forged = item_of(2, 5).to_relay_payload();
    let conn = stranger(&path);
    for payload in [forged, older, vec![0; 10]] {
        let changed = conn
            .execute(
                "UPDATE items SET payload = ? WHERE key = ?",
                (&payload, key(1).as_bytes()),
            )
            .unwrap();
        assert_eq!(changed, 1);
        let cache = open(&path);
        assert_eq!(got(&cache, 1), None);
        cache.flush().await.unwrap();
        let stats = cache.stats();
        assert_eq!((stats.keys, stats.floors), (39, 40), "it was dropped");
        assert!(cache.keep(item(4), seen(2)).is_err(), "the floor stands");
        let kept = cache.keep_durably(item(5), seen(2)).await.unwrap();
        assert_eq!(seq_of(&kept.unwrap()), 5);
    }
    conn.execute("UPDATE history SET payload = x'00'", [])
        .unwrap();
    assert!(open(&path).history(&key(1)).is_empty());
    conn.execute("UPDATE floors SET digest = x'00', seq = -4", [])
        .unwrap();
    let cache = open(&path);
    assert_eq!(got(&cache, 1), None);
    assert_eq!(seq_of(&cache.keep(item(5), seen(2)).unwrap()), 5);
}

#[tokio::test]
async fn damage_that_shows_late_is_cared_for_at_the_next_start() {
    let (_folder, path) = folder();
    filled(&path).await;
    let cache = open(&path);
    assert_eq!(got(&cache, 1), Some(5));
    let length = fs::metadata(&path).unwrap().len();
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(4096)).unwrap();
    let rest = usize::try_from(length - 4096).unwrap();
    file.write_all(&vec![0x55; rest]).unwrap();
    drop(file);
    // Whatever it reads of this, it goes on.
    for number in 1..=40 {
        assert!(got(&cache, number).is_none_or(|seq| seq == 5));
    }
    cache.keep(item(6), seen(2)).unwrap();
    assert_eq!(got(&cache, 1), Some(6));
    drop(cache);
    let cache = open(&path);
    assert_eq!(got(&cache, 2), None);
    assert!(!set_aside(&path).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn flipped_bits_are_survived(flips in proptest::collection::vec(any::<(u32, u8)>(), 1..8)) {
        let (_folder, path) = folder();
        tokio::runtime::Runtime::new().unwrap().block_on(filled(&path));
        let mut bytes = fs::read(&path).unwrap();
        for (place, bit) in flips {
            let place = usize::try_from(place).unwrap() % bytes.len();
            bytes[place] ^= 1 << (bit % 8);
        }
        fs::write(&path, bytes).unwrap();
        let cache = Cache::open(&path, Limits::default());
        for number in 1..=40 {
            prop_assert!(got(&cache, number).is_none_or(|seq| seq == 5 || seq == 4));
            let _ = cache.history(&key(number));
        }
        let _ = cache.kept();
        cache.keep(item(9), seen(2)).ok();
    }
}

#[tokio::test]
async fn a_full_disk_stops_writes_only() {
    let (_folder, path) = folder();
    let cache = open(&path);
    cache.keep_durably(item(1), seen(1)).await.unwrap().unwrap();
    // SQLite answers as it does for a full disk.
    cache
        .write(|conn| {
            let pages: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
        })
        .await
        .unwrap();
    let mut refused = 0;
    for number in 2..=60 {
        if cache
            .keep_durably(item_of(number, 3), seen(1))
            .await
            .is_err()
        {
            refused += 1;
        }
        assert_eq!(got(&cache, number), Some(3), "memory has it");
    }
    assert!(refused > 10, "{refused}");
    assert_eq!(got(&cache, 1), Some(1));
    assert!(
        cache
            .keep(item_of(60, 2), seen(1))
            .is_ok_and(|kept| seq_of(&kept) == 3)
    );
    cache
        .write(|conn| conn.query_row("PRAGMA max_page_count = 100000", [], |_| Ok(())))
        .await
        .unwrap();
    cache.keep_durably(item(2), seen(1)).await.unwrap().unwrap();
    drop(cache);
    assert_eq!(got(&open(&path), 1), Some(2));
}
