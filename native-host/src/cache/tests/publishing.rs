//! Kept keys and the lease.

use super::*;

fn own() -> Whose {
    Whose::Own {
        key_file: Some("/home/me/site.key".into()),
        zone_file: None,
    }
}

#[tokio::test]
async fn kept_keys_outlive_the_process() {
    let (_folder, path) = folder();
    {
        let cache = open(&path);
        cache.keep_alive(item(5), own(), at(50)).await.unwrap();
        let foreign = item_of(2, 7);
        cache
            .keep_alive(foreign, Whose::Foreign, at(40))
            .await
            .unwrap();
        assert!(cache.note_put(key(2), at(41), 8, at(60)).await.unwrap());
        assert!(!cache.note_put(key(3), at(41), 8, at(60)).await.unwrap());
    }
    let cache = open(&path);
    let expected = [
        Kept {
            item: item(5),
            whose: own(),
            last_put_at: None,
            stored: None,
            next_at: at(50),
        },
        Kept {
            item: item_of(2, 7),
            whose: Whose::Foreign,
            last_put_at: Some(at(41)),
            stored: Some(8),
            next_at: at(60),
        },
    ];
    assert_eq!(cache.kept().unwrap(), expected);
    cache
        .keep_alive(item(4), Whose::Foreign, at(70))
        .await
        .unwrap();
    let kept = &cache.kept().unwrap()[1];
    assert_eq!((kept.item.seq().get(), &kept.whose), (5, &Whose::Foreign));
    assert!(cache.forget(key(1)).await.unwrap());
    assert!(!cache.forget(key(1)).await.unwrap());
    assert_eq!(cache.kept().unwrap().len(), 1);
}

#[tokio::test]
async fn damaged_kept_keys_are_dropped() {
    let (_folder, path) = folder();
    let cache = open(&path);
    for number in [1, 2] {
        cache
            .keep_alive(item_of(number, 5), own(), at(50))
            .await
            .unwrap();
    }
    stranger(&path)
        .execute(
            "UPDATE kept SET payload = x'00' WHERE key = ?",
            [key(1).as_bytes()],
        )
        .unwrap();
    assert_eq!(cache.kept().unwrap().len(), 1);
    cache.flush().await.unwrap();
    assert_eq!(cache.stats().kept, 1);
}

#[tokio::test]
async fn one_holder_has_the_lease() {
    let (_folder, path) = folder();
    let (one, two) = (open(&path), open(&path));
    let minute = Duration::from_secs(60);
    assert!(one.take_lease("one", at(1000), minute).await);
    assert!(!two.take_lease("two", at(1001), minute).await);
    assert!(one.take_lease("one", at(1050), minute).await, "renewed");
    assert!(!two.take_lease("two", at(1061), minute).await);
    assert!(two.take_lease("two", at(1110), minute).await, "it ended");
    assert!(!one.take_lease("one", at(1111), minute).await);
    one.release_lease("one").await;
    assert!(!one.take_lease("one", at(1112), minute).await, "not his");
    two.release_lease("two").await;
    assert!(one.take_lease("one", at(1113), minute).await);
}

#[tokio::test]
async fn a_lease_ends_when_the_clock_is_set_back() {
    let cache = Cache::memory();
    let minute = Duration::from_secs(60);
    assert!(cache.take_lease("one", at(100_000), minute).await);
    let back = at(99_999);
    assert!(
        !cache.take_lease("two", back, minute).await,
        "a moment apart"
    );
    assert!(cache.take_lease("two", at(50_000), minute).await);
    assert!(!cache.take_lease("one", at(50_001), minute).await);
}

#[tokio::test]
async fn only_one_of_many_takes_it() {
    let (_folder, path) = folder();
    let takers = (0..8).map(|number| {
        let path = path.clone();
        tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let (cache, holder) = (open(&path), number.to_string());
            runtime.block_on(cache.take_lease(&holder, at(9), Duration::from_secs(9)))
        })
    });
    let takers: Vec<_> = takers.collect();
    let mut taken = 0;
    for taker in takers {
        taken += usize::from(taker.await.unwrap());
    }
    assert_eq!(taken, 1);
}
