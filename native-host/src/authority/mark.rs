//! By what a root is known again, in a store or in a list.

use std::fmt;

use sha2::{Digest, Sha256};
use x509_parser::parse_x509_certificate;

/// What tells one root from all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    digest: String,
    serial: String,
}

impl Mark {
    /// That of a certificate, DER; with an empty serial number for what is none.
    pub(crate) fn of(der: &[u8]) -> Self {
        let serial = match parse_x509_certificate(der) {
            Ok((_, root)) => data_encoding::HEXLOWER.encode(root.raw_serial()),
            Err(_) => String::new(),
        };
        Self {
            digest: data_encoding::HEXLOWER.encode(&Sha256::digest(der)),
            serial,
        }
    }

    /// Reads what [`fmt::Display`] writes: digest and serial number with a space between.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let (digest, serial) = line.split_once(' ')?;
        let hex = |text: &str| {
            let digit = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
            text.bytes().all(digit).then(|| text.to_owned())
        };
        (digest.len() == 64 && (2..=40).contains(&serial.len())).then_some(())?;
        Some(Self {
            digest: hex(digest)?,
            serial: hex(serial)?,
        })
    }

    /// SHA-256 over its DER: 64 lower-case hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Its serial number: lower-case hexadecimal digits.
    pub fn serial(&self) -> &str {
        &self.serial
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.digest, self.serial)
    }
}
