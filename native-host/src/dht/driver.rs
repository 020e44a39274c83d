//! The task that moves datagrams between the sockets and the [`Engine`], and tells it the time.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket as StdSocket},
    time::Duration,
};

use tokio::{
    net::UdpSocket,
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until},
};

use super::{
    bootstrap,
    engine::{Command, Engine, Now, family},
    remember::Memory,
    scribe::{Notebook, Scribe},
    socket::{MAX_DATAGRAM, Sockets},
};
use crate::tasks;

/// How many datagrams are taken in before something else is looked at.
const AT_ONCE: usize = 256;
/// How long after something new was learnt it is written down.
const SAVE_AFTER: Duration = Duration::from_secs(3 * 60);
/// How often it is looked whether the network is still the same, where it is used.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often the names of first nodes are looked up where nobody answers.
const NAMES_EVERY: Duration = Duration::from_secs(60);
/// By how much the clocks may run apart unless the machine was asleep.
const ASLEEP: u64 = 60;

/// Whether there is anybody to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    /// Names of first nodes are being looked up.
    Waits,
    Ready,
    /// No name of a first node could be looked up.
    Nobody,
}

/// What the task is given.
pub(super) struct Driver {
    pub(super) engine: Engine,
    pub(super) sockets: Sockets,
    pub(super) bootstrap: Vec<String>,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) readiness: watch::Sender<Readiness>,
    /// Where to write down what is learnt; nowhere, without.
    pub(super) notebook: Option<Notebook>,
}

/// The state of the task. What was learnt is written down when it ends, however it ends.
struct Task {
    engine: Engine,
    notebook: Option<(Notebook, Scribe)>,
    /// What of the engine's changes is written down.
    saved: u64,
    place: Place,
    /// Which families of addresses there are sockets for, IPv4 first.
    sockets: [bool; 2],
    /// Of which families first nodes are given by their addresses.
    meant: [bool; 2],
}

/// Where we are in the network, as far as can be told without asking anybody.
struct Place {
    local: bool,
    looked: Now,
    ways: [Option<SocketAddr>; 2],
}

impl Driver {
    /// Works until all who might want something have left.
    pub(super) async fn run(self) {
        let Self {
            engine,
            sockets,
            bootstrap,
            mut commands,
            readiness,
            notebook,
        } = self;
        let mut task = Task {
            saved: changes(&engine),
            engine,
            notebook: notebook.map(|notebook| (notebook.clone(), Scribe::new(notebook))),
            place: Place::new(sockets.local),
            sockets: [sockets.v4.is_some(), sockets.v6.is_some()],
            meant: [false; 2],
        };
        let mut names = Names::new(bootstrap);
        for address in names.literal() {
            if let Some(meant) = task.meant.get_mut(family(&address)) {
                *meant = true;
            }
        }
        task.choose_families();
        if !task.engine.knows_anybody() || names.are_names() {
            names.look_up();
        }
        task.engine
            .command(Command::Seeds(names.literal()), Now::read());
        let (mut v4, mut v6) = (vec![0; MAX_DATAGRAM], vec![0; MAX_DATAGRAM]);
        let mut save_at: Option<Instant> = None;
        loop {
            // What has come counts before what is overdue: where the machine was busy elsewhere, answers
            // lie in the sockets that came in time.
            task.receive_more(sockets.v4.as_ref(), &mut v4);
            task.receive_more(sockets.v6.as_ref(), &mut v6);
            let now = Now::read();
            task.engine.tick(now);
            if std::mem::take(&mut task.engine.unheard) {
                names.look_up_again();
            }
            for (to, bytes) in task.engine.outgoing() {
                sockets.send(&bytes, to).await;
            }
            let ready = match (task.engine.knows_anybody(), names.running()) {
                (true, _) => Readiness::Ready,
                (false, true) => Readiness::Waits,
                (false, false) => Readiness::Nobody,
            };
            readiness.send_if_modified(|known| std::mem::replace(known, ready) != ready);
            if save_at.is_none() && task.has_news() {
                save_at = Some(Instant::now() + SAVE_AFTER);
            }
            let wake = task.engine.wake().map(Instant::from_std);
            tokio::select! {
                (length, from) = receive(sockets.v4.as_ref(), &mut v4) => {
                    task.receive(&v4, length, from);
                }
                (length, from) = receive(sockets.v6.as_ref(), &mut v6) => {
                    task.receive(&v6, length, from);
                }
                command = commands.recv() => match command {
                    None => return,
                    Some(Command::Save(done)) => {
                        task.save(Some(done));
                        save_at = None;
                    }
                    Some(Command::Forget(until, done)) => task.forget(until, done),
                    Some(Command::Recall(reply)) => {
                        // Whoever asked may have left.
                        _ = reply.send(Memory::of(&task.engine));
                    }
                    Some(Command::LookUp) => {
                        names.look_up();
                        // Whoever waits hears of how it is now, also where that is as before.
                        readiness.send_replace(Readiness::Waits);
                    }
                    Some(command) => {
                        if task.look_around() {
                            names.look_up();
                        }
                        task.engine.command(command, Now::read());
                    }
                },
                found = names.found() => {
                    task.engine.command(Command::Seeds(found), Now::read());
                }
                () = at(wake) => {
                    if task.look_around() {
                        names.look_up();
                    }
                }
                () = at(save_at) => {
                    task.save(None);
                    save_at = None;
                }
            }
        }
    }
}

