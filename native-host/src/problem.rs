//! What can go wrong, in words a person can use.
//!
//! Every failure that reaches a person – on a page of the gateway, on the command line, in the
//! extension – is a [`Problem`]: a stable [`Code`] that scripts and bug reports can rely on, one
//! sentence of what happened and one of what to do. Each module has its own error type for
//! programs; at the edge it is turned into a problem, so that all faces say the same.

use std::fmt;

use crate::key::KEY_CHARS;

/// The stable name of a kind of failure.
///
/// Codes are only ever added: neither a name nor a number changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The text is not a key, or the host name does not end in one.
    NotAKey,
    /// Nobody publishes records under this key.
    NoRecord,
    /// What was found is not signed by this key.
    BadSignature,
    /// The newest signed item under this key holds no DNS packet.
    NotAPacket,
    /// There are records, but none says where the site is.
    NoEndpoint,
    /// The record points to this machine or its private network.
    PrivateAddress,
    /// The site's server can't be reached.
    ConnectFailed,
    /// No node of the DHT answers.
    DhtUnreachable,
    /// The site asks for TLS with its key.
    NeedsTls,
    /// Only the cache was asked, and it has nothing.
    NotCached,
    /// The gateway could not be started.
    GatewayFailed,
    /// The request itself is not one the gateway serves.
    BadRequest,
    /// A fault of the program.
    Internal,
    /// Only a record older than one seen before is to be had.
    Outdated,
    /// Too much is asked for at the same time.
    Busy,
    /// The server of a site holds another key than the name says.
    WrongKey,
    /// The server of a site shows an ordinary certificate instead of the key.
    NoRawKey,
    /// The TLS handshake with a site failed: cut off, outdated, no TLS at all.
    TlsFailed,
    /// The ICANN name that a key leads to has no valid certificate.
    BadCertificate,
    /// `https://` is not switched on for keys.
    HttpsOff,
    /// `https://` was asked of a site that has plain HTTP only.
    NoTls,
    /// A port that browsers refuse, because it belongs to another protocol.
    BadPort,
    /// The request came over a connection for another host.
    Misdirected,
    /// The key is one whose secret is kept here, and is kept alive for that.
    OwnKey,
}

impl Code {
    /// Every code there is, in the order of their numbers.
    pub const ALL: [Code; 24] = [
        Code::NotAKey,
        Code::NoRecord,
        Code::BadSignature,
        Code::NotAPacket,
        Code::NoEndpoint,
        Code::PrivateAddress,
        Code::ConnectFailed,
        Code::DhtUnreachable,
        Code::NeedsTls,
        Code::NotCached,
        Code::GatewayFailed,
        Code::BadRequest,
        Code::Internal,
        Code::Outdated,
        Code::Busy,
        Code::WrongKey,
        Code::NoRawKey,
        Code::TlsFailed,
        Code::BadCertificate,
        Code::HttpsOff,
        Code::NoTls,
        Code::BadPort,
        Code::Misdirected,
        Code::OwnKey,
    ];

