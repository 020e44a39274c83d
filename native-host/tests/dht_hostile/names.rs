//! Nodes that claim names which are not theirs: the ids of those that hold an item, to stand in their
//! place, and for these other ids, so that nobody looks for them where they are.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use super::{
    MOST_PACKETS, behaviour, every_third,
    network::{
        Network,
        bencode::Value,
        dice::Dice,
        id::{self, Id},
        message::{Contact, compact_nodes},
        node::Held,
    },
    plan,
    seeker::{client, item, look_up, pair},
};

/// What the liars say of the nodes closest to a key.
#[derive(Debug, Clone, Copy)]
enum Lie {
    /// That they are where nobody is.
    Elsewhere,
    /// That they are where other liars are.
    AmongUs,
    /// That their addresses belong to nodes that are far away from the key.
    FarAway,
    /// That their addresses belong to nodes closer to it than they are.
    Nearer,
}

/// A third of the nodes lie about the eight that hold an item, all of them in the same way; and where
/// they are asked for it, they go by the id of one of these and give an old one.
async fn holders_are_found_in_spite_of(lie: Lie) {
    let net = Network::start(plan(90));
    let key = pair(1).public();
    let target = id::target(&key);
    let holders = net.closest(&key, 8);
    net.store(&item(&pair(1), 6), &holders);
    let named: Vec<Contact> = holders.iter().map(|node| net.contact(*node)).collect();
    let liars: Vec<_> = (0..net.size()).filter(|node| node % 3 == 0).collect();
    let liars: Vec<Contact> = liars.iter().map(|node| net.contact(*node)).collect();
    let (dice, count) = (Mutex::new(Dice::new(8)), AtomicUsize::new(0));
    let old = Held::from(&item(&pair(1), 5));
    let ids: Vec<Id> = named.iter().map(|node| node.id).collect();
    let lies = behaviour(move |asked| {
        let mut dice = dice.lock().unwrap();
        let told = named.iter().zip(&liars).map(|(node, liar)| match lie {
            Lie::Elsewhere => {
                let [second, third] = dice.bytes();
                // At the port of rubbish (RFC 863) nobody of the network listens.
                let address = ([127, second.max(1), third, 250], 9).into();
                Contact { address, ..*node }
            }
            Lie::AmongUs => Contact {
                address: liar.address,
                ..*node
            },
            Lie::FarAway => Contact {
                id: id::near(&target, 0, &mut dice),
                ..*node
            },
            Lie::Nearer => Contact {
                id: id::near(&target, 30, &mut dice),
                ..*node
            },
        });
        let told: Vec<_> = told.collect();
        let asked_for_it = asked.is("get", &target);
        asked.tampered(|content| {
            content.set("nodes", compact_nodes(&told));
            if asked_for_it {
                let claimed = ids[count.fetch_add(1, Ordering::Relaxed) % ids.len()];
                content.set("id", Value::bytes(claimed));
                old.clone().into_content(content);
            }
        })
    });
    let liars = every_third(&net, &holders, &lies);
    // Nobody knows anybody better: half of the first nodes lie.
    let honest = (0..net.size()).filter(|node| !liars.contains(node) && !holders.contains(node));
    let first = liars.iter().copied().take(3).chain(honest.take(3));
    let first: Vec<_> = first
        .map(|node| net.contact(node).address.to_string())
        .collect();
    let dht = client(&first);
    for attempt in 0..2 {
        let before = net.packets();
        let found = look_up(&dht, key).await.unwrap();
        let report = found.report;
        assert_eq!(found.newest(), Some(6), "{lie:?} {attempt}: {report:?}");
        assert!(report.agreed >= 4, "{lie:?} {attempt}: {report:?}");
        assert!(net.packets() - before <= MOST_PACKETS, "{lie:?} {attempt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn holders_are_not_where_nobody_is() {
    holders_are_found_in_spite_of(Lie::Elsewhere).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holders_are_not_whoever_goes_by_their_ids() {
    holders_are_found_in_spite_of(Lie::AmongUs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holders_are_not_moved_away() {
    holders_are_found_in_spite_of(Lie::FarAway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holders_are_not_moved_nearer() {
    holders_are_found_in_spite_of(Lie::Nearer).await;
}
