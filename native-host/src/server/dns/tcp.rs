//! Questions in streams (RFC 7766): any number on one connection, answered as soon as each can be,
//! in whatever order that is.

use std::{sync::Arc, time::Duration};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{Dns, NameServer, Ready, Way, message::Request};
use crate::{connections::Slots, server::limits::Client, tasks};

/// The largest question read; who sends a longer one is hung up on.
const MOST_QUESTION: usize = 4096;
/// How many answers may wait to be taken.
const WAITING: usize = 64;
/// How many bytes of them are written at a time.
const MOST_WRITTEN: usize = 64 << 10;

/// How many lookups may be under way for one connection.
const PIPELINE: usize = 32;

/// How much one may ask of the stream side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpLimits {
    /// Connections at a time.
    pub(crate) connections: usize,
    /// Of these from one place.
    pub(crate) per_place: usize,
    /// How long a connection may be without a whole question, and a client without taking answers.
    pub(crate) idle: Duration,
}

impl From<&Dns> for TcpLimits {
    fn from(config: &Dns) -> Self {
        Self {
            connections: config.tcp_connections.count().min(Semaphore::MAX_PERMITS),
            per_place: config.tcp_connections_per_address.count(),
            idle: config.tcp_idle_seconds.seconds(),
        }
    }
}

impl NameServer {
    /// Answers streams at this listener until `stop`. Questions that were read by then are answered.
    pub(crate) async fn serve_tcp(
        &self,
        listener: TcpListener,
        limits: TcpLimits,
        stop: CancellationToken,
    ) {
        let open = Arc::new(Semaphore::new(limits.connections));
        let slots = Slots::new(limits.per_place);
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::debug!(%error, "no connection");
                    // Out of files, say: others must end first.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let address = peer.ip().to_canonical();
            let (Ok(permit), Some(slot)) = (open.clone().try_acquire_owned(), slots.take(address))
            else {
                tracing::debug!(%address, "too many connections");
                continue;
            };
            let _ = stream.set_nodelay(true);
            let (dns, stop) = (self.clone(), stop.clone());
            let client = self.client(address);
            tasks::spawn(async move {
                converse(dns, stream, client, limits.idle, stop).await;
                drop((permit, slot));
            });
        }
        // All places are free when all conversations have ended.
        let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
        let _ = timeout(limits.idle, open.acquire_many(all)).await;
    }
}

async fn converse(
    dns: NameServer,
    stream: TcpStream,
    client: Client,
    idle: Duration,
    stop: CancellationToken,
) {
    let (reader, writer) = tokio::io::split(stream);
    let (answers, waiting) = mpsc::channel(WAITING);
    let writer = tasks::spawn(write(writer, waiting, idle));
    read(dns, reader, client, idle, stop, answers).await;
    // It ends when the last lookup has given its answer.
    let _ = writer.await;
}

async fn read(
    dns: NameServer,
    mut reader: ReadHalf<TcpStream>,
    client: Client,
    idle: Duration,
    stop: CancellationToken,
    answers: mpsc::Sender<Vec<u8>>,
) {
    let pipeline = Arc::new(Semaphore::new(PIPELINE));
    let mut buffer = BytesMut::with_capacity(MOST_QUESTION);
    let tenths = u16::try_from(idle.as_millis() / 100).unwrap_or(u16::MAX);
    let way = Way::Stream(tenths);
    let mut deadline = Instant::now() + idle;
    loop {
        while let Some(question) = match frame(&mut buffer) {
            Ok(question) => question,
            Err(TooLong) => return,
        } {
            deadline = Instant::now() + idle;
            if dns.admits(&client).is_err() {
                return;
            }
            let mut out = Vec::new();
            let asked = Request::parse(&question);
            match dns.at_once(&question, &asked, &client, way, &mut out) {
                Ready::Written => {
                    if answers.send(out).await.is_err() {
                        return;
                    }
                }
                Ready::Silence => return,
                Ready::Lookup => {
                    let Ok(permit) = pipeline.clone().acquire_owned().await else {
                        return;
                    };
                    let (dns, answers, client) = (dns.clone(), answers.clone(), client.clone());
                    tokio::spawn(async move {
                        let written = dns.look_up(&question, &client, way, &mut out).await;
                        if let Ready::Written = written {
                            let _ = answers.send(out).await;
                        }
                        drop(permit);
                    });
                }
            }
        }
        let read = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            read = timeout_at(deadline, reader.read_buf(&mut buffer)) => read,
        };
        match read {
            Ok(Ok(0) | Err(_)) => return,
            Ok(Ok(_)) => {}
            Err(_) => {
                // RFC 7766, section 6.2.3: it isn't idle while answers are owed.
                if pipeline.available_permits() == PIPELINE || !buffer.is_empty() {
                    return;
                }
                deadline = Instant::now() + idle;
            }
        }
    }
}

struct TooLong;

/// Takes a whole question, if there is one.
fn frame(buffer: &mut BytesMut) -> Result<Option<BytesMut>, TooLong> {
    let Some(length) = buffer.first_chunk::<2>() else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes(*length));
    if length > MOST_QUESTION {
        return Err(TooLong);
    }
    if buffer.len() < 2 + length {
        return Ok(None);
    }
    buffer.advance(2);
    Ok(Some(buffer.split_to(length)))
}

async fn write(
    mut writer: WriteHalf<TcpStream>,
    mut waiting: mpsc::Receiver<Vec<u8>>,
    idle: Duration,
) {
    let mut bytes = Vec::new();
    while let Some(first) = waiting.recv().await {
        bytes.clear();
        let mut next = Some(first);
        // RFC 7766, section 8: length and message go together, and so may several.
        while let Some(answer) = next {
            let Ok(length) = u16::try_from(answer.len()) else {
                return;
            };
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(&answer);
            next = if bytes.len() < MOST_WRITTEN {
                waiting.try_recv().ok()
            } else {
                None
            };
        }
        match timeout(idle, writer.write_all(&bytes)).await {
            Ok(Ok(())) => {}
            _ => return,
        }
    }
    let _ = writer.shutdown().await;
}
