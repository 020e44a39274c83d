//! A session: from hello to the end of input.
//!
//! Requests are answered as they are ready, not in their order, so that a slow name holds up no
//! other. A message that can't be understood gets an error and the session lives on. When the
//! input ends, the session ends at once, whatever is still being looked up.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use futures_util::{SinkExt, StreamExt};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Mutex, Semaphore, broadcast::error::RecvError, mpsc},
};
use tokio_util::codec::{FramedRead, FramedWrite};

use super::{
    framing::{Frame, Framing},
    protocol::{
        CAPABILITIES, DhtStatus, GatewayParams, GatewayResult, HelloParams, HelloResult,
        HttpsAction, HttpsParams, HttpsStatus, Outgoing, PROTOCOL, Policy, Request, ResolveParams,
        Response, RpcError, StatusResult, UpdatedEvent,
    },
};
use crate::{
    address::PrivateAccess,
    https::{Https, InUse},
    key::KeyAddress,
    problem::{Code, Problem},
    resolver::{self, Priority, Resolver},
    view::Resolution,
};

/// How many requests are worked on at the same time.
const MAX_REQUESTS: usize = 64;
/// How many answers may wait for the browser to read them.
const MAX_ANSWERS: usize = 64;

/// Starts a gateway at an address, or says why it can't.
///
/// The session does not know the gateway; whoever starts the session brings it along. What is
/// given back is the address and a guard that stops the gateway when dropped.
pub type StartGateway = Box<
    dyn Fn(SocketAddr) -> Pin<Box<dyn Future<Output = io::Result<RunningGateway>> + Send>>
        + Send
        + Sync,
>;

/// A gateway that runs as long as this is kept.
pub struct RunningGateway {
    /// Where it listens.
    pub address: SocketAddr,
    /// What stops it when dropped.
    pub guard: Box<dyn Send + Sync>,
}

/// What a session works with.
pub struct Services {
    /// Answers questions for keys.
    pub resolver: Resolver,
    /// Starts the gateway when it is first asked for.
    pub start_gateway: StartGateway,
    /// Which keys may lead to this machine and to private networks.
    pub private: PrivateAccess,
    /// The folder where the host keeps its data.
    pub data_dir: PathBuf,
    /// Switches `https://` on and off for keys.
    pub https: Https,
    /// Whether this browser trusts the root, as the extension has found out; the gateway asks.
    pub https_in_use: InUse,
}

/// Serves one extension until its input ends.
///
/// # Errors
/// When the pipe to the browser breaks.
pub async fn serve<R, W>(input: R, output: W, services: Services) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let session = Arc::new(Session {
        services,
        gateway: Mutex::new(None),
        greeted: AtomicBool::new(false),
        started: Instant::now(),
    });
    let (answers, mut waiting) = mpsc::channel::<Outgoing>(MAX_ANSWERS);
    let writer = tokio::spawn(async move {
        let mut output = FramedWrite::new(output, Framing::default());
        while let Some(answer) = waiting.recv().await {
            let message = serde_json::to_vec(&answer)?;
            output.send(message).await?;
        }
        io::Result::Ok(())
    });
    let telling = tokio::spawn(tell_updates(session.clone(), answers.clone()));
    let permits = Arc::new(Semaphore::new(MAX_REQUESTS));
    let mut frames = FramedRead::new(input, Framing::default());
    while let Some(frame) = frames.next().await {
        let message = match frame? {
            Frame::Message(message) => message,
            Frame::TooLong(length) => {
                let error = answer(Value::Null, Err(RpcError::too_long(length)));
                if answers.send(error).await.is_err() {
                    break;
                }
                continue;
            }
        };
        let request = match read(&message) {
            Ok(request) => request,
            Err((id, error)) => {
                if answers.send(answer(id, Err(error))).await.is_err() {
                    break;
                }
                continue;
            }
        };
        let id = request.id.clone();
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            let error = answer(id.unwrap_or_default(), Err(RpcError::busy()));
            if answers.send(error).await.is_err() {
                break;
            }
            continue;
        };
        // Hello is answered in its turn, so that what follows it in the pipe comes after it.
        if request.method == "hello" {
            let outcome = session.hello(request.params);
            if let Some(id) = id
                && answers.send(answer(id, outcome)).await.is_err()
            {
                break;
            }
            continue;
        }
        let session = Arc::clone(&session);
        let answers = answers.clone();
        tokio::spawn(async move {
            let outcome = session.call(&request.method, request.params).await;
            if let Some(id) = id {
                _ = answers.send(answer(id, outcome)).await;
            }
            drop(permit);
        });
    }
    telling.abort();
    writer.abort();
    Ok(())
}

fn answer(id: Value, outcome: Result<Value, RpcError>) -> Outgoing {
    Outgoing::Response(Response::new(id, outcome))
}

