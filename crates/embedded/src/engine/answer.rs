//! Answers of the JSON protocols.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use kernel::Fault as _;
use serde_json::json;

use super::BoxBody;
use crate::sigv4::SignatureError;
use crate::sqs::SqsError;

const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");

pub(super) fn json(status: StatusCode, body: Vec<u8>) -> Response<BoxBody> {
    let body = Full::new(Bytes::from(body))
        .map_err(|never| match never {})
        .boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

pub(super) fn sqs(error: &SqsError) -> Response<BoxBody> {
    let wire = error.wire();
    let fault = if wire.status.is_server_error() {
        tracing::error!(error = %error, error.code = error.code(), "an SQS operation failed");
        "Receiver"
    } else {
        "Sender"
    };
    let mut response = json(wire.status, body(wire.shape, &error.to_string()));
    if let Ok(value) = HeaderValue::from_str(&format!("{};{fault}", wire.query_code)) {
        response.headers_mut().insert("x-amzn-query-error", value);
    }
    response
}

pub(super) fn unsigned(status: StatusCode, error: &SignatureError) -> Response<BoxBody> {
    let shape = format!("com.amazon.coral.service#{}", error.shape());
    json(status, body(&shape, &error.to_string()))
}

pub(super) fn too_large(limit: usize) -> Response<BoxBody> {
    let message = format!("The request is longer than {limit} bytes.");
    json(
        StatusCode::PAYLOAD_TOO_LARGE,
        body("com.amazon.coral.service#RequestEntityTooLargeException", &message),
    )
}

fn body(shape: &str, message: &str) -> Vec<u8> {
    json!({ "__type": shape, "message": message }).to_string().into_bytes()
}
