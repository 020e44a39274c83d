//! TLS with the key itself.
//!
//! A key host needs no certificate and nobody to vouch for it: its name is the public key. In the
//! handshake (TLS 1.3) the server shows that key raw (RFC 7250, Ed25519 only) and proves that it
//! holds the secret. Whoever connects knows the key to expect from the packet in which the search
//! for the endpoint ended, and accepts no other: no certificate, no older TLS, no plain text.
//!
//! [`KeyConnector`] is the side that connects, [`server_config`] the side that owns the key.

use std::{io, sync::Arc};

use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName,
    PeerIncompatible, ServerConfig, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls13_signature_with_raw_key},
    pki_types::{
        CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
    },
    server::AlwaysResolvesServerRawPublicKeys,
    sign::CertifiedKey,
    version::TLS13,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    key::{KeyHost, KeyPair, PublicKey},
    recent::Recent,
};

/// ALPN of HTTP/2 (RFC 9113, section 3.2).
pub const H2: &[u8] = b"h2";
/// ALPN of HTTP/1.1 (RFC 7301, section 6).
pub const HTTP_11: &[u8] = b"http/1.1";

/// DER in front of a raw Ed25519 key: `SubjectPublicKeyInfo` (RFC 8410, section 4).
const SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// DER in front of a raw Ed25519 secret: PKCS #8 (RFC 8410, section 7).
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// How many keys' sessions are remembered for a faster next handshake.
const REMEMBERED_KEYS: usize = 256;
/// How many host names of one key have sessions remembered.
const SESSIONS_PER_KEY: usize = 8;

/// Why no connection with the key came about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The server holds another key than the one its name says.
    #[error("the server shows another key")]
    WrongKey,
    /// The server has an ordinary certificate, which proves nothing for a key.
    #[error("the server has an ordinary certificate and can’t show the key")]
    Certificate,
    /// The server speaks no TLS 1.3, which raw keys need.
    #[error("the server speaks an older TLS, in which a key can’t be shown")]
    OldVersion,
    /// The handshake ended otherwise: cut off, no TLS at all, a fault.
    #[error("the TLS handshake failed: {0}")]
    Handshake(io::Error),
    /// A fault in our own set-up of TLS.
    #[error("TLS can’t be set up: {0}")]
    Setup(rustls::Error),
}

impl TlsError {
    fn of(error: io::Error) -> Self {
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure,
            )) => Self::WrongKey,
            Some(rustls::Error::PeerIncompatible(
                PeerIncompatible::IncorrectCertificateTypeExtension
                | PeerIncompatible::UnsolicitedCertificateTypeExtension,
            )) => Self::Certificate,
            Some(rustls::Error::PeerIncompatible(
                PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            )) => Self::OldVersion,
            Some(rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)) => {
                Self::OldVersion
            }
            // What a server that has a certificate only says to a client that takes none.
            Some(rustls::Error::AlertReceived(
                AlertDescription::HandshakeFailure | AlertDescription::UnsupportedCertificate,
            )) => Self::Certificate,
            _ => Self::Handshake(error),
        }
    }
}

/// Connects to servers that prove to hold a key. Cheap to clone.
#[derive(Debug, Clone)]
pub struct KeyConnector {
    /// A configuration for each key: its sessions must be resumed for no other.
    configs: Recent<(PublicKey, Alpn), Arc<ClientConfig>>,
}

/// What is to be spoken inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alpn {
    /// HTTP/2 where the server can, else HTTP/1.1.
    Any,
    /// HTTP/1.1 alone, for a protocol that begins with it.
    Http11,
}

impl KeyConnector {
    /// Makes one that remembers nothing yet.
    pub fn new() -> Self {
        Self {
            configs: Recent::new(REMEMBERED_KEYS),
        }
    }

    /// Does the handshake over `stream` with the server of `host`, which has to hold `key`.
    ///
    /// # Errors
    /// [`TlsError`]; `stream` is closed then.
    pub async fn connect<S>(
        &self,
        stream: S,
        host: &KeyHost,
        key: &PublicKey,
        alpn: Alpn,
    ) -> Result<TlsStream<S>, TlsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = match self.configs.get(&(*key, alpn)) {
            Some(config) => config,
            None => {
                let config = Arc::new(client_config(key, alpn).map_err(TlsError::Setup)?);
                self.configs.insert((*key, alpn), Arc::clone(&config));
                config
            }
        };
        let name = ServerName::try_from(host.as_str().to_owned())
            .map_err(|error| TlsError::Handshake(io::Error::other(error)))?;
        TlsConnector::from(config)
            .connect(name, stream)
            .await
            .map_err(TlsError::of)
    }
}

impl Default for KeyConnector {
    fn default() -> Self {
        Self::new()
    }
}

fn client_config(key: &PublicKey, alpn: Alpn) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(ExpectedKey {
        spki: spki(key),
        provider: Arc::clone(&provider),
    });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.resumption = Resumption::in_memory_sessions(SESSIONS_PER_KEY);
    config.alpn_protocols = match alpn {
        Alpn::Any => vec![H2.to_vec(), HTTP_11.to_vec()],
        Alpn::Http11 => vec![HTTP_11.to_vec()],
    };
    Ok(config)
}

/// The configuration of a server that shows the raw key of `pair` and speaks what `alpn` lists, the
/// most wanted first.
///
/// # Errors
/// When TLS can't be set up, which is a fault of the program.
pub fn server_config(pair: &KeyPair, alpn: &[&[u8]]) -> Result<ServerConfig, rustls::Error> {
    let secret = zeroize::Zeroizing::new([&PKCS8[..], pair.secret().as_slice()].concat());
    let signer = ring::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(secret.as_slice()))?;
    let shown = CertifiedKey::new(
        vec![CertificateDer::from(spki(&pair.public()).to_vec())],
        signer,
    );
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(Arc::new(
            shown,
        ))));
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}

fn spki(key: &PublicKey) -> [u8; 44] {
    let mut bytes = [0; 44];
    bytes[..12].copy_from_slice(&SPKI);
    bytes[12..].copy_from_slice(key.as_bytes());
    bytes
}

/// Accepts one raw key.
#[derive(Debug)]
struct ExpectedKey {
    spki: [u8; 44],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ExpectedKey {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if shown.as_ref() == self.spki && others.is_empty() {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _shown: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(PeerIncompatible::Tls13RequiredForQuic.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature_with_raw_key(
            message,
            &SubjectPublicKeyInfoDer::from(shown.as_ref()),
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}

#[cfg(test)]
mod tests;
