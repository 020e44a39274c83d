//! How many connections come from one place.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The connections there are, by the place they come from.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    most: usize,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// The right to one connection; given back when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Slots,
    /// `None` for what is not counted.
    place: Option<IpAddr>,
}

impl Slots {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            taken: Arc::default(),
        }
    }

    /// A slot for a peer; `None` when its place has all it gets.
    pub(super) fn take(&self, peer: IpAddr) -> Option<Slot> {
        let place = place(peer);
        if let Some(place) = place {
            let mut taken = self.taken();
            let count = taken.entry(place).or_default();
            if *count >= self.most {
                return None;
            }
            *count += 1;
        }
        Some(Slot {
            slots: self.clone(),
            place,
        })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let mut taken = self.slots.taken();
        if let Some(count) = taken.get_mut(&place) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&place);
            }
        }
    }
}

/// What counts as one place: an IPv4 address, an IPv6 network of one household. Behind this
/// machine’s own addresses may be a tunnel, and behind that everybody.
fn place(peer: IpAddr) -> Option<IpAddr> {
    if peer.is_loopback() {
        return None;
    }
    Some(match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_leaves_room_for_others() {
        let slots = Slots::new(2);
        let take = |peer: &str| slots.take(peer.parse().unwrap());
        let first = take("2001:db8::1").unwrap();
        let _second = take("2001:db8::2").unwrap();
        assert!(take("2001:db8::3").is_none());
        let _other = take("2001:db8:0:1::3").unwrap();
        let _v4 = [take("203.0.113.1").unwrap(), take("203.0.113.1").unwrap()];
        assert!(take("203.0.113.1").is_none());
        drop(first);
        let _again = take("2001:db8::3").unwrap();
        let _own: Vec<_> = (0..3).map(|_| take("127.0.0.1").unwrap()).collect();
    }

    #[test]
    fn who_has_left_is_forgotten() {
        let slots = Slots::new(1);
        drop(slots.take("203.0.113.1".parse().unwrap()));
        assert!(slots.taken().is_empty());
    }
}
