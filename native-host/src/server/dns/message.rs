//! Questions as they arrive, as bytes.
//!
//! A question is read by hand, for it is a stranger's and read once per datagram: a header, one
//! question, and of the rest only the `OPT` record (RFC 6891).

use byteorder::{BigEndian, ByteOrder};
use hickory_proto::{
    op::ResponseCode,
    rr::Name,
    serialize::binary::{BinDecodable, BinDecoder},
};

use super::cookies::ClientCookie;

/// Bytes of a header (RFC 1035, section 4.1.1).
pub(super) const HEADER: usize = 12;
/// What fits into a datagram for those who don't say more (RFC 1035, section 4.2.1).
pub(super) const LEAST_DATAGRAM: usize = 512;
/// The largest datagram sent, and the one we say we take: it crosses every path unfragmented.
pub(super) const MOST_DATAGRAM: usize = 1232;
/// The longest name with its type, as which answers are remembered.
pub(super) const MAX_QUESTION_KEY: usize = 255 + 2;

pub(super) const OPT: u16 = 41;
pub(super) const QR: u16 = 0x8000;
pub(super) const RD: u16 = 0x0100;
pub(super) const CD: u16 = 0x0010;
pub(super) const OPCODE: u16 = 0x7800;

pub(super) const OPTION_COOKIE: u16 = 10;
pub(super) const OPTION_KEEPALIVE: u16 = 11;

/// Why a message gets no ordinary answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// Not a question at all: silence.
    Ignored,
    /// This code, behind the header, and behind the question where that could be read.
    Refused {
        code: u16,
        question_end: usize,
        edns: bool,
    },
}

/// The `OPT` record of a question (RFC 6891, section 6.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Edns {
    pub(super) payload: u16,
    pub(super) dnssec_ok: bool,
    pub(super) cookie: Option<ClientCookie>,
    /// Whether the client asks how long a connection may idle (RFC 7828).
    pub(super) keepalive: bool,
}

/// A question that can be answered: one name, one type, class IN.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) bytes: &'a [u8],
    /// Where the question ends.
    pub(super) question_end: usize,
    pub(super) edns: Option<Edns>,
}

