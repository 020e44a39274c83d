//! What a lookup tells of itself is what the nodes saw.

use std::collections::HashSet;

use futures_util::{FutureExt, StreamExt};

use super::{
    network::{Network, Plan, id},
    seeker::{client, ends, item, look_up, pair},
};

/// Which nodes were asked for the item of a key, and which of these were alive to answer.
fn asked(net: &Network, number: u16) -> (HashSet<usize>, HashSet<usize>) {
    let target = id::target(&pair(number).public());
    let seen = net.take_seen();
    let asked = seen
        .iter()
        .filter(|seen| seen.method == "get" && seen.target == Some(target));
    let answered = asked.clone().filter(|seen| seen.answered);
    (
        asked.map(|seen| seen.node).collect(),
        answered.map(|seen| seen.node).collect(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_answered_and_holding_are_what_happened() {
    let net = Network::start(Plan {
        dead: 0.2,
        ..Plan::ideal(100)
    });
    let dht = client(&net.bootstrap(4));
    look_up(&dht, pair(9).public()).await.unwrap();
    let signed = item(&pair(1), 5);
    let holders = net.closest(&pair(1).public(), 12);
    net.store(&signed, &holders);
    net.take_seen();

    let found = look_up(&dht, pair(1).public()).await.unwrap();
    let report = found.report;
    let (asked, answered) = asked(&net, 1);
    assert_eq!(report.asked as usize, asked.len(), "{report:?}");
    assert!(report.answered as usize <= answered.len(), "{report:?}");
    let holding = answered.iter().filter(|node| holders.contains(node));
    assert!(report.holding as usize <= holding.count(), "{report:?}");
    assert_eq!(report.forged, 0);
    // Of the eight closest that are alive at least these have been heard.
    assert!(report.agreed >= 5, "{report:?}");
    assert!(report.agreed <= report.holding, "{report:?}");
    assert!(report.settled, "{report:?}");
    assert_eq!(found.newest(), Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_after_the_closest_said_so() {
    let net = Network::start(Plan::ideal(100));
    let dht = client(&net.bootstrap(4));
    look_up(&dht, pair(9).public()).await.unwrap();
    net.take_seen();
    let none = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(none.items, []);
    assert_eq!(none.report.holding, 0);
    assert!(none.report.settled, "{:?}", none.report);
    let (_, answered) = asked(&net, 1);
    for node in net.closest(&pair(1).public(), 8) {
        assert!(answered.contains(&node), "{node}: {answered:?}");
    }
}

/// Where two versions are about, all that know the newer one agree, not those with the older.
#[tokio::test(flavor = "multi_thread")]
async fn those_agree_that_hold_the_newest() {
    let net = Network::start(Plan::ideal(60));
    let closest = net.closest(&pair(1).public(), 20);
    net.store(&item(&pair(1), 5), &closest);
    net.store(&item(&pair(1), 6), &closest[2..5]);
    let dht = client(&net.bootstrap(4));
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(6));
    assert_eq!(found.report.agreed, 3, "{:?}", found.report);
    assert!(found.report.holding >= 8, "{:?}", found.report);
}

/// The first item is given when it comes, not when the search has ended.
#[tokio::test(flavor = "multi_thread")]
async fn an_item_comes_before_the_end() {
    let net = Network::start(Plan::ideal(60));
    let dht = client(&net.bootstrap(4));
    // It knows the closest by this.
    let none = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(none.items, []);
    let closest = net.closest(&pair(1).public(), 20);
    net.store(&item(&pair(1), 5), &closest);
    // Only the very closest answers from here on: the others the search has to wait for.
    net.kill((0..net.size()).filter(|node| *node != closest[0]));
    let (mut items, report) = dht.get(&pair(1).public()).await.unwrap().split();
    let mut report = Box::pin(report);
    let first = ends(items.next()).await.unwrap();
    assert_eq!(first, item(&pair(1), 5));
    // It has not ended when it could not have.
    assert!(report.as_mut().now_or_never().is_none());
    // Whoever has what was wanted may go.
    drop(items);
    drop(report);
    net.revive(0..net.size());
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5));
}

/// As many as there are, each gets an answer.
#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_lookups_at_once_all_end_right() {
    let net = Network::start(Plan::ideal(60));
    let dht = client(&net.bootstrap(4));
    for number in 0..100 {
        let signed = item(&pair(number), 5);
        net.store(&signed, &net.closest(signed.key(), 20));
    }
    let asking: Vec<_> = (0..200)
        .map(|number| {
            let dht = dht.clone();
            tokio::spawn(async move { look_up(&dht, pair(number).public()).await.unwrap() })
        })
        .collect();
    for (number, asking) in asking.into_iter().enumerate() {
        let expected = (number < 100).then_some(5);
        assert_eq!(asking.await.unwrap().newest(), expected, "{number}");
    }
    // One socket, however many ask.
    assert_eq!(net.clients().len(), 1);
}

/// In a network of a handful, those who are there are the network, however many of the others died.
#[tokio::test(flavor = "multi_thread")]
async fn a_handful_of_nodes_is_a_network_too() {
    let all = [(4, 1), (5, 2), (6, 3)].map(|(nodes, dead)| async move {
        let net = Network::start(Plan::ideal(nodes));
        let first = net.bootstrap(nodes);
        net.kill(0..dead);
        let dht = client(&first);
        let none = look_up(&dht, pair(1).public()).await.unwrap();
        assert_eq!(none.items, []);
        assert!(none.report.settled, "{nodes} {dead}: {:?}", none.report);
        net.store(&item(&pair(1), 5), &[nodes - 1]);
        let found = look_up(&dht, pair(1).public()).await.unwrap();
        assert_eq!(found.newest(), Some(5));
        assert!(found.report.settled, "{nodes} {dead}: {:?}", found.report);
    });
    futures_util::future::join_all(all).await;
}

/// Nor is it waited for for ever that those come back who were known to be there.
#[tokio::test(flavor = "multi_thread")]
async fn a_handful_of_nodes_may_become_fewer() {
    let net = Network::start(Plan::ideal(6));
    let dht = client(&net.bootstrap(6));
    for number in 10..16 {
        let none = look_up(&dht, pair(number).public()).await.unwrap();
        assert!(none.report.settled, "{:?}", none.report);
    }
    net.kill(0..3);
    look_up(&dht, pair(1).public()).await.unwrap();
    let none = look_up(&dht, pair(2).public()).await.unwrap();
    assert!(none.report.settled, "{:?}", none.report);
    // One that is left of six may be cut off from the others.
    net.kill(3..5);
    let none = look_up(&dht, pair(3).public()).await.unwrap();
    assert!(!none.report.settled, "{:?}", none.report);
}
