//! The guard: where a stranger's records may not lead.
//!
//! A key may be anybody's, and must not become a way into the reader's own machine and network. So
//! unless the reader has allowed that key otherwise, only addresses of the public internet are
//! connected to, none of this machine's own, and no name for local use. The ports of other
//! protocols are nobody's to speak to. Whatever a name of the ICANN root turns out to be goes
//! through the same gate, address by address, and what has passed is what is connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use super::way::ConnectError;
use crate::{
    address::{PrivateAccess, is_local_name, is_public, is_web_port},
    key::KeyHost,
};

/// What keys may lead to. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Guard(PrivateAccess);

impl Guard {
    pub(super) fn new(private: PrivateAccess) -> Self {
        Self(private)
    }

    /// Whether `host` may lead to a name of the ICANN root.
    pub(super) fn name(&self, host: &KeyHost, name: &str) -> Result<(), ConnectError> {
        if self.0.allows(host.key()) || !is_local_name(name) {
            return Ok(());
        }
        Err(ConnectError::LocalName {
            host: host.clone(),
            name: name.to_owned(),
        })
    }

    /// Those of the addresses that `host` may lead to at this port, at least one.
    pub(super) fn addresses(
        &self,
        host: &KeyHost,
        addresses: &[IpAddr],
        port: u16,
    ) -> Result<Vec<IpAddr>, ConnectError> {
        if !is_web_port(port) {
            let host = host.clone();
            return Err(ConnectError::Port { host, port });
        }
        let private = |address| ConnectError::Private {
            host: host.clone(),
            address,
        };
        let everywhere = self.0.allows(host.key());
        let (allowed, refused): (Vec<IpAddr>, Vec<IpAddr>) = addresses
            .iter()
            .partition(|address| everywhere || (is_public(**address) && !is_own(**address)));
        if allowed.is_empty() {
            return Err(match refused.first() {
                Some(address) => private(*address),
                None => ConnectError::NoEndpoint(host.clone()),
            });
        }
        Ok(allowed)
    }
}

/// Whether an address is one of this machine's own. It is no less private for being public: nothing
/// outside could reach what listens there behind a firewall. A socket that is only told where it
/// would send to knows, and sends nothing.
fn is_own(address: IpAddr) -> bool {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let near = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((address, 9))?;
        socket.local_addr()
    });
    near.is_ok_and(|near| near.ip() == address)
}
