//! Packet by packet, what our client sent in its slowest lookup and publish: to see where time goes.

use std::{collections::HashMap, time::Instant};

use pkarr_host::key::PublicKey;

use super::network::{Network, Seen, id};

/// The slowest of each kind.
#[derive(Default)]
pub(crate) struct Traces(HashMap<&'static str, (f64, Vec<String>)>);

impl Traces {
    /// Takes in what a client at this port sent since then, if nothing slower was seen.
    pub(crate) fn add(
        &mut self,
        net: &Network,
        what: &'static str,
        (port, key): (u16, &PublicKey),
        (began, seen): (Instant, &[Seen]),
        took: f64,
    ) {
        if self
            .0
            .get(what)
            .is_some_and(|(slowest, _)| *slowest >= took)
        {
            return;
        }
        let target = id::target(key);
        let order = net.ordered(key);
        let closest = net.closest(key, order.len());
        let lines = seen
            .iter()
            .filter(|seen| seen.from.port() == port && seen.at >= began)
            .map(|seen| {
                let rank = closest.iter().position(|node| *node == seen.node);
                let rank = rank.map_or("dead".to_owned(), |rank| format!("#{rank}"));
                let elsewhere = match seen.target {
                    Some(other) if other != target => "  (another target)",
                    _ => "",
                };
                let answered = match seen.answered_after {
                    Some(after) => {
                        let back = (seen.at - began + after).as_secs_f64() * 1000.0;
                        format!("answered at {back:.0}")
                    }
                    None if seen.answered => "answer lost".to_owned(),
                    None if rank == "dead" => "nobody there".to_owned(),
                    None => "lost".to_owned(),
                };
                let at = (seen.at - began).as_secs_f64() * 1000.0;
                format!(
                    "{at:>8.1}  {:<10} {rank:>5}  {answered}{elsewhere}",
                    seen.method
                )
            });
        self.0.insert(what, (took, lines.collect()));
    }

    pub(crate) fn print(&self) {
        for (what, (took, lines)) in &self.0 {
            println!("our slowest, {what}: {took:.1} ms; # is the rank among the closest alive");
            lines.iter().for_each(|line| println!("{line}"));
            println!();
        }
    }
}
