//! Reading zone text.

use std::net::{Ipv4Addr, Ipv6Addr};

use simple_dns::{
    Name,
    rdata::{A, AAAA, CAA, CNAME, HTTPS, MX, NS, PTR, RData, SRV, SVCB, SVCParam, TXT},
};

use super::{
    DEFAULT_TTL,
    scan::{Entry, Token, Words, ZoneError, ZoneErrorKind, entries},
    show::param_name,
};
use crate::{
    key::{KeyHost, PublicKey},
    packet::{Record, owner_name, record},
};

const EXTERNAL_V4: &str = "{external_ipv4}";
const EXTERNAL_V6: &str = "{external_ipv6}";

/// This machine's public addresses, for `{external_ipv4}` and `{external_ipv6}` in zone text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct External {
    /// The IPv4 address, where it is known.
    pub v4: Option<Ipv4Addr>,
    /// The IPv6 address, where it is known.
    pub v6: Option<Ipv6Addr>,
}

/// Whether zone text has variables, so that it can mean something else another time.
pub fn has_variables(text: &str) -> bool {
    [EXTERNAL_V4, EXTERNAL_V6]
        .iter()
        .any(|name| text.contains(name))
}

/// Reads records under `key`, without variables.
///
/// # Errors
/// [`ZoneError`] for the first mistake, with its place.
pub fn parse(text: &str, key: &PublicKey) -> Result<Vec<Record>, ZoneError> {
    parse_with(text, key, &External::default())
}

/// Reads records under `key`; variables stand for these addresses.
///
/// # Errors
/// [`ZoneError`] for the first mistake, with its place; a variable whose address is not known is
/// one.
pub fn parse_with(
    text: &str,
    key: &PublicKey,
    external: &External,
) -> Result<Vec<Record>, ZoneError> {
    let mut reader = Reader {
        key,
        external,
        origin: key.to_string(),
        ttl: DEFAULT_TTL,
        owner: None,
    };
    let mut records = Vec::new();
    for entry in entries(text)? {
        if let Some(record) = reader.entry(entry)? {
            records.push(record);
        }
    }
    Ok(records)
}

struct Reader<'a> {
    key: &'a PublicKey,
    external: &'a External,
    /// What relative names are below, without final dot.
    origin: String,
    ttl: u32,
    owner: Option<Name<'static>>,
}

