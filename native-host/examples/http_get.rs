//! Fetches a page whose host is a key, through a gateway of its own:
//!
//! ```text
//! cargo run --example http_get -- http://o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy/
//! ```
//!
//! A gateway is an HTTP proxy for key hosts, so any HTTP client can do this. It leads to the public
//! internet only, unless `PKARR_ALLOW_PRIVATE` is set.

#![allow(clippy::print_stdout)]

mod support;

use std::net::{Ipv4Addr, SocketAddr};

use http_body_util::{BodyExt, Empty};
use hyper::{Request, body::Bytes, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use pkarr_host::{
    address::PrivateAccess,
    gateway::{Gateway, GatewayConfig},
    key::KeyAddress,
    resolver::Resolver,
};
use support::Outcome;
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Outcome {
    let url = std::env::args().nth(1).ok_or("usage: http_get URL")?;
    let address = KeyAddress::parse(&url)?;

    // It serves as long as it is not dropped.
    let config = GatewayConfig {
        private: PrivateAccess::new(std::env::var_os("PKARR_ALLOW_PRIVATE").is_some(), []),
        ..GatewayConfig::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    };
    let gateway = Gateway::start(Resolver::new(support::dht()), config).await?;

    // A proxy is asked with the whole URL.
    let stream = TcpStream::connect(gateway.address()).await?;
    let (mut client, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::get(address.url.as_str())
        .header(HOST, address.host.as_str())
        .body(Empty::<Bytes>::new())?;
    let response = client.send_request(request).await?;

    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    println!("{status}\n{}", String::from_utf8_lossy(&body));
    Ok(())
}
