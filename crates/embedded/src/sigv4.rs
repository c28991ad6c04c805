//! AWS Signature Version 4 in the `Authorization` header, as the JSON protocols use it.
//!
//! Source: AWS General Reference, "Create a signed AWS API request". The body's hash is always computed here: a client's
//! word for it (`x-amz-content-sha256`) is not taken.

use std::fmt::Write as _;

use aws_lc_rs::{constant_time, digest, hmac};
use http::request::Parts;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kernel::{Disposition, Fault};

use crate::Credentials;

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

fn canonical_request(parts: &Parts, body: &[u8], signed_headers: &str) -> String {
    let mut text = format!(
        "{}\n{}\n{}\n",
        parts.method,
        path(parts.uri.path()),
        query(parts.uri.query())
    );
    for name in signed_headers.split(';') {
        let values: Vec<String> = if name == "host" && !parts.headers.contains_key("host") {
            parts.uri.authority().map(ToString::to_string).into_iter().collect()
        } else {
            let values = parts.headers.get_all(name).iter();
            values
                .map(|value| squeeze(&String::from_utf8_lossy(value.as_bytes())))
                .collect()
        };
        text.push_str(name);
        text.push(':');
        text.push_str(&values.join(","));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(signed_headers);
    text.push('\n');
    text.push_str(&sha256_hex(body));
    text
}

/// Encodes what is already encoded once more: only S3 signs its paths as they are.
fn path(raw: &str) -> String {
    let mut encoded = String::with_capacity(raw.len());
    for byte in raw.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    if encoded.is_empty() { "/".to_owned() } else { encoded }
}

fn query(raw: Option<&str>) -> String {
    let mut pairs: Vec<(&str, &str)> = raw
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn squeeze(value: &str) -> String {
    value
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
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
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    const KEY: &str = "AKIDEXAMPLE";

    fn check(request: http::request::Builder, body: &str, service: &str, at: &str) -> Result<(), SignatureError> {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let credentials = Credentials {
            access_key: KEY.to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        };
        let scope = Scope {
            credentials: &credentials,
            region: "us-east-1",
            service,
        };
        verify(&parts, body.as_bytes(), scope, at.parse().unwrap())
    }

    fn vector(method: &str, uri: &str, signed: &str, signature: &str) -> http::request::Builder {
        http::Request::builder()
            .method(method)
            .uri(uri)
            .header("host", "example.amazonaws.com")
            .header("x-amz-date", "20150830T123600Z")
            .header(
                "authorization",
                format!(
                    "{ALGORITHM} Credential={KEY}/20150830/us-east-1/service/aws4_request, SignedHeaders={signed}, \
                     Signature={signature}"
                ),
            )
    }

    const AT: &str = "2015-08-30T12:36:00Z";
    const VANILLA: &str = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

    #[test]
    fn the_published_example_vectors_are_accepted() {
        let plain = "host;x-amz-date";
        let accepted = [
            (vector("GET", "/", plain, VANILLA), ""),
            (
                vector(
                    "POST",
                    "/",
                    plain,
                    "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
                ),
                "",
            ),
            (
                vector(
                    "GET",
                    "/?Param2=value2&Param1=value1",
                    plain,
                    "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
                ),
                "",
            ),
            (
                vector(
                    "POST",
                    "/",
                    "content-type;host;x-amz-date",
                    "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
                )
                .header("content-type", "application/x-www-form-urlencoded"),
                "Param1=value1",
            ),
            (
                vector(
                    "GET",
                    "/",
                    "host;my-header1;my-header2;x-amz-date",
                    "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
                )
                .header("My-Header1", " value1")
                .header("My-Header2", " \"a   b   c\""),
                "",
            ),
        ];
        for (request, body) in accepted {
            assert_eq!(check(request, body, "service", AT), Ok(()));
        }
    }

    #[test]
    fn a_request_changed_after_signing_is_refused() {
        let plain = "host;x-amz-date";
        assert_eq!(
            check(vector("POST", "/", plain, VANILLA), "", "service", AT),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            check(vector("GET", "/", plain, VANILLA), "x", "service", AT),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            check(vector("GET", "/a", plain, VANILLA), "", "service", AT),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            check(vector("GET", "/", plain, ""), "", "service", AT),
            Err(SignatureError::Mismatch)
        );
    }

    #[test]
    fn another_operation_cannot_be_slipped_under_a_signature() {
        let request = vector("GET", "/", "host;x-amz-date", VANILLA).header("x-amz-target", "AmazonSQS.PurgeQueue");
        assert!(matches!(
            check(request, "", "service", AT),
            Err(SignatureError::Incomplete(_))
        ));
    }

    #[test]
    fn a_signature_holds_for_fifteen_minutes_on_either_side() {
        let good = || vector("GET", "/", "host;x-amz-date", VANILLA);
        assert_eq!(check(good(), "", "service", "2015-08-30T12:51:00Z"), Ok(()));
        assert_eq!(check(good(), "", "service", "2015-08-30T12:21:00Z"), Ok(()));
        for at in ["2015-08-30T12:51:01Z", "2015-08-30T12:20:59Z"] {
            assert!(
                matches!(check(good(), "", "service", at), Err(SignatureError::Skewed(_))),
                "{at}"
            );
        }
    }

    #[test]
    fn a_signature_for_another_service_is_refused() {
        let request = vector("GET", "/", "host;x-amz-date", VANILLA);
        assert!(matches!(check(request, "", "sqs", AT), Err(SignatureError::Scope(_))));
    }
}
