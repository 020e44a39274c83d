//! Nodes of ours in networks of others, who store with them and find there.

use pkarr_host::{
    dht::Dht,
    item::{Seq, SignedItem},
};

use crate::{
    foreign::{Foreign, Kind, holders},
    hex,
    seeker::{client, look_up, pair, put, server},
    vectors,
};

/// So many nodes of ours, joined to a network, or to each other where there is none; and where they are.
pub(crate) async fn our_nodes(count: u8, network: &[String]) -> (Vec<Dht>, Vec<String>) {
    let (mut nodes, mut places): (Vec<Dht>, Vec<String>) = Default::default();
    for number in 1..=count {
        let known = [network, &places[..]].concat();
        let (node, place) = server([127, 3, number, 1], &known).await;
        // Whoever asks is met.
        if !known.is_empty() {
            look_up(&node, pair(900).public()).await.unwrap();
        }
        nodes.push(node);
        places.push(place.to_string());
    }
    (nodes, places)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "./tests/run interop"]
async fn libtorrent_stores_with_our_nodes_and_finds_there() {
    others_use_our_nodes(Kind::Libtorrent).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "./tests/run interop"]
async fn bittorrent_dht_stores_with_our_nodes_and_finds_there() {
    others_use_our_nodes(Kind::BittorrentDht).await;
}

async fn others_use_our_nodes(kind: Kind) {
    let (_ours, places) = our_nodes(5, &[]).await;
    // As few of theirs as can be, so that most of what is stored is with us.
    let mut network = Foreign::start(kind, 1, &places);
    let [first, second, ..] = vectors();
    let theirs = network.put(&first.pair(), first.seq, &hex(&first.dns));
    assert_eq!(holders(&places, &theirs.item), places);
    assert!(theirs.stored >= places.len() as u64, "{}", theirs.stored);
    assert_eq!(
        network.get(first.pair().public(), None),
        Some(theirs.item.clone())
    );
    let dht = client(&places[..1]);
    let found = look_up(&dht, first.pair().public()).await.unwrap();
    assert_eq!(found.newest(), Some(theirs.item.seq().get()));

    // And what we put, they find.
    let seq = Seq::new(second.seq).unwrap();
    let item = SignedItem::sign(&second.pair(), seq, &hex(&second.dns)).unwrap();
    let stored = put(&dht, &item, None).await.unwrap().stored;
    assert!(stored as usize >= places.len(), "{stored}");
    assert_eq!(holders(&places, &item), places);
    assert_eq!(network.get(*item.key(), Some(seq)), Some(item));
}

/// Nodes of theirs that are killed are not missed: what they held is with ours, too.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "./tests/run interop"]
async fn what_was_stored_together_outlives_the_others() {
    let mut network = Foreign::start(Kind::BittorrentDht, 3, &[]);
    let (_ours, places) = our_nodes(3, &network.nodes).await;
    let [first, ..] = vectors();
    let theirs = network.put(&first.pair(), first.seq, &hex(&first.dns)).item;
    let all = [&network.nodes[..], &places].concat();
    // They learn of us when we ask, and store with whom they know.
    assert_eq!(holders(&all, &theirs), all);
    drop(network);
    let found = look_up(&client(&places), first.pair().public())
        .await
        .unwrap();
    assert_eq!(found.newest(), Some(theirs.seq().get()));
}