impl Task {
    fn receive(&mut self, buffer: &[u8], length: usize, from: SocketAddr) {
        if let Some(bytes) = buffer.get(..length) {
            self.engine.receive(bytes, from, Now::read());
        }
    }

    fn receive_more(&mut self, socket: Option<&UdpSocket>, buffer: &mut [u8]) {
        let Some(socket) = socket else { return };
        for _ in 0..AT_ONCE {
            let Ok((length, from)) = socket.try_recv_from(buffer) else {
                return;
            };
            self.receive(buffer, length, from);
        }
    }

    /// Looks whether the network is another, and begins anew where it is.
    fn look_around(&mut self) -> bool {
        let now = Now::read();
        let changed = self.place.has_changed(now);
        if changed {
            self.engine.network_changed(now);
            self.choose_families();
        }
        changed
    }

    /// Leaves a family out to which no way leads, as with IPv6 sockets on a machine without IPv6.
    fn choose_families(&mut self) {
        self.engine.families = families(self.sockets, self.place.routed(), self.meant);
    }

    fn has_news(&self) -> bool {
        self.notebook.is_some() && changes(&self.engine) != self.saved
    }

    /// Has written down what is new; `done` is told when that and all before it is.
    fn save(&mut self, done: Option<oneshot::Sender<()>>) {
        let news = self.has_news().then(|| Memory::of(&self.engine));
        self.saved = changes(&self.engine);
        match &self.notebook {
            Some((_, scribe)) => scribe.write(news, done),
            // Whoever asked may have left.
            None => _ = done.map(|done| done.send(())),
        }
    }

    fn forget(&mut self, until: u64, done: oneshot::Sender<io::Result<()>>) {
        self.engine.forget_keys();
        match &self.notebook {
            Some((_, scribe)) => scribe.forget(until, done),
            // Whoever asked may have left.
            None => _ = done.send(Ok(())),
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.has_news()
            && let Some((notebook, _)) = &self.notebook
        {
            notebook.write(Memory::of(&self.engine));
        }
    }
}

fn changes(engine: &Engine) -> u64 {
    let tables: u64 = engine.tables.iter().map(super::table::Table::changes).sum();
    tables + engine.holders.changes()
}

impl Place {
    fn new(local: bool) -> Self {
        Self {
            local,
            looked: Now::read(),
            ways: if local { [None; 2] } else { ways() },
        }
    }

    /// To which families of addresses a way leads, IPv4 first.
    fn routed(&self) -> [bool; 2] {
        self.ways.map(|way| self.local || way.is_some())
    }

    /// Whether the machine was asleep, or has come into another network.
    fn has_changed(&mut self, now: Now) -> bool {
        let local = self.local;
        self.compare(now, || if local { [None; 2] } else { ways() })
    }

    fn compare(&mut self, now: Now, ways: impl FnOnce() -> [Option<SocketAddr>; 2]) -> bool {
        let since = now.at.saturating_duration_since(self.looked.at);
        let slept = now.unix.saturating_sub(self.looked.unix) > since.as_secs() + ASLEEP;
        if since < LOOK_EVERY && !slept {
            return false;
        }
        self.looked = now;
        let ways = ways();
        let moved = ways != self.ways;
        self.ways = ways;
        slept || moved
    }
}

/// From which addresses of this machine the way leads to the network, IPv4 first. Nothing is sent.
fn ways() -> [Option<SocketAddr>; 2] {
    let way = |from: SocketAddr, to: SocketAddr| {
        let socket = StdSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        let mut own = socket.local_addr().ok()?;
        own.set_port(0);
        Some(own)
    };
    // Those of a root name server, which stay where they are. Some systems have no route on purpose to
    // the addresses of documentation.
    let v4 = (Ipv4Addr::new(193, 0, 14, 129), 53);
    let v6 = (Ipv6Addr::new(0x2001, 0x7fd, 0, 0, 0, 0, 0, 1), 53);
    [
        way((Ipv4Addr::UNSPECIFIED, 0).into(), v4.into()),
        way((Ipv6Addr::UNSPECIFIED, 0).into(), v6.into()),
    ]
}

/// Which families are used, by which have sockets, to which a way leads, and of which first nodes are
/// given by their addresses.
fn families([s4, s6]: [bool; 2], [r4, r6]: [bool; 2], [m4, m6]: [bool; 2]) -> [bool; 2] {
    // Where no way seems to lead anywhere, that is not for us to say.
    let nowhere = !(s4 && r4 || s6 && r6);
    [s4 && (r4 || m4 || nowhere), s6 && (r6 || m6 || nowhere)]
}

/// The names of first nodes, and whether they are being looked up.
struct Names {
    names: Vec<String>,
    /// When they last were.
    looked: Option<Instant>,
    found: Option<mpsc::Receiver<Vec<SocketAddr>>>,
}

impl Names {
    fn new(names: Vec<String>) -> Self {
        Self {
            names,
            looked: None,
            found: None,
        }
    }

