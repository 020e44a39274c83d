//! The words a record is shown with: the presentation format of RFC 1035, section 5.1.

use std::{
    fmt::Write,
    net::{Ipv4Addr, Ipv6Addr},
};

use simple_dns::{
    Name, TYPE,
    rdata::{RData, SVCB, SVCParam, TXT},
};

use crate::packet::Record;

/// The type of a record in words: `A`, `HTTPS`, or `TYPE4711` (RFC 3597, section 5).
pub fn type_name(record: &Record) -> String {
    match record.rdata.type_code() {
        TYPE::Unknown(code) => format!("TYPE{code}"),
        code => format!("{code:?}"),
    }
}

/// The whole name of a record, escaped where needed, without final dot.
pub fn name_text(record: &Record) -> String {
    let mut text = absolute(&record.name);
    if text.len() > 1 {
        text.pop();
    }
    text
}

/// The type of that name, the way [`type_name`] writes it.
pub fn type_of(name: &str) -> Option<TYPE> {
    let name = name.to_ascii_uppercase();
    if let Some(code) = name.strip_prefix("TYPE") {
        return code.parse::<u16>().ok().map(TYPE::from);
    }
    KNOWN.into_iter().find(|code| format!("{code:?}") == name)
}

/// Types that may be written by name.
const KNOWN: [TYPE; 14] = [
    TYPE::A,
    TYPE::AAAA,
    TYPE::CAA,
    TYPE::CNAME,
    TYPE::DNSKEY,
    TYPE::DS,
    TYPE::HTTPS,
    TYPE::MX,
    TYPE::NS,
    TYPE::PTR,
    TYPE::SOA,
    TYPE::SRV,
    TYPE::SVCB,
    TYPE::TXT,
];

/// The data of a record as it would stand in a zone file.
///
/// Everything outside printable ASCII is escaped (`\DDD`), so the text is one line and can't
/// disguise itself; it is still a stranger's text.
pub fn value_text(record: &Record) -> String {
    match &record.rdata {
        RData::A(a) => Ipv4Addr::from(a.address).to_string(),
        RData::AAAA(aaaa) => Ipv6Addr::from(aaaa.address).to_string(),
        RData::CNAME(name) => absolute(&name.0),
        RData::NS(name) => absolute(&name.0),
        RData::PTR(name) => absolute(&name.0),
        RData::MX(mx) => format!("{} {}", mx.preference, absolute(&mx.exchange)),
        RData::SRV(srv) => format!(
            "{} {} {} {}",
            srv.priority,
            srv.weight,
            srv.port,
            absolute(&srv.target)
        ),
        RData::CAA(caa) => format!(
            "{} {} {}",
            caa.flag,
            bare(&caa.tag.to_string()),
            quoted(&caa.value)
        ),
        RData::TXT(txt) => strings(txt),
        RData::HTTPS(https) => service(&https.0),
        RData::SVCB(svcb) => service(svcb),
        RData::NULL(_, null) => generic(null.get_data()),
        RData::SOA(soa) => format!(
            "{} {} {} {} {} {} {}",
            absolute(&soa.mname),
            absolute(&soa.rname),
            soa.serial,
            soa.refresh.cast_unsigned(),
            soa.retry.cast_unsigned(),
            soa.expire.cast_unsigned(),
            soa.minimum
        ),
        // RFC 3597, section 5.
        other => generic(&wire(other)),
    }
}

/// A name as it is shown: ASCII, escaped where needed, with a final dot.
pub(crate) fn absolute(name: &Name<'_>) -> String {
    let mut text = String::new();
    for label in name.get_labels() {
        for byte in label.as_ref() as &[u8] {
            match byte {
                b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$' => {
                    text.push('\\');
                    text.push(char::from(*byte));
                }
                0x21..=0x7e => text.push(char::from(*byte)),
                _ => _ = write!(text, "\\{byte:03}"),
            }
        }
        text.push('.');
    }
    if text.is_empty() {
        text.push('.');
    }
    text
}

