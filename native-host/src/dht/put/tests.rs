use super::*;
use crate::{item::Seq, key::KeyPair};

const TIMEOUT: Duration = Duration::from_millis(200);

fn item(seq: i64, value: &[u8]) -> SignedItem {
    let pair = KeyPair::from_secret(&[1; 32]);
    SignedItem::sign(&pair, Seq::new(seq).unwrap(), value).unwrap()
}

fn node(number: u8) -> SocketAddr {
    ([192, 0, 2, number], 6881).into()
}

struct World {
    put: Put,
    now: Instant,
    reply: oneshot::Receiver<Result<PutReport, DhtError>>,
}

impl World {
    fn new(replaces: Option<i64>) -> Self {
        let (reply, replied) = oneshot::channel();
        Self {
            put: Put::new(item(10, b"new"), replaces, reply),
            now: Instant::now(),
            reply: replied,
        }
    }

    fn store(&mut self, number: u8, held: Option<&SignedItem>) -> Option<Send> {
        self.put
            .store(node(number), b"token", held, self.now + TIMEOUT)
    }

    fn refuse(&mut self, number: u8, code: i64, held: Option<&SignedItem>) -> bool {
        let until = self.now + TIMEOUT;
        self.put.refused(node(number), code, b"no", held, until)
    }

    fn pass(&mut self) -> usize {
        self.now = self.put.deadline().unwrap();
        self.put.expire(self.now, |_| TIMEOUT, &mut 100).len()
    }

    fn end(mut self) -> Result<PutReport, DhtError> {
        assert!(self.put.is_done(Phase::Done));
        self.put.finish(None);
        self.reply.try_recv().unwrap()
    }
}

#[test]
fn each_node_is_asked_by_what_it_holds() {
    let mut world = World::new(Some(5));
    assert_eq!(world.store(1, None).unwrap().cas, Some(5));
    assert_eq!(world.store(2, Some(&item(5, b"a"))).unwrap().cas, Some(5));
    // Behind, it would refuse to replace what it does not have.
    assert_eq!(world.store(3, Some(&item(4, b"a"))).unwrap().cas, Some(4));
    assert!(world.store(3, None).is_none());
    assert_eq!(
        World::new(None).store(1, Some(&item(5, b"a"))).unwrap().cas,
        None
    );
}

#[test]
fn another_item_is_seen_before_anything_is_sent() {
    let world = World::new(Some(5));
    let conflict = |seq, value: &[u8]| world.put.conflict(Some(&item(seq, value)));
    assert_eq!(conflict(11, b"newer"), Some(DhtError::Conflict));
    assert_eq!(conflict(7, b"meanwhile"), Some(DhtError::Mismatch));
    assert_eq!(conflict(5, b"read"), None);
    assert_eq!(conflict(3, b"older"), None);
    assert_eq!(conflict(10, b"new"), None);
    assert_eq!(world.put.conflict(None), None);
    // Without a condition only what is newer is in the way.
    assert_eq!(
        World::new(None).put.conflict(Some(&item(7, b"other"))),
        None
    );
}

#[test]
fn silence_is_asked_again_and_then_replaced() {
    let mut world = World::new(None);
    world.store(1, None);
    world.store(2, None);
    world.put.stored(&node(2));
    assert!(!world.put.is_done(Phase::Done));
    assert_eq!((world.pass(), world.pass(), world.pass()), (1, 1, 0));
    assert_eq!(world.put.useless(), [node(1)]);
    let report = world.end().unwrap();
    assert_eq!((report.stored, report.refused.len()), (1, 0));
}

#[test]
fn refusals_are_told_apart() {
    for (code, expected) in [
        (301, DhtError::Mismatch),
        (302, DhtError::Conflict),
        (205, DhtError::TooLarge),
        (206, DhtError::BadSignature),
        (
            203,
            DhtError::Refused {
                code: 203,
                reason: "no".to_owned(),
            },
        ),
    ] {
        let mut world = World::new(None);
        world.store(1, None);
        world.refuse(1, code, None);
        let replaced = !matches!(code, 301 | 302);
        assert_eq!(!world.put.useless().is_empty(), replaced, "{code}");
        assert_eq!(world.end(), Err(expected));
    }
    let mut world = World::new(None);
    world.store(1, None);
    while world.put.deadline().is_some() {
        world.pass();
    }
    assert_eq!(world.end(), Err(DhtError::Unreachable));
}

#[test]
fn one_who_refuses_among_many_is_reported() {
    let mut world = World::new(None);
    for number in 1..=3 {
        world.store(number, None);
    }
    world.put.stored(&node(1));
    world.put.stored(&node(2));
    world.refuse(3, 302, None);
    let report = world.end().unwrap();
    assert_eq!(report.stored, 2);
    assert_eq!(
        (report.refused[0].node, report.refused[0].code),
        (node(3), 302)
    );
}

#[test]
fn a_conflict_with_our_own_item_is_none() {
    // It held the item before, and calls the same once more a conflict.
    let mut world = World::new(None);
    world.store(1, Some(&item(10, b"new")));
    assert!(!world.refuse(1, 302, Some(&item(10, b"new"))));
    assert_eq!(world.end().unwrap().stored, 1);
    // The answer to the first was lost.
    for (holds, stored) in [(true, true), (false, false)] {
        let mut world = World::new(Some(5));
        world.store(1, None);
        world.pass();
        assert!(world.refuse(1, 301, None));
        assert!(!world.put.is_done(Phase::Done));
        world.put.confirmed(&node(1), holds);
        assert_eq!(world.end().is_ok(), stored);
    }
}

#[test]
fn what_all_refuse_is_given_up() {
    let mut world = World::new(None);
    for number in 1..=ENOUGH_REFUSALS as u8 {
        world.store(number, None);
        world.refuse(number, 205, None);
    }
    assert!(world.put.useless().is_empty());
    assert_eq!(world.end(), Err(DhtError::TooLarge));
}

#[test]
fn foreign_words_are_fit_to_be_shown() {
    assert_eq!(words(b"a\x1b[31m\nb\xff"), "a[31mb\u{fffd}");
    assert_eq!(words(&[b'x'; 5000]).len(), MAX_REASON);
}
