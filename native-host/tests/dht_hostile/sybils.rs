//! Crowds of nodes that settle around a key to hide what is under it.

use std::net::{IpAddr, Ipv4Addr};

use super::{
    MOST_PACKETS, behaviour,
    network::{
        Network, Plan,
        dice::Dice,
        id,
        message::compact_nodes,
        node::{self, Manner, Node},
    },
    plan,
    seeker::{Found, client, item, look_up, pair},
};

const HONEST: usize = 100;
const SYBILS: usize = 30;

/// Lets the last of the nodes settle closer to a key than anybody else, known to everybody, knowing
/// only each other, and holding nothing.
fn settle(nodes: &mut [Node], dice: &mut Dice) {
    let target = id::target(&pair(1).public());
    for number in HONEST..nodes.len() {
        node::place(nodes, number, id::near(&target, 20 + number % 20, dice));
    }
    let sybils: Vec<_> = nodes[HONEST..].iter().map(|node| node.contact).collect();
    for node in &mut nodes[..HONEST] {
        node.known.retain(|known| !sybils.contains(known));
        node.known.extend(&sybils);
    }
    for node in &mut nodes[HONEST..] {
        let others = sybils[..8].to_vec();
        node.manner = Manner::Other(behaviour(move |mut asked| {
            let is_put = asked.query.method == "put";
            if let Some(content) = asked
                .honest
                .at(&["r"])
                .is_some()
                .then(|| asked.honest.at_mut(&["r"]))
            {
                for name in ["k", "sig", "seq", "v"] {
                    content.unset(name);
                }
                if !is_put {
                    content.set("nodes", compact_nodes(&others));
                }
            }
            vec![asked.honest.into()]
        }));
    }
}

async fn look_behind(net: &Network) -> Found {
    let closest = net.closest(&pair(1).public(), HONEST + SYBILS);
    let honest: Vec<_> = closest.into_iter().filter(|node| *node < HONEST).collect();
    net.store(&item(&pair(1), 5), &honest[..20]);
    // First nodes that are honest, far away.
    let first: Vec<_> = honest[HONEST - 4..]
        .iter()
        .map(|node| net.contact(*node).address.to_string())
        .collect();
    let dht = client(&first);
    // What others of the network look like.
    for number in 10..14 {
        look_up(&dht, pair(number).public()).await.unwrap();
    }
    let before = net.packets();
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert!(net.packets() - before <= MOST_PACKETS);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_from_one_subnet_hides_nothing() {
    let net = Network::start_at(plan(HONEST + SYBILS), settle, |number| {
        let last = u8::try_from(number.checked_sub(HONEST)? + 1).unwrap();
        Some(IpAddr::from(Ipv4Addr::new(127, 66, 66, last)))
    });
    let found = look_behind(&net).await;
    assert_eq!(found.newest(), Some(5), "{:?}", found.report);
}

/// Against so many addresses there is no rule; but nothing may be said to be known that isn't.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_from_everywhere_is_noticed_or_hides_nothing() {
    let net = Network::start_with(
        Plan {
            seed: 3,
            ..plan(HONEST + SYBILS)
        },
        settle,
    );
    let found = look_behind(&net).await;
    if found.items.is_empty() {
        assert!(!found.report.settled, "{:?}", found.report);
    } else {
        assert_eq!(found.newest(), Some(5));
    }
}
