//! One port: AWS requests go to the engine, `/lambda-url/<function>/...` to that function, `/auth/...` to `session`, everything
//! else to `verify`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use embedded::{BoxBody, Engine};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use platform::{Function, HttpEvent, HttpReply};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

/// The most that a function is sent over HTTP. Lambda's own limit is 6 MiB; on one machine, whole files may be checked.
const BODY_LIMIT: usize = 32 * 1024 * 1024;
/// A client that takes longer to send its headers is not waited for. Longer than AWS clients keep an idle connection.
const HEADER_TIMEOUT: std::time::Duration = std::time::Duration::from_mins(2);
/// The pause after a connection could not be accepted.
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);
/// A client that takes longer to send its body is not waited for.
const BODY_TIMEOUT: std::time::Duration = std::time::Duration::from_mins(1);
/// The function that answers what no other does.
const DEFAULT: &str = "verify";
/// The function to which mailed links lead, and what their paths begin with.
const SESSION: (&str, &str) = ("session", "/auth/");

/// Where requests go.
pub(crate) struct Front {
    engine: Engine,
    functions: RwLock<BTreeMap<String, Function>>,
}

impl Front {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            functions: RwLock::default(),
        }
    }

    /// Adds a function that answers HTTP.
    pub(crate) fn add(&self, name: String, function: Function) {
        self.functions
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, function);
    }

    fn find(&self, name: &str) -> Option<Function> {
        self.functions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<BoxBody> {
        if Engine::claims(&request) {
            return self.engine.handle(request).await;
        }
        let path = request.uri().path().to_owned();
        let (name, path) = match path.strip_prefix("/lambda-url/") {
            Some(rest) => {
                let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
                (name.to_owned(), format!("/{path}"))
            }
            None if path.starts_with(SESSION.1) => (SESSION.0.to_owned(), path),
            None => (DEFAULT.to_owned(), path),
        };
        match self.find(&name) {
            Some(function) => call(&function, request, &path, peer).await,
            None => plain(StatusCode::NOT_FOUND, "Tidak ditemukan."),
        }
    }
}

/// Serves until stopped, then lets the requests at work finish.
pub(crate) async fn serve(listener: TcpListener, front: Arc<Front>, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Small answers must not wait for the next packet.
                let _best_effort = stream.set_nodelay(true);
                connections.spawn(connection(TokioIo::new(stream), peer, front.clone(), stop.clone()));
            }
            Err(failure) => {
                warn!(error.chain = %failure, "a connection was not accepted");
                // Too many open files, mostly: accepting again at once would only spin.
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn connection(
    stream: TokioIo<tokio::net::TcpStream>,
    peer: SocketAddr,
    front: Arc<Front>,
    stop: CancellationToken,
) {
    let service = service_fn(move |request| {
        let front = front.clone();
        async move { Ok::<_, std::convert::Infallible>(front.answer(request, peer).await) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    let mut serving = std::pin::pin!(builder.serve_connection(stream, service));
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(failure) = ended {
        tracing::debug!(error.chain = %failure, "a connection ended early");
    }
}

async fn call(function: &Function, request: Request<Incoming>, path: &str, peer: SocketAddr) -> Response<BoxBody> {
    let (parts, body) = request.into_parts();
    let body = match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, BODY_LIMIT).collect()).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return plain(StatusCode::PAYLOAD_TOO_LARGE, "Isi permintaan terlalu besar."),
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "Isi permintaan tidak kunjung lengkap."),
    };
    let now = jiff::Timestamp::now().as_millisecond();
    let event = HttpEvent::new(&parts, path, &body.to_bytes(), peer.ip().to_string(), now);
    let reply = match serde_json::to_value(event) {
        Ok(event) => function
            .invoke(event)
            .await
            .ok()
            .and_then(|reply| serde_json::from_value::<HttpReply>(reply).ok()),
        Err(_) => None,
    };
    let Some(reply) = reply else {
        error!(http.path = path, "a function failed on a request");
        return plain(StatusCode::BAD_GATEWAY, "Layanan sedang bermasalah. Silakan coba lagi.");
    };
    let mut response = Response::builder().status(reply.status_code);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response
        .body(full(reply.into_body()))
        .unwrap_or_else(|_| plain(StatusCode::BAD_GATEWAY, "Layanan sedang bermasalah."))
}

fn plain(status: StatusCode, text: &'static str) -> Response<BoxBody> {
    let mut response = Response::new(full(text.as_bytes().to_vec()));
    *response.status_mut() = status;
    let kind = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    response
}

fn full(bytes: Vec<u8>) -> BoxBody {
    Full::new(Bytes::from(bytes))
        .map_err(|never| match never {})
        .boxed_unsync()
}
