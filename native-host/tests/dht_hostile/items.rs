//! Nodes that lie about items.

use std::sync::Arc;

use super::{
    MOST_PACKETS, behaviour,
    network::{
        Network,
        bencode::Value,
        id,
        node::{Asked, Held, Sent},
    },
    plan,
    seeker::{Found, client, item, look_up, pair},
    tampers,
};

/// Of the 20 closest nodes this part lies.
const LIARS: usize = 12;

/// Looks a key up that some of the closest nodes answer honestly for, and others like this.
async fn with_liars(
    seq: i64,
    lie: impl Fn(Asked<'_>) -> Vec<Sent> + Send + Sync + 'static,
) -> Found {
    let net = Network::start(plan(80));
    let signed = item(&pair(1), seq);
    let closest = net.closest(&pair(1).public(), 20);
    net.store(&signed, &closest);
    let target = id::target(&pair(1).public());
    let lies = behaviour(move |asked| {
        if asked.is("get", &target) {
            lie(asked)
        } else {
            vec![asked.honest.into()]
        }
    });
    // The very closest lie, too.
    for node in closest.iter().take(2 * LIARS).step_by(2).take(LIARS) {
        net.behave(*node, Arc::clone(&lies));
    }
    let dht = client(&net.bootstrap(4));
    look_up(&dht, pair(9).public()).await.unwrap();
    let before = net.packets();
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert!(net.packets() - before <= MOST_PACKETS);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_of_another_key_is_none() {
    let other = Held::from(&item(&pair(2), 99));
    let found = with_liars(5, move |asked| {
        asked.tampered(|content| other.clone().into_content(content))
    })
    .await;
    assert_eq!(found.newest(), Some(5));
    assert!(found.report.forged > 0, "{:?}", found.report);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_the_key_did_not_sign_is_none() {
    let found = with_liars(5, |asked| {
        asked.tampered(|content| content.set("seq", Value::Int(99)))
    })
    .await;
    assert_eq!(found.newest(), Some(5));
    assert!(found.items.iter().all(|found| *found == item(&pair(1), 5)));
    assert!(found.report.forged > 0, "{:?}", found.report);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_item_does_not_hide_the_newer() {
    let old = Held::from(&item(&pair(1), 3));
    let found = with_liars(5, move |asked| {
        asked.tampered(|content| old.clone().into_content(content))
    })
    .await;
    assert_eq!(found.newest(), Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_about_items_that_is_malformed_hides_the_right_one() {
    type Change = fn(&mut Value);
    let changes: [Change; 9] = [
        |content| content.set("v", Value::Int(5)),
        |content| content.set("v", Value::bytes(vec![b'v'; 1900])),
        |content| content.set("sig", Value::bytes([1; 63])),
        |content| content.set("sig", Value::List(vec![])),
        |content| content.set("k", Value::bytes([])),
        |content| content.set("seq", Value::Int(-5)),
        |content| content.set("seq", Value::bytes("5")),
        |content| {
            content.unset("seq");
        },
        |content| {
            content.unset("id");
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let found = with_liars(5, move |asked| asked.tampered(change)).await;
        assert_eq!(found.newest(), Some(5), "{number}");
        assert!(found.items.iter().all(|found| *found == item(&pair(1), 5)));
    }
}

/// What nobody signed is not there, however many say so.
#[tokio::test(flavor = "multi_thread")]
async fn where_all_lie_nothing_is_found() {
    let net = Network::start(plan(60));
    let other = Held::from(&item(&pair(2), 99));
    let lies = tampers(move |content| other.clone().into_content(content));
    for node in 0..net.size() {
        net.behave(node, Arc::clone(&lies));
    }
    let dht = client(&net.bootstrap(4));
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.items, []);
    assert_eq!(found.report.holding, 0);
    assert!(found.report.forged > 0, "{:?}", found.report);
    assert!(net.packets() <= 2 * MOST_PACKETS);
}

/// A `seq` without an item, or an error, is an answer but no item.
#[tokio::test(flavor = "multi_thread")]
async fn answers_without_an_item_are_no_items() {
    let found = with_liars(5, |asked| {
        asked.tampered(|content| {
            for name in ["k", "sig", "v"] {
                content.unset(name);
            }
            content.set("seq", Value::Int(99));
        })
    })
    .await;
    assert_eq!(found.newest(), Some(5));
    let found = with_liars(5, |asked| {
        let mut answer = asked.honest;
        answer.unset("r");
        answer.set("y", Value::bytes("e"));
        let error = vec![Value::Int(202), Value::bytes("server error")];
        answer.set("e", Value::List(error));
        vec![answer.into()]
    })
    .await;
    assert_eq!(found.newest(), Some(5));
}
