//! Replies as they leave, as bytes.
//!
//! A [`Reply`] is what follows the question in an answer, written once and kept: whoever asks the
//! same gets the same bytes behind *their* question, spelled as they spelled it, with the times to
//! live aged by the time since. A name compressed into the question stays right, because the
//! question has the same length in every spelling.

use std::time::{Duration, Instant};

use byteorder::{BigEndian, ByteOrder};
use hickory_proto::{
    op::{Message, OpCode, Query, ResponseCode},
    rr::{Name, Record, RecordType},
};

use super::message::{
    CD, HEADER, MOST_DATAGRAM, OPCODE, OPT, OPTION_COOKIE, OPTION_KEEPALIVE, QR, RD, Request,
    Unfit, encoded_len, skip_name,
};

const AA: u16 = 0x0400;
const TC: u16 = 0x0200;
const RA: u16 = 0x0080;
const OPTION_ERROR: u16 = 15;

/// An extended error (RFC 8914).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ExtendedError {
    pub(super) code: u16,
    pub(super) text: &'static str,
}

/// What follows the question in an answer.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    code: u16,
    authoritative: bool,
    counts: [u16; 3],
    body: Vec<u8>,
    /// Where the additional records begin; they may be left out.
    additionals: usize,
    /// Where in the body there are times to live.
    ttls: Vec<u16>,
    least_ttl: u32,
    made: Instant,
    /// Whether the times to live are those of something expired, and don't age.
    still: bool,
    pub(super) error: Option<ExtendedError>,
}

/// What a reply is made of.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) code: ResponseCode,
    pub(super) authoritative: bool,
    pub(super) answers: Vec<Record>,
    pub(super) authorities: Vec<Record>,
    pub(super) additionals: Vec<Record>,
    pub(super) stale: bool,
    pub(super) error: Option<ExtendedError>,
}

impl Reply {
    /// A reply to this question.
    pub(super) fn new(name: Name, qtype: RecordType, parts: Parts) -> Self {
        let code = parts.code;
        let (authoritative, still, error) = (parts.authoritative, parts.stale, parts.error);
        Self::write(name, qtype, parts, Instant::now()).unwrap_or_else(|| Self {
            still,
            authoritative,
            ..Self::bare(
                if code == ResponseCode::NoError {
                    ResponseCode::ServFail
                } else {
                    code
                },
                error,
            )
        })
    }

    /// A code and nothing else.
    pub(super) fn bare(code: ResponseCode, error: Option<ExtendedError>) -> Self {
        Self {
            code: code.into(),
            authoritative: false,
            counts: [0; 3],
            body: Vec::new(),
            additionals: 0,
            ttls: Vec::new(),
            least_ttl: 0,
            made: Instant::now(),
            still: false,
            error,
        }
    }

    fn write(name: Name, qtype: RecordType, parts: Parts, made: Instant) -> Option<Self> {
        let question = HEADER + encoded_len(&name) + 4;
        let mut message = Message::response(0, OpCode::Query);
        message.add_query(Query::query(name, qtype));
        message.answers = parts.answers;
        message.authorities = parts.authorities;
        message.additionals = parts.additionals;
        let bytes = message.to_vec().ok()?;
        let counts = [6, 8, 10].map(|at| BigEndian::read_u16(&bytes[at..]));
        let body = bytes.get(question..)?.to_vec();
        let mut at = question;
        let mut ttls = Vec::new();
        let mut least_ttl = u32::MAX;
        let mut additionals = body.len();
        let total: u16 = counts.iter().sum();
        for index in 0..total {
            if index == counts[0] + counts[1] {
                additionals = at - question;
            }
            let head = skip_name(&bytes, at)?;
            let rest = bytes.get(head..).filter(|rest| rest.len() >= 10)?;
            least_ttl = least_ttl.min(BigEndian::read_u32(&rest[4..]));
            ttls.push(u16::try_from(head + 4 - question).ok()?);
            at = head + 10 + usize::from(BigEndian::read_u16(&rest[8..]));
        }
        Some(Self {
            code: parts.code.into(),
            authoritative: parts.authoritative,
            counts,
            body,
            additionals,
            ttls,
            least_ttl: if total == 0 { 0 } else { least_ttl },
            made,
            still: parts.stale,
            error: parts.error,
        })
    }

    /// The response code, extended.
    pub(super) fn code(&self) -> u16 {
        self.code
    }

    /// Whether it says that something failed.
    pub(super) fn failed(&self) -> bool {
        self.code == u16::from(ResponseCode::ServFail)
    }

    /// The bytes it keeps in memory.
    pub(super) fn size(&self) -> usize {
        self.body.len() + self.ttls.len() * 2 + size_of::<Self>()
    }

    /// How much it has aged since it was made.
    fn age(&self) -> u32 {
        if self.still {
            return 0;
        }
        u32::try_from(self.made.elapsed().as_secs()).unwrap_or(u32::MAX)
    }

