//! Whether the newest version is found where there are two.
//!
//! Two thirds of the keys have one version, on the 20 nodes that are closest to them and alive. The
//! others have a newer one besides: half of these as a publisher leaves it when the network changes,
//! on most of the 20, in place of the old one; half as after a publisher that hardly reached any, on
//! three of the 20.

use std::{collections::HashMap, time::Duration};

use futures_util::{StreamExt, stream};

use super::{
    client::{Client, Kind, Known},
    keys::{Keys, item},
    network::{Network, dice::Dice},
};

const COPIES: usize = 20;
/// The newer one is on each of them with this probability, where it is on most.
const REPLACED: f64 = 0.7;
const SCATTERED: usize = 3;
/// Lookups of one client at once.
const AT_ONCE: usize = 8;
const CLIENTS: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Case {
    One,
    Replaced,
    Scattered,
}

pub(crate) async fn compare(net: &Network, count: usize, ours_only: bool) {
    let mut dice = Dice::new(99);
    let mut keys = Keys::new(77);
    let all: Vec<_> = (0..count)
        .map(|number| {
            let pair = keys.pair();
            let mut closest = net.closest(&pair.public(), COPIES);
            net.store(&item(&pair, 1), &closest);
            let case = match number % 6 {
                0 => Case::Replaced,
                3 => Case::Scattered,
                _ => Case::One,
            };
            match case {
                Case::One => {}
                Case::Replaced => closest.retain(|_| dice.happens(REPLACED)),
                Case::Scattered => {
                    dice.shuffle(&mut closest);
                    closest.truncate(SCATTERED);
                }
            }
            let newest = if case == Case::One { 1 } else { 2 };
            net.store(&item(&pair, newest), &closest);
            (case, pair.public(), newest)
        })
        .collect();

    let known = Known::First(net.bootstrap(4));
    let mut outcomes = Vec::new();
    for kind in [Kind::Ours, Kind::Theirs] {
        if ours_only && kind == Kind::Theirs {
            continue;
        }
        let clients: Vec<_> = (0..CLIENTS).map(|_| Client::start(kind, &known)).collect();
        for client in &clients {
            client.lookup(&keys.pair().public()).await;
        }
        let clients = &clients;
        let outcome: Vec<_> = stream::iter(all.iter().enumerate())
            .map(|(number, (case, key, newest))| async move {
                let found = clients[number % CLIENTS].lookup(key).await;
                (
                    *case,
                    found.seq == Some(*newest),
                    found.seq.is_some(),
                    found.end,
                )
            })
            .buffer_unordered(AT_ONCE * CLIENTS)
            .collect()
            .await;
        outcomes.push((kind, outcome));
    }

    println!(
        "accuracy: {count} keys, {} lookups at once",
        AT_ONCE * CLIENTS
    );
    println!(
        "{:<10}{:>14}{:>18}{:>18}{:>12}{:>12}",
        "", "newest found", "of 14 in 20", "of 3 in 20", "any found", "p90, ms"
    );
    for (kind, outcome) in outcomes {
        let mut right: HashMap<Case, (usize, usize)> = HashMap::new();
        for (case, newest, ..) in &outcome {
            let (found, of) = right.entry(*case).or_default();
            *found += usize::from(*newest);
            *of += 1;
        }
        let of = |case| right.get(&case).copied().unwrap_or_default();
        let (replaced, scattered) = (of(Case::Replaced), of(Case::Scattered));
        let newest = outcome.iter().filter(|it| it.1).count();
        let any = outcome.iter().filter(|it| it.2).count();
        let mut times: Vec<Duration> = outcome.iter().map(|it| it.3).collect();
        times.sort();
        println!(
            "{:<10}{:>14}{:>18}{:>18}{any:>12}{:>12.0}",
            if kind == Kind::Ours { "ours" } else { "theirs" },
            format!("{newest}/{count}"),
            format!("{}/{}", replaced.0, replaced.1),
            format!("{}/{}", scattered.0, scattered.1),
            times[times.len() * 9 / 10].as_secs_f64() * 1000.0,
        );
    }
    println!();
}
