//! The description of the API says what the function does.

use serde_json::json;

use crate::support::{Office, body};

#[tokio::test]
async fn the_description_names_each_route_with_its_parameters_and_answers() {
    let office = Office::open().await;
    let key = office.key(&[], 1, "karo").await;
    let reply = office.get("/openapi.json", Some(&key)).await;
    assert_eq!(reply.status_code, 200);
    let description = body(&reply);
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths: Vec<_> = description["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(paths, ["/audit", "/audit/export"]);
    let parameters = |path: &str| {
        let all = description["paths"][path]["get"]["parameters"].as_array().unwrap();
        all.iter()
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let search = [
        "actor", "resource", "action", "outcome", "from", "until", "limit", "cursor",
    ];
    assert_eq!(parameters("/audit"), search);
    assert_eq!(parameters("/audit/export"), [&search[..], &["format"]].concat());
    let outcome = &description["components"]["schemas"]["Outcome"]["enum"];
    assert_eq!(outcome, &json!(["success", "refused", "failed"]));
}
