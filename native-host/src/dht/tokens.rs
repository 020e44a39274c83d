//! Tokens: proof that whoever puts an item has received at the address it sends from.
//!
//! A token is a hash over the asker's address and a secret (BEP 5). The secret changes every
//! [`ROTATION`]; tokens of the last one are taken as well, so that a token lasts five to ten minutes.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use super::id::fill;

/// How often the secret changes.
const ROTATION: Duration = Duration::from_secs(5 * 60);

/// What a put has to bring along.
pub(super) type Token = [u8; 8];

/// The secrets.
#[derive(Debug)]
pub(super) struct Tokens {
    now: [u8; 16],
    before: [u8; 16],
    since: Instant,
}

impl Tokens {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            now: secret(),
            before: secret(),
            since: now,
        }
    }

    /// The token for an address.
    pub(super) fn of(&mut self, address: SocketAddr, now: Instant) -> Token {
        self.rotate(now);
        token(&self.now, address)
    }

    /// Whether a token is one for this address.
    pub(super) fn is_valid(&mut self, given: &[u8], address: SocketAddr, now: Instant) -> bool {
        self.rotate(now);
        [&self.now, &self.before]
            .iter()
            .any(|secret| given == token(secret, address))
    }

    fn rotate(&mut self, now: Instant) {
        let age = now.saturating_duration_since(self.since);
        if age < ROTATION {
            return;
        }
        self.before = if age < 2 * ROTATION {
            self.now
        } else {
            secret()
        };
        self.now = secret();
        self.since = now;
    }
}

fn secret() -> [u8; 16] {
    let mut secret = [0; 16];
    fill(&mut secret);
    secret
}

fn token(secret: &[u8; 16], address: SocketAddr) -> Token {
    let mut hash = Sha256::new();
    hash.update(secret);
    match address.ip() {
        IpAddr::V4(v4) => hash.update(v4.octets()),
        IpAddr::V6(v6) => hash.update(v6.octets()),
    }
    hash.update(address.port().to_be_bytes());
    let hash: [u8; 32] = hash.finalize().into();
    hash.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_for_one_address_and_some_minutes() {
        let start = Instant::now();
        let mut tokens = Tokens::new(start);
        let one = SocketAddr::from(([192, 0, 2, 1], 6881));
        let token = tokens.of(one, start);
        assert!(tokens.is_valid(&token, one, start));
        for other in [([192, 0, 2, 2], 6881), ([192, 0, 2, 1], 6882)] {
            assert!(!tokens.is_valid(&token, other.into(), start));
        }
        assert!(!tokens.is_valid(&token[..7], one, start));
        assert!(!tokens.is_valid(b"", one, start));
        assert!(tokens.is_valid(&token, one, start + ROTATION));
        assert!(!tokens.is_valid(&token, one, start + 2 * ROTATION));
        let token = tokens.of(one, start + 2 * ROTATION);
        assert!(!tokens.is_valid(&token, one, start + 9 * ROTATION));
    }
}