impl Reader<'_> {
    fn entry(&mut self, entry: Entry) -> Result<Option<Record>, ZoneError> {
        let mut words = Words::new(entry.tokens);
        let Some(first) = words.peek().cloned() else {
            return Ok(None);
        };
        if !entry.indented && !first.quoted && first.text.starts_with('$') {
            words.next("a directive")?;
            self.directive(&first, &mut words)?;
            words.end()?;
            return Ok(None);
        }
        if !entry.indented {
            let name = words.next("a name")?;
            self.owner = Some(self.owner_of(&name)?);
        }
        let owner = self
            .owner
            .clone()
            .ok_or_else(|| first.error(ZoneErrorKind::NoOwner))?;
        let mut ttl = self.ttl;
        // TTL and class are optional and come in either order.
        for _ in 0..2 {
            let Some(word) = words.peek() else { break };
            if let Some(seconds) = duration(&word.text) {
                ttl = seconds;
            } else if matches!(word.text.to_ascii_uppercase().as_str(), "CH" | "HS" | "CS") {
                return Err(word.error(ZoneErrorKind::Class(word.text.clone())));
            } else if !word.text.eq_ignore_ascii_case("IN") {
                break;
            }
            words.next("a type")?;
        }
        let kind = words.next("the type of the record")?;
        let rdata = self.rdata(&kind, &mut words)?;
        words.end()?;
        Ok(Some(record(owner, ttl, rdata)))
    }

    fn directive(&mut self, name: &Token, words: &mut Words) -> Result<(), ZoneError> {
        match name.text.to_ascii_uppercase().as_str() {
            "$TTL" => {
                let word = words.next("a time in seconds")?;
                self.ttl = duration(&word.text)
                    .ok_or_else(|| word.unlike("a time such as 300, 5m or 1d"))?;
            }
            "$ORIGIN" => {
                let word = words.next("a name")?;
                self.origin = self
                    .owner_of(&word)?
                    .to_string()
                    .trim_end_matches('.')
                    .to_owned();
            }
            _ => return Err(name.error(ZoneErrorKind::Directive(name.text.clone()))),
        }
        Ok(())
    }

    /// The name of a record: relative to the origin, always below the key.
    fn owner_of(&self, word: &Token) -> Result<Name<'static>, ZoneError> {
        let bad = || word.error(ZoneErrorKind::Name(word.text.clone()));
        let name = match word.text.as_str() {
            "@" => self.origin.clone(),
            "." | "" => self.key.to_string(),
            text if text.ends_with('.') || self.ends_in_key(text) => text.to_owned(),
            text => format!("{text}.{}", self.origin),
        };
        owner_name(&name, self.key).map_err(|_| bad())
    }

    fn ends_in_key(&self, text: &str) -> bool {
        text.rsplit('.')
            .next()
            .is_some_and(|label| label.eq_ignore_ascii_case(&self.key.to_string()))
    }

    /// A name in the data of a record: relative to the origin unless it ends in a dot or a key.
    fn target(&self, word: &Token) -> Result<Name<'static>, ZoneError> {
        let text = match word.text.as_str() {
            "@" => self.origin.clone(),
            text if text.ends_with('.') || KeyHost::parse(text).is_ok() => text.to_owned(),
            text => format!("{text}.{}", self.origin),
        };
        Name::new(&text)
            .map(Name::into_owned)
            .map_err(|_| word.error(ZoneErrorKind::Name(word.text.clone())))
    }

    fn rdata(&self, kind: &Token, words: &mut Words) -> Result<RData<'static>, ZoneError> {
        Ok(match kind.text.to_ascii_uppercase().as_str() {
            "A" => {
                let word = words.next("an address")?;
                let address = match word.text.as_str() {
                    EXTERNAL_V4 => self.external.v4.ok_or_else(|| unknown(&word))?,
                    _ => word.value::<Ipv4Addr>("an IPv4 address")?,
                };
                RData::A(A {
                    address: address.into(),
                })
            }
            "AAAA" => {
                let word = words.next("an address")?;
                let address = match word.text.as_str() {
                    EXTERNAL_V6 => self.external.v6.ok_or_else(|| unknown(&word))?,
                    _ => word.value::<Ipv6Addr>("an IPv6 address")?,
                };
                RData::AAAA(AAAA {
                    address: address.into(),
                })
            }
            "CNAME" => RData::CNAME(CNAME(self.target(&words.next("a name")?)?)),
            "NS" => RData::NS(NS(self.target(&words.next("a name")?)?)),
            "PTR" => RData::PTR(PTR(self.target(&words.next("a name")?)?)),
            "TXT" => {
                let mut txt = TXT::new();
                txt.add_char_string(words.next("a text")?.string()?);
                while words.peek().is_some() {
                    txt.add_char_string(words.next("a text")?.string()?);
                }
                RData::TXT(txt)
            }
            "MX" => RData::MX(MX {
                preference: words.next("a preference")?.value("a number up to 65535")?,
                exchange: self.target(&words.next("a name")?)?,
            }),
            "SRV" => RData::SRV(SRV {
                priority: words.next("a priority")?.value("a number up to 65535")?,
                weight: words.next("a weight")?.value("a number up to 65535")?,
                port: words.next("a port")?.value("a port")?,
                target: self.target(&words.next("a name")?)?,
            }),
            "CAA" => RData::CAA(CAA {
                flag: words.next("a flag")?.value("a number up to 255")?,
                tag: words.next("a tag")?.string()?,
                value: words.next("a value")?.bytes()?.into(),
            }),
            "HTTPS" => RData::HTTPS(HTTPS(self.service(words)?)),
            "SVCB" => RData::SVCB(self.service(words)?),
            _ => return Err(kind.error(ZoneErrorKind::Type(kind.text.clone()))),
        })
    }

    fn service(&self, words: &mut Words) -> Result<SVCB<'static>, ZoneError> {
        let priority = words.next("a priority")?.value("a number up to 65535")?;
        let target = words.next("a target")?;
        let target = match target.text.as_str() {
            "." => Name::new_with_labels(&[]),
            _ => self.target(&target)?,
        };
        let mut service = SVCB::new(priority, target);
        while words.peek().is_some() {
            service.set_param(param(&words.next("a parameter")?)?);
        }
        Ok(service)
    }
}

