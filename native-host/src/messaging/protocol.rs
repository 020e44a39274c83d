//! The contract between extension and host: JSON-RPC 2.0, protocol 1.
//!
//! The types here are the contract. The extension's TypeScript types are made from them
//! (`extension/protocol/generated.ts`), and a test fails when the two drift apart. Names of methods
//! and fields, and numbers of errors, are only ever added; both sides ignore fields they don't
//! know, so a difference in version never breaks what both know.
//!
//! | method    | parameters        | result            |
//! |-----------|-------------------|-------------------|
//! | `hello`   | [`HelloParams`]   | [`HelloResult`]   |
//! | `gateway` | [`GatewayParams`] | [`GatewayResult`] |
//! | `resolve` | [`ResolveParams`] | [`Resolution`]    |
//! | `status`  | none              | [`StatusResult`]  |
//! | `https`   | [`HttpsParams`]   | [`HttpsStatus`]   |
//! | `key`     | [`KeyParams`]     | [`KeyResult`]     |
//! | `keep`    | [`KeepParams`]    | [`Kept`] or null  |
//! | `settings`| [`SettingsParams`]| [`HostSettings`]  |
//! | `cache`   | [`CacheParams`]   | [`CacheResult`]   |
//! | `doctor`  | none              | [`DoctorResult`]  |
//! | `forget`  | none              | null              |
//! | `systemProxy` | none          | [`SystemProxy`]   |
//!
//! `forget` (capability `incognito`) drops all that was looked up for private windows; their gateway
//! stays where it is. It is dropped by itself when they have asked for nothing in ten minutes.
//!
//! The host sends one event, a notification without id: `updated` ([`UpdatedEvent`]), when a newer
//! packet of a key has turned up (capability `updates`).
//!
//! Everything before `hello` is answered with error -32002.

mod keys;
mod settings;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::{
    keys::{KeepParams, Kept, KeyParams, KeyResult, SeenPacket},
    settings::{
        CacheAction, CacheParams, CacheResult, DoctorResult, HostSettings, SettingName,
        SettingsChange, SettingsParams,
    },
};

use crate::problem::{Problem, sentence};
pub use crate::{
    system_proxy::SystemProxy,
    view::{HttpsStatus, Resolution},
};

/// The number of this protocol, counted up when something old changes its meaning.
pub const PROTOCOL: u32 = 1;

/// What this host can do, as hello names it.
pub const CAPABILITIES: [&str; 10] = [
    "resolve",
    "gateway",
    "status",
    "updates",
    "https",
    "keys",
    "settings",
    "doctor",
    "incognito",
    "systemProxy",
];

/// Parameters of `hello`, the first message of a session.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HelloParams {
    /// The extension's version.
    pub version: String,
    /// The protocol it speaks.
    pub protocol: u32,
}

/// Result of `hello`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HelloResult {
    /// The host's version.
    pub version: String,
    /// The protocol it speaks.
    pub protocol: u32,
    /// What it can do: the methods it has beside `hello`.
    pub capabilities: Vec<String>,
}

/// Parameters of `gateway`, which starts the gateway or tells where it runs.
///
/// Errors: 11 (`gateway-failed`).
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct GatewayParams {
    /// The port to try first: that of the last session, which the browser may still have set.
    #[serde(default)]
    #[cfg_attr(test, ts(optional))]
    pub preferred_port: Option<u16>,
    /// Whether the door of private windows is meant (capability `incognito`): a gateway of its own,
    /// which remembers what it looks up in memory only.
    #[serde(default)]
    #[cfg_attr(test, ts(optional))]
    pub incognito: Option<bool>,
}

/// Result of `gateway`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct GatewayResult {
    /// The loopback address it listens at.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// Parameters of `resolve`.
///
/// Errors: 1 (`not-a-key`) and those of the resolver, 2, 3, 4, 8, 10 and 14.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ResolveParams {
    /// A key host, or a key in any accepted spelling.
    pub host: String,
    /// Where the answer may come from; `cacheFirst` when left out.
    #[serde(default)]
    #[cfg_attr(test, ts(optional))]
    pub policy: Option<Policy>,
    /// Whether a private window asks (capability `incognito`).
    #[serde(default)]
    #[cfg_attr(test, ts(optional))]
    pub incognito: Option<bool>,
}