    /// The least time to live now.
    pub(super) fn ttl(&self) -> Duration {
        Duration::from_secs(self.least_ttl.saturating_sub(self.age()).into())
    }

    /// Writes the answer to `request` into `out`, which is emptied first. One that takes more than
    /// `limit` bytes leaves out the additional records, then all, and is marked truncated
    /// (RFC 2181, section 9).
    pub(super) fn answer(
        &self,
        request: &Request<'_>,
        limit: usize,
        options: &Options,
        out: &mut Vec<u8>,
    ) {
        let edns = options.size(request.edns.is_some(), self.error);
        let begun = request.question_end;
        let room = limit.saturating_sub(begun + edns);
        let (body, counts, truncated) = if self.body.len() <= room {
            (self.body.len(), self.counts, false)
        } else if self.additionals <= room {
            let [answers, authorities, _] = self.counts;
            (self.additionals, [answers, authorities, 0], false)
        } else {
            (0, [0; 3], true)
        };
        head(
            request,
            Head {
                code: self.code,
                authoritative: self.authoritative,
                truncated,
                recursion: options.recursion,
                counts,
            },
            out,
        );
        out.extend_from_slice(&self.body[..body]);
        let age = self.age();
        if age > 0 {
            for at in self.ttls.iter().map(|at| usize::from(*at)) {
                if at >= body {
                    break;
                }
                let field = &mut out[begun + at..begun + at + 4];
                let ttl = BigEndian::read_u32(field).saturating_sub(age);
                BigEndian::write_u32(field, ttl);
            }
        }
        if let Some(edns) = request.edns {
            options.write(edns.dnssec_ok, self.code, self.error, out);
        }
    }
}

struct Head {
    code: u16,
    authoritative: bool,
    truncated: bool,
    recursion: bool,
    counts: [u16; 3],
}

fn head(request: &Request<'_>, head: Head, out: &mut Vec<u8>) {
    let asked = BigEndian::read_u16(&request.bytes[2..]);
    let mut flags = QR | (asked & (RD | CD)) | (head.code & 0xf);
    for (set, flag) in [
        (head.authoritative, AA),
        (head.truncated, TC),
        (head.recursion, RA),
    ] {
        if set {
            flags |= flag;
        }
    }
    let [answers, authorities, additionals] = head.counts;
    out.clear();
    out.extend_from_slice(&request.bytes[..2]);
    for field in [
        flags,
        1,
        answers,
        authorities,
        additionals + u16::from(request.edns.is_some()),
    ] {
        out.extend_from_slice(&field.to_be_bytes());
    }
    out.extend_from_slice(&request.bytes[HEADER..request.question_end]);
}

/// Writes into `out` that the answer is to be had over TCP: the question and nothing else.
pub(super) fn truncated(request: &Request<'_>, recursion: bool, out: &mut Vec<u8>) {
    head(
        request,
        Head {
            code: ResponseCode::NoError.into(),
            authoritative: false,
            truncated: true,
            recursion,
            counts: [0; 3],
        },
        out,
    );
    if let Some(edns) = request.edns {
        Options::default().write(edns.dnssec_ok, 0, None, out);
    }
}

/// The answer to what is not an ordinary question; `None` where silence is.
pub(super) fn refuse(bytes: &[u8], unfit: Unfit, options: &Options, out: &mut Vec<u8>) -> bool {
    let Unfit::Refused {
        code,
        question_end,
        edns,
    } = unfit
    else {
        return false;
    };
    let asked = BigEndian::read_u16(&bytes[2..]);
    let flags = QR | (asked & (OPCODE | RD | CD)) | (code & 0xf);
    out.clear();
    out.extend_from_slice(&bytes[..2]);
    for field in [
        flags,
        u16::from(question_end > HEADER),
        0,
        0,
        u16::from(edns),
    ] {
        out.extend_from_slice(&field.to_be_bytes());
    }
    out.extend_from_slice(&bytes[HEADER..question_end]);
    if edns {
        options.write(false, code, None, out);
    }
    true
}

/// What is said beside the answer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Options {
    /// Whether names of others are looked up for this client.
    pub(super) recursion: bool,
    /// Client and server cookie (RFC 7873).
    pub(super) cookie: Option<[u8; 24]>,
    /// How long a connection may idle, in tenths of a second (RFC 7828).
    pub(super) keepalive: Option<u16>,
}

impl Options {
    fn size(&self, edns: bool, error: Option<ExtendedError>) -> usize {
        if !edns {
            return 0;
        }
        11 + self.cookie.map_or(0, |cookie| 4 + cookie.len())
            + self.keepalive.map_or(0, |_| 6)
            + error.map_or(0, |error| 6 + error.text.len())
    }

