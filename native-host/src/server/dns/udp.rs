//! Questions in datagrams.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use super::{NameServer, Ready, Way, message::Request};
use crate::tasks;

/// The largest question read; what is longer is cut off, and malformed then.
const MOST_QUESTION: usize = 4096;

impl NameServer {
    /// Answers datagrams at this socket until `stop`.
    ///
    /// A socket bound to the unspecified address answers from whatever address the system picks,
    /// which on a machine with several may not be the one that was asked: bind one socket to each.
    pub(crate) async fn serve_udp(&self, socket: UdpSocket, stop: CancellationToken) {
        let socket = Arc::new(socket);
        let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(16));
        let workers: Vec<_> = (0..workers)
            .map(|_| tasks::spawn(answer(self.clone(), socket.clone(), stop.clone())))
            .collect();
        for worker in workers {
            // One that panicked has said so.
            let _ = worker.await;
        }
    }
}

async fn answer(dns: NameServer, socket: Arc<UdpSocket>, stop: CancellationToken) {
    let mut stopped = std::pin::pin!(stop.cancelled());
    let mut room = vec![0; MOST_QUESTION];
    let mut out = Vec::with_capacity(super::message::MOST_DATAGRAM);
    loop {
        let received = tokio::select! {
            biased;
            () = &mut stopped => return,
            received = socket.recv_from(&mut room) => received,
        };
        let (size, sender) = match received {
            Ok(received) => received,
            Err(error) => {
                // An earlier answer that nobody took (Windows reports that here), or lack of memory.
                tracing::trace!(%error, "no datagram");
                tokio::task::yield_now().await;
                continue;
            }
        };
        let question = &room[..size];
        let asked = Request::parse(question);
        let client = dns.sender(sender.ip().to_canonical(), &asked);
        if dns.admits(&client).is_err() {
            // By TCP whoever was only named as the sender has purses that nobody else empties.
            if dns.send_to_tcp(&asked, &client, &mut out) {
                send(&socket, &out, sender).await;
            }
            continue;
        }
        match dns.at_once(question, &asked, &client, Way::Datagram, &mut out) {
            Ready::Written => send(&socket, &out, sender).await,
            Ready::Silence => {}
            Ready::Lookup => {
                let question: Box<[u8]> = question.into();
                let (dns, socket) = (dns.clone(), socket.clone());
                tokio::spawn(async move {
                    let mut out = Vec::new();
                    if let Ready::Written = dns
                        .look_up(&question, &client, Way::Datagram, &mut out)
                        .await
                    {
                        send(&socket, &out, sender).await;
                    }
                });
            }
        }
    }
}

async fn send(socket: &UdpSocket, answer: &[u8], to: SocketAddr) {
    if let Err(error) = socket.send_to(answer, to).await
        && error.kind() != io::ErrorKind::PermissionDenied
    {
        tracing::debug!(%error, "an answer could not be sent");
    }
}