    /// The code as it is written in pages, messages and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::NotAKey => "not-a-key",
            Code::NoRecord => "no-record",
            Code::BadSignature => "bad-signature",
            Code::NotAPacket => "not-a-packet",
            Code::NoEndpoint => "no-endpoint",
            Code::PrivateAddress => "private-address",
            Code::ConnectFailed => "connect-failed",
            Code::DhtUnreachable => "dht-unreachable",
            Code::NeedsTls => "needs-tls",
            Code::NotCached => "not-cached",
            Code::GatewayFailed => "gateway-failed",
            Code::BadRequest => "bad-request",
            Code::Internal => "internal",
            Code::Outdated => "outdated",
            Code::Busy => "busy",
            Code::WrongKey => "wrong-key",
            Code::NoRawKey => "no-raw-key",
            Code::TlsFailed => "tls-failed",
            Code::BadCertificate => "bad-certificate",
            Code::HttpsOff => "https-off",
            Code::NoTls => "no-tls",
            Code::BadPort => "bad-port",
            Code::Misdirected => "misdirected",
            Code::OwnKey => "own-key",
        }
    }

    /// The code's number in JSON-RPC errors (above zero, apart from JSON-RPC's own).
    pub fn number(self) -> i32 {
        match self {
            Code::NotAKey => 1,
            Code::NoRecord => 2,
            Code::BadSignature => 3,
            Code::NotAPacket => 4,
            Code::NoEndpoint => 5,
            Code::PrivateAddress => 6,
            Code::ConnectFailed => 7,
            Code::DhtUnreachable => 8,
            Code::NeedsTls => 9,
            Code::NotCached => 10,
            Code::GatewayFailed => 11,
            Code::BadRequest => 12,
            Code::Internal => 13,
            Code::Outdated => 14,
            Code::Busy => 15,
            Code::WrongKey => 16,
            Code::NoRawKey => 17,
            Code::TlsFailed => 18,
            Code::BadCertificate => 19,
            Code::HttpsOff => 20,
            Code::NoTls => 21,
            Code::BadPort => 22,
            Code::Misdirected => 23,
            Code::OwnKey => 24,
        }
    }

    /// A title of a few words, for a page or a heading.
    pub fn title(self) -> &'static str {
        match self {
            Code::NotAKey => "This is not a key",
            Code::NoRecord => "Nothing is published under this key",
            Code::BadSignature => "The record found is not genuine",
            Code::NotAPacket => "The newest record can’t be read",
            Code::NoEndpoint => "This key has no web site",
            Code::PrivateAddress => "This key points into a private network",
            Code::ConnectFailed => "The site does not answer",
            Code::DhtUnreachable => "The network of names can’t be reached",
            Code::NeedsTls => "This site wants an encrypted connection",
            Code::NotCached => "This key is not in the cache",
            Code::GatewayFailed => "The gateway could not start",
            Code::BadRequest => "This request can’t be served",
            Code::Internal => "Something went wrong inside pkarr",
            Code::Outdated => "Only an old record is to be had",
            Code::Busy => "Too much at the same time",
            Code::WrongKey => "This server is not the key’s own",
            Code::NoRawKey => "This server does not prove the key",
            Code::TlsFailed => "No encrypted connection came about",
            Code::BadCertificate => "The site’s certificate is not valid",
            Code::HttpsOff => "https:// is not switched on for keys",
            Code::NoTls => "This site has no encrypted connection",
            Code::BadPort => "This port is not for web sites",
            Code::Misdirected => "This request came the wrong way",
            Code::OwnKey => "This key is your own",
        }
    }

    /// One sentence of what the reader can do.
    pub fn todo(self) -> &'static str {
        match self {
            Code::NotAKey => {
                "Check that all 52 characters were copied; a single wrong one makes it another name."
            }
            Code::NoRecord => {
                "Check the key, or ask its owner to publish again: records fade from the network \
                 some hours after their last publication."
            }
            Code::BadSignature => {
                "Try again in a minute; if it stays so, somebody between you and the network \
                 alters records, and nothing of them was used."
            }
            Code::NotAPacket => {
                "Only the key’s owner can mend this, by publishing a pkarr packet again."
            }
            Code::NoEndpoint => {
                "Ask the key’s owner to add an A, AAAA, HTTPS or CNAME record for this name."
            }
            Code::PrivateAddress => {
                "If you know this key and want it to reach your own network, allow it to: with \
                 --allow-private-for KEY, or allow-private-for in the configuration file."
            }
            Code::ConnectFailed => {
                "The name is right, its server is not answering; try again later or tell its owner."
            }
            Code::DhtUnreachable => {
                "Check the internet connection, and that UDP is not blocked by a firewall."
            }
            Code::NeedsTls => "Open it through the gateway, which speaks TLS with keys.",
            Code::NotCached => "Ask the network: use the policy cacheFirst or networkOnly.",
            Code::GatewayFailed => "Free the port, or let the program choose one with port 0.",
            Code::BadRequest => "Use the gateway as an HTTP proxy for key hosts.",
            Code::Internal => "Please report it together with the log file.",
            Code::Outdated => {
                "Try again later: the newer record is somewhere in the network, or its owner has to \
                 publish it again."
            }
            Code::Busy => "Close pages that ask for many keys, and try again.",
            Code::WrongKey => {
                "Nothing was sent to it. Try again later; if it stays so, tell the key’s owner by another way."
            }
            Code::NoRawKey => {
                "Ask the key’s owner to serve the site with the key itself, for example with `pkarr proxy`."
            }
            Code::TlsFailed => {
                "Try again later, or tell the key’s owner that the server does not speak TLS 1.3 as its record says."
            }
            Code::BadCertificate => {
                "Nothing was sent to it. Try again later, or tell the key’s owner."
            }
            Code::HttpsOff => {
                "Switch it on in the extension, or with `pkarr https enable`; or open the key with http://."
            }
            Code::NoTls => {
                "Open it with http://, or ask the key’s owner to serve it with TLS, for example with `pkarr proxy`."
            }
            Code::BadPort => {
                "Only the key’s owner can mend this, by serving the site at another port."
            }
            Code::Misdirected => "Load the page again.",
            Code::OwnKey => {
                "It is kept alive by itself since you published under it; `pkarr unpin` ends that."
            }
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure as a person is told of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// One sentence of what happened, with the names and addresses at hand.
    pub what: String,
}

impl Problem {
    /// A problem of this kind, with one sentence of what happened.
    pub fn new(code: Code, what: impl fmt::Display) -> Self {
        Self {
            code,
            what: what.to_string(),
        }
    }
}

/// What an error says, as people read it: with a capital letter and a full stop. Names stay as they are
/// written.
pub(crate) fn sentence(text: &str) -> String {
    let first_word = text.split(' ').next().unwrap_or_default();
    let is_name = first_word.contains(['.', ':', '/']) || first_word.len() >= KEY_CHARS;
    let mut characters = text.chars();
    let text: String = if is_name {
        text.to_owned()
    } else {
        let first = characters.next().map(char::to_uppercase);
        first.into_iter().flatten().chain(characters).collect()
    };
    if text.ends_with(['.', '!', '?']) {
        text
    } else {
        text + "."
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_and_numbers_are_unique_and_numbers_count_up() {
        let names: HashSet<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for (index, code) in Code::ALL.iter().enumerate() {
            assert_eq!(code.number(), index as i32 + 1, "{code}");
        }
    }

    #[test]
    fn sentences_begin_large_and_names_stay() {
        assert_eq!(sentence("nobody is there"), "Nobody is there.");
        assert_eq!(sentence("Why?"), "Why?");
        let what = format!(
            "{} is away",
            "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy"
        );
        assert_eq!(sentence(&what), format!("{what}."));
        assert_eq!(sentence("example.com is none"), "example.com is none.");
    }
}
