//! Sending, receiving and deleting.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
};

use super::{attribute, bodies, queue, receive, send, system};
use crate::Server;

#[tokio::test]
async fn a_message_is_received_once_with_its_attributes_and_is_gone_when_deleted() {
    let server = Server::in_memory().await;
    let sqs = server.sqs();
    let url = queue(&sqs, "inbox", &[]).await;
    let text = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("karo")
        .build()
        .unwrap();
    let number = MessageAttributeValue::builder()
        .data_type("Number.int")
        .string_value("7")
        .build()
        .unwrap();
    let bytes = MessageAttributeValue::builder()
        .data_type("Binary")
        .binary_value(Blob::new([0, 255]))
        .build()
        .unwrap();

    let sent = sqs
        .send_message()
        .queue_url(&url)
        .message_body("surat izin — nomor 1")
        .message_attributes("tenant", text.clone())
        .message_attributes("count", number)
        .message_attributes("raw", bytes.clone())
        .send()
        .await
        .unwrap();
    let received = receive(&sqs, &url, 0).await;

    let message = &received[0];
    assert_eq!(message.message_id(), sent.message_id());
    assert_eq!(message.body(), Some("surat izin — nomor 1"));
    assert_eq!(
        sent.md5_of_message_attributes(),
        Some("56b477f9bfedfe2dbdf1ec2edef5e7bd")
    );
    assert_eq!(message.md5_of_message_attributes(), sent.md5_of_message_attributes());
    assert_eq!(message.md5_of_body(), sent.md5_of_message_body());
    assert_eq!(message.message_attributes().unwrap()["tenant"], text);
    assert_eq!(message.message_attributes().unwrap()["raw"], bytes);
    assert_eq!(
        system(message, MessageSystemAttributeName::ApproximateReceiveCount),
        "1"
    );
    assert!(
        system(message, MessageSystemAttributeName::SentTimestamp)
            .parse::<i64>()
            .unwrap()
            > 1_700_000_000_000
    );
    assert!(
        message
            .attributes()
            .unwrap()
            .contains_key(&MessageSystemAttributeName::ApproximateFirstReceiveTimestamp)
    );
    assert_eq!(receive(&sqs, &url, 0).await, []);
    assert_eq!(
        attribute(&sqs, &url, QueueAttributeName::ApproximateNumberOfMessagesNotVisible).await,
        "1"
    );

    let handle = message.receipt_handle().unwrap();
    sqs.delete_message()
        .queue_url(&url)
        .receipt_handle(handle)
        .send()
        .await
        .unwrap();
    // Once more, as a second delivery would.
    sqs.delete_message()
        .queue_url(&url)
        .receipt_handle(handle)
        .send()
        .await
        .unwrap();
    assert_eq!(
        attribute(&sqs, &url, QueueAttributeName::ApproximateNumberOfMessagesNotVisible).await,
        "0"
    );
}

