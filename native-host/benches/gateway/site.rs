//! A site that does as little as possible, so that what is measured is the way to it.

use std::sync::Arc;

use pkarr_host::{
    key::KeyPair,
    tls::{HTTP_11, server_config},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// The bytes of `/big`.
pub(crate) const BIG: u64 = 1 << 30;
/// The bytes of everything else.
const SMALL: usize = 1024;

static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// Starts a site and gives its port; with a key pair it speaks TLS with that key.
pub(crate) async fn start(pair: Option<&KeyPair>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = pair.map(|pair| {
        let config = server_config(pair, &[HTTP_11]).unwrap();
        TlsAcceptor::from(Arc::new(config))
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Whoever leaves does so in the middle of something; that is no failure.
                _ = match acceptor {
                    None => serve(stream).await,
                    Some(acceptor) => match acceptor.accept(stream).await {
                        Ok(stream) => serve(stream).await,
                        Err(error) => Err(error),
                    },
                };
            });
        }
    });
    port
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    let mut small = format!("HTTP/1.1 200 OK\r\nContent-Length: {SMALL}\r\n\r\n").into_bytes();
    small.resize(small.len() + SMALL, b'x');
    let mut request = Vec::with_capacity(4096);
    loop {
        request.clear();
        while !request.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        }
        let start = request.split(|byte| *byte == b'\r').next();
        if start.is_some_and(|start| start.ends_with(b"/big HTTP/1.1")) {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {BIG}\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            let mut left = BIG;
            while left > 0 {
                let part = left.min(ZEROS.len() as u64);
                stream.write_all(&ZEROS[..part as usize]).await?;
                left -= part;
            }
        } else {
            stream.write_all(&small).await?;
        }
        stream.flush().await?;
    }
}
