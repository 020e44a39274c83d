//! TLS from files.

use rcgen::{CertificateParams, KeyPair};
use reqwest::{Certificate, Client, StatusCode, Version};
use std::{path::Path, sync::Arc};

use crate::{
    signed,
    support::{
        pair,
        serve::{self, Serve},
        testnet,
    },
};

/// Writes a certificate for this machine and its key, and gives it as PEM.
fn certify(folder: &Path) -> String {
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned()];
    let certificate = CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    std::fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
    certificate.pem()
}

/// A client that trusts this certificate and no other.
fn trusting(pem: &str) -> Client {
    serve::provider();
    Client::builder()
        .no_proxy()
        .tls_certs_only([Certificate::from_pem(pem.as_bytes()).unwrap()])
        .build()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn https_is_served_and_a_new_certificate_holds_without_a_restart() {
    let net = testnet().await;
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let first = certify(folder.path());
    let config = format!(
        "[tls]\nlisten = [\"127.0.0.1:0\"]\ncertificate = {:?}\nkey = {:?}\n",
        folder.path().join("certificate.pem"),
        folder.path().join("key.pem"),
    );
    std::fs::write(folder.path().join("serve.toml"), config).unwrap();
    let serve = Serve::within(Arc::clone(&folder), net.bootstrap());
    let item = signed(&pair(1), "@ A 1.2.3.4");
    assert!(serve.put(&item).await.status().is_success());
    let port = serve.https.unwrap().port();
    let url = format!("https://localhost:{port}/{}", item.key());
    let client = trusting(&first);
    let answer = client.get(&url).send().await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.bytes().await.unwrap(), item.to_relay_payload());
    let old = Client::builder()
        .no_proxy()
        .http1_only()
        .tls_certs_only([Certificate::from_pem(first.as_bytes()).unwrap()])
        .build()
        .unwrap();
    let answer = old.get(&url).send().await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_11);

    let second = certify(folder.path());
    serve.logged("configuration read again").await;
    let answer = trusting(&second).get(&url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(trusting(&first).get(&url).send().await.is_err());
    // Connections of before go on.
    assert_eq!(
        client.get(&url).send().await.unwrap().status(),
        StatusCode::OK
    );

    // What can't be used changes nothing.
    std::fs::write(folder.path().join("certificate.pem"), "nonsense").unwrap();
    serve.logged("going on as before").await;
    let answer = trusting(&second).get(&url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    // Who knows nothing of TLS is not answered.
    let plain = serve.client.get(format!("http://localhost:{port}/healthz"));
    assert!(plain.send().await.is_err());
}
