//! The demo's HTTP client: an official who decides, and a citizen who verifies.

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// A call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("{0} cannot be reached")]
    Unreachable(String, #[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("{url} answered {status}")]
    Refused { url: String, status: StatusCode },
}

pub(crate) struct Client {
    http: HyperClient<HttpConnector, Full<Bytes>>,
    endpoint: String,
    token: String,
}

impl Client {
    pub(crate) fn new(endpoint: String, token: String) -> Self {
        Self {
            http: HyperClient::builder(TokioExecutor::new()).build_http(),
            endpoint,
            token,
        }
    }

    /// Approves a document as the demo official. The document's id is the idempotency key: once is enough.
    pub(crate) async fn approve(&self, document_id: &str) -> Result<(), ClientError> {
        let url = format!("{}/lambda-url/decide/approvals/{document_id}/decisions", self.endpoint);
        let request = Request::builder()
            .method(Method::POST)
            .uri(&url)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", document_id);
        self.send(&url, request, json!({ "verdict": "approve" }).to_string().into())
            .await
            .map(drop)
    }

    /// What the public function says of a file.
    pub(crate) async fn verify(&self, file: Bytes) -> Result<String, ClientError> {
        let url = format!("{}/api/v1/verify", self.endpoint);
        let request = Request::builder()
            .method(Method::POST)
            .uri(&url)
            .header(header::CONTENT_TYPE, "application/pdf");
        let body = self.send(&url, request, file).await?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        Ok(answer
            .get("verdict")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned())
    }

    /// Opens the link that the QR holds, as a phone does; an error unless it names a registered document.
    pub(crate) async fn open(&self, link: &str) -> Result<(), ClientError> {
        self.send(link, Request::builder().uri(link), Bytes::new())
            .await
            .map(drop)
    }

    async fn send(&self, url: &str, request: http::request::Builder, body: Bytes) -> Result<Bytes, ClientError> {
        let unreachable = |error: Box<dyn std::error::Error + Send + Sync>| ClientError::Unreachable(url.into(), error);
        let request = request
            .body(Full::new(body))
            .map_err(|error| unreachable(error.into()))?;
        let response = self
            .http
            .request(request)
            .await
            .map_err(|error| unreachable(error.into()))?;
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .map_err(|error| unreachable(error.into()))?;
        if status.is_success() {
            Ok(body.to_bytes())
        } else {
            Err(ClientError::Refused {
                url: url.into(),
                status,
            })
        }
    }
}
