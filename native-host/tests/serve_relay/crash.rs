//! The server ends at the worst moment.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures_util::future::join_all;
use pkarr_host::{item::SignedItem, key::KeyPair};
use reqwest::StatusCode;

use crate::{
    signed,
    support::{
        serve::{Serve, until},
        testnet,
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_the_power_was_cut() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let client = serve.client.clone();
    let done = Arc::new(AtomicBool::new(false));
    let acknowledged = Arc::<std::sync::Mutex<Vec<SignedItem>>>::default();
    // Several put one key after the other, until the server is gone.
    let writers = (0..8).map(|_| {
        let (client, done, list) = (client.clone(), Arc::clone(&done), Arc::clone(&acknowledged));
        let base = serve.url("");
        tokio::spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let item = signed(&KeyPair::generate().unwrap(), "@ A 1.2.3.4");
                let put = client
                    .put(format!("{base}/{}", item.key()))
                    .body(item.to_relay_payload());
                match put.send().await {
                    Ok(answer) if answer.status() == StatusCode::NO_CONTENT => {
                        list.lock().unwrap().push(item);
                    }
                    Ok(answer) => panic!("{answer:?}"),
                    Err(_) => return,
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    until(
        || acknowledged.lock().unwrap().len() >= 30,
        "thirty packets put",
    )
    .await;
    let serve = serve.killed_and_started();
    done.store(true, Ordering::Relaxed);
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    for item in &acknowledged {
        let path = format!("/{}?policy=CacheOnly", item.key());
        let answer = serve.get(&path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", item.key());
        assert_eq!(answer.bytes().await.unwrap(), item.to_relay_payload());
    }
    // And all of them are kept in the DHT from now on.
    let kept = serve.metric("pkarr_kept_keys").await;
    assert!(kept >= acknowledged.len() as u64, "{kept}");
}
