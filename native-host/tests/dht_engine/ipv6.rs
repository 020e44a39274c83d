//! IPv6 (BEP 32), alone and beside IPv4.

use super::{
    network::{Family, Network, Plan},
    seeker::{item, look_up, pair, put},
};
use pkarr_host::dht::{Dht, DhtConfig};

fn client(bootstrap: &[String]) -> Dht {
    Dht::new(DhtConfig {
        bootstrap: bootstrap.to_vec(),
        ipv6: true,
        ..DhtConfig::default()
    })
}

fn network(family: Family) -> Network {
    Network::start(Plan {
        family,
        ..Plan::ideal(60)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_of_ipv6_alone_is_one() {
    let net = network(Family::Ipv6);
    let dht = client(&net.bootstrap(3));
    let signed = item(&pair(1), 1);
    let stored = put(&dht, &signed, None).await.unwrap().stored as usize;
    let holders = net.holders(&signed);
    assert_eq!(holders.len(), stored);
    for node in net.closest(signed.key(), 8) {
        assert!(holders.contains(&node), "{node} of {holders:?}");
    }
    let other = client(&net.bootstrap(2));
    let found = look_up(&other, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(1), "{:?}", found.report);
}

/// What is in one of the two only is found, and what is published is in both.
#[tokio::test(flavor = "multi_thread")]
async fn both_networks_are_asked() {
    let net = network(Family::Both);
    let (mut ipv6, mut ipv4): (Vec<_>, Vec<_>) =
        (0..net.size()).partition(|node| net.contact(*node).address.is_ipv6());
    // From nodes of either kind.
    let first = [ipv4[0], ipv6[0]].map(|node| net.contact(node).address.to_string());
    let dht = client(&first);
    for (number, nodes) in [(1, &mut ipv4), (2, &mut ipv6)] {
        let signed = item(&pair(number), 5);
        let order = net.ordered(signed.key());
        nodes.sort_by_key(|node| order.iter().position(|other| other == node));
        net.store(&signed, &nodes[..8]);
        let found = look_up(&dht, pair(number).public()).await.unwrap();
        assert_eq!(found.newest(), Some(5), "{number}: {:?}", found.report);
    }
    let signed = item(&pair(3), 1);
    put(&dht, &signed, None).await.unwrap();
    let holders = net.holders(&signed);
    for nodes in [&ipv4, &ipv6] {
        assert!(
            holders.iter().any(|node| nodes.contains(node)),
            "{holders:?}"
        );
    }
}
