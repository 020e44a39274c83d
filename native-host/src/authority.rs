//! A certificate authority of this machine’s own, for keys alone.
//!
//! Browsers take `https://` only with a certificate, and nobody hands out certificates for keys.
//! So the machine makes a root itself, which people can have their browsers trust, and the gateway
//! makes a certificate for each key host with it. The key of such a root would be worth stealing
//! if it could vouch for a bank. This one can’t: it excludes every name of the ICANN root, every
//! local name and every address (see `constraints`), signs end entities only, and ends after a
//! year.
//!
//! [`Roots`] keeps the root in a folder that all processes of a user share; [`Authority`] is the
//! root itself, which makes [leaves](Authority::leaf).

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use data_encoding::HEXUPPER;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair as CertificateKey, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
    SerialNumber,
};
use rustls::{
    crypto::ring::sign::any_ecdsa_type,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use x509_parser::parse_x509_certificate;
use zeroize::Zeroizing;

use crate::{
    key::{KeyHost, KeyPair},
    recent::Recent,
};

mod constraints;
mod folder;
mod mark;

pub use folder::{RootChange, Roots};
pub use mark::Mark;

/// How the subject of every root begins.
pub(crate) const SUBJECT: &str = "pkarr on this computer";
/// RFC 7468, section 5.
const CERTIFICATE_START: &str = "-----BEGIN CERTIFICATE-----";
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a root is valid. A name of the DNS that is delegated later is open to it until then.
const ROOT_LIFE: Duration = DAY.saturating_mul(365);
/// How long before its end a root is replaced.
const RENEWAL: Duration = DAY.saturating_mul(30);
/// How long a leaf is valid.
const LEAF_LIFE: Duration = DAY.saturating_mul(90);
/// How long a leaf is used before another is made.
const LEAF_USE: Duration = DAY.saturating_mul(30);
/// How many leaves are remembered.
const LEAVES: usize = 4096;

/// Why there is no root, or no leaf.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// The system refused.
    #[error("can’t {action} {path}: {source}")]
    Io {
        /// What was tried: `read`, `create`, `write`, `lock`, `delete`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds no root with its key.
    #[error("{0} is not a root certificate with its key")]
    Damaged(PathBuf),
    /// Another process is changing the root and does not come to an end.
    #[error("another process is changing the root certificate")]
    Busy,
    /// The root is no longer valid.
    #[error("the root certificate has ended")]
    Ended,
    /// Certificates can’t hold this host name: labels have letters, digits, `-` and `_`.
    #[error("there can be no certificate for the host name {0}")]
    Name(KeyHost),
    /// A certificate can’t be made.
    #[error("can’t make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS does not take the key that was made.
    #[error("can’t use a certificate: {0}")]
    Tls(#[from] rustls::Error),
    /// The system has no randomness.
    #[error("can’t make a key: {0}")]
    Random(#[from] getrandom::Error),
}

/// A root certificate with its key.
pub struct Authority {
    issuer: Issuer<'static, CertificateKey>,
    der: CertificateDer<'static>,
    pem: String,
    not_after: SystemTime,
    constraints_are_current: bool,
    probe: KeyHost,
    file: PathBuf,
    leaves: Recent<KeyHost, Leaf>,
}

#[derive(Clone)]
struct Leaf {
    key: Arc<CertifiedKey>,
    made: SystemTime,
}

impl Authority {
    /// A certificate for `host` alone, with its key: P-256, valid for 90 days at most.
    ///
    /// It is remembered and made anew after a month. The chain is the leaf alone, because a
    /// browser that trusts the root has it.
    ///
    /// # Errors
    /// [`AuthorityError::Name`] for a host name that certificates can’t hold,
    /// [`AuthorityError::Ended`] when the root is too old.
    pub fn leaf(&self, host: &KeyHost) -> Result<Arc<CertifiedKey>, AuthorityError> {
        self.leaf_at(host, SystemTime::now())
    }

    fn leaf_at(
        &self,
        host: &KeyHost,
        now: SystemTime,
    ) -> Result<Arc<CertifiedKey>, AuthorityError> {
        if now >= self.not_after {
            return Err(AuthorityError::Ended);
        }
        if let Some(leaf) = self.leaves.get(host)
            && now
                .duration_since(leaf.made)
                .is_ok_and(|age| age < LEAF_USE)
        {
            return Ok(leaf.key);
        }
        let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
        if !host.as_str().bytes().all(allowed) {
            return Err(AuthorityError::Name(host.clone()));
        }
        let name = host
            .as_str()
            .try_into()
            .map_err(|_| AuthorityError::Name(host.clone()))?;
        let key = Arc::new(self.sign(vec![SanType::DnsName(name)], now)?);
        self.leaves.insert(
            host.clone(),
            Leaf {
                key: Arc::clone(&key),
                made: now,
            },
        );
        Ok(key)
    }

    fn sign(&self, names: Vec<SanType>, now: SystemTime) -> Result<CertifiedKey, AuthorityError> {
        let key = CertificateKey::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::default();
        // The name is where browsers look for it. A subject may be 64 bytes long, a host name 253.
        params.distinguished_name = DistinguishedName::new();
        params.subject_alt_names = names;
        params.not_before = (now - HOUR).into();
        params.not_after = self.not_after.min(now + LEAF_LIFE).into();
        params.serial_number = Some(serial()?);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &self.issuer)?;
        let secret = Zeroizing::new(key.serialize_der());
        let signer = any_ecdsa_type(&PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(
            secret.as_slice(),
        )))?;
        Ok(CertifiedKey::new(vec![leaf.der().clone()], signer))
    }

    /// A key host that only this machine knows: it is derived from the root’s secret key, so that
    /// no page can ask for it. Whoever gets an answer from it over `https://` trusts the root.
    pub fn probe(&self) -> &KeyHost {
        &self.probe
    }

    /// The certificate, DER.
    pub fn certificate_der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// The certificate, PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.pem
    }

    /// SHA-256 over the certificate’s DER: pairs of upper-case hexadecimal digits with colons
    /// between.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.der)
    }

    /// By what it is known again.
    pub fn mark(&self) -> Mark {
        Mark::of(&self.der)
    }

    /// When it ends.
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// Whether another root is to take its place: it ends within 30 days, or excludes fewer
    /// names than this version of the program would.
    pub fn needs_renewal(&self, now: SystemTime) -> bool {
        !self.constraints_are_current || now + RENEWAL >= self.not_after
    }

    /// The file with the certificate alone, PEM, for people to hand to a browser.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Makes a new root: its key and certificate, PEM.
    fn mint(now: SystemTime) -> Result<Zeroizing<String>, AuthorityError> {
        let key = CertificateKey::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let serial = serial()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        // Stores tell roots apart by their subject.
        params.distinguished_name.push(
            DnType::CommonName,
            format!(
                "{SUBJECT} – keys only ({} {})",
                OffsetDateTime::from(now).date(),
                HEXUPPER.encode(&serial.to_bytes()[..4]),
            ),
        );
        params.serial_number = Some(serial);
        // Clocks of other programs on this machine are the same, but were perhaps put right since.
        params.not_before = (now - DAY).into();
        params.not_after = (now + ROOT_LIFE).into();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.name_constraints = Some(constraints::extension());
        params.use_authority_key_identifier_extension = true;
        let certificate = params.self_signed(&key)?.pem();
        let secret = Zeroizing::new(key.serialize_pem());
        // Made large enough at once: what grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(secret.len() + certificate.len()));
        text.push_str(&secret);
        text.push_str(&certificate);
        Ok(text)
    }

    /// Reads a root as [`Authority::mint`] writes it; `None` when it is nothing of the kind.
    fn read(text: &[u8], file: PathBuf) -> Option<Self> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(text).ok()?;
        let der = CertificateDer::from_pem_slice(text).ok()?;
        let text = std::str::from_utf8(text).ok()?;
        let pem = text.get(text.find(CERTIFICATE_START)?..)?.to_owned();
        let key =
            CertificateKey::from_pkcs8_der_and_sign_algo(&key, &PKCS_ECDSA_P256_SHA256).ok()?;
        let (rest, root) = parse_x509_certificate(&der).ok()?;
        let belongs = rest.is_empty()
            && root.is_ca()
            && root.public_key().subject_public_key.data.as_ref() == key.public_key_raw();
        if !belongs {
            return None;
        }
        let not_after = root.validity().not_after.to_datetime().into();
        let constraints_are_current = constraints::are_current(&root);
        let mut hash = Sha256::new();
        hash.update(b"pkarr-host: probe of the https root 1\0");
        hash.update(key.serialized_der());
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(hash.finalize().into());
        let probe = KeyHost::from(KeyPair::from_secret(&seed).public());
        let issuer = Issuer::from_ca_cert_der(&der, key).ok()?;
        Some(Self {
            issuer,
            pem,
            not_after,
            constraints_are_current,
            probe,
            file,
            leaves: Recent::new(LEAVES),
            der,
        })
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({})", self.fingerprint())
    }
}

/// SHA-256 over a certificate, as browsers show it.
fn fingerprint(der: &[u8]) -> String {
    let pairs: Vec<String> = Sha256::digest(der)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    pairs.join(":")
}

/// 127 random bits: positive, and one of them set (RFC 5280, section 4.1.2.2).
fn serial() -> Result<SerialNumber, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

#[cfg(test)]
mod tests;
