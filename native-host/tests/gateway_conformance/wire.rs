//! HTTP/1.1 as it is on the wire, read by the letter of RFC 9112.
//!
//! Nothing is forgiven here: a line that ends in a bare LF, a body with two lengths or a field with
//! a space before its colon is malformed. What passes this reader has one meaning, for every other
//! reader too.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Far longer than anything here takes: who waits so long hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits, but not for ever.
#[track_caller]
pub(crate) fn soon<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let place = std::panic::Location::caller();
    async move {
        timeout(PATIENCE, future)
            .await
            .unwrap_or_else(|_| panic!("nothing happens at {place}"))
    }
}

/// A request or an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    pub(crate) start: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, String)>,
}

impl Message {
    /// The values of a field, in their order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.fields
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The only value of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        match self.all(name)[..] {
            [] => None,
            [value] => Some(value),
            _ => panic!("more than one {name}: {self:?}"),
        }
    }

    /// The status of an answer.
    pub(crate) fn status(&self) -> u16 {
        let status = self.start.split(' ').nth(1).unwrap_or_default();
        status.parse().unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The target of a request.
    pub(crate) fn target(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Why there is no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The other side has ended between two messages.
    Ended,
    /// It has ended inside of one.
    Cut,
    /// What came is no message, or one with more than one meaning.
    Malformed(String),
}

fn malformed(what: impl Into<String>) -> Fault {
    Fault::Malformed(what.into())
}

/// How the end of a body is known.
enum Framing {
    Nothing,
    Length(usize),
    Chunked,
    UntilEnd,
}

/// One side of a connection.
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).await.unwrap())
    }

    /// Sends these bytes; that the other side is gone shows when it is read from.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// The next request.
    pub(crate) async fn request(&mut self) -> Result<Message, Fault> {
        let mut message = self.head().await?;
        let framing = match framing(&message)? {
            Framing::UntilEnd => Framing::Nothing,
            framing => framing,
        };
        self.body(&mut message, framing).await?;
        Ok(message)
    }

    /// The next answer, to a request of this method.
    pub(crate) async fn answer(&mut self, method: &str) -> Result<Message, Fault> {
        soon(async {
            let mut message = self.head().await?;
            // RFC 9112, section 6.3: these have no body, whatever their fields say.
            let bodiless = match message.status() {
                100..=199 | 204 | 304 => true,
                200..=299 => matches!(method, "HEAD" | "CONNECT"),
                _ => method == "HEAD",
            };
            let framing = if bodiless {
                Framing::Nothing
            } else {
                framing(&message)?
            };
            self.body(&mut message, framing).await?;
            Ok(message)
        })
        .await
    }

    /// A start line and fields, without a body.
    pub(crate) async fn head(&mut self) -> Result<Message, Fault> {
        let start = match self.line().await {
            Err(Fault::Cut) if self.buffer.is_empty() => return Err(Fault::Ended),
            line => line?,
        };
        let fields = self.fields().await?;
        Ok(Message {
            start,
            fields,
            ..Message::default()
        })
    }

    /// All that comes until the other side ends.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        soon(async { while self.more().await.is_ok() {} }).await;
        std::mem::take(&mut self.buffer)
    }

    async fn body(&mut self, message: &mut Message, framing: Framing) -> Result<(), Fault> {
        match framing {
            Framing::Nothing => {}
            Framing::Length(length) => message.body = self.exactly(length).await?,
            Framing::UntilEnd => {
                while self.more().await.is_ok() {}
                message.body = std::mem::take(&mut self.buffer);
            }
            Framing::Chunked => loop {
                let line = self.line().await?;
                let size = usize::from_str_radix(&line, 16)
                    .ok()
                    .filter(|_| line.bytes().all(|byte| byte.is_ascii_hexdigit()))
                    .ok_or_else(|| malformed(format!("chunk size {line:?}")))?;
                if size == 0 {
                    message.trailers = self.fields().await?;
                    break;
                }
                message.body.extend(self.exactly(size).await?);
                if self.exactly(2).await? != b"\r\n" {
                    return Err(malformed("end of a chunk"));
                }
            },
        }
        Ok(())
    }

    async fn fields(&mut self) -> Result<Vec<(String, String)>, Fault> {
        let mut fields = Vec::new();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Ok(fields);
            }
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| malformed(format!("field {line:?}")))?;
            // RFC 9110, section 5.6.2.
            let token =
                |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if name.is_empty() || !name.bytes().all(token) {
                return Err(malformed(format!("name of the field {line:?}")));
            }
            fields.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
        }
    }

    /// A line without its end; each byte is a character.
    async fn line(&mut self) -> Result<String, Fault> {
        let end = loop {
            match self.buffer.iter().position(|byte| *byte == b'\n') {
                Some(end) => break end,
                None => self.more().await?,
            }
        };
        let line: Vec<u8> = self.buffer.drain(..=end).collect();
        let text: String = line.iter().copied().map(char::from).collect();
        match text.strip_suffix("\r\n") {
            Some(text) if !text.contains(|c: char| c.is_ascii_control() && c != '\t') => {
                Ok(text.to_owned())
            }
            _ => Err(malformed(format!("line {text:?}"))),
        }
    }

    async fn exactly(&mut self, count: usize) -> Result<Vec<u8>, Fault> {
        while self.buffer.len() < count {
            self.more().await?;
        }
        Ok(self.buffer.drain(..count).collect())
    }

    async fn more(&mut self) -> Result<(), Fault> {
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(0) | Err(_) => Err(Fault::Cut),
            Ok(_) => Ok(()),
        }
    }
}

fn framing(message: &Message) -> Result<Framing, Fault> {
    let two = || malformed(format!("the length of {message:?}"));
    match (
        &message.all("content-length")[..],
        &message.all("transfer-encoding")[..],
    ) {
        ([], []) => Ok(Framing::UntilEnd),
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
        ([length], []) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(Framing::Length(length.parse().map_err(|_| two())?))
        }
        _ => Err(two()),
    }
}
