//! From bytes to a message.

use std::net::{IpAddr, SocketAddr};

use super::{
    Body, KrpcError, MAX_NODES, MAX_TOKEN, MAX_TRANSACTION, Message, Method, Mutable, Put, Query,
    Response, Want,
};
use crate::dht::{
    bencode::{Kind, Malformed, Reader},
    id::{Id, Node},
};

/// The fields of `a` and `r` together; names mean the same in both.
#[derive(Default)]
struct Fields<'a> {
    id: Option<Id>,
    target: Option<Id>,
    info_hash: Option<Id>,
    want: Want,
    nodes: Option<&'a [u8]>,
    nodes6: Option<&'a [u8]>,
    token: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    key: Option<&'a [u8]>,
    signature: Option<&'a [u8]>,
    salt: Option<&'a [u8]>,
    seq: Option<i64>,
    cas: Option<i64>,
}

impl<'a> Message<'a> {
    /// Reads a datagram. What follows the dictionary is ignored.
    ///
    /// # Errors
    /// [`KrpcError`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, KrpcError> {
        let mut reader = Reader::new(bytes);
        let (mut transaction, mut version, mut ip, mut read_only) = (None, None, None, false);
        let (mut kind, mut method, mut error) = (None, None, None);
        let (mut arguments, mut results) = (None, None);
        reader.enter_dictionary()?;
        while let Some(key) = reader.key()? {
            match key {
                b"t" => transaction = string(&mut reader)?,
                b"v" => version = string(&mut reader)?,
                b"ip" => ip = string(&mut reader)?.and_then(address),
                b"y" => kind = string(&mut reader)?,
                b"q" => method = string(&mut reader)?,
                b"ro" => read_only = number(&mut reader)? == Some(1),
                b"a" => arguments = fields(&mut reader)?,
                b"r" => results = fields(&mut reader)?,
                b"e" => error = refusal(&mut reader)?,
                _ => reader.skip()?,
            }
        }
        let transaction = transaction
            .filter(|id| id.len() <= MAX_TRANSACTION)
            .ok_or(KrpcError::Field("t"))?;
        let body = match kind {
            Some(b"q") => {
                let arguments = arguments.ok_or(KrpcError::Field("a"))?;
                Body::Query(arguments.query(method.ok_or(KrpcError::Field("q"))?)?)
            }
            Some(b"r") => Body::Response(results.ok_or(KrpcError::Field("r"))?.response()?),
            Some(b"e") => {
                let (code, text) = error.ok_or(KrpcError::Field("e"))?;
                Body::Error { code, text }
            }
            _ => return Err(KrpcError::Field("y")),
        };
        Ok(Self {
            transaction,
            version,
            read_only,
            ip,
            body,
        })
    }
}

impl<'a> Fields<'a> {
    fn query(self, method: &'a [u8]) -> Result<Query<'a>, KrpcError> {
        Ok(Query {
            id: self.id.ok_or(KrpcError::Field("id"))?,
            want: self.want,
            method: self.method(method).unwrap_or(Method::Incomplete(method)),
        })
    }

    fn method(&self, method: &'a [u8]) -> Option<Method<'a>> {
        Some(match method {
            b"ping" => Method::Ping,
            b"find_node" => Method::FindNode(self.target?),
            b"get_peers" => Method::GetPeers(self.info_hash?),
            b"get" => Method::Get {
                target: self.target?,
                seq: self.seq,
            },
            b"put" => Method::Put(Put {
                token: self.token?,
                value: self.value?,
                mutable: match self.key {
                    Some(key) => Some(self.mutable(key)?),
                    None => None,
                },
                target: self.target,
            }),
            other => Method::Other(other),
        })
    }

    fn mutable(&self, key: &[u8]) -> Option<Mutable<'a>> {
        Some(Mutable {
            key: key.try_into().ok()?,
            signature: self.signature?.try_into().ok()?,
            seq: self.seq?,
            cas: self.cas,
            salt: self.salt,
        })
    }

    fn response(self) -> Result<Response<'a>, KrpcError> {
        let nodes = match (self.nodes, self.nodes6) {
            (None, None) => None,
            (v4, v6) => {
                let mut nodes = Vec::new();
                nodes.extend(compact::<26>(v4.unwrap_or_default()));
                nodes.extend(compact::<38>(v6.unwrap_or_default()));
                Some(nodes)
            }
        };
        Ok(Response {
            id: self.id.ok_or(KrpcError::Field("id"))?,
            nodes,
            token: self.token.filter(|token| token.len() <= MAX_TOKEN),
            value: self.value,
            key: self.key.and_then(|bytes| bytes.try_into().ok()),
            signature: self.signature.and_then(|bytes| bytes.try_into().ok()),
            seq: self.seq,
        })
    }
}