    fn write(&self, dnssec_ok: bool, code: u16, error: Option<ExtendedError>, out: &mut Vec<u8>) {
        let length = self.size(true, error) - 11;
        // Root, OPT, payload, high bits of the code, version, flags, length.
        out.push(0);
        out.extend_from_slice(&OPT.to_be_bytes());
        out.extend_from_slice(&(MOST_DATAGRAM as u16).to_be_bytes());
        out.push((code >> 4) as u8);
        out.push(0);
        // RFC 3225, section 3: the DO bit is copied.
        out.extend_from_slice(&[if dnssec_ok { 0x80 } else { 0 }, 0]);
        out.extend_from_slice(&(length as u16).to_be_bytes());
        let mut option = |code: u16, parts: [&[u8]; 2]| {
            let length = parts[0].len() + parts[1].len();
            out.extend_from_slice(&code.to_be_bytes());
            out.extend_from_slice(&(length as u16).to_be_bytes());
            out.extend_from_slice(parts[0]);
            out.extend_from_slice(parts[1]);
        };
        if let Some(cookie) = &self.cookie {
            option(OPTION_COOKIE, [cookie, &[]]);
        }
        if let Some(tenths) = self.keepalive {
            option(OPTION_KEEPALIVE, [&tenths.to_be_bytes(), &[]]);
        }
        if let Some(error) = error {
            option(
                OPTION_ERROR,
                [&error.code.to_be_bytes(), error.text.as_bytes()],
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use hickory_proto::rr::RData;
    use proptest::prelude::*;

    use super::*;

    fn question(name: &str, edns: bool) -> Vec<u8> {
        let mut message = Message::query();
        message.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
        if edns {
            message.set_edns(hickory_proto::op::Edns::new());
        }
        message.to_vec().unwrap()
    }

    fn reply(name: &str, addresses: u8) -> Reply {
        let name = Name::from_ascii(name).unwrap().to_lowercase();
        let records = (0..addresses).map(|last| {
            let address = Ipv4Addr::new(9, 0, 0, last);
            Record::from_rdata(name.clone(), 300, RData::A(address.into()))
        });
        let parts = Parts {
            answers: records.collect(),
            additionals: vec![Record::from_rdata(
                name.clone(),
                60,
                RData::A(Ipv4Addr::LOCALHOST.into()),
            )],
            ..Parts::default()
        };
        Reply::new(name, RecordType::A, parts)
    }

    fn answer(reply: &Reply, question: &[u8], limit: usize) -> Message {
        let request = Request::parse(question).unwrap();
        let mut out = Vec::new();
        reply.answer(&request, limit, &Options::default(), &mut out);
        assert!(out.len() <= limit);
        Message::from_vec(&out).unwrap()
    }

    #[test]
    fn times_to_live_age_with_the_reply() {
        let mut reply = reply("a.example.", 2);
        reply.made = Instant::now()
            .checked_sub(Duration::from_secs(100))
            .unwrap();
        let aged = answer(&reply, &question("A.Example.", false), 512);
        assert_eq!(aged.answers[1].ttl, 200);
        assert_eq!(aged.additionals[0].ttl, 0);
        assert_eq!(reply.ttl(), Duration::ZERO);
        // Those of something expired stay as they are.
        reply.still = true;
        assert_eq!(
            answer(&reply, &question("a.example.", false), 512).answers[0].ttl,
            300
        );
    }

    #[test]
    fn additional_records_go_before_the_answer_does() {
        let reply = reply("a.example.", 10);
        for edns in [false, true] {
            let question = question("a.example.", edns);
            let [mut whole, mut without, mut truncated] = [0; 3];
            for limit in question.len() + 11..400 {
                let answer = answer(&reply, &question, limit);
                assert_eq!(answer.edns.is_some(), edns);
                match (answer.metadata.truncation, answer.answers.len()) {
                    (true, 0) => truncated += 1,
                    (false, 10) if answer.additionals.is_empty() => without += 1,
                    (false, 10) => whole += 1,
                    other => panic!("{other:?}"),
                }
            }
            assert!(whole > 0 && without == 16 && truncated > 0, "{without}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_for_a_question_is_answered_by_a_message(
            bytes in proptest::collection::vec(any::<u8>(), 0..80),
            flags in 0u8..2,
            name in "[a-zA-Z]{1,20}(\\.[a-zA-Z0-9]{1,20}){0,4}\\.",
            edns: bool,
            at: prop::sample::Index,
            byte: u8,
        ) {
            let mut near = question(&name, edns);
            let at = at.index(near.len());
            near[at] = byte;
            let mut counted = bytes.clone();
            if let Some(head) = counted.get_mut(..12) {
                head.copy_from_slice(&[0, 1, flags, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
            }
            for bytes in [bytes, counted, near] {
                let mut out = Vec::new();
                match Request::parse(&bytes) {
                    Ok(request) => {
                        let reply = Reply::bare(ResponseCode::NoError, None);
                        reply.answer(&request, 512, &Options::default(), &mut out);
                    }
                    Err(unfit) => {
                        if !refuse(&bytes, unfit, &Options::default(), &mut out) {
                            continue;
                        }
                    }
                }
                prop_assert_eq!(&out[..2], &bytes[..2]);
                prop_assert!(Message::from_vec(&out).is_ok(), "{:?}", out);
            }
        }
    }
}
