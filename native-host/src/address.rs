//! Addresses: which of them a stranger's record may lead to.
//!
//! A key may be anybody's, and must not become a way into the reader's own machine and network. So
//! unless a setting allows it, records may lead to addresses of the public internet only.

use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use crate::key::PublicKey;

/// Which keys may lead to this machine and to private networks: none, unless it is said. Cheap to
/// clone.
#[derive(Debug, Clone, Default)]
pub struct PrivateAccess {
    everybody: bool,
    keys: Arc<HashSet<PublicKey>>,
}

impl PrivateAccess {
    /// All keys, or these.
    pub fn new(everybody: bool, keys: impl IntoIterator<Item = PublicKey>) -> Self {
        Self {
            everybody,
            keys: Arc::new(keys.into_iter().collect()),
        }
    }

    /// All keys.
    pub fn all() -> Self {
        Self::new(true, [])
    }

    /// Whether this key may.
    pub fn allows(&self, key: &PublicKey) -> bool {
        self.everybody || self.keys.contains(key)
    }
}

/// Ports that belong to other protocols, which a request of the web must not speak to: the port
/// blocking of the Fetch standard (section 2.9, “port blocking”).
const OTHER_PROTOCOLS: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
];

/// Whether a port is one that browsers speak HTTP to.
pub fn is_web_port(port: u16) -> bool {
    OTHER_PROTOCOLS.binary_search(&port).is_err()
}

/// Names that are not of the public DNS, but of this machine, its network or other systems
/// (RFC 6761, 6762, 7686, 8375, 9476, and names in wide local use).
const LOCAL_NAMES: [&str; 12] = [
    "alt",
    "corp",
    "home",
    "home.arpa",
    "internal",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "test",
];

/// Whether a host name, lower case and without final dot, is one for local use.
pub fn is_local_name(name: &str) -> bool {
    !name.contains('.')
        || LOCAL_NAMES.iter().any(|local| {
            name.strip_suffix(local)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
}

/// Whether an address is one of the public internet (RFC 6890 and the IANA special-purpose
/// registries), however it is disguised: IPv4 inside IPv6 counts as the IPv4 address it reaches.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b, c) {
        (0 | 10 | 127, _, _) => true,
        // Shared between providers and their customers (RFC 6598).
        (100, 64..=127, _) => true,
        (169, 254, _) => true,
        (172, 16..=31, _) => true,
        // Protocol assignments, documentation, 6to4 relays.
        (192, 0, 0 | 2) | (192, 88, 99) => true,
        (192, 168, _) => true,
        // Benchmarks (RFC 2544) and documentation.
        (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => true,
        // Multicast, reserved, broadcast.
        (224.., _, _) => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let v4 = |high: u16, low: u16| {
        is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
    };
    match segments {
        // IPv4-mapped (RFC 4291, section 2.5.5.2).
        [0, 0, 0, 0, 0, 0xffff, high, low] => v4(high, low),
        // NAT64 by the well-known prefix (RFC 6052); the local one (RFC 8215) is local.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => v4(high, low),
        // Teredo, benchmarks, ORCHID and the rest of the protocol assignments (RFC 2928).
        [0x2001, 0..=0x1ff, ..] => false,
        // Documentation (RFC 3849, RFC 9637).
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Global unicast is all that is given out (RFC 3587).
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_local_use_are_known() {
        for name in [
            "printer",
            "a.localhost",
            "nas.local",
            "home.arpa",
            "x.home.arpa",
        ] {
            assert!(is_local_name(name), "{name}");
        }
        for name in [
            "example.com",
            "mylocalhost.example",
            "local.example",
            "arpa.net",
        ] {
            assert!(!is_local_name(name), "{name}");
        }
    }

    #[test]
    fn ports_of_other_protocols_are_known() {
        assert!(OTHER_PROTOCOLS.is_sorted());
        for port in [22, 25, 53, 143, 6667, 10080] {
            assert!(!is_web_port(port), "{port}");
        }
        for port in [80, 443, 3000, 8080, 8443, 65535] {
            assert!(is_web_port(port), "{port}");
        }
    }

    #[test]
    fn only_the_public_internet_is_public() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
            // The neighbours of what is special.
            "1.0.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.169.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "2000::1",
            "2001:200::1",
            "2001:db7:ffff::1",
            "2001:db9::1",
            "2003::1",
            "3ffe:ffff::1",
            "3fff:1000::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.251",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1.1.1.1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:c0a8:101::1",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "0.255.255.255",
            "10.255.255.255",
            "100.127.255.255",
            "127.0.0.0",
            "169.254.0.0",
            "169.254.255.255",
            "192.0.0.170",
            "192.0.2.255",
            "192.168.255.255",
            "224.0.0.0",
            "239.255.255.255",
            "255.255.255.254",
            "::2",
            "::8.8.8.8",
            "::ffff:0.0.0.0",
            "::ffff:169.254.169.254",
            "::ffff:255.255.255.255",
            "::ffff:0:8.8.8.8",
            "::fffe:8.8.8.8",
            "64:ff9b::127.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:0:1::8.8.8.8",
            "64:ff9b:1:ffff::8.8.8.8",
            "64:ff9c::8.8.8.8",
            // Teredo is refused whatever server and client are in it.
            "2001:0:808:808:0:ffff:f7f7:f7f7",
            "2001:1ff:ffff::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            "2002::1",
            "2002:a9fe:a9fe::1",
            "2002:e000:1::1",
            "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
            "4000::1",
            "5f00::1",
            "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "fd00::5efe:10.0.0.1",
            "fe80::5efe:127.0.0.1",
            "febf::1",
            "feff::1",
            "ff0e::1",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn ipv4_is_the_same_in_every_disguise() {
        // One address of each /20; smaller ranges are in the tables above.
        for bits in (0..=u32::MAX).step_by(1 << 12) {
            let plain = Ipv4Addr::from_bits(bits | 1);
            let [a, b, c, d] = plain.octets();
            let [high, low] = [[a, b], [c, d]].map(u16::from_be_bytes);
            let expected = is_public(plain.into());
            for disguise in [
                plain.to_ipv6_mapped(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            ] {
                assert_eq!(
                    is_public(disguise.into()),
                    expected,
                    "{plain} as {disguise}"
                );
            }
        }
    }
}
