//! Listing an inbox that is a gateway to a file system: one that cannot list versions, and one that calls its first page all.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kernel::Fault;
use platform::{Environment, Inbox, Settings};
use tokio::net::TcpListener;

/// What a gateway answers that cannot list versions: two pages of one object each.
fn refuse_versions(query: &str) -> (StatusCode, String) {
    if query
        .split('&')
        .any(|part| part == "versions" || part.starts_with("versions="))
    {
        let answer = "<Error><Code>NotImplemented</Code><Message>not implemented</Message></Error>";
        return (StatusCode::NOT_IMPLEMENTED, answer.to_owned());
    }
    let (key, second, is_truncated) = if query.contains("start-after=karo%2Floket%2Fa.pdf") {
        ("karo/loket/b.pdf", 1, false)
    } else {
        ("karo/loket/a.pdf", 0, true)
    };
    let page = format!(
        "<ListBucketResult><Name>inbox</Name><IsTruncated>{is_truncated}</IsTruncated><Contents><Key>{key}</Key>\
         <LastModified>2026-01-05T01:00:0{second}.500Z</LastModified><ETag>&quot;e{second}&quot;</ETag><Size>1</Size>\
         </Contents></ListBucketResult>"
    );
    (StatusCode::OK, page)
}

/// As [`refuse_versions`], of one that lists the first page of versions, and no more.
fn first_versions(query: &str) -> (StatusCode, String) {
    let (status, answer) = refuse_versions(query);
    if status == StatusCode::OK {
        return (status, answer);
    }
    let page = "<ListVersionsResult><Name>inbox</Name><IsTruncated>false</IsTruncated><Version><Key>karo/loket/a.pdf</Key>\
                <VersionId>null</VersionId><IsLatest>true</IsLatest><LastModified>2026-01-05T01:00:00.500Z</LastModified>\
                <ETag>&quot;e0&quot;</ETag><Size>1</Size></Version></ListVersionsResult>";
    (StatusCode::OK, page.to_owned())
}

/// The inbox of a store that answers each request with what `answer` makes of its query.
async fn inbox_of(answer: fn(&str) -> (StatusCode, String)) -> Inbox {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            let service = service_fn(move |request: Request<Incoming>| {
                let (status, body) = answer(request.uri().query().unwrap_or_default());
                let mut response = Response::new(Full::new(Bytes::from(body)));
                *response.status_mut() = status;
                async { Ok::<_, Infallible>(response) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(connection), service));
        }
    });
    let settings: Settings = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_REGION", "ap-southeast-3"),
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into_iter()
    .collect();
    Inbox::new(&Environment::connect(settings).unwrap().aws)
}

async fn assert_lists_both(answer: fn(&str) -> (StatusCode, String)) {
    let inbox = inbox_of(answer).await;
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = inbox.uploads("inbox", after.as_ref()).await.unwrap();
        for upload in page.uploads {
            assert!(upload.is_latest && upload.object.version_id.is_none());
            found.push((upload.object.key, upload.object.etag, upload.at.to_string()));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let expected = [
        ("karo/loket/a.pdf", "e0", "2026-01-05T01:00:00Z"),
        ("karo/loket/b.pdf", "e1", "2026-01-05T01:00:01Z"),
    ];
    assert_eq!(
        found,
        expected.map(|(key, etag, at)| (key.to_owned(), etag.to_owned(), at.to_owned()))
    );
}

#[tokio::test]
async fn a_store_that_cannot_list_versions_tells_of_what_is_there_page_by_page() {
    assert_lists_both(refuse_versions).await;
}

#[tokio::test]
async fn a_store_that_lists_one_page_of_versions_only_tells_of_all_that_is_there() {
    assert_lists_both(first_versions).await;
}

#[tokio::test]
async fn a_store_that_refuses_to_list_is_not_asked_in_another_way() {
    let refuse = |_: &str| {
        let answer = "<Error><Code>AccessDenied</Code></Error>";
        (StatusCode::FORBIDDEN, answer.to_owned())
    };
    let inbox = inbox_of(refuse).await;
    let error = inbox.uploads("inbox", None).await.unwrap_err();
    assert_eq!(error.code(), "inbox.unavailable");
}