/// Parameters of the event `updated`: a newer item of a key than the one known before is known now.
///
/// Whoever shows that key can ask for it again; the answer is in the cache.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct UpdatedEvent {
    /// The key: 52 characters.
    pub key: String,
    /// The newer item's sequence number, in decimal.
    pub seq: String,
    /// True where private windows had asked for the key (capability `incognito`); only they are to
    /// hear of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub incognito: Option<bool>,
}

/// Where an answer may come from.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Policy {
    /// The cache while it is fresh, else the network.
    CacheFirst,
    /// The cache alone.
    CacheOnly,
    /// The network alone, and the newest it has.
    NetworkOnly,
}

/// Result of `status`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct StatusResult {
    /// The host's version.
    pub version: String,
    /// The protocol it speaks.
    pub protocol: u32,
    /// Milliseconds since it was started.
    #[cfg_attr(test, ts(type = "number"))]
    pub uptime_ms: u64,
    /// The gateway's port; `null` while it does not run.
    pub gateway_port: Option<u16>,
    /// The DHT.
    pub dht: DhtStatus,
    /// The folder where the host keeps its data.
    pub data_dir: String,
}

/// How the DHT is doing.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DhtStatus {
    /// Whether any node has answered yet.
    pub bootstrapped: bool,
    /// The estimated number of nodes in the network.
    pub nodes: usize,
}

/// Parameters of `https` (capability `https`): `https://` for keys, on this machine and in this
/// browser.
///
/// Errors: 13 (`internal`), when the root can't be made or kept. A store that can't be changed is
/// no error; its entry in the result says why.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HttpsParams {
    /// What is to be done.
    pub action: HttpsAction,
    /// Whether this browser trusts the root now, as the extension has found out by loading the
    /// probe. The gateway then sends pages of sites that ask for TLS from `http://` to `https://`.
    /// It is taken as said of the root in the answer before; when another takes its place, it is to
    /// be said again. Left out, nothing changes; false at the start of a session.
    #[serde(default)]
    #[cfg_attr(test, ts(optional))]
    pub in_use: Option<bool>,
}

/// What is to be done about `https://` for keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum HttpsAction {
    /// Nothing: tell how it is.
    Status,
    /// Make a root where there is none, and have every store found trust it.
    Enable,
    /// Take the root out of every store and delete it.
    Disable,
}

/// A request as it comes in (JSON-RPC 2.0, section 4).
#[derive(Debug, Deserialize)]
pub(super) struct Request {
    /// `"2.0"`.
    pub(super) jsonrpc: String,
    /// Left out in a notification, which gets no answer.
    #[serde(default)]
    pub(super) id: Option<Value>,
    /// The method's name.
    pub(super) method: String,
    /// Its parameters.
    #[serde(default)]
    pub(super) params: Value,
}

/// An answer (JSON-RPC 2.0, section 5).
#[derive(Debug, Serialize)]
pub(super) struct Response {
    jsonrpc: &'static str,
    id: Value,
    #[serde(flatten)]
    outcome: Outcome,
}

/// What goes to the browser.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Outgoing {
    /// An answer.
    Response(Response),
    /// An event: a notification (JSON-RPC 2.0, section 4.1).
    Event {
        jsonrpc: &'static str,
        method: &'static str,
        params: UpdatedEvent,
    },
}

impl Outgoing {
    pub(super) fn updated(params: UpdatedEvent) -> Self {
        Self::Event {
            jsonrpc: "2.0",
            method: "updated",
            params,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Result(Value),
    Error(RpcError),
}

impl Response {
    pub(super) fn new(id: Value, outcome: Result<Value, RpcError>) -> Self {
        Self {
            jsonrpc: "2.0",
            id,
            outcome: match outcome {
                Ok(result) => Outcome::Result(result),
                Err(error) => Outcome::Error(error),
            },
        }
    }
}

/// An error of a request (JSON-RPC 2.0, section 5.1).
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RpcError {
    /// JSON-RPC's own numbers below zero, a problem's number above.
    pub code: i32,
    /// One sentence of what happened.
    pub message: String,
    /// What a person can do, for problems.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub data: Option<ProblemData>,
}

/// The stable code of a problem and what to do about it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ProblemData {
    /// The stable code, such as `no-record`.
    pub code: String,
    /// One sentence of what to do.
    pub todo: String,
}

impl RpcError {
    pub(super) fn parse(reason: impl ToString) -> Self {
        Self::plain(-32700, format!("not JSON: {}", reason.to_string()))
    }

