//! From a message to bytes.

use std::net::{IpAddr, SocketAddr};

use super::{Body, Message, Method, Query, Response, Want};
use crate::dht::bencode::{write_bytes, write_integer};

impl Message<'_> {
    /// The bytes to send, keys in their order.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Vec::with_capacity(512);
        to.push(b'd');
        let kind: &[u8] = match &self.body {
            Body::Query(query) => {
                to.extend_from_slice(b"1:a");
                query.write(&mut to);
                b"q"
            }
            Body::Error { code, text } => {
                to.extend_from_slice(b"1:el");
                write_integer(&mut to, *code);
                write_bytes(&mut to, text);
                to.push(b'e');
                b"e"
            }
            Body::Response(_) => b"r",
        };
        if let Some(ip) = &self.ip {
            to.extend_from_slice(b"2:ip");
            write_bytes(&mut to, &address_bytes(ip));
        }
        match &self.body {
            Body::Query(query) => {
                to.extend_from_slice(b"1:q");
                write_bytes(&mut to, query.method.name());
            }
            Body::Response(response) => {
                to.extend_from_slice(b"1:r");
                response.write(&mut to);
            }
            Body::Error { .. } => {}
        }
        if self.read_only {
            to.extend_from_slice(b"2:roi1e");
        }
        to.extend_from_slice(b"1:t");
        write_bytes(&mut to, self.transaction);
        if let Some(version) = self.version {
            to.extend_from_slice(b"1:v");
            write_bytes(&mut to, version);
        }
        to.extend_from_slice(b"1:y");
        write_bytes(&mut to, kind);
        to.push(b'e');
        to
    }
}

impl Method<'_> {
    fn name(&self) -> &[u8] {
        match self {
            Self::Ping => b"ping",
            Self::FindNode(_) => b"find_node",
            Self::GetPeers(_) => b"get_peers",
            Self::Get { .. } => b"get",
            Self::Put(_) => b"put",
            Self::Incomplete(name) | Self::Other(name) => name,
        }
    }
}

impl Query<'_> {
    fn write(&self, to: &mut Vec<u8>) {
        let mut put = None;
        let (mut target, mut seq) = (None, None);
        match &self.method {
            Method::FindNode(id) => target = Some(id),
            Method::Get {
                target: id,
                seq: than,
            } => (target, seq) = (Some(id), *than),
            Method::Put(item) => {
                put = Some(item);
                target = item.target.as_ref();
                seq = item.mutable.map(|mutable| mutable.seq);
            }
            Method::Ping | Method::GetPeers(_) | Method::Incomplete(_) | Method::Other(_) => {}
        }
        let mutable = put.and_then(|put| put.mutable.as_ref());
        to.push(b'd');
        integer(to, "cas", mutable.and_then(|mutable| mutable.cas));
        bytes(to, "id", Some(self.id.as_bytes()));
        if let Method::GetPeers(info_hash) = &self.method {
            bytes(to, "info_hash", Some(info_hash.as_bytes()));
        }
        bytes(to, "k", mutable.map(|mutable| &mutable.key[..]));
        bytes(to, "salt", mutable.and_then(|mutable| mutable.salt));
        integer(to, "seq", seq);
        bytes(to, "sig", mutable.map(|mutable| &mutable.signature[..]));
        bytes(to, "target", target.map(|target| &target.as_bytes()[..]));
        bytes(to, "token", put.map(|put| put.token));
        if let Some(put) = put {
            to.extend_from_slice(b"1:v");
            to.extend_from_slice(put.value);
        }
        if self.want != Want::default() {
            to.extend_from_slice(b"4:wantl");
            for (wanted, name) in [(self.want.v4, b"2:n4"), (self.want.v6, b"2:n6")] {
                if wanted {
                    to.extend_from_slice(name);
                }
            }
            to.push(b'e');
        }
        to.push(b'e');
    }
}

impl Response<'_> {
    fn write(&self, to: &mut Vec<u8>) {
        to.push(b'd');
        bytes(to, "id", Some(self.id.as_bytes()));
        bytes(to, "k", self.key.as_ref().map(|key| &key[..]));
        if let Some(nodes) = &self.nodes {
            let (mut v4, mut v6) = (Vec::new(), Vec::new());
            for node in nodes {
                let list = if node.address.is_ipv4() {
                    &mut v4
                } else {
                    &mut v6
                };
                list.extend_from_slice(node.id.as_bytes());
                list.extend(address_bytes(&node.address));
            }
            // Some insist on a list of IPv4 nodes, be it empty.
            bytes(to, "nodes", Some(&v4));
            bytes(to, "nodes6", (!v6.is_empty()).then_some(&v6));
        }
        integer(to, "seq", self.seq);
        bytes(
            to,
            "sig",
            self.signature.as_ref().map(|signature| &signature[..]),
        );
        bytes(to, "token", self.token);
        if let Some(value) = self.value {
            to.extend_from_slice(b"1:v");
            to.extend_from_slice(value);
        }
        to.push(b'e');
    }
}

fn bytes(to: &mut Vec<u8>, key: &str, value: Option<&[u8]>) {
    if let Some(value) = value {
        write_bytes(to, key.as_bytes());
        write_bytes(to, value);
    }
}

fn integer(to: &mut Vec<u8>, key: &str, value: Option<i64>) {
    if let Some(value) = value {
        write_bytes(to, key.as_bytes());
        write_integer(to, value);
    }
}

/// An address in its 6 bytes or 18.
pub(in crate::dht) fn address_bytes(address: &SocketAddr) -> Vec<u8> {
    let mut bytes = match address.ip() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    bytes.extend_from_slice(&address.port().to_be_bytes());
    bytes
}
