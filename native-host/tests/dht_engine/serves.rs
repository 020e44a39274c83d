//! Nodes of ours as others meet them: they join, are found, store and give.

use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use futures_util::{StreamExt, future::join_all};
use mainline::MutableItem;

use super::{
    network::{
        bencode::Value,
        id,
        message::nodes,
        peer::{Peer, holds},
    },
    seeker::{client, ends, item, look_up, pair, put, server},
};
use pkarr_host::dht::Dht;

/// So many nodes of ours that know each other, and where they are.
async fn servers(count: u8) -> (Vec<Dht>, Vec<String>) {
    let (mut all, mut places): (Vec<Dht>, Vec<String>) = Default::default();
    for number in 1..=count {
        let first: Vec<_> = places.iter().take(3).cloned().collect();
        let (dht, address) = server([127, 40, number, 1], &first).await;
        if number > 1 {
            look_up(&dht, pair(900).public()).await.unwrap();
        }
        all.push(dht);
        places.push(address.to_string());
    }
    // Each has been met by those who came after it; now they meet those.
    join_all(all.iter().map(|dht| look_up(dht, pair(901).public()))).await;
    (all, places)
}

#[tokio::test(flavor = "multi_thread")]
async fn our_nodes_are_a_network_for_our_clients() {
    let (_servers, places) = servers(12).await;
    let dht = client(&places[..2]);
    let signed = item(&pair(1), 1);
    let stored = put(&dht, &signed, None).await.unwrap().stored;
    assert!(stored >= 8, "{stored}");
    let mut peer = Peer::at(Ipv4Addr::LOCALHOST);
    let mut holding = 0;
    for place in &places {
        holding += usize::from(holds(
            &peer.get(signed.key(), place.parse().unwrap()),
            &signed,
        ));
    }
    assert_eq!(holding, stored as usize);
    let found = look_up(&client(&places[10..]), pair(1).public())
        .await
        .unwrap();
    assert_eq!(found.newest(), Some(1), "{:?}", found.report);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_nodes_are_a_network_for_others() {
    let (_servers, places) = servers(10).await;
    let theirs = theirs(&places[..2]).await;
    let signed = item(&pair(1), 1);
    let given = MutableItem::new_signed_unchecked(
        *signed.key().as_bytes(),
        *signed.signature(),
        signed.value(),
        1,
        None,
    );
    let outcome = ends(theirs.put_mutable(given.clone(), None)).await.unwrap();
    assert!(outcome.stored_at >= 8, "{outcome:?}");
    let other = self::theirs(&places[5..6]).await;
    let mut found = other.get_mutable(signed.key().as_bytes(), None, None);
    assert_eq!(ends(found.next()).await, Some(given));
    let found = look_up(&client(&places[..1]), pair(1).public())
        .await
        .unwrap();
    assert_eq!(found.newest(), Some(1), "{:?}", found.report);
}

/// Every node tells of those that are closest to what is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn our_nodes_tell_of_each_other() {
    let (_servers, places) = servers(10).await;
    let places: Vec<SocketAddr> = places.iter().map(|place| place.parse().unwrap()).collect();
    let mut peer = Peer::at(Ipv4Addr::LOCALHOST);
    for place in &places {
        let target: id::Id = *id::target(&pair(5).public()).first_chunk().unwrap();
        let question = Value::dict([("target", Value::bytes(target))]);
        let answer = peer.ask("find_node", question, *place);
        let told = nodes(&answer);
        assert!(told.len() >= 7, "{place}: {told:?}");
        assert!(
            told.iter().all(|node| places.contains(&node.address)),
            "{told:?}"
        );
        assert!(told.iter().all(|node| node.address != *place), "{told:?}");
        // Whoever says to be no node (BEP 43) is told of to nobody.
        assert!(
            told.iter()
                .all(|node| node.address.ip() != IpAddr::from(Ipv4Addr::LOCALHOST))
        );
        let distinct: HashSet<_> = told.iter().map(|node| node.address).collect();
        assert_eq!(distinct.len(), told.len(), "{told:?}");
    }
}

async fn theirs(bootstrap: &[String]) -> mainline::async_dht::AsyncDht {
    let mut builder = mainline::Dht::builder();
    builder.bootstrap(bootstrap).port(0);
    builder.bind_address(Ipv4Addr::LOCALHOST);
    let node = tokio::task::spawn_blocking(move || builder.build());
    node.await.unwrap().unwrap().as_async()
}
