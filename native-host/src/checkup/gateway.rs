//! The gateway: whether it is there, and answers as itself.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{Finding, GatewayState, State};

const CHECK: &str = "gateway";
/// How long an answer from this machine may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes of an answer that are looked at.
const MAX_ANSWER: u64 = 16 * 1024;
/// Nobody's name (RFC 6761, section 6.4): the gateway refuses it by itself.
const QUESTION: &[u8] =
    b"GET http://pkarr.invalid/ HTTP/1.1\r\nHost: pkarr.invalid\r\nConnection: close\r\n\r\n";
/// What every refusal of the gateway has.
const SIGN: &[u8] = b"\npkarr-error:";

pub(super) async fn check(gateway: &GatewayState) -> Vec<Finding> {
    vec![match gateway {
        GatewayState::NotRunning => Finding::new(CHECK, "not-running", State::Note)
            .what("The gateway does not run: nobody has asked for it yet."),
        GatewayState::Failed(error) => Finding::new(CHECK, "failed", State::Bad)
            .what(format_args!("The gateway can’t be started: {error}."))
            .todo("Look for a firewall or a security program that keeps programs from listening on this computer.")
            .fact("reason", error),
        GatewayState::Running(address) => look(*address).await,
    }]
}

async fn look(address: SocketAddr) -> Finding {
    let answer = timeout(PATIENCE, ask(address))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let finding = match answer {
        Err(error) => Finding::new(CHECK, "no-answer", State::Bad)
            .what(format_args!("The gateway at {address} does not answer: {error}."))
            .todo("Look for a firewall or a security program that blocks connections within this computer.")
            .fact("reason", error),
        Ok(false) => Finding::new(CHECK, "foreign", State::Bad)
            .what(format_args!("Something else than the gateway answers at {address}."))
            .todo("Look for a security program that comes between programs of this computer."),
        Ok(true) => Finding::new(CHECK, "ok", State::Good)
            .what(format_args!("The gateway answers at {address}.")),
    };
    finding.fact("address", address)
}

/// Whether the gateway answers.
async fn ask(address: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(QUESTION).await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer).await?;
    answer.make_ascii_lowercase();
    Ok(answer.windows(SIGN.len()).any(|part| part == SIGN))
}
