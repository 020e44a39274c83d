//! DNS cookies (RFC 7873, made as RFC 9018 says): proof that a client is where it says it is.
//!
//! A server answers anybody's datagram, and anybody can write anybody's address on one. Who sends
//! back the cookie that was sent to their address has shown that it is theirs, and may get answers
//! much larger than their questions.

use std::{
    hash::Hasher,
    net::IpAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use siphasher::sip::SipHasher24;

use super::secrets::Secrets;

/// How long a server cookie is good (RFC 9018, section 4.3).
const LIFETIME: Duration = Duration::from_secs(3600);
/// How far ahead a cookie may be dated: clocks of servers that share a secret differ.
const AHEAD: Duration = Duration::from_secs(300);
const VERSION: u8 = 1;

/// A client's cookie, with the server's if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClientCookie {
    client: [u8; 8],
    server: Option<[u8; 16]>,
}

impl ClientCookie {
    /// Reads the option's data; `None` for a length that it can't have: 8, or 16 to 40 bytes.
    pub(super) fn parse(data: &[u8]) -> Option<Self> {
        let (client, server) = data.split_first_chunk()?;
        match server.len() {
            0 | 8..=32 => Some(Self {
                client: *client,
                // Only those of 16 bytes can be ours.
                server: server.try_into().ok(),
            }),
            _ => None,
        }
    }
}

/// Makes server cookies, and knows its own.
#[derive(Clone)]
pub(super) struct Cookies {
    secrets: Secrets,
}

impl Cookies {
    pub(super) fn new(secrets: Secrets) -> Self {
        Self { secrets }
    }

    /// What they are made of.
    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Client and server cookie to send back.
    pub(super) fn issue(&self, cookie: &ClientCookie, client: IpAddr) -> [u8; 24] {
        self.issue_at(cookie, client, now())
    }

    fn issue_at(&self, cookie: &ClientCookie, client: IpAddr, at: u32) -> [u8; 24] {
        let mut issued = [0; 24];
        issued[..8].copy_from_slice(&cookie.client);
        issued[8] = VERSION;
        issued[12..16].copy_from_slice(&at.to_be_bytes());
        // There is always one.
        if let Some(secret) = self.secrets.all().first() {
            let hash = hash(secret, &issued, client);
            issued[16..].copy_from_slice(&hash);
        }
        issued
    }

    /// Whether the server cookie was sent to this address, lately.
    pub(super) fn proves(&self, cookie: &ClientCookie, client: IpAddr) -> bool {
        self.proves_at(cookie, client, now())
    }

    fn proves_at(&self, cookie: &ClientCookie, client: IpAddr, now: u32) -> bool {
        let Some(server) = cookie.server else {
            return false;
        };
        let [version, _, _, _, a, b, c, d, ..] = server;
        // Serial arithmetic (RFC 1982), so that it goes on in 2106.
        let age = now
            .wrapping_sub(u32::from_be_bytes([a, b, c, d]))
            .cast_signed();
        let fresh = age >= -(AHEAD.as_secs() as i32) && age <= LIFETIME.as_secs() as i32;
        if version != VERSION || !fresh {
            return false;
        }
        let mut all = [0; 24];
        all[..8].copy_from_slice(&cookie.client);
        all[8..].copy_from_slice(&server);
        self.secrets.all().iter().any(|secret| {
            let expected = hash(secret, &all, client);
            // Compared as a whole, not up to the first difference.
            let differs = expected
                .iter()
                .zip(&server[8..])
                .fold(0, |differs, (ours, theirs)| differs | (ours ^ theirs));
            differs == 0
        })
    }
}

/// RFC 9018, section 4.4.
fn hash(secret: &[u8; 16], cookie: &[u8; 24], client: IpAddr) -> [u8; 8] {
    let mut hasher = SipHasher24::new_with_key(secret);
    hasher.write(&cookie[..16]);
    match client {
        IpAddr::V4(address) => hasher.write(&address.octets()),
        IpAddr::V6(address) => hasher.write(&address.octets()),
    }
    hasher.finish().to_le_bytes()
}

fn now() -> u32 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    // The low 32 bits are what is wanted.
    since.as_secs() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
    }

    /// RFC 9018, appendix A: the examples.
    #[test]
    fn the_examples_of_rfc_9018_are_made() {
        for (secret, client, address, at, expected) in [
            (
                "e5e973e5a6b2a43f48e7dc849e37bfcf",
                "2464c4abcf10c957",
                "198.51.100.100",
                1_559_731_985,
                "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
            ),
            (
                "e5e973e5a6b2a43f48e7dc849e37bfcf",
                "fc93fc62807ddb86",
                "203.0.113.203",
                1_559_734_700,
                "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e",
            ),
            (
                "445536bcd2513298075a5d379663c962",
                "22681ab97d52c298",
                "2001:db8:220:1:59de:d0f4:8769:82b8",
                1_559_741_961,
                "22681ab97d52c298010000005cf7c609a6bb79d16625507a",
            ),
        ] {
            let cookies = Cookies::new(Secrets::of(&[bytes(secret)]));
            let cookie = ClientCookie {
                client: bytes(client),
                server: None,
            };
            let address = address.parse().unwrap();
            let issued = cookies.issue_at(&cookie, address, at);
            assert_eq!(HEXLOWER.encode(&issued), expected);
            let returned = ClientCookie::parse(&issued).unwrap();
            assert!(cookies.proves_at(&returned, address, at + 3600));
            assert!(!cookies.proves_at(&returned, address, at + 3601));
            assert!(cookies.proves_at(&returned, address, at - 300));
            assert!(!cookies.proves_at(&returned, address, at - 301));
            assert!(!cookies.proves_at(&returned, "192.0.2.1".parse().unwrap(), at));
            assert!(!cookies.proves_at(&cookie, address, at));
        }
    }

    #[test]
    fn cookies_of_any_of_the_secrets_are_good_while_they_change() {
        let [old, new] = [[1; 16], [2; 16]];
        let at = 1_800_000_000;
        let client = "198.51.100.100".parse().unwrap();
        let asked = ClientCookie::parse(&[7; 8]).unwrap();
        let cookies = |secrets: &[[u8; 16]]| Cookies::new(Secrets::of(secrets));
        let given = |by: &Cookies| ClientCookie::parse(&by.issue_at(&asked, client, at)).unwrap();
        // Before, between, afterwards, each beside the next.
        let [first, second, third, fourth] =
            [&[old][..], &[old, new], &[new, old], &[new]].map(cookies);
        for (one, other) in [(&first, &second), (&second, &third), (&third, &fourth)] {
            assert!(one.proves_at(&given(other), client, at));
            assert!(other.proves_at(&given(one), client, at));
        }
        assert!(!fourth.proves_at(&given(&first), client, at));
    }

    #[test]
    fn wrong_lengths_are_told() {
        for length in 0..=64 {
            let right = matches!(length, 8 | 16..=40);
            let cookie = ClientCookie::parse(&vec![0; length]);
            assert_eq!(cookie.is_some(), right, "{length}");
        }
    }
}
