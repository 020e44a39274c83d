//! How many connections come from one place.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Place;

/// The connections there are, by the place they come from.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    most: usize,
    taken: Arc<Mutex<HashMap<Place, usize>>>,
}

/// The right to one connection; given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Slots,
    /// `None` for what is not counted.
    place: Option<Place>,
}

impl Slots {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            taken: Arc::default(),
        }
    }

    /// A slot for a peer; `None` when its place has all it gets.
    pub(crate) fn take(&self, peer: IpAddr) -> Option<Slot> {
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

    fn taken(&self) -> MutexGuard<'_, HashMap<Place, usize>> {
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

/// Behind this machine’s own addresses may be a tunnel, and behind that everybody.
fn place(peer: IpAddr) -> Option<Place> {
    (!peer.is_loopback()).then(|| peer.into())
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
