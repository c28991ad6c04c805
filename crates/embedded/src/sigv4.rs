//! AWS Signature Version 4 in the `Authorization` header, as the JSON protocols use it.
//!
//! Source: AWS General Reference, "Create a signed AWS API request". The body's hash is always computed here: a client's
//! word for it (`x-amz-content-sha256`) is not taken.

mod canonical;

use aws_lc_rs::{constant_time, digest, hmac};
use http::request::Parts;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kernel::{Disposition, Fault};

use crate::Credentials;
use canonical::canonical_request;

/// Names the service and the operation of the JSON protocols.
pub(crate) const TARGET: &str = "x-amz-target";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far a client's clock may be off, as at AWS.
const SKEW: SignedDuration = SignedDuration::from_mins(15);

/// Whose signatures for which service and region are good.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) credentials: &'a Credentials,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

/// Why a request's signature is not accepted. Display texts are those of AWS, which clients print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    #[error("Request is missing Authentication Token")]
    Missing,
    #[error("Authorization header requires {0}")]
    Incomplete(&'static str),
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    #[error("Credential should be scoped to a valid region and to the service '{0}'.")]
    Scope(String),
    #[error("Signature not yet current or expired: {0} is more than 15 minutes off")]
    Skewed(String),
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key \
         and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl Fault for SignatureError {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing => "sigv4.missing",
            Self::Incomplete(_) => "sigv4.incomplete",
            Self::UnknownKey => "sigv4.unknown_key",
            Self::Scope(_) => "sigv4.scope",
            Self::Skewed(_) => "sigv4.skewed",
            Self::Mismatch => "sigv4.mismatch",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Missing
            | Self::Incomplete(_)
            | Self::UnknownKey
            | Self::Scope(_)
            | Self::Skewed(_)
            | Self::Mismatch => Disposition::Reject,
        }
    }
}

impl SignatureError {
    /// The name of the error in AWS's JSON protocols.
    pub(crate) fn shape(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::UnknownKey => "UnrecognizedClientException",
            Self::Scope(_) | Self::Skewed(_) | Self::Mismatch => "InvalidSignatureException",
        }
    }
}

/// Accepts the request if its signature is good at `now` for `scope`.
///
/// `host`, `x-amz-date` and, where present, `x-amz-target` must be among the signed headers: else a caught signature could
/// be used for another operation.
pub(crate) fn verify(parts: &Parts, body: &[u8], scope: Scope<'_>, now: Timestamp) -> Result<(), SignatureError> {
    let header = parts
        .headers
        .get(http::header::AUTHORIZATION)
        .ok_or(SignatureError::Missing)?;
    let header = header.to_str().map_err(|_| SignatureError::Missing)?;
    let authorization = Authorization::parse(header)?;

    if authorization.access_key != scope.credentials.access_key {
        return Err(SignatureError::UnknownKey);
    }
    if authorization.region != scope.region || authorization.service != scope.service {
        return Err(SignatureError::Scope(scope.service.to_owned()));
    }
    let date = parts
        .headers
        .get("x-amz-date")
        .and_then(|value| value.to_str().ok())
        .ok_or(SignatureError::Incomplete("an 'X-Amz-Date' header"))?;
    let at = timestamp(date).ok_or(SignatureError::Incomplete(
        "an 'X-Amz-Date' of the form YYYYMMDD'T'HHMMSS'Z'",
    ))?;
    if !date.starts_with(authorization.date) {
        return Err(SignatureError::Incomplete(
            "the same date in 'X-Amz-Date' and 'Credential'",
        ));
    }
    if now.duration_since(at).abs() > SKEW {
        return Err(SignatureError::Skewed(date.to_owned()));
    }
    for required in ["host", "x-amz-date", TARGET] {
        let present = required == "host" || parts.headers.contains_key(required);
        if present && !authorization.signs(required) {
            return Err(SignatureError::Incomplete(
                "'host' and all 'X-Amz-*' headers to be signed",
            ));
        }
    }

    let canonical = canonical_request(parts, body, authorization.signed_headers);
    let scope_text = format!("{}/{}/{}/aws4_request", authorization.date, scope.region, scope.service);
    let text = format!(
        "{ALGORITHM}\n{date}\n{scope_text}\n{}",
        sha256_hex(canonical.as_bytes())
    );
    let expected = hex::encode(hmac_sha256(&signing_key(scope, authorization.date), text.as_bytes()));
    constant_time::verify_slices_are_equal(expected.as_bytes(), authorization.signature.as_bytes())
        .map_err(|_| SignatureError::Mismatch)
}

#[derive(Debug)]
struct Authorization<'a> {
    access_key: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(header: &'a str) -> Result<Self, SignatureError> {
        let fields = header.strip_prefix(ALGORITHM).ok_or(SignatureError::Missing)?;
        let field = |name: &str| {
            fields
                .split(',')
                .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
        };
        let credential = field("Credential").ok_or(SignatureError::Incomplete("'Credential' parameter."))?;
        let signed_headers = field("SignedHeaders").ok_or(SignatureError::Incomplete("'SignedHeaders' parameter."))?;
        let signature = field("Signature").ok_or(SignatureError::Incomplete("'Signature' parameter."))?;
        // An access key may hold slashes; the four parts of the scope may not.
        let mut parts = credential.rsplitn(5, '/');
        let (Some("aws4_request"), Some(service), Some(region), Some(date), Some(access_key)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SignatureError::Incomplete(
                "a 'Credential' of the form key/date/region/service/aws4_request",
            ));
        };
        Ok(Self {
            access_key,
            date,
            region,
            service,
            signed_headers,
            signature,
        })
    }

    fn signs(&self, name: &str) -> bool {
        self.signed_headers.split(';').any(|signed| signed == name)
    }
}

fn timestamp(text: &str) -> Option<Timestamp> {
    let local = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn signing_key(scope: Scope<'_>, date: &str) -> Vec<u8> {
    let secret = format!("AWS4{}", scope.credentials.secret_key);
    [date, scope.region, scope.service, "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| hmac_sha256(&key, part.as_bytes()))
}

fn hmac_sha256(key: &[u8], data: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data)
        .as_ref()
        .to_vec()
}

fn sha256_hex(data: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, data))
}

#[cfg(test)]
mod tests;