fn fields<'a>(reader: &mut Reader<'a>) -> Result<Option<Fields<'a>>, Malformed> {
    if reader.kind()? != Kind::Dictionary {
        reader.skip()?;
        return Ok(None);
    }
    let mut fields = Fields::default();
    reader.enter_dictionary()?;
    while let Some(key) = reader.key()? {
        match key {
            b"id" => fields.id = string(reader)?.and_then(Id::from_bytes),
            b"target" => fields.target = string(reader)?.and_then(Id::from_bytes),
            b"info_hash" => fields.info_hash = string(reader)?.and_then(Id::from_bytes),
            b"want" => fields.want = want(reader)?,
            b"nodes" => fields.nodes = string(reader)?,
            b"nodes6" => fields.nodes6 = string(reader)?,
            b"token" => fields.token = string(reader)?,
            b"v" => fields.value = Some(reader.raw()?),
            b"k" => fields.key = string(reader)?,
            b"sig" => fields.signature = string(reader)?,
            b"salt" => fields.salt = string(reader)?,
            b"seq" => fields.seq = number(reader)?,
            b"cas" => fields.cas = number(reader)?,
            _ => reader.skip()?,
        }
    }
    Ok(Some(fields))
}

fn string<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, Malformed> {
    if reader.kind()? == Kind::Bytes {
        return reader.bytes().map(Some);
    }
    reader.skip().map(|()| None)
}

fn number(reader: &mut Reader<'_>) -> Result<Option<i64>, Malformed> {
    if reader.kind()? == Kind::Integer {
        return reader.integer().map(Some);
    }
    reader.skip().map(|()| None)
}

fn want(reader: &mut Reader<'_>) -> Result<Want, Malformed> {
    let mut want = Want::default();
    if reader.kind()? != Kind::List {
        reader.skip()?;
        return Ok(want);
    }
    reader.enter_list()?;
    while reader.has_more()? {
        match string(reader)? {
            Some(b"n4") => want.v4 = true,
            Some(b"n6") => want.v6 = true,
            _ => {}
        }
    }
    Ok(want)
}

fn refusal<'a>(reader: &mut Reader<'a>) -> Result<Option<(i64, &'a [u8])>, Malformed> {
    if reader.kind()? != Kind::List {
        reader.skip()?;
        return Ok(None);
    }
    let (mut code, mut text) = (None, None);
    reader.enter_list()?;
    while reader.has_more()? {
        match reader.kind()? {
            Kind::Integer if code.is_none() => code = number(reader)?,
            Kind::Bytes if text.is_none() => text = string(reader)?,
            _ => reader.skip()?,
        }
    }
    Ok(code.map(|code| (code, text.unwrap_or_default())))
}

/// Nodes in 26 bytes each (BEP 5) or 38 (BEP 32).
fn compact<const SIZE: usize>(bytes: &[u8]) -> impl Iterator<Item = Node> {
    bytes.chunks_exact(SIZE).take(MAX_NODES).filter_map(|node| {
        let (id, at) = node.split_first_chunk()?;
        let address = address(at)?;
        (address.port() != 0).then_some(Node {
            id: Id::new(*id),
            address,
        })
    })
}

/// An address in 6 bytes or in 18.
pub(in crate::dht) fn address(bytes: &[u8]) -> Option<SocketAddr> {
    let (ip, port) = bytes.split_last_chunk::<2>()?;
    let ip = match ip.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(ip).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(ip).ok()?),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes(*port)))
}
