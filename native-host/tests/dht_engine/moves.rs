//! The machine gets another address, or wakes up elsewhere.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use super::{
    network::{Network, Plan, bencode::Value, message::compact, node::Behaviour},
    seeker::{client, item, look_up, pair},
};

/// Answers as it should, and says that the question came from this address.
fn sees(address: SocketAddr) -> Behaviour {
    Arc::new(move |asked| {
        let mut answer = asked.honest;
        answer.set("ip", Value::Bytes(compact(address)));
        vec![answer.into()]
    })
}

/// What nodes agree on is our address (BEP 42), and when they agree on another it is that one.
#[tokio::test(flavor = "multi_thread")]
async fn the_address_is_what_most_nodes_see() {
    let net = Network::start(Plan::ideal(60));
    let dht = client(&net.bootstrap(4));
    for address in [[203, 0, 113, 7], [198, 51, 100, 9]] {
        let address = SocketAddr::from((address, 4321));
        for node in 0..net.size() {
            // Some lie.
            let other = SocketAddr::from(([192, 0, 2, u8::try_from(node).unwrap()], 1));
            net.behave(node, sees(if node % 4 == 0 { other } else { address }));
        }
        for number in 0..6 {
            look_up(&dht, pair(number).public()).await.unwrap();
        }
        let public = dht.info().await.public_address;
        assert_eq!(public.map(Ipv4Addr::into), Some(address.ip()));
    }
}

/// Everybody who is known is gone, for a while or for ever: what is found then is found from there.
#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_gone_comes_back() {
    let net = Network::start(Plan::ideal(60));
    let signed = item(&pair(1), 5);
    net.store(&signed, &net.closest(signed.key(), 8));
    let dht = client(&net.bootstrap(4));
    look_up(&dht, pair(9).public()).await.unwrap();
    net.kill(0..net.size());
    for number in 20..24 {
        if let Ok(found) = look_up(&dht, pair(number).public()).await {
            assert_eq!(found.items, []);
            assert!(!found.report.settled, "{:?}", found.report);
        }
    }
    net.revive(0..net.size());
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5), "{:?}", found.report);
}
