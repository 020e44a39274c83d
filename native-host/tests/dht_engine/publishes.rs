//! Publishing: on the closest nodes that are alive and take it, confirmed, and honest about it.

use std::sync::Arc;

use super::{
    network::{
        Network, Plan,
        bencode::Value,
        node::{Behaviour, Sent},
    },
    seeker::{client, item, look_up, pair, put},
};
use pkarr_host::dht::DhtError;

/// How many nodes BEP 44 wants an item to be on.
const CLOSEST: usize = 8;

/// A node that answers every put with this error, and all else as it should.
fn refuses(code: i64) -> Behaviour {
    Arc::new(move |asked| {
        if asked.query.method != "put" {
            return vec![asked.honest.into()];
        }
        let mut answer = asked.honest;
        answer.unset("r");
        answer.set("y", Value::bytes("e"));
        let error = vec![Value::Int(code), Value::bytes("not here")];
        answer.set("e", Value::List(error));
        vec![answer.into()]
    })
}

/// A node that never answers a put.
fn ignores() -> Behaviour {
    Arc::new(|asked| {
        let put = asked.query.method == "put";
        let honest: Sent = asked.honest.into();
        if put { vec![] } else { vec![honest] }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_on_the_closest_that_are_alive() {
    let net = Network::start(Plan {
        dead: 0.2,
        ..Plan::ideal(100)
    });
    let dht = client(&net.bootstrap(4));
    for number in 0..5 {
        let signed = item(&pair(number), 1);
        let stored = put(&dht, &signed, None).await.unwrap().stored as usize;
        let holders = net.holders(&signed);
        assert_eq!(stored, holders.len());
        // One may be known to none of those who tell of no more than eight, dead ones among them.
        let closest = net.closest(signed.key(), CLOSEST);
        let there = closest.iter().filter(|node| holders.contains(node));
        assert!(there.count() >= CLOSEST - 1, "{closest:?}: {holders:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_refuse_are_replaced() {
    for refusal in [refuses(201), refuses(202), refuses(203), ignores()] {
        let net = Network::start(Plan::ideal(100));
        let signed = item(&pair(1), 1);
        let closest = net.closest(signed.key(), 2 * CLOSEST);
        for node in &closest[..CLOSEST / 2] {
            net.behave(*node, Arc::clone(&refusal));
        }
        let dht = client(&net.bootstrap(4));
        let stored = put(&dht, &signed, None).await.unwrap().stored as usize;
        // A node that says no may have stored it all the same.
        let mut holders = net.holders(&signed);
        holders.retain(|node| !closest[..CLOSEST / 2].contains(node));
        assert_eq!(stored, holders.len());
        assert!(stored >= CLOSEST, "{stored}");
        for node in &closest[CLOSEST / 2..CLOSEST] {
            assert!(holders.contains(node), "{node} of {holders:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_publishes_loses_none() {
    let net = Network::start(Plan {
        dead: 0.1,
        loss: 0.02,
        ..Plan::ideal(100)
    });
    let dht = client(&net.bootstrap(4));
    let publishing: Vec<_> = (0..64)
        .map(|number| {
            let dht = dht.clone();
            tokio::spawn(async move {
                let stored = put(&dht, &item(&pair(number), 1), None).await;
                stored.unwrap().stored as usize
            })
        })
        .collect();
    let mut copies = 0;
    for (number, publishing) in publishing.into_iter().enumerate() {
        let signed = item(&pair(number.try_into().unwrap()), 1);
        let stored = publishing.await.unwrap();
        let holders = net.holders(&signed);
        // An answer may be lost, but nothing is confirmed that isn't there.
        assert!(stored <= holders.len(), "{stored} of {holders:?}");
        // On a machine so busy that nodes seem gone, a few have to do for one or the other.
        assert!(stored >= CLOSEST / 4, "{number}: {stored}");
        copies += stored;
    }
    assert!(copies >= 64 * CLOSEST, "{copies}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_newer_than_ours_is_not_written_over() {
    let net = Network::start(Plan::ideal(60));
    let dht = client(&net.bootstrap(4));
    let newer = item(&pair(1), 9);
    let closest = net.closest(newer.key(), 20);
    net.store(&newer, &closest);
    let refused = put(&dht, &item(&pair(1), 8), None).await;
    assert_eq!(refused.unwrap_err(), DhtError::Conflict);
    assert_eq!(net.holders(&newer).len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_since_it_was_read_is_not_written_over() {
    let net = Network::start(Plan::ideal(60));
    let dht = client(&net.bootstrap(4));
    let there = item(&pair(1), 5);
    net.store(&there, &net.closest(there.key(), 20));
    // Read at 4, and somebody wrote 5 meanwhile.
    let refused = put(&dht, &item(&pair(1), 6), Some(4)).await;
    assert_eq!(refused.unwrap_err(), DhtError::Mismatch);
    assert!(net.holders(&item(&pair(1), 6)).is_empty());

    put(&dht, &item(&pair(1), 6), Some(5)).await.unwrap();
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(6));
}

/// One node with something newer, that others have not heard of, is enough to look again.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_missed_an_update_are_brought_up_to_date() {
    let net = Network::start(Plan::ideal(60));
    let dht = client(&net.bootstrap(4));
    let closest = net.closest(&pair(1).public(), 20);
    net.store(&item(&pair(1), 3), &closest[..4]);
    net.store(&item(&pair(1), 5), &closest[4..]);
    // The first four fail the comparison, the others don't; nothing newer is lost by it.
    let stored = put(&dht, &item(&pair(1), 6), Some(5)).await.unwrap().stored;
    assert!(stored >= 4, "{stored}");
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(6));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nodes_reasons_are_told() {
    let other = DhtError::Refused {
        code: 207,
        reason: "not here".to_owned(),
    };
    for (code, told) in [
        (205, DhtError::TooLarge),
        (206, DhtError::BadSignature),
        (207, other),
        (301, DhtError::Mismatch),
        (302, DhtError::Conflict),
    ] {
        let net = Network::start(Plan::ideal(40));
        for node in 0..net.size() {
            net.behave(node, refuses(code));
        }
        let dht = client(&net.bootstrap(4));
        let outcome = put(&dht, &item(&pair(1), 1), None).await;
        assert_eq!(outcome.unwrap_err(), told, "{code}");
        // Nobody asks the whole network in vain.
        assert!(net.packets() < 300, "{}", net.packets());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_no_success() {
    let net = Network::start(Plan::ideal(30));
    net.kill(0..30);
    let dht = client(&net.dead(4));
    let outcome = put(&dht, &item(&pair(1), 1), None).await;
    assert_eq!(outcome.unwrap_err(), DhtError::Unreachable);
}
