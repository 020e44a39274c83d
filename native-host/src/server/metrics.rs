//! Numbers for Prometheus, in its text format.
//!
//! Counters are single numbers that every thread adds to; nothing is allocated and nothing is
//! locked on the way of an answer. There are no labels that a client could choose.

use std::{
    fmt::{self, Write},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use hyper::StatusCode;

/// What counts up.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// So many more.
    pub(crate) fn add_many(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many so far.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What goes up and down.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicU64);

/// One of what a gauge counts; no more when dropped.
#[derive(Debug)]
pub(crate) struct Counted<'a>(&'a Gauge);

impl Gauge {
    /// One more, for as long as what is given lives.
    pub(crate) fn count(&self) -> Counted<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Counted(self)
    }

    /// How many now.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Bounds of the times that are told apart, in milliseconds.
const BOUNDS: [u64; 9] = [1, 5, 20, 100, 300, 1000, 3000, 10_000, 30_000];

/// How long something took, how often.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// For each bound how often it took at most so long and more than the bound before.
    buckets: [Counter; BOUNDS.len()],
    micros: Counter,
    count: Counter,
}

impl Times {
    /// It took so long once more.
    pub(crate) fn note(&self, took: Duration) {
        let fits = BOUNDS
            .iter()
            .position(|bound| took <= Duration::from_millis(*bound));
        if let Some(bucket) = fits.and_then(|index| self.buckets.get(index)) {
            bucket.add();
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.add_many(micros);
        self.count.add();
    }

    fn write(&self, to: &mut impl Write, name: &str, about: &str) -> fmt::Result {
        writeln!(to, "# HELP {name} {about}\n# TYPE {name} histogram")?;
        let mut so_far = 0;
        for (bound, bucket) in BOUNDS.iter().zip(&self.buckets) {
            so_far += bucket.get();
            let seconds = Duration::from_millis(*bound).as_secs_f64();
            writeln!(to, "{name}_bucket{{le=\"{seconds}\"}} {so_far}")?;
        }
        let count = self.count.get();
        let sum = Duration::from_micros(self.micros.get()).as_secs_f64();
        writeln!(to, "{name}_bucket{{le=\"+Inf\"}} {count}")?;
        writeln!(to, "{name}_sum {sum}\n{name}_count {count}")
    }
}

/// What a request was to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// The relay.
    Relay,
    /// DNS over HTTPS.
    Doh,
    /// The web app.
    App,
    /// Health, metrics, and what there is not.
    Other,
}

const FACES: [(Face, &str); 4] = [
    (Face::Relay, "relay"),
    (Face::Doh, "doh"),
    (Face::App, "app"),
    (Face::Other, "other"),
];

/// Statuses that are told apart; all others are counted as 0.
const STATUSES: [u16; 16] = [
    0, 200, 204, 304, 400, 403, 404, 405, 406, 409, 412, 413, 415, 429, 500, 503,
];

/// All numbers of one server.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    answers: [[Counter; STATUSES.len()]; FACES.len()],
    /// Connections that are open.
    pub(crate) connections: Gauge,
    /// Connections that were refused for want of room.
    pub(crate) connections_refused: Counter,
    /// Answers from memory, ready to be sent.
    pub(crate) hot: Counter,
    /// Answers from what is remembered otherwise.
    pub(crate) known: Counter,
    /// Answers that nothing was found a moment ago.
    pub(crate) known_absent: Counter,
    /// Answers past their time, because there was no room to look.
    pub(crate) stale: Counter,
    /// Questions that reached the network.
    pub(crate) lookups: Counter,
    /// How long these took.
    pub(crate) lookup_times: Times,
    /// Packets put.
    pub(crate) puts: Counter,
    /// How long that took.
    pub(crate) put_times: Times,
    /// Questions and packets that were refused for want of room.
    pub(crate) shed: Counter,
    /// Questions and packets that were refused because their client asks for too much.
    pub(crate) limited: Counter,
    /// Packets that were put again for others.
    pub(crate) put_again: Counter,
    /// Those that could not be.
    pub(crate) put_again_failed: Counter,
    /// Packets that are kept no longer because there are too many.
    pub(crate) not_kept: Counter,
    /// Questions by datagram.
    pub(crate) dns_datagrams: Counter,
    /// Questions by stream.
    pub(crate) dns_streams: Counter,
    /// DNS answers from memory, by whatever way.
    pub(crate) dns_memory: Counter,
    /// DNS answers that say that something failed.
    pub(crate) dns_failures: Counter,
}

/// What is not counted but looked up when somebody asks.
#[derive(Debug, Default)]
pub(crate) struct Levels {
    /// Packets on disk.
    pub(crate) packets: u64,
    /// Bytes of the cache file.
    pub(crate) bytes: u64,
    /// Keys that are kept for others.
    pub(crate) guests: u64,
    /// Addresses with a limit of their own.
    pub(crate) addresses: u64,
    /// Nodes of the DHT, estimated.
    pub(crate) nodes: u64,
    /// Bytes of memory, where the system tells.
    pub(crate) memory: Option<u64>,
}

impl Metrics {
    /// Counts an answer.
    pub(crate) fn answered(&self, face: Face, status: StatusCode) {
        let index = STATUSES
            .iter()
            .position(|known| *known == status.as_u16())
            .unwrap_or(0);
        if let Some(counter) = self
            .answers
            .get(face as usize)
            .and_then(|statuses| statuses.get(index))
        {
            counter.add();
        }
    }

