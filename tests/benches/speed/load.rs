//! Clients that ask for the same thing over and over, each on a connection of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};

use crate::statistics::percentile;

/// What a load came to.
pub(crate) struct Rate {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// Sends `requests` in turn on each of `connections` for `duration`, the next as soon as the last was answered with
/// `200`. Each connection begins at a place of its own.
pub(crate) async fn load(
    address: SocketAddr,
    connections: usize,
    duration: Duration,
    requests: &Arc<[Request<Full<Bytes>>]>,
) -> Rate {
    let until = Instant::now() + duration;
    let clients = (0..connections).map(|connection| {
        let requests = requests.clone();
        async move {
            let mut client = Client::connect(address).await;
            let mut times = Vec::new();
            for request in turns(&requests, connection, connections) {
                if Instant::now() >= until {
                    break;
                }
                let before = Instant::now();
                client.ask(request.clone()).await;
                times.push(before.elapsed().as_secs_f64() * 1000.0);
            }
            client.close().await;
            times
        }
    });
    rate(clients).await
}

/// `all` over and over, beginning at the place of the `index`th of `count` that take turns.
pub(crate) fn turns<T>(all: &[T], index: usize, count: usize) -> impl Iterator<Item = &T> {
    all.iter().cycle().skip(index * all.len() / count)
}

/// What clients came to, each of which ends with the times of its requests in milliseconds.
pub(crate) async fn rate(clients: impl Iterator<Item = impl Future<Output = Vec<f64>> + Send + 'static>) -> Rate {
    let begun = Instant::now();
    let clients: JoinSet<Vec<f64>> = clients.collect();
    let mut times: Vec<f64> = clients.join_all().await.into_iter().flatten().collect();
    Rate {
        per_second: times.len() as f64 / begun.elapsed().as_secs_f64(),
        p50_ms: percentile(&mut times, 50),
        p99_ms: percentile(&mut times, 99),
    }
}

/// One connection.
pub(crate) struct Client {
    sender: http1::SendRequest<Full<Bytes>>,
    connection: JoinHandle<hyper::Result<()>>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        Self { sender, connection }
    }

    /// Sends a request and reads its answer, which must be `200`.
    pub(crate) async fn ask(&mut self, request: Request<Full<Bytes>>) {
        let response = self.sender.send_request(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
        assert!(!body.is_empty());
    }

    /// The other side sees that nothing more comes.
    pub(crate) async fn close(self) {
        drop(self.sender);
        self.connection.await.unwrap().unwrap();
    }
}