fn unknown(variable: &Token) -> ZoneError {
    variable.error(ZoneErrorKind::Unknown(variable.text.clone()))
}

/// A service parameter such as `port=8443` (RFC 9460, section 2.1).
fn param(word: &Token) -> Result<SVCParam<'static>, ZoneError> {
    let (name, value) = word.text.split_once('=').unwrap_or((&word.text, ""));
    let part = |text: &str| Token {
        text: text.to_owned(),
        ..word.clone()
    };
    let parts = || {
        value
            .split(',')
            .filter(|text| !text.is_empty())
            .map(part)
            .collect::<Vec<_>>()
    };
    let name = name.to_ascii_lowercase();
    Ok(match name.as_str() {
        "mandatory" => SVCParam::Mandatory(
            parts()
                .iter()
                .map(|part| param_key(&part.text).ok_or_else(|| part.unlike("a parameter")))
                .collect::<Result<_, _>>()?,
        ),
        "alpn" => SVCParam::Alpn(
            parts()
                .iter()
                .map(Token::string)
                .collect::<Result<_, _>>()?,
        ),
        "no-default-alpn" => SVCParam::NoDefaultAlpn,
        "port" => SVCParam::Port(part(value).value("a port")?),
        "ipv4hint" => SVCParam::Ipv4Hint(
            parts()
                .iter()
                .map(|part| part.value::<Ipv4Addr>("an IPv4 address").map(Into::into))
                .collect::<Result<_, _>>()?,
        ),
        "ipv6hint" => SVCParam::Ipv6Hint(
            parts()
                .iter()
                .map(|part| part.value::<Ipv6Addr>("an IPv6 address").map(Into::into))
                .collect::<Result<_, _>>()?,
        ),
        _ => match param_key(&name) {
            Some(key) => SVCParam::Unknown(key, part(value).bytes()?.into()),
            None => return Err(word.unlike("a parameter such as port=8443 or key667=value")),
        },
    })
}

/// The number of a service parameter by its name.
fn param_key(name: &str) -> Option<u16> {
    (0..=6)
        .find(|key| param_name(*key) == name)
        .or_else(|| name.strip_prefix("key")?.parse().ok())
}

