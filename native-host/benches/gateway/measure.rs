//! The measurements.

use std::{
    io,
    time::{Duration, Instant},
};

use super::{
    client::{Connection, Way},
    programs::Program,
    site::BIG,
};

/// Turns, and requests of each way in a turn.
const WARM: (usize, usize) = (10, 400);
const COLD: (usize, usize) = (10, 40);
/// Downloads of each way.
const DOWNLOADS: usize = 2;
/// Connections at once, and for how long.
const CROWD: usize = 64;
const CROWD_TIME: Duration = Duration::from_secs(3);
/// Idle connections, and how many others come and go before.
const IDLE: usize = 500;
const BEFORE: usize = 100;
/// How long a program has to put things away.
const SETTLE: Duration = Duration::from_millis(500);

/// A way and what was measured; `None` for what it does not do.
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) way: Way,
    /// Median and 99th percentile, in milliseconds.
    pub(crate) warm: Option<[f64; 2]>,
    pub(crate) cold: Option<[f64; 2]>,
    /// MB a second.
    pub(crate) download: Option<f64>,
    /// Requests a second.
    pub(crate) crowd: Option<f64>,
    /// KiB for each.
    pub(crate) idle: Option<f64>,
    pub(crate) tunnel: Option<f64>,
}

/// For what memory is needed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Memory {
    /// Connections that are kept.
    Idle,
    /// Tunnels.
    Tunnel,
}

impl Measured {
    pub(crate) fn new(name: &'static str, way: Way) -> Self {
        Self {
            name,
            way,
            warm: None,
            cold: None,
            download: None,
            crowd: None,
            idle: None,
            tunnel: None,
        }
    }

    /// Measures what the program needs for connections that do nothing.
    pub(crate) async fn memory(&mut self, kind: Memory, way: &Way, program: &Program) {
        for _ in 0..BEFORE {
            let Ok(mut connection) = Connection::open(way).await else {
                return;
            };
            if connection.get("/").await.is_err() {
                return;
            }
        }
        tokio::time::sleep(SETTLE).await;
        let before = program.memory();
        let mut connections = Vec::with_capacity(IDLE);
        for _ in 0..IDLE {
            let mut connection = Connection::open(way).await.unwrap();
            connection.get("/").await.unwrap();
            connections.push(connection);
        }
        tokio::time::sleep(SETTLE).await;
        let each = (program.memory() - before) / IDLE as f64;
        // They must have stayed.
        for connection in &mut connections {
            if connection.get("/").await.is_err() {
                return;
            }
        }
        match kind {
            Memory::Idle => self.idle = Some(each),
            Memory::Tunnel => self.tunnel = Some(each),
        }
    }
}

/// Measures times and rates of all of them, in turns.
pub(crate) async fn speed(columns: &mut [Measured]) {
    let mut warm = vec![Vec::new(); columns.len()];
    let mut cold = vec![Vec::new(); columns.len()];
    for turn in 0..WARM.0.max(COLD.0) {
        // Nobody is always the first.
        for place in 0..columns.len() {
            let index = (place + turn) % columns.len();
            let way = &columns[index].way;
            if let Ok(times) = warm_requests(way).await {
                warm[index].extend(times);
            }
            for _ in 0..COLD.1 {
                let started = Instant::now();
                let mut connection = Connection::open(way).await.unwrap();
                connection.get("/").await.unwrap();
                cold[index].push(started.elapsed());
            }
        }
    }
    for (column, (warm, cold)) in columns.iter_mut().zip(warm.into_iter().zip(cold)) {
        column.warm = quantiles(warm);
        column.cold = quantiles(cold);
    }
    for _ in 0..DOWNLOADS {
        for column in &mut *columns {
            let mut connection = Connection::open(&column.way).await.unwrap();
            let started = Instant::now();
            assert_eq!(connection.get("/big").await.unwrap(), BIG);
            let rate = BIG as f64 / 1e6 / started.elapsed().as_secs_f64();
            column.download = Some(column.download.map_or(rate, |known| known.max(rate)));
        }
    }
    for column in columns {
        column.crowd = Some(crowd(&column.way).await);
    }
}

/// Requests on one connection; an error where it is not kept.
async fn warm_requests(way: &Way) -> io::Result<Vec<Duration>> {
    let mut connection = Connection::open(way).await?;
    for _ in 0..10 {
        connection.get("/").await?;
    }
    let mut times = Vec::with_capacity(WARM.1);
    for _ in 0..WARM.1 {
        let started = Instant::now();
        connection.get("/").await?;
        times.push(started.elapsed());
    }
    Ok(times)
}

async fn crowd(way: &Way) -> f64 {
    let started = Instant::now();
    let clients: Vec<_> = (0..CROWD)
        .map(|_| {
            let way = way.clone();
            tokio::spawn(async move {
                let mut answers = 0;
                let mut kept = None;
                while started.elapsed() < CROWD_TIME {
                    let mut connection = match kept.take() {
                        Some(connection) => connection,
                        None => Connection::open(&way).await.unwrap(),
                    };
                    // Who does not keep connections is asked on new ones.
                    if connection.get("/").await.is_ok() {
                        answers += 1;
                        kept = Some(connection);
                    }
                }
                answers
            })
        })
        .collect();
    let mut answers = 0;
    for client in clients {
        answers += client.await.unwrap();
    }
    f64::from(answers) / started.elapsed().as_secs_f64()
}

/// The median and the 99th percentile, in milliseconds.
fn quantiles(mut times: Vec<Duration>) -> Option<[f64; 2]> {
    times.sort();
    (!times.is_empty()).then(|| {
        [50, 99].map(|percent| {
            let rank = (times.len() * percent).div_ceil(100).max(1);
            times[rank - 1].as_secs_f64() * 1000.0
        })
    })
}
