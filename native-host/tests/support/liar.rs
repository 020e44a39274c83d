//! A node of the DHT that answers what it is told to, true or not.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use pkarr_host::item::SignedItem;

/// An item as a node sends it.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub(crate) key: [u8; 32],
    pub(crate) signature: [u8; 64],
    pub(crate) seq: i64,
    pub(crate) value: Vec<u8>,
}

impl From<&SignedItem> for Claim {
    fn from(item: &SignedItem) -> Self {
        Self {
            key: *item.key().as_bytes(),
            signature: *item.signature(),
            seq: item.seq().get(),
            value: item.value().to_vec(),
        }
    }
}

/// The node. It stops when dropped.
#[derive(Debug)]
pub(crate) struct Liar {
    pub(crate) address: String,
    claim: Arc<Mutex<Option<Claim>>>,
    gets: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Liar {
    pub(crate) fn start() -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        let socket = UdpSocket::bind(address).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let mut liar = Self {
            address: socket.local_addr().unwrap().to_string(),
            claim: Arc::default(),
            gets: Arc::default(),
            stop: Arc::default(),
            thread: None,
        };
        let (claim, gets, stop) = (
            Arc::clone(&liar.claim),
            Arc::clone(&liar.gets),
            Arc::clone(&liar.stop),
        );
        liar.thread = Some(std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            while !stop.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                    continue;
                };
                let query = &buffer[..length];
                let Some(transaction) = after(query, b"1:t4:", 4) else {
                    continue;
                };
                let claim = if find(query, b"1:q3:get").is_some() {
                    gets.fetch_add(1, Ordering::Relaxed);
                    claim.lock().unwrap().clone()
                } else {
                    None
                };
                socket
                    .send_to(&answer(transaction, claim.as_ref()), from)
                    .unwrap();
            }
        }));
        liar
    }

    /// What to answer to every `get` from now on.
    pub(crate) fn claims(&self, claim: Claim) {
        *self.claim.lock().unwrap() = Some(claim);
    }

    /// Stops, and returns when its port is free.
    pub(crate) fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// How many times it was asked for an item.
    pub(crate) fn gets(&self) -> usize {
        self.gets.load(Ordering::Relaxed)
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// A response in bencoding, keys in their order (BEP 5, BEP 44).
fn answer(transaction: &[u8], claim: Option<&Claim>) -> Vec<u8> {
    let mut bytes = b"d1:rd2:id20:liarliarliarliarliar".to_vec();
    if let Some(claim) = claim {
        bytes.extend(b"1:k32:");
        bytes.extend(claim.key);
    }
    bytes.extend(b"5:nodes0:");
    if let Some(claim) = claim {
        bytes.extend(format!("3:seqi{}e3:sig64:", claim.seq).bytes());
        bytes.extend(claim.signature);
    }
    bytes.extend(b"5:token4:toke");
    if let Some(claim) = claim {
        bytes.extend(format!("1:v{}:", claim.value.len()).bytes());
        bytes.extend(&claim.value);
    }
    bytes.extend(b"e1:t4:");
    bytes.extend(transaction);
    bytes.extend(b"1:y1:re");
    bytes
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes
        .windows(pattern.len())
        .position(|window| window == pattern)
}

fn after<'a>(bytes: &'a [u8], pattern: &[u8], length: usize) -> Option<&'a [u8]> {
    let start = find(bytes, pattern)? + pattern.len();
    bytes.get(start..start + length)
}
