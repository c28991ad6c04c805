//! Plain HTTP on loopback.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Engine, EngineError};

/// A client that takes longer to send its headers is cut off.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);
/// Requests at work when the server stops get this long. Long polls are cut: nothing was taken from their queues.
const GRACE: Duration = Duration::from_secs(2);

impl Engine {
    /// Serves on `listener`, which must be on loopback, until `shutdown`.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), EngineError> {
        let address = listener.local_addr().map_err(EngineError::Listener)?;
        if !address.ip().is_loopback() {
            return Err(EngineError::NotLoopback(address));
        }
        let (stop, stopping) = watch::channel(());
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(connection(self.clone(), stream, stopping.clone()));
                    }
                    Err(error) => {
                        // Such as too many open files: others end meanwhile.
                        tracing::warn!(error = %error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
        drop(listener);
        drop(stop);
        let rest = async { while connections.join_next().await.is_some() {} };
        // Whatever is left is cut off when the set is dropped.
        drop(tokio::time::timeout(GRACE, rest).await);
        connections.shutdown().await;
        Ok(())
    }
}

async fn connection(engine: Engine, stream: TcpStream, mut stopping: watch::Receiver<()>) {
    // Small answers would wait for more otherwise; without it they are only slower.
    drop(stream.set_nodelay(true));
    let service = service_fn(move |request: Request<Incoming>| {
        let engine = engine.clone();
        async move { Ok::<_, Infallible>(engine.handle(request).await) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        _ = stopping.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = %error, "a connection broke off");
    }
}
