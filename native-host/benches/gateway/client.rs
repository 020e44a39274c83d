//! A client that goes to the site in each of the ways there are.

use std::{io, net::SocketAddr, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// How the site is reached.
#[derive(Clone)]
pub(crate) enum Way {
    /// At once.
    Direct { site: SocketAddr },
    /// Each request is sent to a proxy.
    Proxy {
        proxy: SocketAddr,
        authority: String,
    },
    /// Through `CONNECT`.
    Tunnel {
        proxy: SocketAddr,
        authority: String,
    },
    /// Through `CONNECT`, and TLS inside.
    Https {
        proxy: SocketAddr,
        host: String,
        trust: TlsConnector,
    },
}

/// TLS that trusts this root alone.
pub(crate) fn trust(root: CertificateDer<'static>) -> TlsConnector {
    let mut trusted = RootCertStore::empty();
    trusted.add(root).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// A connection on which requests are made.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    /// What stands between the method and the path.
    prefix: String,
    authority: String,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(way: &Way) -> io::Result<Self> {
        let at = match way {
            Way::Direct { site } => site,
            Way::Proxy { proxy, .. } | Way::Tunnel { proxy, .. } | Way::Https { proxy, .. } => {
                proxy
            }
        };
        let stream = TcpStream::connect(at).await?;
        stream.set_nodelay(true)?;
        let mut connection = Self {
            stream: Box::new(stream),
            prefix: String::new(),
            authority: at.to_string(),
            buffer: vec![0; 256 * 1024],
        };
        match way {
            Way::Direct { .. } => {}
            Way::Proxy { authority, .. } => {
                connection.prefix = format!("http://{authority}");
                connection.authority.clone_from(authority);
            }
            Way::Tunnel { authority, .. } => connection.tunnel(authority).await?,
            Way::Https { host, trust, .. } => {
                connection.tunnel(&format!("{host}:443")).await?;
                connection.authority.clone_from(host);
                let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
                connection.stream = Box::new(trust.connect(name, connection.stream).await?);
            }
        }
        Ok(connection)
    }

    async fn tunnel(&mut self, authority: &str) -> io::Result<()> {
        let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        self.head().await?;
        authority.clone_into(&mut self.authority);
        Ok(())
    }

    /// Makes a request and reads the answer to its end; the bytes of its body.
    pub(crate) async fn get(&mut self, path: &str) -> io::Result<u64> {
        let request = format!(
            "GET {}{path} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n\r\n",
            self.prefix, self.authority
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.stream.flush().await?;
        let (length, mut read) = self.head().await?;
        while read < length {
            match self.stream.read(&mut self.buffer).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                more => read += more as u64,
            }
        }
        Ok(length)
    }

    /// Reads a head: the length of the body, and how much of that was read as well.
    async fn head(&mut self) -> io::Result<(u64, u64)> {
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += read;
            let seen = &self.buffer[..filled];
            let Some(end) = seen.windows(4).position(|end| end == b"\r\n\r\n") else {
                continue;
            };
            let head = String::from_utf8_lossy(&seen[..end]).to_ascii_lowercase();
            if head.split(' ').nth(1) != Some("200") {
                return Err(io::Error::other(head));
            }
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .map_or(Ok(0), |length| length.trim().parse())
                .map_err(io::Error::other)?;
            return Ok((length, (filled - end - 4) as u64));
        }
    }
}
