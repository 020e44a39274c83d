//! Asking the name servers to which a key's records delegate.
//!
//! They are whoever a stranger named, so they are asked as little as can be, on public addresses
//! only, and believed only for names at and below the delegated one. Each question has a port and a
//! number of its own, and an answer counts only from the address asked, with that number and that
//! question.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use hickory_proto::{
    op::{Edns, Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RData, Record, RecordType},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

use super::{forward::in_order, message::MOST_DATAGRAM};

/// How long one server may take.
const TIME: Duration = Duration::from_millis(1000);
/// How many servers are asked.
pub(super) const MAX_SERVERS: usize = 4;
/// How often one server may send on to others.
pub(super) const MAX_REFERRALS: usize = 3;
/// How many records are taken over.
const MAX_RECORDS: usize = 64;
/// How many names of servers without an address beside them are looked up for one question.
pub(super) const MAX_GLUELESS: usize = 2;

/// How long an answer may be, in bytes. We offer less by datagram, and a stranger's is kept in memory
/// and sent to others.
const MOST_ANSWER: usize = 4096;

/// What the servers say.
#[derive(Debug)]
pub(super) enum Told {
    Records(Vec<Record>),
    Negative {
        code: ResponseCode,
        soa: Option<Record>,
    },
    /// Others know: from which name on, who, and their addresses as far as they were told.
    Referral {
        cut: Name,
        servers: Vec<Name>,
        glue: Vec<IpAddr>,
    },
    Nothing,
}

/// Asks the servers one after another until one answers.
pub(super) async fn ask(
    servers: &[SocketAddr],
    cut: &Name,
    name: &Name,
    qtype: RecordType,
) -> Told {
    for server in servers.iter().take(MAX_SERVERS) {
        let Ok(Some(message)) = timeout(TIME, exchange(*server, name, qtype)).await else {
            continue;
        };
        match read(message, cut, name, qtype) {
            Told::Nothing => {}
            told => return told,
        }
    }
    Told::Nothing
}

fn read(message: Message, cut: &Name, name: &Name, qtype: RecordType) -> Told {
    let code = message.metadata.response_code;
    if !matches!(code, ResponseCode::NoError | ResponseCode::NXDomain) {
        return Told::Nothing;
    }
    let within: Vec<Record> = message
        .answers
        .into_iter()
        .filter(|record| cut.zone_of(&record.name))
        .take(MAX_RECORDS)
        .collect();
    let records = in_order(name, qtype, &within);
    if !records.is_empty() {
        return Told::Records(records);
    }
    let authorities = || {
        message
            .authorities
            .iter()
            .filter(|record| cut.zone_of(&record.name) && record.name.zone_of(name))
    };
    let soa = authorities()
        .find(|record| matches!(record.data, RData::SOA(_)))
        .cloned();
    if code == ResponseCode::NXDomain || soa.is_some() || message.metadata.authoritative {
        return Told::Negative { code, soa };
    }
    // Only downwards, or it would never end.
    let below = authorities().find_map(|record| match &record.data {
        RData::NS(_) if record.name != *cut => Some(record.name.clone()),
        _ => None,
    });
    let Some(below) = below else {
        return Told::Nothing;
    };
    let servers: Vec<Name> = authorities()
        .filter(|record| record.name == below)
        .filter_map(|record| match &record.data {
            RData::NS(server) => Some(server.0.clone()),
            _ => None,
        })
        .take(MAX_SERVERS)
        .collect();
    let glue = message
        .additionals
        .iter()
        .filter(|record| cut.zone_of(&record.name) && servers.contains(&record.name))
        .filter_map(|record| record.data.ip_addr())
        .take(MAX_SERVERS)
        .collect();
    Told::Referral {
        cut: below,
        servers,
        glue,
    }
}

async fn exchange(server: SocketAddr, name: &Name, qtype: RecordType) -> Option<Message> {
    let mut question = Message::new(random_id()?, MessageType::Query, OpCode::Query);
    question.add_query(Query::query(name.clone(), qtype));
    let mut edns = Edns::new();
    edns.set_max_payload(MOST_DATAGRAM as u16);
    question.set_edns(edns);
    let bytes = question.to_vec().ok()?;

    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await.ok()?;
    // Connected, the system drops what comes from elsewhere.
    socket.connect(server).await.ok()?;
    socket.send(&bytes).await.ok()?;
    let mut room = vec![0; MOST_ANSWER];
    loop {
        let size = socket.recv(&mut room).await.ok()?;
        let Some(answer) = fitting(&question, &room[..size]) else {
            continue;
        };
        if answer.metadata.truncation {
            return by_stream(server, &question, &bytes).await;
        }
        return Some(answer);
    }
}

async fn by_stream(server: SocketAddr, question: &Message, bytes: &[u8]) -> Option<Message> {
    let mut stream = TcpStream::connect(server).await.ok()?;
    let mut framed = u16::try_from(bytes.len()).ok()?.to_be_bytes().to_vec();
    framed.extend_from_slice(bytes);
    stream.write_all(&framed).await.ok()?;
    let size = usize::from(stream.read_u16().await.ok()?);
    if size > MOST_ANSWER {
        return None;
    }
    let mut room = vec![0; size];
    stream.read_exact(&mut room).await.ok()?;
    fitting(question, &room)
}

/// The message, if it is the answer to this question.
fn fitting(question: &Message, bytes: &[u8]) -> Option<Message> {
    let answer = Message::from_vec(bytes).ok()?;
    let fits = answer.metadata.message_type == MessageType::Response
        && answer.metadata.id == question.metadata.id
        && answer.queries == question.queries;
    fits.then_some(answer)
}

fn random_id() -> Option<u16> {
    let mut id = [0; 2];
    getrandom::fill(&mut id).ok()?;
    Some(u16::from_ne_bytes(id))
}
