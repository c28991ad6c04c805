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
