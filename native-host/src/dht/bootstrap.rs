//! The first nodes: from names to addresses.
//!
//! Names are looked up all at once and in the background, and each address is passed on as it is
//! found, so that one slow or silent name server holds up nothing.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{net::lookup_host, sync::mpsc, time::timeout};

/// How long a name may take to look up.
const NAME_TIMEOUT: Duration = Duration::from_secs(5);
/// How many addresses of one name are taken.
const PER_NAME: usize = 8;

/// The addresses that need no looking up.
pub(super) fn literal(names: &[String]) -> Vec<SocketAddr> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

/// Whether all first nodes are on this machine, as far as their names tell.
pub(super) fn is_local(names: &[String]) -> bool {
    !names.is_empty()
        && names.iter().all(|name| match name.parse::<SocketAddr>() {
            Ok(address) => address.ip().is_loopback(),
            Err(_) => name.starts_with("localhost:"),
        })
}

/// Looks the names up that are no addresses, and passes on what is found. Ends when all is said.
pub(super) async fn look_up(names: Vec<String>, found: mpsc::Sender<Vec<SocketAddr>>) {
    let mut lookups: FuturesUnordered<_> = names
        .into_iter()
        .filter(|name| name.parse::<SocketAddr>().is_err())
        .map(|name| async move {
            let addresses = timeout(NAME_TIMEOUT, lookup_host(name.as_str())).await;
            match addresses {
                Ok(Ok(addresses)) => addresses.take(PER_NAME).map(unmapped).collect(),
                Ok(Err(error)) => {
                    tracing::debug!(name, %error, "a first node’s name is not to be had");
                    Vec::new()
                }
                Err(_) => {
                    tracing::debug!(name, "a first node’s name takes too long");
                    Vec::new()
                }
            }
        })
        .collect();
    while let Some(addresses) = lookups.next().await {
        if !addresses.is_empty() && found.send(addresses).await.is_err() {
            return;
        }
    }
}

fn unmapped(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => SocketAddr::new(v4.into(), address.port()),
            None => address,
        },
        IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_network_of_this_machine_is_known_by_its_addresses() {
        assert!(is_local(&names(&["127.0.0.1:1", "[::1]:2", "localhost:3"])));
        assert!(!is_local(&names(&["127.0.0.1:1", "192.0.2.1:6881"])));
        assert!(!is_local(&names(&["localhost.example:1"])));
        assert!(!is_local(&[]));
    }

    #[tokio::test]
    async fn names_that_are_none_do_no_harm() {
        let (sender, mut found) = mpsc::channel(4);
        look_up(
            names(&["nobody.invalid:1", "no port", "localhost:7"]),
            sender,
        )
        .await;
        let mut addresses = Vec::new();
        while let Some(some) = found.recv().await {
            addresses.extend(some);
        }
        assert!(addresses.iter().all(|address| address.ip().is_loopback()));
    }
}
