//! Nodes of the DHT that don't know each other, so that a test says who holds what.

use std::net::Ipv4Addr;

use pkarr_host::item::SignedItem;

/// So many nodes on their own. They stop when dropped.
pub(crate) async fn strangers(count: usize) -> (Vec<mainline::Dht>, Vec<String>) {
    let nodes: Vec<_> = (0..count)
        .map(|_| {
            let mut builder = mainline::Dht::builder();
            builder.server_mode().no_bootstrap();
            builder.bind_address(Ipv4Addr::LOCALHOST).port(0);
            builder.build().unwrap()
        })
        .collect();
    let mut addresses = Vec::new();
    for node in &nodes {
        let info = node.clone().as_async().info().await;
        addresses.push(info.local_addr().to_string());
    }
    (nodes, addresses)
}

/// Puts an item to these nodes and no others, whatever they hold that is not newer.
pub(crate) async fn put(item: &SignedItem, nodes: &[String]) {
    for node in nodes {
        let dht = super::dht(std::slice::from_ref(node));
        let report = dht.put(item, None).await.unwrap();
        assert_eq!(report.stored, 1);
    }
}
