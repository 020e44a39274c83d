//! Questions by name and answers in JSON, as Google's and Cloudflare's public resolvers have them.

use std::str::FromStr;

use hickory_proto::{
    op::{Edns, Message, MessageType, OpCode, Query},
    rr::{Name, RecordType},
};
use serde::Serialize;
use simple_dns::Packet;

use crate::zone::{absolute, value_text};

/// What was asked for in a URL.
#[derive(Debug, Default)]
pub(super) struct Question {
    pub(super) name: Option<String>,
    pub(super) qtype: Option<String>,
    pub(super) dnssec_ok: bool,
    pub(super) checking_disabled: bool,
}

/// Whether a flag in a URL is on.
pub(super) fn is_set(value: &str) -> bool {
    matches!(value, "" | "1" | "true")
}

impl Question {
    /// As a DNS message; `None` when name or type can't be.
    pub(super) fn to_message(&self) -> Option<Vec<u8>> {
        let name = self.name.as_deref().filter(|name| !name.is_empty())?;
        let mut name = Name::from_ascii(name).ok()?;
        name.set_fqdn(true);
        let qtype = match self.qtype.as_deref() {
            None | Some("") => RecordType::A,
            Some(text) => match text.parse::<u16>() {
                Ok(code) => RecordType::from(code),
                Err(_) => parse_type(&text.to_ascii_uppercase())?,
            },
        };
        let mut message = Message::new(0, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.metadata.checking_disabled = self.checking_disabled;
        message.add_query(Query::query(name, qtype));
        let mut edns = Edns::new();
        edns.set_dnssec_ok(self.dnssec_ok);
        message.set_edns(edns);
        message.to_vec().ok()
    }
}

fn parse_type(text: &str) -> Option<RecordType> {
    // RFC 3597, section 5: a type by its number.
    if let Some(code) = text.strip_prefix("TYPE") {
        return Some(RecordType::from(code.parse::<u16>().ok()?));
    }
    RecordType::from_str(text).ok()
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    status: u16,
    #[serde(rename = "TC")]
    truncated: bool,
    #[serde(rename = "RD")]
    recursion_desired: bool,
    #[serde(rename = "RA")]
    recursion_available: bool,
    #[serde(rename = "AD")]
    authentic: bool,
    #[serde(rename = "CD")]
    checking_disabled: bool,
    question: Vec<Asked>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    answer: Vec<Record>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authority: Vec<Record>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    additional: Vec<Record>,
    #[serde(rename = "extended_dns_errors", skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Error>,
}

#[derive(Serialize)]
struct Asked {
    name: String,
    r#type: u16,
}

#[derive(Serialize)]
struct Record {
    name: String,
    r#type: u16,
    #[serde(rename = "TTL")]
    ttl: u32,
    data: String,
}

#[derive(Serialize)]
struct Error {
    info_code: u16,
    extra_text: String,
}

/// A DNS answer in JSON; `None` for what is none.
pub(super) fn from_message(bytes: &[u8]) -> Option<String> {
    let packet = Packet::parse(bytes).ok()?;
    let flags = u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]);
    let records = |records: &[simple_dns::ResourceRecord<'_>]| {
        records
            .iter()
            .map(|record| Record {
                name: absolute(&record.name),
                r#type: record.rdata.type_code().into(),
                ttl: record.ttl,
                data: value_text(&record.clone().into_owned()),
            })
            .collect()
    };
    let errors = packet.opt().into_iter().flat_map(|opt| {
        opt.opt_codes
            .iter()
            .filter(|code| code.code == 15)
            .filter_map(|code| {
                let (number, text) = code.data.split_first_chunk()?;
                Some(Error {
                    info_code: u16::from_be_bytes(*number),
                    extra_text: String::from_utf8_lossy(text).into_owned(),
                })
            })
    });
    let answer = Answer {
        status: flags & 0xf,
        truncated: flags & 0x200 != 0,
        recursion_desired: flags & 0x100 != 0,
        recursion_available: flags & 0x80 != 0,
        authentic: flags & 0x20 != 0,
        checking_disabled: flags & 0x10 != 0,
        question: packet
            .questions
            .iter()
            .map(|question| Asked {
                name: absolute(&question.qname),
                r#type: question.qtype.into(),
            })
            .collect(),
        answer: records(&packet.answers),
        authority: records(&packet.name_servers),
        additional: records(&packet.additional_records),
        errors: errors.collect(),
    };
    serde_json::to_string(&answer).ok()
}
