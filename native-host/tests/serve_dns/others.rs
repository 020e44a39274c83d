//! Name servers of others: upstream, or those to whom a key delegates.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use hickory_proto::{
    op::{Message, MessageType, Query, ResponseCode},
    rr::{Name, RData, Record, RecordType},
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, UdpSocket},
};

use super::world::{framed, next};

/// A server that answers with the records it was given, over UDP and TCP.
pub(crate) struct Other {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Query>>>,
}

/// What it says to a question, beside the code.
#[derive(Default, Clone)]
pub(crate) struct Said {
    pub(crate) code: ResponseCode,
    pub(crate) answers: Vec<Record>,
    pub(crate) authorities: Vec<Record>,
    pub(crate) additionals: Vec<Record>,
    /// Whether datagrams are too small for it.
    pub(crate) truncated: bool,
}

impl Said {
    pub(crate) fn records(answers: Vec<Record>) -> Self {
        Self {
            answers,
            ..Self::default()
        }
    }

    pub(crate) fn code(code: ResponseCode) -> Self {
        Self {
            code,
            ..Self::default()
        }
    }
}

pub(crate) fn a(name: &Name, address: [u8; 4]) -> Record {
    Record::from_rdata(name.clone(), 300, RData::A(Ipv4Addr::from(address).into()))
}

pub(crate) fn cname(name: &Name, target: &Name) -> Record {
    let target = hickory_proto::rr::rdata::CNAME(target.clone());
    Record::from_rdata(name.clone(), 300, RData::CNAME(target))
}

impl Other {
    pub(crate) async fn start(
        script: impl Fn(&Name, RecordType) -> Said + Send + Sync + 'static,
    ) -> Self {
        let script = Arc::new(script);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (listener, socket) = loop {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let address = listener.local_addr().unwrap();
            if let Ok(socket) = UdpSocket::bind(address).await {
                break (listener, socket);
            }
        };
        let address = listener.local_addr().unwrap();
        tokio::spawn({
            let (script, asked) = (script.clone(), asked.clone());
            async move {
                let mut room = vec![0; 4096];
                loop {
                    let (size, sender) = socket.recv_from(&mut room).await.unwrap();
                    let answer = answer(&room[..size], true, &*script, &asked);
                    socket.send_to(&answer, sender).await.unwrap();
                }
            }
        });
        tokio::spawn({
            let asked = asked.clone();
            async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    while let Some(question) = next(&mut stream).await {
                        let answer = answer(&question, false, &*script, &asked);
                        stream.write_all(&framed(&answer)).await.unwrap();
                    }
                }
            }
        });
        Self { address, asked }
    }

    /// The names it was asked for.
    pub(crate) fn asked(&self) -> Vec<Name> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|query| query.name().clone()).collect()
    }
}

fn answer(
    bytes: &[u8],
    datagram: bool,
    script: &dyn Fn(&Name, RecordType) -> Said,
    asked: &Mutex<Vec<Query>>,
) -> Vec<u8> {
    let question = Message::from_vec(bytes).unwrap();
    let query = question.queries[0].clone();
    let said = script(query.name(), query.query_type());
    asked.lock().unwrap().push(query);
    let mut message = Message::new(
        question.metadata.id,
        MessageType::Response,
        question.metadata.op_code,
    );
    message.queries = question.queries;
    message.metadata.response_code = said.code;
    message.metadata.recursion_available = true;
    message.metadata.recursion_desired = question.metadata.recursion_desired;
    if datagram && said.truncated {
        message.metadata.truncation = true;
    } else {
        message.answers = said.answers;
        message.authorities = said.authorities;
        message.additionals = said.additionals;
    }
    message.to_vec().unwrap()
}