fn strings(txt: &TXT<'_>) -> String {
    let mut parts: Vec<_> = txt_strings(txt).iter().map(|part| quoted(part)).collect();
    if parts.is_empty() {
        parts.push("\"\"".to_owned());
    }
    parts.join(" ")
}

/// The character strings of a `TXT` record (RFC 1035, section 3.3.14).
pub(crate) fn txt_strings(txt: &TXT<'_>) -> Vec<Vec<u8>> {
    // `TXT` keeps its strings to itself; its wire format is a length and that many bytes each.
    let wire = wire(&RData::TXT(txt.clone()));
    let mut rest = &wire[..];
    let mut parts = Vec::new();
    while let Some((length, tail)) = rest.split_first() {
        let Some((string, tail)) = tail.split_at_checked(usize::from(*length)) else {
            break;
        };
        parts.push(string.to_vec());
        rest = tail;
    }
    parts
}

/// The data of a record as bytes, with nothing compressed.
fn wire(data: &RData<'_>) -> Vec<u8> {
    let mut packet = simple_dns::Packet::new_reply(0);
    packet.answers.push(simple_dns::ResourceRecord::new(
        Name::new_unchecked("."),
        simple_dns::CLASS::IN,
        0,
        data.clone(),
    ));
    let bytes = packet.build_bytes_vec().unwrap_or_default();
    // Header 12, root name 1, type, class, TTL and length 10.
    bytes.get(23..).unwrap_or_default().to_vec()
}

fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from('"');
    for byte in bytes {
        match byte {
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(*byte));
            }
            0x20..=0x7e => text.push(char::from(*byte)),
            _ => _ = write!(text, "\\{byte:03}"),
        }
    }
    text.push('"');
    text
}

fn bare(text: &str) -> String {
    text.chars()
        .filter(|character| character.is_ascii_graphic())
        .collect()
}

fn generic(bytes: &[u8]) -> String {
    let mut text = format!("\\# {}", bytes.len());
    if !bytes.is_empty() {
        text.push(' ');
    }
    for byte in bytes {
        _ = write!(text, "{byte:02x}");
    }
    text
}

fn service(service: &SVCB<'_>) -> String {
    let mut text = format!("{} {}", service.priority, absolute(&service.target));
    for param in service.iter_params() {
        text.push(' ');
        text.push_str(&param_text(param));
    }
    text
}

fn param_text(param: &SVCParam<'_>) -> String {
    match param {
        SVCParam::Mandatory(keys) => format!(
            "mandatory={}",
            list(keys.iter().map(|key| param_name(*key)))
        ),
        SVCParam::Alpn(names) => format!(
            "alpn={}",
            quoted(list(names.iter().map(ToString::to_string)).as_bytes())
        ),
        SVCParam::NoDefaultAlpn => "no-default-alpn".to_owned(),
        SVCParam::Port(port) => format!("port={port}"),
        SVCParam::Ipv4Hint(hints) => {
            format!(
                "ipv4hint={}",
                list(hints.iter().map(|bits| Ipv4Addr::from(*bits).to_string()))
            )
        }
        SVCParam::Ipv6Hint(hints) => {
            format!(
                "ipv6hint={}",
                list(hints.iter().map(|bits| Ipv6Addr::from(*bits).to_string()))
            )
        }
        SVCParam::Ech(config) => format!("key5={}", quoted(config)),
        SVCParam::InvalidKey => "key65535".to_owned(),
        SVCParam::Unknown(key, value) => format!("key{key}={}", quoted(value)),
    }
}

/// The name of a service parameter (RFC 9460, section 14.3.2).
pub(crate) fn param_name(key: u16) -> String {
    match key {
        0 => "mandatory".to_owned(),
        1 => "alpn".to_owned(),
        2 => "no-default-alpn".to_owned(),
        3 => "port".to_owned(),
        4 => "ipv4hint".to_owned(),
        6 => "ipv6hint".to_owned(),
        other => format!("key{other}"),
    }
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(",")
}