    /// All of it, as Prometheus reads it.
    pub(crate) fn to_text(&self, levels: &Levels) -> String {
        let mut text = String::with_capacity(8 * 1024);
        // A string takes whatever is written to it.
        _ = self.write(&mut text, levels);
        text
    }

    fn write(&self, to: &mut impl Write, levels: &Levels) -> fmt::Result {
        let name = "pkarr_http_answers_total";
        writeln!(to, "# HELP {name} HTTP answers.\n# TYPE {name} counter")?;
        for ((_, face), statuses) in FACES.iter().zip(&self.answers) {
            for (status, counter) in STATUSES.iter().zip(statuses) {
                let count = counter.get();
                if count > 0 {
                    writeln!(to, "{name}{{face=\"{face}\",status=\"{status}\"}} {count}")?;
                }
            }
        }
        let counters = [
            (
                "hot_hits",
                "Answers from memory, ready to be sent.",
                &self.hot,
            ),
            (
                "cache_hits",
                "Answers from the cache otherwise.",
                &self.known,
            ),
            (
                "absent_hits",
                "Answers that nothing was found a moment ago.",
                &self.known_absent,
            ),
            (
                "stale_answers",
                "Answers past their time for want of room to look.",
                &self.stale,
            ),
            (
                "lookups",
                "Questions that reached the network.",
                &self.lookups,
            ),
            ("puts", "Packets put into the DHT.", &self.puts),
            (
                "shed",
                "Requests refused because the server is busy.",
                &self.shed,
            ),
            (
                "limited",
                "Requests refused because their client asks for too much.",
                &self.limited,
            ),
            (
                "connections_refused",
                "Connections refused for want of room.",
                &self.connections_refused,
            ),
            (
                "kept_puts",
                "Packets put again for others.",
                &self.put_again,
            ),
            (
                "kept_put_failures",
                "Packets that could not be put again.",
                &self.put_again_failed,
            ),
            (
                "dns_udp_questions",
                "DNS questions by UDP.",
                &self.dns_datagrams,
            ),
            (
                "dns_tcp_questions",
                "DNS questions by TCP.",
                &self.dns_streams,
            ),
            (
                "dns_memory_hits",
                "DNS answers from memory, over HTTP too.",
                &self.dns_memory,
            ),
            (
                "dns_failures",
                "DNS answers that say SERVFAIL.",
                &self.dns_failures,
            ),
            (
                "not_kept",
                "Packets kept published no longer because there are too many.",
                &self.not_kept,
            ),
        ];
        for (name, about, counter) in counters {
            let name = format!("pkarr_{name}_total");
            let count = counter.get();
            writeln!(
                to,
                "# HELP {name} {about}\n# TYPE {name} counter\n{name} {count}"
            )?;
        }
        let gauges = [
            ("connections", "Open connections.", self.connections.get()),
            ("cache_packets", "Packets on disk.", levels.packets),
            ("cache_bytes", "Bytes of the cache file.", levels.bytes),
            (
                "kept_keys",
                "Keys kept published for others.",
                levels.guests,
            ),
            (
                "limited_addresses",
                "Addresses with limits of their own.",
                levels.addresses,
            ),
            ("dht_nodes", "Estimated nodes of the DHT.", levels.nodes),
        ];
        for (name, about, level) in gauges {
            writeln!(
                to,
                "# HELP pkarr_{name} {about}\n# TYPE pkarr_{name} gauge\npkarr_{name} {level}"
            )?;
        }
        if let Some(memory) = levels.memory {
            let name = "process_resident_memory_bytes";
            writeln!(
                to,
                "# HELP {name} Resident memory.\n# TYPE {name} gauge\n{name} {memory}"
            )?;
        }
        let about = "How long questions that reached the network took.";
        self.lookup_times.write(to, "pkarr_lookup_seconds", about)?;
        let about = "How long it took to put packets into the DHT.";
        self.put_times.write(to, "pkarr_put_seconds", about)
    }
}

/// Bytes of memory that this process has in use, where the system tells.
pub(crate) fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_written() {
        let metrics = Metrics::default();
        metrics.answered(Face::Relay, StatusCode::OK);
        metrics.answered(Face::Relay, StatusCode::OK);
        metrics.answered(Face::Doh, StatusCode::IM_A_TEAPOT);
        metrics.lookups.add();
        metrics.lookup_times.note(Duration::from_millis(2));
        metrics.lookup_times.note(Duration::from_millis(400));
        metrics.lookup_times.note(Duration::from_secs(60));
        let open = metrics.connections.count();
        let text = metrics.to_text(&Levels {
            packets: 7,
            ..Levels::default()
        });
        drop(open);
        for line in [
            "pkarr_http_answers_total{face=\"relay\",status=\"200\"} 2",
            "pkarr_http_answers_total{face=\"doh\",status=\"0\"} 1",
            "pkarr_lookups_total 1",
            "pkarr_lookup_seconds_bucket{le=\"0.001\"} 0",
            "pkarr_lookup_seconds_bucket{le=\"0.005\"} 1",
            "pkarr_lookup_seconds_bucket{le=\"1\"} 2",
            "pkarr_lookup_seconds_bucket{le=\"+Inf\"} 3",
            "pkarr_lookup_seconds_count 3",
            "pkarr_connections 1",
            "pkarr_cache_packets 7",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
        // Each name is told about once, before its values.
        for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
            assert_eq!(text.matches(line).count(), 1, "{line}");
        }
        assert_eq!(metrics.connections.get(), 0);
    }
}
