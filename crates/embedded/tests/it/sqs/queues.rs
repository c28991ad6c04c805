//! Queues themselves, and who may use them.

use std::collections::HashMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::types::QueueAttributeName;

use super::{attribute, queue, receive, send};
use crate::{ACCESS_KEY, REGION, SECRET_KEY, Server};

#[tokio::test]
async fn a_queue_is_made_once_found_listed_changed_purged_and_deleted() {
    let server = Server::in_memory().await;
    let sqs = server.sqs();
    let url = queue(&sqs, "inbox", &[(QueueAttributeName::VisibilityTimeout, "5")]).await;
    assert_eq!(
        queue(&sqs, "inbox", &[(QueueAttributeName::VisibilityTimeout, "5")]).await,
        url
    );
    assert_eq!(url, format!("http://{}/000000000000/inbox", server.address));
    let other = sqs
        .create_queue()
        .queue_name("inbox")
        .attributes(QueueAttributeName::VisibilityTimeout, "6");
    assert!(
        other
            .send()
            .await
            .unwrap_err()
            .into_service_error()
            .is_queue_name_exists()
    );
    assert_eq!(
        sqs.get_queue_url()
            .queue_name("inbox")
            .send()
            .await
            .unwrap()
            .queue_url(),
        Some(url.as_str())
    );
    for name in ["other", "inbox-2", "inbox-3"] {
        queue(&sqs, name, &[]).await;
    }
    let page = sqs
        .list_queues()
        .queue_name_prefix("inbox")
        .max_results(2)
        .send()
        .await
        .unwrap();
    assert_eq!(page.queue_urls().len(), 2);
    let rest = sqs
        .list_queues()
        .queue_name_prefix("inbox")
        .max_results(2)
        .set_next_token(page.next_token);
    assert_eq!(rest.send().await.unwrap().queue_urls().len(), 1);

    let set = sqs
        .set_queue_attributes()
        .queue_url(&url)
        .attributes(QueueAttributeName::VisibilityTimeout, "7");
    set.send().await.unwrap();
    assert_eq!(attribute(&sqs, &url, QueueAttributeName::VisibilityTimeout).await, "7");
    let all = attribute(&sqs, &url, QueueAttributeName::QueueArn).await;
    assert_eq!(all, "arn:aws:sqs:ap-southeast-3:000000000000:inbox");
    sqs.tag_queue()
        .queue_url(&url)
        .tags("unit", "dpmptsp")
        .send()
        .await
        .unwrap();
    let tags = sqs
        .list_queue_tags()
        .queue_url(&url)
        .send()
        .await
        .unwrap()
        .tags
        .unwrap();
    assert_eq!(tags, HashMap::from([("unit".to_owned(), "dpmptsp".to_owned())]));

    send(&sqs, &url, "x").await;
    sqs.purge_queue().queue_url(&url).send().await.unwrap();
    assert_eq!(receive(&sqs, &url, 0).await, []);
    sqs.delete_queue().queue_url(&url).send().await.unwrap();
    let gone = sqs
        .send_message()
        .queue_url(&url)
        .message_body("x")
        .send()
        .await
        .unwrap_err();
    assert_eq!(gone.code(), Some("AWS.SimpleQueueService.NonExistentQueue"));
    assert!(gone.into_service_error().is_queue_does_not_exist());
}

#[tokio::test]
async fn a_wrong_secret_key_or_region_is_refused_and_changes_nothing() {
    let server = Server::in_memory().await;
    let good = server.sqs();
    let url = queue(&good, "inbox", &[]).await;

    for (access, secret, region, code) in [
        (ACCESS_KEY, "wrong", REGION, "InvalidSignatureException"),
        ("AKIAUNKNOWN", SECRET_KEY, REGION, "UnrecognizedClientException"),
        (ACCESS_KEY, SECRET_KEY, "us-east-1", "InvalidSignatureException"),
    ] {
        let sqs = Client::new(&server.config_with(access, secret, region));
        let refused = sqs
            .send_message()
            .queue_url(&url)
            .message_body("x")
            .send()
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Some(code));
        assert_eq!(refused.raw_response().unwrap().status().as_u16(), 403);
    }
    assert_eq!(receive(&good, &url, 0).await, []);
}
