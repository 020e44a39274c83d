use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_800_000_000;

fn node(number: u8) -> Node {
    Node {
        id: Id::new([number; 20]),
        address: ([127, 1, number, 1], 6881).into(),
    }
}

fn node6(number: u8) -> Node {
    Node {
        id: Id::new([number; 20]),
        address: ([0x2001, 0xdb8, number.into(), 0, 0, 0, 0, 1], 6881).into(),
    }
}

fn known(node: Node, seen: u64) -> Remembered {
    Remembered {
        node,
        seen,
        rtt: Some(Duration::from_micros(70_123)),
    }
}

fn held(number: u8, by: Node) -> Holding {
    Holding {
        target: Id::new([number; 20]),
        nodes: vec![by],
        at: 0,
    }
}

fn memory() -> Memory {
    Memory {
        nodes: vec![known(node(1), NOW), known(node6(2), NOW - 1)],
        holders: vec![held(7, node(1)), held(8, node6(2))],
        seeds: vec![
            ([192, 0, 2, 1], 6881).into(),
            "[2001:db8::9]:6881".parse().unwrap(),
        ],
        cleared: 0,
        networks: [1_000_000, 0],
    }
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder.path().join("new"), &["a:1".to_owned()]);
    assert_eq!(Memory::read(&path), Memory::default());
    memory().write(&path, NOW, NOW).unwrap();
    assert_eq!(Memory::read(&path), memory());
}

#[test]
fn who_holds_an_item_in_both_families_is_one_list() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), &[]);
    let mut both = held(7, node(1));
    both.nodes.push(node6(2));
    let memory = Memory {
        holders: vec![both, held(8, node6(3))],
        ..Memory::default()
    };
    memory.clone().write(&path, NOW, NOW).unwrap();
    assert_eq!(Memory::read(&path).holders, memory.holders);
}

#[test]
fn each_network_has_its_file() {
    let path = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        path(Path::new("folder"), &names)
    };
    assert_eq!(path(&["a:1", "b:2"]), path(&["b:2", "a:1"]));
    assert_ne!(path(&["a:1"]), path(&["b:2"]));
}

#[test]
fn what_others_learnt_meanwhile_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), &[]);
    let began = NOW - 100;
    let others = Memory {
        nodes: vec![
            // Met by another program since, and known to both before: given up by us.
            known(node(5), NOW - 10),
            known(node(6), began - 10),
            known(node(1), NOW - 50),
        ],
        holders: vec![held(9, node(5))],
        ..Memory::default()
    };
    others.write(&path, began - 100, NOW).unwrap();
    memory().write(&path, began, NOW).unwrap();
    let both = Memory::read(&path);
    let seen = |number: u8| {
        let same = |known: &&Remembered| known.node == node(number);
        both.nodes.iter().find(same).map(|known| known.seen)
    };
    assert_eq!(
        (seen(1), seen(5), seen(6)),
        (Some(NOW), Some(NOW - 10), None)
    );
    assert_eq!(both.holders.len(), 3);
    assert_eq!(both.networks, [1_000_000, 0]);
}

#[test]
fn what_is_old_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), &[]);
    memory().write(&path, NOW, NOW + MAX_AGE + 1).unwrap();
    assert!(Memory::read(&path).nodes.is_empty());
    // A date in the future is not a fresher one.
    memory().write(&path, NOW, NOW - 10).unwrap();
    assert!(Memory::read(&path).nodes.is_empty());
}

#[test]
fn forgotten_keys_don_t_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), &[]);
    let seen = |number, at| Holding {
        at,
        ..held(number, node(1))
    };
    let both = Memory {
        holders: vec![seen(1, NOW - 5), seen(2, NOW + 5)],
        ..memory()
    };
    both.clone().write(&path, NOW, NOW).unwrap();
    forget_keys(&path, NOW).unwrap();
    let read = Memory::read(&path);
    assert_eq!((read.holders.len(), read.nodes.len()), (0, 2));
    // A program that was running writes down what it has looked up since.
    both.write(&path, NOW, NOW).unwrap();
    let holders = Memory::read(&path).holders;
    assert_eq!(holders, [held(2, node(1))]);
    let none = self::path(&folder.path().join("none"), &[]);
    forget_keys(&none, NOW).unwrap();
    assert!(!none.parent().unwrap().exists());
    // Nor where nothing was written down before.
    let other = tempfile::tempdir().unwrap();
    let path = self::path(other.path(), &[]);
    forget_keys(&path, NOW).unwrap();
    let before = Memory {
        holders: vec![seen(1, NOW - 5)],
        ..memory()
    };
    before.write(&path, NOW - 10, NOW).unwrap();
    assert_eq!(Memory::read(&path).holders, []);
}