#[tokio::test]
async fn a_waiting_receiver_gets_a_message_as_soon_as_it_is_sent() {
    let server = Server::in_memory().await;
    let sqs = server.sqs();
    let url = queue(&sqs, "inbox", &[]).await;

    let begun = Instant::now();
    let (received, ()) = tokio::join!(receive(&sqs, &url, 20), async {
        // The receiver's request is on its way first; were it not, the test would hold all the same.
        tokio::task::yield_now().await;
        send(&sqs, &url, "now").await;
    });

    assert_eq!(bodies(&received), BTreeSet::from(["now"]));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_receiver_that_waits_in_vain_gets_nothing_when_its_time_is_over() {
    let server = Server::in_memory().await;
    let sqs = server.sqs();
    let url = queue(
        &sqs,
        "inbox",
        &[(QueueAttributeName::ReceiveMessageWaitTimeSeconds, "1")],
    )
    .await;

    let begun = Instant::now();
    let received = sqs.receive_message().queue_url(&url).send().await.unwrap();

    assert_eq!(received.messages(), []);
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_message_not_deleted_in_time_comes_again_and_its_old_receipt_deletes_nothing() {
    let server = Server::in_memory().await;
    let sqs = server.sqs();
    let url = queue(&sqs, "inbox", &[(QueueAttributeName::VisibilityTimeout, "1")]).await;
    send(&sqs, &url, "again").await;

    let first = receive(&sqs, &url, 0).await;
    let second = receive(&sqs, &url, 20).await;
    assert_eq!(
        system(&second[0], MessageSystemAttributeName::ApproximateReceiveCount),
        "2"
    );
    assert_eq!(first[0].message_id(), second[0].message_id());

    sqs.delete_message()
        .queue_url(&url)
        .receipt_handle(first[0].receipt_handle().unwrap())
        .send()
        .await
        .unwrap();
    let third = receive(&sqs, &url, 20).await;
    assert_eq!(
        system(&third[0], MessageSystemAttributeName::ApproximateReceiveCount),
        "3"
    );
}

#[tokio::test]
async fn a_message_given_back_wakes_a_waiting_receiver() {
    let server = Server::in_memory().await;
    let sqs = server.sqs();
    let url = queue(&sqs, "inbox", &[]).await;
    send(&sqs, &url, "take me").await;
    let handle = receive(&sqs, &url, 0).await[0].receipt_handle().unwrap().to_owned();

    let begun = Instant::now();
    let (received, ()) = tokio::join!(receive(&sqs, &url, 20), async {
        let change = sqs
            .change_message_visibility()
            .queue_url(&url)
            .receipt_handle(&handle)
            .visibility_timeout(0);
        change.send().await.unwrap();
    });

    assert_eq!(bodies(&received), BTreeSet::from(["take me"]));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let late = sqs
        .change_message_visibility()
        .queue_url(&url)
        .receipt_handle(&handle)
        .visibility_timeout(9)
        .send()
        .await;
    assert_eq!(late.unwrap_err().code(), Some("InvalidParameterValue"));
}

#[tokio::test]
async fn a_delayed_message_is_hidden_and_then_wakes_its_receiver() {
    let server = Server::in_memory().await;
    let sqs = server.sqs();
    let url = queue(&sqs, "inbox", &[]).await;
    sqs.send_message()
        .queue_url(&url)
        .message_body("later")
        .delay_seconds(1)
        .send()
        .await
        .unwrap();

    assert_eq!(
        attribute(&sqs, &url, QueueAttributeName::ApproximateNumberOfMessagesDelayed).await,
        "1"
    );
    assert_eq!(receive(&sqs, &url, 0).await, []);
    assert_eq!(bodies(&receive(&sqs, &url, 20).await), BTreeSet::from(["later"]));
}

#[tokio::test]
async fn a_message_of_one_mebibyte_is_taken_and_one_byte_more_is_not() {
    let server = Server::in_memory().await;
    let sqs = server.sqs();
    let url = queue(&sqs, "inbox", &[]).await;
    // Quotes grow to twice their size in JSON.
    let largest = "\"".repeat(1024 * 1024);

    send(&sqs, &url, &largest).await;
    assert_eq!(receive(&sqs, &url, 0).await[0].body(), Some(largest.as_str()));
    let refused = sqs
        .send_message()
        .queue_url(&url)
        .message_body(largest + "x")
        .send()
        .await;
    assert_eq!(refused.unwrap_err().code(), Some("InvalidParameterValue"));
}

#[tokio::test]
async fn many_receivers_share_a_backlog_without_getting_a_message_twice() {
    let server = Server::in_memory().await;
    let sqs = server.sqs();
    let url = queue(&sqs, "inbox", &[]).await;
    let sends = (0..20).map(|batch| {
        let entries = (0..10).map(|at| {
            let entry = SendMessageBatchRequestEntry::builder().id(at.to_string());
            entry.message_body(format!("{batch}/{at}")).build().unwrap()
        });
        sqs.send_message_batch()
            .queue_url(&url)
            .set_entries(Some(entries.collect()))
            .send()
    });
    for sent in futures::future::join_all(sends).await {
        assert_eq!(sent.unwrap().successful().len(), 10);
    }

    let receivers = (0..8).map(|_| async {
        let mut got = Vec::new();
        loop {
            let messages = receive(&sqs, &url, 0).await;
            if messages.is_empty() {
                return got;
            }
            got.extend(messages.iter().map(|message| message.body().unwrap().to_owned()));
        }
    });
    let got: Vec<String> = futures::future::join_all(receivers)
        .await
        .into_iter()
        .flatten()
        .collect();

    assert_eq!(got.len(), 200);
    assert_eq!(got.iter().collect::<BTreeSet<_>>().len(), 200);
}