    pub(super) fn invalid_request(reason: impl ToString) -> Self {
        Self::plain(-32600, format!("not a request: {}", reason.to_string()))
    }

    pub(super) fn method_not_found(method: &str) -> Self {
        let method: String = method.chars().take(80).collect();
        Self::plain(-32601, format!("there is no method {method:?}"))
    }

    pub(super) fn invalid_params(reason: impl ToString) -> Self {
        Self::plain(-32602, format!("wrong parameters: {}", reason.to_string()))
    }

    pub(super) fn internal(reason: impl ToString) -> Self {
        Self::plain(-32603, reason.to_string())
    }

    pub(super) fn hello_first() -> Self {
        Self::plain(-32002, "say hello first".to_owned())
    }

    pub(super) fn too_long(length: usize) -> Self {
        Self::plain(-32003, format!("a message of {length} bytes is too long"))
    }

    pub(super) fn busy() -> Self {
        Self::plain(-32004, "too many requests at the same time".to_owned())
    }

    fn plain(code: i32, message: String) -> Self {
        Self {
            code,
            message,
            data: None,
        }
    }
}

impl From<Problem> for RpcError {
    fn from(problem: Problem) -> Self {
        Self {
            code: problem.code.number(),
            // It is read by people.
            message: sentence(&problem.what),
            data: Some(ProblemData {
                code: problem.code.as_str().to_owned(),
                todo: problem.code.todo().to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{checkup, meaning, view};
    use ts_rs::{Config, TS};

    /// The extension's types, made from the ones above.
    fn typescript() -> String {
        let config = Config::default();
        let mut text = String::from(
            "// Made from native-host/src/messaging/protocol.rs; change it there, then run\n\
             // `PKARR_BLESS=1 cargo test protocol` to make this file again.\n",
        );
        let mut add = |docs: Option<String>, declaration: String| {
            text.push('\n');
            text.push_str(&docs.unwrap_or_default());
            text.push_str("export ");
            text.push_str(&declaration);
            text.push('\n');
        };
        macro_rules! types {
            ($($name:ty),+ $(,)?) => { $( add(<$name>::docs(), <$name>::decl(&config)); )+ };
        }
        types![
            HelloParams,
            HelloResult,
            GatewayParams,
            GatewayResult,
            ResolveParams,
            Policy,
            view::Resolution,
            view::Source,
            view::SourceFailure,
            view::Warning,
            view::RecordView,
            meaning::Meaning,
            view::Endpoint,
            UpdatedEvent,
            StatusResult,
            DhtStatus,
            HttpsParams,
            HttpsAction,
            view::HttpsStatus,
            view::HttpsRoot,
            view::TrustStore,
            KeyParams,
            KeyResult,
            SeenPacket,
            KeepParams,
            Kept,
            SettingsParams,
            SettingsChange,
            SettingName,
            HostSettings,
            CacheParams,
            CacheAction,
            CacheResult,
            DoctorResult,
            checkup::Finding,
            checkup::State,
            SystemProxy,
            RpcError,
            ProblemData,
        ];
        text
    }

    #[test]
    fn the_extension_has_the_same_types() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../extension/protocol/generated.ts"
        );
        let expected = typescript();
        if std::env::var_os("PKARR_BLESS").is_some() {
            std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
            std::fs::write(path, &expected).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap();
        assert!(
            found == expected,
            "extension/protocol/generated.ts is not what the Rust types say; \
             run `PKARR_BLESS=1 cargo test protocol` and look at the difference"
        );
    }
}
