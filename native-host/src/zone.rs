//! Zone text: records as people write them, and as they are shown.
//!
//! People write the master-file format of RFC 1035, section 5, with the names relative to their
//! key:
//!
//! ```text
//! $TTL 300
//! @     A      203.0.113.7
//! www   CNAME  @
//! @     HTTPS  1 . port=8443
//! _note TXT    "hello, world"
//! ```
//!
//! `{external_ipv4}` and `{external_ipv6}` stand for this machine's public addresses, as in the zone
//! files of `pkdns-cli`.
//!
//! A name without a final dot is below the key, except that one which already ends in a key stays
//! as it is: keys are names of the top. Every error says where it is, by line and column. What is
//! read can be shown again by [`type_name`] and [`value_text`], in the same format.

mod read;
mod scan;
mod show;

pub use read::{External, has_variables, parse, parse_with};
pub use scan::{ZoneError, ZoneErrorKind};
pub(crate) use show::{absolute, txt_strings};
pub use show::{name_text, type_name, type_of, value_text};

/// The time to live, in seconds, of records that name none and follow no `$TTL`.
pub const DEFAULT_TTL: u32 = 300;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyPair;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(
            names in proptest::collection::vec("[a-z_*]{1,8}", 1..5),
            texts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..5),
            ttl: u32,
        ) {
            let key = KeyPair::from_secret(&[3; 32]).public();
            let mut records = Vec::new();
            for (name, text) in names.iter().zip(&texts) {
                let mut txt = simple_dns::rdata::TXT::new();
                txt.add_char_string(simple_dns::CharacterString::new(text).unwrap().into_owned());
                let owner = crate::packet::owner_name(name, &key).unwrap();
                records.push(crate::packet::record(owner, ttl >> 1, simple_dns::rdata::RData::TXT(txt)));
            }
            let text: String = records
                .iter()
                .map(|record| format!(
                    "{}. {} {} {}\n",
                    record.name, record.ttl, type_name(record), value_text(record)
                ))
                .collect();
            prop_assert_eq!(parse(&text, &key).unwrap(), records, "{}", text);
        }

        #[test]
        fn any_text_is_survived(text in "[ -~\\n\\t]{0,200}") {
            let key = KeyPair::from_secret(&[3; 32]).public();
            let _ = parse(&text, &key);
        }
    }
}
