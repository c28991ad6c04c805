//! Who may ask.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;

use super::{BUCKET, get, in_memory, put, refusal, refused};
use crate::{ACCESS_KEY, REGION, SECRET_KEY, Server};

/// Sends a request as a browser would, and gives the status and the body.
async fn send(server: &Server, method: &str, uri: &str, body: &'static [u8]) -> (u16, String) {
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let path = uri.strip_prefix(&format!("http://{}", server.address)).unwrap_or(uri);
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("host", server.address.to_string());
    let response = sender
        .send_request(request.body(Full::new(Bytes::from_static(body))).unwrap())
        .await
        .unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn client(server: &Server, access_key: &str, secret_key: &str) -> Client {
    let config = aws_sdk_s3::config::Builder::from(&server.config_with(access_key, secret_key, REGION));
    Client::from_conf(config.force_path_style(true).build())
}

fn for_a_minute() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_mins(1)).unwrap()
}

async fn read_link(s3: &Client, config: PresigningConfig) -> PresignedRequest {
    s3.get_object()
        .bucket(BUCKET)
        .key("a b+é.pdf")
        .presigned(config)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_key_are_refused() {
    let (server, s3) = in_memory().await;
    put(&s3, "k", "x").await;
    let wrong = client(&server, ACCESS_KEY, "wrong")
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await;
    assert_eq!(refusal(wrong), refused(403, "SignatureDoesNotMatch"));
    let unknown = client(&server, "AKIAUNKNOWN", SECRET_KEY)
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await;
    assert_eq!(refusal(unknown).0, 403);
    let written = client(&server, ACCESS_KEY, "wrong")
        .put_object()
        .bucket(BUCKET)
        .key("k")
        .body(b"y".to_vec().into());
    assert_eq!(refusal(written.send().await), refused(403, "SignatureDoesNotMatch"));
    assert_eq!(get(&s3, "k").await, b"x");
}

#[tokio::test]
async fn a_request_without_a_signature_is_refused() {
    let (server, s3) = in_memory().await;
    put(&s3, "k", "x").await;
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/arsip/k"),
        ("PUT", "/arsip/k"),
        ("DELETE", "/arsip/k"),
    ] {
        let (status, body) = send(&server, method, path, b"").await;
        assert_eq!(status, 403, "{method} {path}");
        assert!(body.contains("<Code>AccessDenied</Code>"), "{body}");
    }
}

#[tokio::test]
async fn a_presigned_link_reads_and_writes_until_it_expires() {
    let (server, s3) = in_memory().await;
    let link = s3
        .put_object()
        .bucket(BUCKET)
        .key("a b+é.pdf")
        .presigned(for_a_minute())
        .await
        .unwrap();
    assert_eq!(send(&server, "PUT", link.uri(), b"isi").await.0, 200);
    let link = read_link(&s3, for_a_minute()).await;
    assert_eq!(send(&server, "GET", link.uri(), b"").await, (200, "isi".to_owned()));

    let long_ago = SystemTime::now() - Duration::from_secs(61);
    let expired = PresigningConfig::builder()
        .start_time(long_ago)
        .expires_in(Duration::from_mins(1))
        .build()
        .unwrap();
    let (status, body) = send(&server, "GET", read_link(&s3, expired).await.uri(), b"").await;
    assert_eq!(status, 403);
    assert!(body.contains("Request has expired"), "{body}");
}

#[tokio::test]
async fn a_presigned_link_is_good_for_what_it_names_only() {
    let (server, s3) = in_memory().await;
    put(&s3, "a b+é.pdf", "isi").await;
    put(&s3, "other", "x").await;
    let link = read_link(&s3, for_a_minute()).await;
    let other = link.uri().replace("a%20b%2B%C3%A9.pdf", "other");
    assert_ne!(other, link.uri());
    let longer = link.uri().replace("X-Amz-Expires=60", "X-Amz-Expires=600000");
    for (method, uri) in [
        ("GET", other.as_str()),
        ("GET", longer.as_str()),
        ("DELETE", link.uri()),
        ("PUT", link.uri()),
    ] {
        let (status, body) = send(&server, method, uri, b"").await;
        assert_eq!(status, 403, "{method} {uri} {body}");
    }
    assert_eq!(get(&s3, "a b+é.pdf").await, b"isi");
    let wrong = read_link(&client(&server, ACCESS_KEY, "wrong"), for_a_minute()).await;
    assert_eq!(send(&server, "GET", wrong.uri(), b"").await.0, 403);
}