impl<'a> Request<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Unfit> {
        if bytes.len() < HEADER {
            return Err(Unfit::Ignored);
        }
        let flags = BigEndian::read_u16(&bytes[2..]);
        if flags & QR != 0 {
            return Err(Unfit::Ignored);
        }
        let refused = |code: ResponseCode, question_end| Unfit::Refused {
            code: code.into(),
            question_end,
            edns: false,
        };
        if flags & OPCODE != 0 {
            return Err(refused(ResponseCode::NotImp, HEADER));
        }
        let [questions, answers, authorities, additionals] =
            [4, 6, 8, 10].map(|at| BigEndian::read_u16(&bytes[at..]));
        // RFC 9619: one question. None at all asks for a cookie alone (RFC 7873, section 5.4).
        if questions > 1 {
            return Err(refused(ResponseCode::FormErr, HEADER));
        }
        let mut at = HEADER;
        if questions == 1 {
            at = skip_plain_name(bytes, at)
                .filter(|end| end + 4 <= bytes.len())
                .map(|end| end + 4)
                .ok_or(refused(ResponseCode::FormErr, HEADER))?;
        }
        let question_end = at;
        let malformed = refused(ResponseCode::FormErr, question_end);
        let mut edns = None;
        let mut version = 0;
        let records = u32::from(answers) + u32::from(authorities) + u32::from(additionals);
        for index in 0..records {
            let owner = at;
            let head = skip_name(bytes, at).ok_or(malformed)?;
            let rest = bytes.get(head..).filter(|rest| rest.len() >= 10);
            let rest = rest.ok_or(malformed)?;
            let length = usize::from(BigEndian::read_u16(&rest[8..]));
            let data = rest.get(10..10 + length).ok_or(malformed)?;
            at = head + 10 + length;
            if BigEndian::read_u16(rest) != OPT {
                continue;
            }
            let additional = index >= u32::from(answers) + u32::from(authorities);
            if !additional || bytes[owner] != 0 || edns.is_some() {
                return Err(malformed);
            }
            version = rest[5];
            edns = Some(Edns {
                payload: BigEndian::read_u16(&rest[2..]),
                dnssec_ok: rest[6] & 0x80 != 0,
                ..options(data).ok_or(malformed)?
            });
        }
        if at != bytes.len() {
            return Err(malformed);
        }
        let request = Self {
            bytes,
            question_end,
            edns,
        };
        let refused = |code: ResponseCode| Unfit::Refused {
            code: code.into(),
            question_end,
            edns: edns.is_some(),
        };
        if version > 0 {
            return Err(refused(ResponseCode::BADVERS));
        }
        if questions == 0 {
            let cookie = edns.is_some_and(|edns| edns.cookie.is_some());
            let code = if cookie {
                ResponseCode::NoError
            } else {
                ResponseCode::FormErr
            };
            return Err(refused(code));
        }
        match request.qtype() {
            // RFC 6895, section 3.1: of the types that are for queries alone, only ANY is one here.
            OPT | 128..=254 => return Err(refused(ResponseCode::Refused)),
            _ => {}
        }
        // Class IN, or any.
        if !matches!(request.qclass(), 1 | 255) {
            return Err(refused(ResponseCode::Refused));
        }
        Ok(request)
    }

    /// How many bytes it came in.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn recursion_desired(&self) -> bool {
        BigEndian::read_u16(&self.bytes[2..]) & RD != 0
    }

    fn qclass(&self) -> u16 {
        BigEndian::read_u16(&self.bytes[self.question_end - 2..])
    }

    pub(super) fn qtype(&self) -> u16 {
        BigEndian::read_u16(&self.bytes[self.question_end - 4..])
    }

    /// The name as it was spelled.
    pub(super) fn name(&self) -> Option<Name> {
        let mut decoder = BinDecoder::new(&self.bytes[HEADER..self.question_end]);
        Name::read(&mut decoder).ok()
    }

    /// Name in lower case, and type: what the answer depends on. Returns how much of `room` it took.
    pub(super) fn key<'k>(&self, room: &'k mut [u8; MAX_QUESTION_KEY]) -> &'k [u8] {
        let name = &self.bytes[HEADER..self.question_end - 2];
        let key = &mut room[..name.len()];
        key.copy_from_slice(name);
        let labels = name.len() - 2;
        // Lengths of labels are below 64 and so no letters.
        key[..labels].make_ascii_lowercase();
        key
    }

    /// How large an answer may be that goes by datagram.
    pub(super) fn payload(&self) -> usize {
        self.edns.map_or(LEAST_DATAGRAM, |edns| {
            usize::from(edns.payload).clamp(LEAST_DATAGRAM, MOST_DATAGRAM)
        })
    }
}

/// The bytes of a name in a message, where nothing of it is compressed.
pub(super) fn encoded_len(name: &Name) -> usize {
    name.iter().map(|label| label.len() + 1).sum::<usize>() + 1
}

/// Past a name in which nothing is compressed.
fn skip_plain_name(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        match length {
            0 => return (at - from <= 255).then_some(at),
            1..=63 => {}
            _ => return None,
        }
    }
}

/// Past a name that may end in a pointer.
pub(super) fn skip_name(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let length = usize::from(*bytes.get(at)?);
        match length {
            0 => return Some(at + 1),
            1..=63 => at += 1 + length,
            0xc0.. => return (at + 2 <= bytes.len()).then_some(at + 2),
            _ => return None,
        }
    }
}

/// Reads the options that mean something here; others are ignored (RFC 6891, section 6.1.2).
fn options(mut data: &[u8]) -> Option<Edns> {
    let mut edns = Edns::default();
    while !data.is_empty() {
        if data.len() < 4 {
            return None;
        }
        let length = usize::from(BigEndian::read_u16(&data[2..]));
        let value = data.get(4..4 + length)?;
        match BigEndian::read_u16(data) {
            // RFC 7873, section 5.2.2: a cookie of a wrong length is a format error.
            OPTION_COOKIE => edns.cookie = Some(ClientCookie::parse(value)?),
            OPTION_KEEPALIVE => edns.keepalive = true,
            _ => {}
        }
        data = &data[4 + length..];
    }
    Some(edns)
}

/// The cookie of a message that asks for nothing else (RFC 7873, section 5.4).
pub(super) fn lone_cookie(bytes: &[u8]) -> Option<ClientCookie> {
    if bytes.get(4..6)? != [0, 0] {
        return None;
    }
    // Root, type OPT, then class, time to live and length.
    let data = bytes
        .get(HEADER..)?
        .strip_prefix(&[0, 0, OPT as u8])?
        .get(8..)?;
    options(data)?.cookie
}
