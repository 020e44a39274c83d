//! A session: from hello to the end of input.
//!
//! Requests are answered as they are ready, not in their order, so that a slow name holds up no
//! other. A message that can't be understood gets an error and the session lives on. When the
//! input ends, the session ends at once, whatever is still being looked up.

mod keys;
mod private;

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
    sync::{
        Mutex, Semaphore,
        broadcast::{self, error::RecvError},
        mpsc,
    },
};
use tokio_util::codec::{FramedRead, FramedWrite};

use self::private::PrivateDoor;
use super::{
    framing::{Frame, Framing},
    protocol::{
        CAPABILITIES, CacheParams, CacheResult, DhtStatus, DoctorResult, GatewayParams,
        GatewayResult, HelloParams, HelloResult, HostSettings, HttpsAction, HttpsParams,
        HttpsStatus, Outgoing, PROTOCOL, Policy, Request, ResolveParams, Response, RpcError,
        SettingsParams, StatusResult, UpdatedEvent,
    },
    settings,
};
use crate::{
    address::PrivateAccess,
    checkup::{GatewayState, Subject},
    https::{Https, InUse},
    key::KeyAddress,
    problem::{Code, Problem},
    resolver::{self, Priority, Resolver, Update},
    settings::{Configuration, Settings},
    system_proxy::SystemProxy,
    tasks,
    view::Resolution,
};

/// How many requests are worked on at the same time.
const MAX_REQUESTS: usize = 64;
/// How many answers may wait for the browser to read them.
const MAX_ANSWERS: usize = 64;

/// Starts a gateway at an address with a resolver, or says why it can't.
///
/// The session does not know the gateway; whoever starts the session brings it along.
pub type StartGateway = Box<dyn Fn(SocketAddr, Resolver) -> StartedGateway + Send + Sync>;

/// A gateway that is being started.
pub type StartedGateway = Pin<Box<dyn Future<Output = io::Result<Box<dyn RunningGateway>>> + Send>>;

/// A gateway that runs as long as this is kept.
pub trait RunningGateway: Send + Sync {
    /// Where it listens.
    fn address(&self) -> SocketAddr;
    /// Goes on at the same address with this resolver, and forgets all that it has of its own.
    fn start_over(&self, resolver: Resolver);
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
    /// Where settings come from, and are changed.
    pub configuration: Configuration,
    /// The settings that the host was started with.
    pub settings: Settings,
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
        private: PrivateDoor::new(services.resolver.clone()),
        services,
        gateway: Mutex::new(None),
        greeted: AtomicBool::new(false),
        started: Instant::now(),
    });
    let (answers, mut waiting) = mpsc::channel::<Outgoing>(MAX_ANSWERS);
    let writer = tasks::spawn(async move {
        let mut output = FramedWrite::new(output, Framing::default());
        while let Some(answer) = waiting.recv().await {
            let message = serde_json::to_vec(&answer)?;
            output.send(message).await?;
        }
        io::Result::Ok(())
    });
    let telling = tasks::spawn(tell_updates(session.clone(), answers.clone()));
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
        tasks::spawn(async move {
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

/// Passes on what the resolvers announce, once the extension has said hello.
async fn tell_updates(session: Arc<Session>, answers: mpsc::Sender<Outgoing>) {
    let updates = session.services.resolver.updates();
    tokio::join!(
        tell(&session, updates, None, &answers),
        session
            .private
            .tend(|updates| tell(&session, updates, Some(true), &answers)),
    );
}

async fn tell(
    session: &Session,
    mut updates: broadcast::Receiver<Update>,
    incognito: Option<bool>,
    answers: &mpsc::Sender<Outgoing>,
) {
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
            incognito,
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
    gateway: Mutex<Option<Box<dyn RunningGateway>>>,
    private: PrivateDoor,
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
            "forget" => {
                self.private.forget().await;
                Ok(Value::Null)
            }
            "systemProxy" => written(system_proxy().await?),
            "key" => written(self.key(&parameters(params)?)?),
            "keep" => written(self.keep(&parameters(params)?).await?),
            "settings" => written(self.settings(parameters(params)?).await?),
            "cache" => written(self.cache(parameters(params)?).await?),
            "doctor" => written(self.doctor().await),
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
        let incognito = params.incognito.unwrap_or_default();
        let mut gateway = match incognito {
            true => self.private.gateway().await,
            false => self.gateway.lock().await,
        };
        let address = match &*gateway {
            Some(running) => running.address(),
            None => {
                let running = self
                    .start_gateway(params.preferred_port, self.resolver(incognito))
                    .await?;
                let address = running.address();
                *gateway = Some(running);
                if !incognito {
                    tracing::info!(%address, "gateway listens");
                }
                address
            }
        };
        Ok(GatewayResult {
            host: address.ip().to_string(),
            port: address.port(),
        })
    }

    /// The resolver that answers for private windows, or for the others.
    fn resolver(&self, incognito: bool) -> Resolver {
        match incognito {
            true => self.private.resolver(),
            false => self.services.resolver.clone(),
        }
    }

    async fn start_gateway(
        &self,
        preferred: Option<u16>,
        resolver: Resolver,
    ) -> Result<Box<dyn RunningGateway>, Problem> {
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if let Some(port) = preferred.filter(|port| *port >= 1024)
            && let Ok(running) = (self.services.start_gateway)(at(port), resolver.clone()).await
        {
            return Ok(running);
        }
        (self.services.start_gateway)(at(0), resolver)
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
        let resolver = self.resolver(params.incognito.unwrap_or_default());
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

    async fn settings(&self, params: SettingsParams) -> Result<HostSettings, RpcError> {
        let configuration = self.services.configuration.clone();
        tokio::task::spawn_blocking(move || settings::settings(&configuration, params))
            .await
            .map_err(RpcError::internal)?
    }

    async fn cache(&self, params: CacheParams) -> Result<CacheResult, Problem> {
        settings::cache(&self.services.resolver, params).await
    }

    async fn doctor(&self) -> DoctorResult {
        let gateway = self.gateway.lock().await.as_ref().map(|g| g.address());
        let services = &self.services;
        settings::doctor(&Subject {
            configuration: services.configuration.clone(),
            settings: services.settings.clone(),
            resolver: services.resolver.clone(),
            https: services.https.clone(),
            gateway: gateway.map_or(GatewayState::NotRunning, GatewayState::Running),
            dns: false,
        })
        .await
    }

    async fn status(&self) -> StatusResult {
        let dht = self.services.resolver.dht_info().await;
        StatusResult {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL,
            uptime_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            gateway_port: self
                .gateway
                .lock()
                .await
                .as_ref()
                .map(|g| g.address().port()),
            dht: DhtStatus {
                bootstrapped: dht.bootstrapped,
                nodes: dht.nodes,
            },
            data_dir: self.services.data_dir.display().to_string(),
        }
    }
}

async fn system_proxy() -> Result<SystemProxy, Problem> {
    tokio::task::spawn_blocking(SystemProxy::read)
        .await
        .map_err(|error| Problem::new(Code::Internal, error))
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
