//! A relay that answers what it is told to, in whatever way.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    HeaderMap, Method, Response,
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinHandle,
};
use url::Url;

/// What a client asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// How a body is sent.
#[derive(Debug, Clone)]
pub(crate) enum Sent {
    Whole(Vec<u8>),
    /// Byte by byte.
    Dripping(Vec<u8>, Duration),
    Endless,
    /// Some bytes of more that were announced.
    BrokenOff(Vec<u8>),
    /// No answer at all.
    Never,
    /// As soon as the gate opens, which stays open then.
    Held(Vec<u8>, Gate),
}

/// What holds answers back until it is opened.
pub(crate) type Gate = Arc<Semaphore>;

/// A closed gate; `add_permits(1)` opens it.
pub(crate) fn gate() -> Gate {
    Arc::new(Semaphore::new(0))
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    sent: Sent,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::sent(status, Sent::Whole(body.into()))
    }

    pub(crate) fn sent(status: u16, sent: Sent) -> Self {
        Self {
            status,
            headers: Vec::new(),
            sent,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.into(), value.to_string()));
        self
    }
}

type Script = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// The relay. It stops when dropped.
pub(crate) struct FakeRelay {
    pub(crate) url: Url,
    script: Arc<Mutex<Script>>,
    asked: Arc<watch::Sender<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl FakeRelay {
    /// Answers the same to everything.
    pub(crate) async fn always(reply: Reply) -> Self {
        Self::start(move |_| reply.clone()).await
    }

    pub(crate) async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Arc::new(script)));
        let asked = Arc::<watch::Sender<Vec<Asked>>>::default();
        let (scripts, log) = (Arc::clone(&script), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (scripts, log) = (Arc::clone(&scripts), Arc::clone(&log));
                let service = service_fn(move |request| {
                    let (scripts, log) = (Arc::clone(&scripts), Arc::clone(&log));
                    async move { Ok::<_, Infallible>(answer(request, &scripts, &log).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self {
            url: format!("http://{address}/").parse().unwrap(),
            script,
            asked,
            task,
        }
    }

    /// Answers otherwise from now on.
    pub(crate) fn now_answers(&self, reply: Reply) {
        *self.script.lock().unwrap() = Arc::new(move |_| reply.clone());
    }

    /// All that was asked.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.borrow().clone()
    }

    /// Returns when it was asked so many times.
    pub(crate) async fn was_asked(&self, times: usize) {
        let mut asked = self.asked.subscribe();
        asked.wait_for(|asked| asked.len() >= times).await.unwrap();
    }
}

impl Drop for FakeRelay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    request: hyper::Request<Incoming>,
    script: &Mutex<Script>,
    log: &watch::Sender<Vec<Asked>>,
) -> Response<UnsyncBoxBody<Bytes, std::io::Error>> {
    let (parts, body) = request.into_parts();
    let asked = Asked {
        method: parts.method,
        path: parts.uri.path_and_query().unwrap().to_string(),
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes().to_vec(),
    };
    let script = Arc::clone(&*script.lock().unwrap());
    let reply = script(&asked);
    log.send_modify(|log| log.push(asked));
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    let frame = |bytes: &[u8]| Ok(Frame::data(Bytes::copy_from_slice(bytes)));
    let body = match reply.sent {
        Sent::Whole(bytes) => Full::new(Bytes::from(bytes))
            .map_err(|never| match never {})
            .boxed_unsync(),
        Sent::Dripping(bytes, pause) => {
            let drops = stream::iter(bytes).then(move |byte| async move {
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                frame(&[byte])
            });
            StreamBody::new(drops).boxed_unsync()
        }
        Sent::Endless => {
            StreamBody::new(stream::repeat_with(move || frame(&[b'x'; 64]))).boxed_unsync()
        }
        Sent::BrokenOff(bytes) => {
            let end = std::io::Error::other("broken off on purpose");
            StreamBody::new(stream::iter([frame(&bytes), Err(end)])).boxed_unsync()
        }
        Sent::Never => std::future::pending().await,
        Sent::Held(bytes, gate) => {
            drop(gate.acquire().await.unwrap());
            Full::new(Bytes::from(bytes))
                .map_err(|never| match never {})
                .boxed_unsync()
        }
    };
    response.body(body).unwrap()
}