    fn literal(&self) -> Vec<SocketAddr> {
        bootstrap::literal(&self.names)
    }

    fn are_names(&self) -> bool {
        self.literal().len() < self.names.len()
    }

    fn look_up(&mut self) {
        if self.found.is_none() && self.are_names() {
            let (sender, found) = mpsc::channel(4);
            tasks::spawn(bootstrap::look_up(self.names.clone(), sender));
            self.found = Some(found);
            self.looked = Some(Instant::now());
        }
    }

    /// Nobody answers: the addresses may be of another day, or were lies of the network we were in.
    fn look_up_again(&mut self) {
        if self
            .looked
            .is_none_or(|looked| looked.elapsed() >= NAMES_EVERY)
        {
            self.look_up();
        }
    }

    fn running(&self) -> bool {
        self.found.is_some()
    }

    /// The next addresses; none, once, when all is said.
    async fn found(&mut self) -> Vec<SocketAddr> {
        let Some(found) = &mut self.found else {
            return std::future::pending().await;
        };
        match found.recv().await {
            Some(addresses) => addresses,
            None => {
                self.found = None;
                Vec::new()
            }
        }
    }
}

async fn receive(socket: Option<&UdpSocket>, buffer: &mut [u8]) -> (usize, SocketAddr) {
    let Some(socket) = socket else {
        return std::future::pending().await;
    };
    loop {
        match socket.recv_from(buffer).await {
            Ok(received) => return received,
            Err(error) => {
                // Some systems report here what became of datagrams that were sent.
                tracing::trace!(%error, "nothing received");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_that_leads_nowhere_is_left_out() {
        let (both, none, v4, v6) = ([true; 2], [false; 2], [true, false], [false, true]);
        assert_eq!(families(both, both, none), both);
        assert_eq!(families(both, v4, none), v4);
        assert_eq!(families(both, v6, none), v6);
        assert_eq!(families(v4, both, none), v4);
        // Its first nodes may be nearer than the network at large.
        assert_eq!(families(both, v4, v6), both);
        // An offline machine asks when it is asked to.
        assert_eq!(families(both, none, none), both);
        assert_eq!(families(v4, v6, none), v4);
    }

    #[test]
    fn sleep_and_another_address_are_noticed() {
        let home = [Some(SocketAddr::from(([192, 0, 2, 1], 0))), None];
        let mobile = [Some(SocketAddr::from(([198, 51, 100, 1], 0))), None];
        let mut place = Place {
            local: false,
            looked: Now::read(),
            ways: home,
        };
        let begin = place.looked;
        let after = |awake: u64, passed: u64| Now {
            at: begin.at + Duration::from_secs(awake),
            unix: begin.unix + passed,
        };
        // Time passes, and nothing has happened.
        assert!(!place.compare(after(10, 10), || home));
        assert!(!place.compare(after(4000, 4000), || home));
        // Another address, or none, or another than that again.
        assert!(place.compare(after(4010, 4010), || mobile));
        assert!(!place.compare(after(4020, 4020), || mobile));
        assert!(place.compare(after(4030, 4030), || [None; 2]));
        assert!(place.compare(after(4040, 4040), || home));
        // It is not looked for all the time.
        let unasked = || -> [Option<SocketAddr>; 2] { panic!("too soon") };
        assert!(!place.compare(after(4041, 4041), unasked));
        // The clock that stands still in sleep has fallen behind, however short it is since.
        assert!(place.compare(after(4042, 9000), || home));
        assert!(!place.compare(after(4052, 9010), || home));
        // One that is set back is no sleep.
        assert!(!place.compare(after(4062, 5000), || home));
    }

    #[tokio::test(start_paused = true)]
    async fn names_are_looked_up_again_where_nobody_answers() {
        let mut names = Names::new(vec!["localhost:7".to_owned()]);
        let mut looked_up = 0;
        for (pause, again) in [(0, true), (1, false), (58, false), (1, true), (3600, true)] {
            tokio::time::advance(Duration::from_secs(pause)).await;
            names.look_up_again();
            assert_eq!(names.running(), again, "{looked_up}");
            while names.running() {
                // Once more while it runs is once.
                names.look_up();
                let found = names.found().await;
                assert!(found.iter().all(|address| address.ip().is_loopback()));
                looked_up += found.len().min(1);
            }
        }
        assert_eq!(looked_up, 3);
        let mut none = Names::new(vec!["127.0.0.1:7".to_owned()]);
        none.look_up_again();
        assert!(!none.running());
    }
}
