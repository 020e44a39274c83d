//! A network of which little is left.

use super::{
    MOST_PACKETS,
    network::{Network, Plan},
    plan,
    seeker::{client, item, look_up, pair, put},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_tenth_of_the_network_is_enough() {
    let net = Network::start(Plan {
        dead: 0.9,
        ..plan(300)
    });
    net.store(&item(&pair(1), 5), &net.closest(&pair(1).public(), 8));
    let dht = client(&net.bootstrap(3));
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5), "{:?}", found.report);
    let none = look_up(&dht, pair(2).public()).await.unwrap();
    assert_eq!(none.items, []);

    let stored = put(&dht, &item(&pair(3), 1), None).await.unwrap();
    let holders = net.holders(&item(&pair(3), 1));
    assert_eq!(holders.len(), stored.stored as usize);
    // Another comes to the same nodes.
    let other = client(&net.bootstrap(3));
    let found = look_up(&other, pair(3).public()).await.unwrap();
    assert_eq!(found.newest(), Some(1), "{:?}", found.report);
    assert!(net.packets() <= 6 * MOST_PACKETS);
}

/// Half of the packets are lost, which no lookup may take for nodes that are gone.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_is_sent_again() {
    let net = Network::start(Plan {
        loss: 0.25,
        ..plan(60)
    });
    let dht = client(&net.bootstrap(6));
    for number in 0..5 {
        let signed = item(&pair(number), 5);
        net.store(&signed, &net.closest(signed.key(), 20));
        let found = look_up(&dht, *signed.key()).await.unwrap();
        assert_eq!(found.newest(), Some(5), "{:?}", found.report);
    }
}