/// A time in seconds: `300`, `5m`, `1h30m`, `1d`, `2w`.
fn duration(text: &str) -> Option<u32> {
    let mut total: u32 = 0;
    let mut number: Option<u32> = None;
    for character in text.chars() {
        let unit = match character.to_ascii_lowercase() {
            digit @ '0'..='9' => {
                let digit = digit.to_digit(10)?;
                number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit)?);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    if text.is_empty() {
        return None;
    }
    total.checked_add(number.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::KeyPair,
        zone::{type_name, value_text},
    };

    fn key() -> PublicKey {
        KeyPair::from_secret(&[3; 32]).public()
    }

    /// Records in short, the key written as K.
    fn read(text: &str) -> Vec<String> {
        let k = key().to_string();
        parse(&text.replace('K', &k), &key())
            .unwrap()
            .iter()
            .map(|record| {
                format!(
                    "{} {} {} {}",
                    record.name,
                    record.ttl,
                    type_name(record),
                    value_text(record)
                )
                .replace(&k, "K")
            })
            .collect()
    }

    #[track_caller]
    fn refuses(text: &str, line: usize, column: usize, message: &str) {
        let error = parse(text, &key()).unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }

    #[test]
    fn every_type_is_read_and_shown_alike() {
        let text = "\
$TTL 1h
@ A 203.0.113.7
@ 60 IN AAAA 2001:db8::1
www IN 60 CNAME K.
ext CNAME example.com.
@ NS ns1.example.com.
@ MX 10 mail
_x._tcp SRV 1 2 3 www
@ CAA 0 issue \"ca.example\"
@ TXT \"a b\" c \"q\\\"\\\\\\255\"
@ HTTPS 1 . alpn=\"h2,h3\" port=8443 ipv4hint=1.2.3.4,5.6.7.8 ipv6hint=2001:db8::2
s SVCB 0 other.K.
@ HTTPS 2 K. mandatory=port,key667 port=1 key667=\"x\\001\" no-default-alpn
";
        assert_eq!(
            read(text),
            [
                "K 3600 A 203.0.113.7",
                "K 60 AAAA 2001:db8::1",
                "www.K 60 CNAME K.",
                "ext.K 3600 CNAME example.com.",
                "K 3600 NS ns1.example.com.",
                "K 3600 MX 10 mail.K.",
                "_x._tcp.K 3600 SRV 1 2 3 www.K.",
                "K 3600 CAA 0 issue \"ca.example\"",
                "K 3600 TXT \"a b\" \"c\" \"q\\\"\\\\\\255\"",
                "K 3600 HTTPS 1 . alpn=\"h2,h3\" port=8443 ipv4hint=1.2.3.4,5.6.7.8 ipv6hint=2001:db8::2",
                "s.K 3600 SVCB 0 other.K.",
                "K 3600 HTTPS 2 K. mandatory=port,key667 no-default-alpn port=1 key667=\"x\\001\"",
            ]
        );
    }

    #[test]
    fn layout_is_free() {
        let text = "\
; a comment
@ TXT ( \"one\" ; inside
        \"two\" )
  A 1.2.3.4
$ORIGIN sub
a A 1.1.1.1
@ A 2.2.2.2
b.K A 3.3.3.3
\r
";
        assert_eq!(
            read(text),
            [
                "K 300 TXT \"one\" \"two\"",
                "K 300 A 1.2.3.4",
                "a.sub.K 300 A 1.1.1.1",
                "sub.K 300 A 2.2.2.2",
                "b.K 300 A 3.3.3.3",
            ]
        );
        assert!(read("").is_empty());
    }

    #[test]
    fn variables_stand_for_this_machine() {
        let text = "@ A {external_ipv4}\n@ AAAA {external_ipv6}";
        assert!(has_variables(text));
        assert!(!has_variables("@ A 1.2.3.4"));
        let external = External {
            v4: Some([9, 8, 7, 6].into()),
            v6: Some("2001:db8::7".parse().unwrap()),
        };
        let records = parse_with(text, &key(), &external).unwrap();
        let values: Vec<_> = records.iter().map(value_text).collect();
        assert_eq!(values, ["9.8.7.6", "2001:db8::7"]);
        refuses(text, 1, 5, "{external_ipv4} is not known");
    }

    #[test]
    fn times() {
        for (text, seconds) in [
            ("0", 0),
            ("300", 300),
            ("5m", 300),
            ("1h30m", 5400),
            ("1w", 604_800),
        ] {
            assert_eq!(duration(text), Some(seconds));
        }
        for text in ["", "m", "5x", "A", "99999999999"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn errors_say_where() {
        refuses("@ A 1.2.3", 1, 5, "\"1.2.3\" is not an IPv4 address");
        refuses("\n@ 300 BOGUS x", 2, 7, "\"BOGUS\" is not a record type");
        refuses("@ A", 1, 4, "an address is missing");
        refuses("@ A 1.2.3.4 5", 1, 13, "\"5\" is too much");
        refuses("  A 1.2.3.4", 1, 3, "repeats the name before it");
        refuses("@ TXT \"abc", 1, 7, "\" is not closed");
        refuses("@ TXT ( a\n", 1, 7, "( is not closed");
        refuses("@ TXT a )", 1, 9, "no (");
        refuses("@ TXT a\\", 1, 7, "three digits");
        refuses("@ TXT \\999", 1, 7, "three digits");
        refuses("$INCLUDE x", 1, 1, "$INCLUDE is not supported");
        refuses("@ CH A 1.2.3.4", 1, 3, "class CH");
        refuses("@ HTTPS 1 . port=x", 1, 13, "not a port");
        refuses("@ HTTPS 1 . what=x", 1, 13, "not a parameter");
        refuses(
            &format!("{} A 1.2.3.4", "x".repeat(64)),
            1,
            1,
            "not a domain name",
        );
    }
}
