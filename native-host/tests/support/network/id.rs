//! Ids of nodes, distances between them, and what BEP 42 says of them.

use std::net::IpAddr;

use pkarr_host::key::PublicKey;

use super::dice::Dice;

pub(crate) type Id = [u8; 20];

/// Where in the network the item of a key belongs (BEP 44).
pub(crate) fn target(key: &PublicKey) -> Id {
    *mainline::MutableItem::target_from_key(key.as_bytes(), None).as_bytes()
}

/// How far two ids are from each other (BEP 5): compare them as numbers.
pub(crate) fn distance(one: &Id, other: &Id) -> Id {
    std::array::from_fn(|at| one[at] ^ other[at])
}

/// How many bits two ids have in common at their beginning.
pub(crate) fn common(one: &Id, other: &Id) -> usize {
    let different =
        |(at, byte): (usize, u8)| (byte != 0).then(|| at * 8 + byte.leading_zeros() as usize);
    let distance = distance(one, other);
    distance
        .into_iter()
        .enumerate()
        .find_map(different)
        .unwrap_or(160)
}

/// An id that a node of this address may have (BEP 42).
pub(crate) fn at_address(address: IpAddr, dice: &mut Dice) -> Id {
    let mut id: Id = dice.bytes();
    let prefix = prefix(address, id[19]);
    id[0] = prefix[0];
    id[1] = prefix[1];
    id[2] = (prefix[2] & 0xf8) | (id[2] & 7);
    id
}

/// The first 21 bits of such an id, in three bytes.
pub(crate) fn prefix(address: IpAddr, random: u8) -> [u8; 3] {
    let (mut masked, mask): (Vec<u8>, &[u8]) = match address {
        IpAddr::V4(address) => (address.octets().to_vec(), &[0x03, 0x0f, 0x3f, 0xff]),
        IpAddr::V6(address) => (
            address.octets()[..8].to_vec(),
            &[0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff],
        ),
    };
    masked
        .iter_mut()
        .zip(mask)
        .for_each(|(byte, mask)| *byte &= mask);
    masked[0] |= (random & 7) << 5;
    let [first, second, third, _] = crc32c(&masked).to_be_bytes();
    [first, second, third]
}

/// Castagnoli's (RFC 3720, B.4).
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0x82f6_3b78 * (sum & 1))
        })
    })
}

/// An id that has so many bits in common with a target.
pub(crate) fn near(target: &Id, bits: usize, dice: &mut Dice) -> Id {
    let mut id: Id = dice.bytes();
    for bit in 0..=bits.min(159) {
        let (byte, mask) = (bit / 8, 0x80 >> (bit % 8));
        // The one after the last that is common differs.
        let wanted = (target[byte] & mask != 0) == (bit < bits);
        id[byte] = if wanted {
            id[byte] | mask
        } else {
            id[byte] & !mask
        };
    }
    id
}
