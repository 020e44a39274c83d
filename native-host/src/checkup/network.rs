//! The network: the clock that all of it hangs on, the DHT, relays, the system's DNS.

use std::{
    io,
    time::{Duration, SystemTime},
};

use tokio::{
    net::lookup_host,
    time::{Instant, timeout_at},
};

use super::{Finding, PATIENCE, State, Subject, no_end};
use crate::{
    dht::{DhtError, LookupReport},
    key::{KeyPair, PublicKey},
    relays::Probe,
};

const CLOCK: &str = "clock";
const DHT: &str = "dht";
const RELAYS: &str = "relays";
const DNS: &str = "dns";
/// A clock that is off by more makes sequence numbers, which are times, and certificates fail.
const MAX_OFF: Duration = Duration::from_secs(10 * 60);
/// A relay that takes longer is slow.
const SLOW: Duration = Duration::from_secs(3);
/// How long the system's DNS may take.
const DNS_PATIENCE: Duration = Duration::from_secs(5);

/// Clock, DHT and relays.
pub(super) async fn check(subject: &Subject) -> Vec<Finding> {
    let Some(key) = nobodys_key() else {
        return vec![no_end(DHT)];
    };
    let deadline = Instant::now() + PATIENCE;
    let dht = timeout_at(deadline, subject.resolver.dht().check(&key));
    let probes = async {
        let relays = subject.resolver.relays()?;
        timeout_at(deadline, relays.probe(&key)).await.ok()
    };
    let (dht, probes) = tokio::join!(dht, probes);
    // A search that comes to no end has no answers either.
    let dht = dht.unwrap_or(Ok(LookupReport::default()));
    let nodes = subject.resolver.dht_info().await.nodes;
    let probes = probes.unwrap_or_default();
    let other_way = probes.iter().any(|probe| probe.latency.is_ok());
    let mut findings = vec![
        clock(&probes),
        look(&dht, nodes, subject.settings.bootstrap.len(), other_way),
    ];
    if probes.is_empty() {
        findings.push(match subject.resolver.relays() {
            Some(_) => no_end(RELAYS),
            None => Finding::new(RELAYS, "off", State::Note).what("No relays are in use."),
        });
    }
    findings.extend(probes.iter().map(relay));
    findings
}

/// A key that was made up just now.
fn nobodys_key() -> Option<PublicKey> {
    KeyPair::generate().ok().map(|pair| pair.public())
}

fn clock(probes: &[Probe]) -> Finding {
    let Some((relay, (theirs, ours))) = probes
        .iter()
        .find_map(|probe| Some((&probe.url, probe.clock?)))
    else {
        return Finding::new(CLOCK, "unknown", State::Note)
            .what("No relay tells the time, to compare this computer’s clock with.");
    };
    compare(theirs, ours).fact("relay", relay)
}

fn compare(theirs: SystemTime, ours: SystemTime) -> Finding {
    let (off, finding, word) = match ours.duration_since(theirs) {
        Ok(off) => (off, "ahead", "ahead"),
        Err(error) => (error.duration(), "behind", "behind"),
    };
    if off <= MAX_OFF {
        let seconds = off.as_secs();
        return Finding::new(CLOCK, "ok", State::Good)
            .what(format_args!(
                "This computer’s clock is right (off by {seconds} s)."
            ))
            .fact("seconds", seconds);
    }
    let minutes = off.as_secs() / 60;
    Finding::new(CLOCK, finding, State::Bad)
        .what(format_args!(
            "This computer’s clock is {minutes} minutes {word}."
        ))
        .todo("Set the clock, best by switching on that it is set from the network.")
        .fact("minutes", minutes)
}