/// A date in the future, from a file that is damaged or a clock that was wrong, is not kept for ever.
#[test]
fn the_future_is_no_time_to_forget_until() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), &[]);
    forget_keys(&path, u64::MAX >> 1).unwrap();
    let fresh = |at| Memory {
        holders: vec![Holding {
            at,
            ..held(1, node(1))
        }],
        ..memory()
    };
    fresh(NOW).write(&path, NOW, NOW).unwrap();
    assert_eq!(Memory::read(&path).cleared, NOW);
    fresh(NOW + 1).write(&path, NOW, NOW + 1).unwrap();
    assert_eq!(Memory::read(&path).holders, [held(1, node(1))]);
}

/// Programs that write all the time, while another forgets: none brings back what was to go.
#[test]
fn who_forgets_and_who_writes_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), &[]);
    let seen_before = Memory {
        holders: vec![Holding {
            at: NOW - 5,
            ..held(1, node(1))
        }],
        ..memory()
    };
    for _ in 0..50 {
        std::fs::remove_file(&path).ok();
        seen_before.clone().write(&path, NOW - 10, NOW - 1).unwrap();
        let began = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    began.wait();
                    for _ in 0..5 {
                        seen_before.clone().write(&path, NOW - 10, NOW).unwrap();
                    }
                });
            }
            scope.spawn(|| {
                began.wait();
                forget_keys(&path, NOW).unwrap();
            });
        });
        let left = Memory::read(&path);
        assert_eq!((left.holders, left.cleared), (vec![], NOW));
    }
}

/// Whoever can't have its turn changes nothing, and says so.
#[test]
fn nobody_writes_while_another_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), &[]);
    memory().write(&path, NOW, NOW).unwrap();
    let before = std::fs::read(&path).unwrap();
    let turn = folder::Turn::wait(folder.path(), Duration::ZERO).unwrap();
    let second = folder::Turn::wait(folder.path(), Duration::ZERO).unwrap_err();
    assert_eq!(second.kind(), io::ErrorKind::ResourceBusy);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    drop(turn);
    folder::Turn::wait(folder.path(), Duration::ZERO).unwrap();
}

/// A crash in the middle of writing leaves a file that says which keys were looked up.
#[test]
fn what_a_crash_left_is_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), &[]);
    let left = folder.path().join(".dht-a1b2c3");
    let other = folder.path().join("settings.toml");
    std::fs::write(&other, "").unwrap();
    let clears: [&dyn Fn(); 2] = [&|| memory().write(&path, NOW, NOW).unwrap(), &|| {
        forget_keys(&path, NOW).unwrap()
    }];
    for clear in clears {
        std::fs::write(&left, memory().encode()).unwrap();
        clear();
        assert!(!left.exists());
    }
    assert!(other.exists());
}

#[test]
fn the_file_is_bounded() {
    let numbers = 0..200_000u32;
    let nodes = numbers.clone().map(|number| {
        let [_, a, b, c] = number.to_be_bytes();
        let id = Id::of_bytes(&number.to_be_bytes());
        known(
            Node {
                id,
                address: ([100, a, b, c], 1).into(),
            },
            NOW,
        )
    });
    let memory = Memory {
        nodes: nodes.collect(),
        holders: numbers
            .map(|number| Holding {
                target: Id::of_bytes(&number.to_be_bytes()),
                nodes: vec![node(1); 50],
                at: 0,
            })
            .collect(),
        ..Memory::default()
    };
    let bytes = memory.encode();
    assert!((bytes.len() as u64) < MAX_FILE, "{}", bytes.len());
    let read = Memory::decode(&bytes).unwrap();
    assert_eq!(read.nodes.len(), MAX_NODES);
    assert_eq!(read.holders.len(), holders::MAX_KEYS);
}

#[test]
fn a_directory_in_its_place_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), &[]);
    std::fs::create_dir(&path).unwrap();
    assert_eq!(Memory::read(&path), Memory::default());
    assert!(memory().write(&path, NOW, NOW).is_err());
}

proptest! {
    #[test]
    fn any_file_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        _ = Memory::decode(&bytes);
    }

    #[test]
    fn damaged_files_are_survived(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = memory().encode();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(memory) = Memory::decode(&bytes) {
            prop_assert!(memory.nodes.len() <= 2 * MAX_NODES);
        }
    }
}
