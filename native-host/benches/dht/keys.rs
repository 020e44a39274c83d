//! Keys and items of the network, the same for the same seed.

use pkarr_host::{
    item::{Seq, SignedItem},
    key::KeyPair,
};

use super::network::dice::Dice;

/// Makes keys that nobody had before.
pub(crate) struct Keys(Dice);

impl Keys {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Dice::new(seed ^ 0x6b65_7973))
    }

    pub(crate) fn pair(&mut self) -> KeyPair {
        KeyPair::from_secret(&self.0.bytes())
    }
}

/// An item of a key, as large as many are.
pub(crate) fn item(pair: &KeyPair, seq: i64) -> SignedItem {
    SignedItem::sign(pair, Seq::new(seq).unwrap(), &[7; 150]).unwrap()
}