/// Passes on what the resolver announces, once the extension has said hello.
async fn tell_updates(session: Arc<Session>, answers: mpsc::Sender<Outgoing>) {
    let mut updates = session.services.resolver.updates();
    loop {
        let update = match updates.recv().await {
            Ok(update) => update,
            // Too many to tell: whoever shows a key asks again some time.
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        if !session.greeted.load(Ordering::Acquire) {
            continue;
        }
        let event = Outgoing::updated(UpdatedEvent {
            key: update.key.to_string(),
            seq: update.seq.to_string(),
        });
        if answers.send(event).await.is_err() {
            return;
        }
    }
}

/// Reads a request; on failure the id to answer to, as far as it is known.
fn read(message: &[u8]) -> Result<Request, (Value, RpcError)> {
    let value: Value =
        serde_json::from_slice(message).map_err(|error| (Value::Null, RpcError::parse(error)))?;
    let id = value.get("id").cloned().unwrap_or_default();
    let request: Request = serde_json::from_value(value)
        .map_err(|error| (id.clone(), RpcError::invalid_request(error)))?;
    if request.jsonrpc != "2.0" {
        return Err((id, RpcError::invalid_request("jsonrpc must be \"2.0\"")));
    }
    match &request.id {
        None | Some(Value::Null | Value::Number(_) | Value::String(_)) => Ok(request),
        Some(_) => Err((
            Value::Null,
            RpcError::invalid_request("an id is a number or a string"),
        )),
    }
}

struct Session {
    services: Services,
    gateway: Mutex<Option<RunningGateway>>,
    greeted: AtomicBool,
    started: Instant,
}

impl Session {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        if !self.greeted.load(Ordering::Acquire) {
            return Err(RpcError::hello_first());
        }
        match method {
            "gateway" => written(self.gateway(parameters(params)?).await?),
            "resolve" => written(self.resolve(parameters(params)?).await?),
            "status" => written(self.status().await),
            "https" => written(self.https(parameters(params)?).await?),
            other => Err(RpcError::method_not_found(other)),
        }
    }

    fn hello(&self, params: Value) -> Result<Value, RpcError> {
        let params: HelloParams = parameters(params)?;
        tracing::info!(
            extension = %params.version.escape_debug(),
            protocol = params.protocol,
            "hello"
        );
        self.greeted.store(true, Ordering::Release);
        written(HelloResult {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL,
            capabilities: CAPABILITIES.map(str::to_owned).into(),
        })
    }

    async fn gateway(&self, params: GatewayParams) -> Result<GatewayResult, Problem> {
        let mut gateway = self.gateway.lock().await;
        let address = match &*gateway {
            Some(running) => running.address,
            None => {
                let running = self.start_gateway(params.preferred_port).await?;
                let address = running.address;
                *gateway = Some(running);
                address
            }
        };
        Ok(GatewayResult {
            host: address.ip().to_string(),
            port: address.port(),
        })
    }

    async fn start_gateway(&self, preferred: Option<u16>) -> Result<RunningGateway, Problem> {
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if let Some(port) = preferred.filter(|port| *port >= 1024)
            && let Ok(running) = (self.services.start_gateway)(at(port)).await
        {
            return Ok(running);
        }
        (self.services.start_gateway)(at(0))
            .await
            .map_err(|error| Problem::new(Code::GatewayFailed, error))
    }

    async fn resolve(&self, params: ResolveParams) -> Result<Resolution, Problem> {
        let address =
            KeyAddress::parse(&params.host).map_err(|error| Problem::new(Code::NotAKey, error))?;
        let policy = match params.policy {
            None | Some(Policy::CacheFirst) => resolver::Policy::CacheFirst,
            Some(Policy::CacheOnly) => resolver::Policy::CacheOnly,
            Some(Policy::NetworkOnly) => resolver::Policy::NetworkOnly,
        };
        let resolver = &self.services.resolver;
        let route = resolver
            .route(&address.host, address.url.scheme(), policy, Priority::Page)
            .await?;
        Ok(Resolution::new(
            &address.host,
            &route,
            self.services.private.allows(address.host.key()),
        ))
    }

    async fn https(&self, params: HttpsParams) -> Result<HttpsStatus, Problem> {
        let https = self.services.https.clone();
        // Stores are asked by programs, which take their time.
        let status = tokio::task::spawn_blocking(move || match params.action {
            HttpsAction::Status => https.status(),
            HttpsAction::Enable => https.enable(),
            HttpsAction::Disable => https.disable(),
        });
        let status = status
            .await
            .map_err(|error| Problem::new(Code::Internal, error))??;
        let root = status.root.as_ref().map(|root| root.fingerprint.clone());
        self.services.https_in_use.hear(params.in_use, root);
        Ok(status)
    }

    async fn status(&self) -> StatusResult {
        let dht = self.services.resolver.dht_info().await;
        StatusResult {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL,
            uptime_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            gateway_port: self.gateway.lock().await.as_ref().map(|g| g.address.port()),
            dht: DhtStatus {
                bootstrapped: dht.bootstrapped,
                nodes: dht.nodes,
            },
            data_dir: self.services.data_dir.display().to_string(),
        }
    }
}

fn parameters<T: DeserializeOwned>(params: Value) -> Result<T, RpcError> {
    let params = match params {
        Value::Null => Value::Object(serde_json::Map::new()),
        given => given,
    };
    serde_json::from_value(params).map_err(RpcError::invalid_params)
}

fn written(result: impl Serialize) -> Result<Value, RpcError> {
    serde_json::to_value(result).map_err(RpcError::internal)
}

impl From<resolver::ResolveError> for RpcError {
    fn from(error: resolver::ResolveError) -> Self {
        Problem::from(error).into()
    }
}
