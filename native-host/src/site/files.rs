//! A folder as a site.
//!
//! Files are sent as they lie there, with ranges, validators (`ETag`, `Last-Modified`) and, where
//! the reader takes it, a compressed neighbour (`page.html.br`, `page.html.gz`). A folder shows its
//! `index.html`, or nothing: there are no listings. What is missing shows the `404.html` at the top,
//! if there is one.
//!
//! Only what is meant for all is shown. Names that begin with a dot are not there, `.well-known`
//! (RFC 8615) at the top apart, nor is what a link leads to outside the folder, nor what is no plain
//! file. These rules stand in front of every look at the disk, so none goes around them.

use std::{
    ffi::OsStr,
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
};

use http_body_util::{BodyExt, Empty};
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::{Bytes, Incoming},
    header::{self, HeaderValue},
};
use tower_http::services::{
    ServeDir,
    fs::{Backend, DefaultServeDirFallback, TokioBackend, TokioFile},
};
use tower_service::Service;

use super::{Body, SiteError, text};

/// What is shown for what is missing.
const NOT_FOUND_PAGE: &str = "/404.html";

/// The files of a folder.
#[derive(Debug)]
pub struct Files {
    /// The folder, all links followed.
    root: PathBuf,
    served: ServeDir<DefaultServeDirFallback, Guarded>,
}

impl Files {
    /// The files of this folder, as they are at each request.
    ///
    /// # Errors
    /// [`SiteError::Folder`] when there is no such folder.
    pub fn new(folder: &Path) -> Result<Self, SiteError> {
        let failed = |error| SiteError::Folder(folder.to_owned(), error);
        let root = fs::canonicalize(folder).map_err(failed)?;
        // Says why it can’t be read, if so.
        fs::read_dir(&root).map_err(failed)?;
        let guarded = Guarded {
            root: root.as_path().into(),
        };
        let served = ServeDir::with_backend(&root, guarded)
            .precompressed_br()
            .precompressed_gzip();
        Ok(Self { root, served })
    }

    /// Whether a file lies in the folder, at any depth.
    pub fn holds(&self, file: &Path) -> bool {
        fs::canonicalize(file).is_ok_and(|file| file.starts_with(&self.root))
    }

    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        // In a redirect this would name another host.
        if request.uri().path().starts_with("//") {
            return text(StatusCode::NOT_FOUND, "There is nothing here.");
        }
        let method = request.method().clone();
        let encoding = request.headers().get(header::ACCEPT_ENCODING).cloned();
        let response = self.look(request).await;
        match response.status() {
            StatusCode::NOT_FOUND => self.not_found(method, encoding).await,
            StatusCode::METHOD_NOT_ALLOWED => {
                let mut told = text(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "This method is not allowed.",
                );
                let allowed = response.headers().get(header::ALLOW).cloned();
                told.headers_mut()
                    .extend(allowed.map(|value| (header::ALLOW, value)));
                told
            }
            _ => response,
        }
    }

    async fn look<B: Send + 'static>(&self, request: Request<B>) -> Response<Body> {
        let Ok(mut response) = self.served.clone().call(request).await;
        let fields = response.headers_mut();
        fields.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        if let Some(kind) = fields.get(header::CONTENT_TYPE).and_then(in_utf8) {
            fields.insert(header::CONTENT_TYPE, kind);
        }
        response.map(|body| body.boxed_unsync())
    }

    async fn not_found(&self, method: Method, encoding: Option<HeaderValue>) -> Response<Body> {
        let mut request = Request::new(Empty::<Bytes>::new());
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from_static(NOT_FOUND_PAGE);
        let encoding = encoding.map(|value| (header::ACCEPT_ENCODING, value));
        request.headers_mut().extend(encoding);
        let mut page = self.look(request).await;
        if page.status() != StatusCode::OK {
            return text(StatusCode::NOT_FOUND, "There is nothing here.");
        }
        *page.status_mut() = StatusCode::NOT_FOUND;
        for name in [header::ACCEPT_RANGES, header::ETAG, header::LAST_MODIFIED] {
            page.headers_mut().remove(name);
        }
        page
    }
}

/// The type of a text with the charset that texts are in; `None` for what is no text.
fn in_utf8(kind: &HeaderValue) -> Option<HeaderValue> {
    let kind = kind.to_str().ok()?;
    let is_text = kind.starts_with("text/") || kind == "application/javascript";
    if !is_text || kind.contains(';') {
        return None;
    }
    HeaderValue::try_from(format!("{kind}; charset=utf-8")).ok()
}

/// The disk, as far as everybody may see it.
#[derive(Debug, Clone)]
struct Guarded {
    /// The folder, all links followed.
    root: Arc<Path>,
}

impl Guarded {
    /// Looks a path up, and tells where it really leads.
    async fn find(self, path: PathBuf) -> io::Result<(PathBuf, Metadata)> {
        let found = tokio::task::spawn_blocking(move || {
            let path = self.visible(&path)?;
            // Links may go about within what is visible.
            let path = self.visible(&fs::canonicalize(path)?)?.to_owned();
            let metadata = fs::metadata(&path)?;
            // Opening a pipe would wait for somebody to write.
            if metadata.is_file() || metadata.is_dir() {
                Ok((path, metadata))
            } else {
                Err(io::ErrorKind::NotFound.into())
            }
        });
        found.await.map_err(io::Error::other)?
    }

    fn visible<'a>(&self, path: &'a Path) -> io::Result<&'a Path> {
        let hidden = |(index, part): (usize, &OsStr)| {
            part.as_encoded_bytes().starts_with(b".") && !(index == 0 && part == ".well-known")
        };
        match path.strip_prefix(&self.root) {
            Ok(inside) if !inside.iter().enumerate().any(hidden) => Ok(path),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

type Opening<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

impl Backend for Guarded {
    type File = TokioFile;
    type Metadata = Metadata;
    type OpenFuture = Opening<TokioFile>;
    type MetadataFuture = Opening<Metadata>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        let guarded = self.clone();
        Box::pin(async move {
            let (path, metadata) = guarded.find(path).await?;
            if metadata.is_dir() {
                return Err(io::ErrorKind::NotFound.into());
            }
            TokioBackend.open(path).await
        })
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        let guarded = self.clone();
        Box::pin(async move { Ok(guarded.find(path).await?.1) })
    }
}
