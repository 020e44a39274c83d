use rcgen::{CertificateParams, KeyPair as CertificateKey};
use rustls::{HandshakeKind, pki_types::PrivateKeyDer, version::TLS12};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;

use super::*;

fn pair(number: u8) -> KeyPair {
    KeyPair::from_secret(&[number; 32])
}

async fn connect(
    server: ServerConfig,
    expected: &KeyPair,
) -> Result<TlsStream<DuplexStream>, TlsError> {
    let (near, far) = duplex(16 * 1024);
    tokio::spawn(async move {
        let Ok(mut stream) = TlsAcceptor::from(Arc::new(server)).accept(far).await else {
            return;
        };
        let mut byte = [0];
        while let Ok(1) = stream.read(&mut byte).await {
            _ = stream.write_all(&byte).await;
        }
    });
    let host = KeyHost::parse(&format!("www.{}", expected.public())).unwrap();
    KeyConnector::new()
        .connect(near, &host, &expected.public(), Alpn::Any)
        .await
}

fn ordinary(versions: &[&'static rustls::SupportedProtocolVersion]) -> ServerConfig {
    let key = CertificateKey::generate().unwrap();
    let params = CertificateParams::new(vec!["site.example".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap()
}

#[tokio::test]
async fn the_holder_of_the_key_is_spoken_to() {
    let server = server_config(&pair(1), &[H2, HTTP_11]).unwrap();
    let mut stream = connect(server, &pair(1)).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(H2));
    stream.write_all(b"x").await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'x');
}

#[tokio::test]
async fn nobody_else_is() {
    let server = server_config(&pair(2), &[H2]).unwrap();
    let error = connect(server, &pair(1)).await.unwrap_err();
    assert!(matches!(error, TlsError::WrongKey), "{error:?}");

    let error = connect(ordinary(&[&TLS13]), &pair(1)).await.unwrap_err();
    assert!(matches!(error, TlsError::Certificate), "{error:?}");

    let error = connect(ordinary(&[&TLS12]), &pair(1)).await.unwrap_err();
    assert!(matches!(error, TlsError::OldVersion), "{error:?}");
}

#[tokio::test]
async fn what_is_cut_off_or_no_tls_is_told() {
    for answer in [
        &b""[..],
        b"\x16\x03\x03",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ] {
        let (near, mut far) = duplex(4096);
        far.write_all(answer).await.unwrap();
        far.shutdown().await.unwrap();
        let host = KeyHost::from(pair(1).public());
        let error = KeyConnector::new()
            .connect(near, &host, &pair(1).public(), Alpn::Any)
            .await
            .unwrap_err();
        assert!(matches!(error, TlsError::Handshake(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_session_is_resumed_with_the_same_key_only() {
    let acceptor = TlsAcceptor::from(Arc::new(server_config(&pair(1), &[HTTP_11]).unwrap()));
    let connector = KeyConnector::new();
    let host = KeyHost::from(pair(1).public());
    let mut kinds = Vec::new();
    for expected in [1, 1, 2] {
        let (near, far) = duplex(16 * 1024);
        let acceptor = acceptor.clone();
        let served = tokio::spawn(async move {
            let mut stream = acceptor.accept(far).await?;
            stream.write_all(b"x").await?;
            stream.flush().await
        });
        let stream = connector
            .connect(near, &host, &pair(expected).public(), Alpn::Any)
            .await;
        match stream {
            Ok(mut stream) => {
                // Tickets come with the first bytes of the server.
                stream.read_u8().await.unwrap();
                served.await.unwrap().unwrap();
                kinds.push(stream.get_ref().1.handshake_kind().unwrap());
            }
            Err(error) => assert!(matches!(error, TlsError::WrongKey), "{error:?}"),
        }
    }
    assert_eq!(kinds, [HandshakeKind::Full, HandshakeKind::Resumed]);
}