fn look(
    report: &Result<LookupReport, DhtError>,
    nodes: usize,
    bootstrap: usize,
    other_way: bool,
) -> Finding {
    // Names can still be had from relays, and only there.
    let state = match other_way {
        true => State::Warning,
        false => State::Bad,
    };
    match report {
        Ok(report) if report.answered > 0 => Finding::new(DHT, "ok", State::Good)
            .what(format_args!("The DHT answers; it has about {nodes} nodes."))
            .fact("nodes", nodes),
        Err(DhtError::Unreachable) => Finding::new(DHT, "no-names", state)
            .what("No name of a first node of the DHT could be looked up.")
            .todo("Check the internet connection, or name other nodes with `bootstrap`.")
            .fact("bootstrap", bootstrap),
        Err(DhtError::Socket(reason)) => Finding::new(DHT, "no-socket", state)
            .what(format_args!("The system gives no UDP socket: {reason}."))
            .todo("Look for a firewall or a security program that keeps programs from using UDP.")
            .fact("reason", reason),
        Ok(_) | Err(_) => Finding::new(DHT, "no-answer", state)
            .what("No node of the DHT answers.")
            .todo("Check the internet connection, and that UDP is not blocked by a firewall.")
            .fact("bootstrap", bootstrap),
    }
}

fn relay(probe: &Probe) -> Finding {
    let url = &probe.url;
    let finding = match &probe.latency {
        Err(error) => Finding::new(RELAYS, "no-answer", State::Warning)
            .what(format_args!("The relay {url} is of no use now: {error}."))
            .todo("Try again later, or name another relay with `relays`.")
            .fact("reason", error),
        Ok(latency) => {
            let (finding, state) = match *latency > SLOW {
                true => ("slow", State::Note),
                false => ("ok", State::Good),
            };
            let ms = latency.as_millis();
            Finding::new(RELAYS, finding, state)
                .what(format_args!("The relay {url} answers in {ms} ms."))
                .fact("ms", ms)
        }
    };
    finding.fact("relay", url)
}

/// Asks the system's DNS for the host name of a made-up key, which there is not: one that answers
/// all the same answers everything, and keys that are typed end there where no gateway is used.
pub(super) async fn check_dns() -> Vec<Finding> {
    let Some(key) = nobodys_key() else {
        return vec![no_end(DNS)];
    };
    // With the final dot, or the system would put its own domain behind it.
    let host = format!("{key}.:80");
    let found = timeout_at(Instant::now() + DNS_PATIENCE, lookup_host(host)).await;
    let found = match found {
        Ok(Ok(mut addresses)) => addresses.next(),
        // What there is not, and what there is no answer to, are told apart in words only.
        Ok(Err(_)) => None,
        Err(_) => {
            let reason = io::Error::from(io::ErrorKind::TimedOut);
            return vec![
                Finding::new(DNS, "no-answer", State::Note)
                    .what(format_args!("The system’s DNS does not answer: {reason}."))
                    .todo("Check the internet connection.")
                    .fact("reason", reason),
            ];
        }
    };
    vec![match found {
        Some(address) => Finding::new(DNS, "answers-everything", State::Warning)
            .what(format_args!(
                "The system’s DNS answers with {} even for a key that was made up just now.",
                address.ip()
            ))
            .todo("Open keys with the extension only, or choose another DNS server.")
            .fact("address", address.ip()),
        None => Finding::new(DNS, "ok", State::Good)
            .what("The system’s DNS gives no address for a made-up key, as it should."),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_be_off_by_ten_minutes() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        assert_eq!(compare(now, now + minutes(10)).finding, "ok");
        assert_eq!(compare(now + minutes(10), now).finding, "ok");
        let ahead = compare(now, now + minutes(11));
        assert_eq!((&*ahead.finding, ahead.state), ("ahead", State::Bad));
        assert_eq!(ahead.facts["minutes"], "11");
        assert_eq!(compare(now + minutes(11), now).finding, "behind");
    }

    #[test]
    fn a_silent_dht_is_less_bad_where_a_relay_answers() {
        for report in [
            Ok(LookupReport::default()),
            Err(DhtError::Unreachable),
            Err(DhtError::Socket("no".to_owned())),
        ] {
            assert_eq!(look(&report, 0, 4, false).state, State::Bad);
            assert_eq!(look(&report, 0, 4, true).state, State::Warning);
        }
    }
}
