//! Several at once.

use std::collections::BTreeSet;

use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, QueueAttributeName,
    SendMessageBatchRequestEntry,
};

use super::{attribute, bodies, queue, receive};
use crate::Server;

#[tokio::test]
async fn a_batch_tells_for_each_entry_what_became_of_it() {
    let server = Server::in_memory().await;
    let sqs = server.sqs();
    let url = queue(&sqs, "inbox", &[]).await;
    let entry = |id: &str, body: &str| {
        SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body(body)
            .build()
            .unwrap()
    };

    let batch = sqs.send_message_batch().queue_url(&url);
    let sent = batch
        .entries(entry("a", "one"))
        .entries(entry("b", "bad \u{1}"))
        .entries(entry("c", "three"))
        .send()
        .await
        .unwrap();
    let ids: Vec<_> = sent
        .successful()
        .iter()
        .map(aws_sdk_sqs::types::SendMessageBatchResultEntry::id)
        .collect();
    assert_eq!(ids, ["a", "c"]);
    assert_eq!(
        (sent.failed()[0].id(), sent.failed()[0].code()),
        ("b", "InvalidMessageContents")
    );
    assert!(sent.failed()[0].sender_fault());

    let received = receive(&sqs, &url, 0).await;
    assert_eq!(bodies(&received), BTreeSet::from(["one", "three"]));
    let change = |id: &str, handle: &str| {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
            .id(id)
            .receipt_handle(handle);
        entry.visibility_timeout(60).build().unwrap()
    };
    let changed = sqs
        .change_message_visibility_batch()
        .queue_url(&url)
        .entries(change("a", received[0].receipt_handle().unwrap()))
        .entries(change("b", "no such handle"))
        .send()
        .await
        .unwrap();
    assert_eq!(changed.successful()[0].id(), "a");
    assert_eq!(changed.failed()[0].code(), "ReceiptHandleIsInvalid");

    let entries = received.iter().enumerate().map(|(at, message)| {
        let entry = DeleteMessageBatchRequestEntry::builder().id(format!("n{at}"));
        entry.receipt_handle(message.receipt_handle().unwrap()).build().unwrap()
    });
    let deleted = sqs
        .delete_message_batch()
        .queue_url(&url)
        .set_entries(Some(entries.collect()))
        .send()
        .await
        .unwrap();
    assert_eq!((deleted.successful().len(), deleted.failed().len()), (2, 0));
    assert_eq!(
        attribute(&sqs, &url, QueueAttributeName::ApproximateNumberOfMessagesNotVisible).await,
        "0"
    );
}

#[tokio::test]
async fn a_batch_that_is_malformed_is_refused_as_a_whole() {
    let server = Server::in_memory().await;
    let sqs = server.sqs();
    let url = queue(&sqs, "inbox", &[]).await;
    let entry = |id: &str, body: &str| {
        SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body(body)
            .build()
            .unwrap()
    };
    let send = |entries: Vec<SendMessageBatchRequestEntry>| {
        sqs.send_message_batch()
            .queue_url(&url)
            .set_entries(Some(entries))
            .send()
    };
    let half = "x".repeat(600 * 1024);

    for (entries, code) in [
        (vec![], "AWS.SimpleQueueService.EmptyBatchRequest"),
        (
            vec![entry("a", "1"), entry("a", "2")],
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        ),
        (vec![entry("a b", "1")], "AWS.SimpleQueueService.InvalidBatchEntryId"),
        (
            vec![entry("a", &half), entry("b", &half)],
            "AWS.SimpleQueueService.BatchRequestTooLong",
        ),
        (
            (0..11).map(|at| entry(&at.to_string(), "x")).collect(),
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        ),
    ] {
        assert_eq!(send(entries).await.unwrap_err().code(), Some(code));
    }
    assert_eq!(
        attribute(&sqs, &url, QueueAttributeName::ApproximateNumberOfMessages).await,
        "0"
    );
}
