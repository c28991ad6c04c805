//! Queues.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, MessageAttributeValue,
    MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
};

use crate::{ACCESS_KEY, Folder, REGION, SECRET_KEY, Server};

async fn queue(sqs: &Client, name: &str, attributes: &[(QueueAttributeName, &str)]) -> String {
    let attributes: HashMap<_, _> = attributes
        .iter()
        .map(|(name, value)| (name.clone(), (*value).to_owned()))
        .collect();
    let made = sqs
        .create_queue()
        .queue_name(name)
        .set_attributes(Some(attributes))
        .send()
        .await
        .unwrap();
    made.queue_url.unwrap()
}

async fn send(sqs: &Client, url: &str, body: &str) {
    sqs.send_message()
        .queue_url(url)
        .message_body(body)
        .send()
        .await
        .unwrap();
}

/// Everything there is to receive in one call, waiting up to `wait_s`.
async fn receive(sqs: &Client, url: &str, wait_s: i32) -> Vec<Message> {
    let received = sqs
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(10)
        .wait_time_seconds(wait_s)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .message_attribute_names("All")
        .send()
        .await
        .unwrap();
    received.messages.unwrap_or_default()
}

async fn attribute(sqs: &Client, url: &str, name: QueueAttributeName) -> String {
    let got = sqs
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(name.clone())
        .send()
        .await
        .unwrap();
    got.attributes.unwrap()[&name].clone()
}

fn bodies(messages: &[Message]) -> BTreeSet<&str> {
    messages.iter().map(|message| message.body().unwrap()).collect()
}

fn system(message: &Message, name: MessageSystemAttributeName) -> &str {
    &message.attributes().unwrap()[&name]
}

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

    // The SDK compares the MD5 digests of body and attributes with its own.
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
    assert_eq!(message.md5_of_message_attributes(), sent.md5_of_message_attributes());
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

async fn with_dead_letters(sqs: &Client) -> (String, String, String) {
    let dead = queue(sqs, "inbox-dlq", &[]).await;
    let arn = attribute(sqs, &dead, QueueAttributeName::QueueArn).await;
    let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":2}}"#);
    let attributes = [
        (QueueAttributeName::RedrivePolicy, policy.as_str()),
        (QueueAttributeName::VisibilityTimeout, "0"),
    ];
    (queue(sqs, "inbox", &attributes).await, dead, arn)
}

#[tokio::test]
async fn a_message_received_too_often_goes_to_the_dead_letter_queue_and_can_be_moved_back() {
    let server = Server::in_memory().await;
    let sqs = server.sqs();
    let (url, dead, dead_arn) = with_dead_letters(&sqs).await;
    send(&sqs, &url, "poison").await;

    assert_eq!(receive(&sqs, &url, 0).await.len(), 1);
    assert_eq!(receive(&sqs, &url, 0).await.len(), 1);
    assert_eq!(receive(&sqs, &url, 0).await, []);
    assert_eq!(
        attribute(&sqs, &dead, QueueAttributeName::ApproximateNumberOfMessages).await,
        "1"
    );
    let sources = sqs
        .list_dead_letter_source_queues()
        .queue_url(&dead)
        .send()
        .await
        .unwrap();
    assert_eq!(sources.queue_urls(), std::slice::from_ref(&url));

    let begun = sqs
        .start_message_move_task()
        .source_arn(&dead_arn)
        .send()
        .await
        .unwrap();
    assert!(begun.task_handle().is_some());
    let back = receive(&sqs, &url, 20).await;
    assert_eq!(bodies(&back), BTreeSet::from(["poison"]));
    assert_eq!(
        system(&back[0], MessageSystemAttributeName::ApproximateReceiveCount),
        "1"
    );
    let tasks = sqs
        .list_message_move_tasks()
        .source_arn(&dead_arn)
        .send()
        .await
        .unwrap();
    let task = &tasks.results()[0];
    assert_eq!(
        (task.status(), task.approximate_number_of_messages_moved()),
        (Some("COMPLETED"), 1)
    );
}

#[tokio::test]
async fn dead_letters_can_be_moved_to_another_queue_in_steps() {
    let server = Server::in_memory().await;
    let sqs = server.sqs();
    let (_, dead, dead_arn) = with_dead_letters(&sqs).await;
    let other = queue(&sqs, "by-hand", &[]).await;
    let other_arn = attribute(&sqs, &other, QueueAttributeName::QueueArn).await;
    for at in 0..3 {
        send(&sqs, &dead, &at.to_string()).await;
    }

    // One a second, so that it can be cancelled under way.
    let start = || {
        let task = sqs
            .start_message_move_task()
            .source_arn(&dead_arn)
            .destination_arn(&other_arn);
        task.max_number_of_messages_per_second(1).send()
    };
    let handle = start().await.unwrap().task_handle.unwrap();
    assert_eq!(
        start().await.unwrap_err().code(),
        Some("AWS.SimpleQueueService.UnsupportedOperation")
    );
    assert_eq!(bodies(&receive(&sqs, &other, 20).await), BTreeSet::from(["0"]));
    let cancelled = sqs
        .cancel_message_move_task()
        .task_handle(&handle)
        .send()
        .await
        .unwrap();
    assert!((1..3).contains(&cancelled.approximate_number_of_messages_moved()));

    let rest = sqs
        .start_message_move_task()
        .source_arn(&dead_arn)
        .destination_arn(&other_arn)
        .send()
        .await
        .unwrap();
    assert!(rest.task_handle().is_some());
    let mut seen = BTreeSet::from(["0".to_owned()]);
    while seen.len() < 3 {
        seen.extend(
            receive(&sqs, &other, 20)
                .await
                .iter()
                .map(|message| message.body().unwrap().to_owned()),
        );
    }
    assert_eq!(
        attribute(&sqs, &dead, QueueAttributeName::ApproximateNumberOfMessages).await,
        "0"
    );
}

#[tokio::test]
async fn dead_letters_of_unknown_origin_stay_where_they_are() {
    let server = Server::in_memory().await;
    let sqs = server.sqs();
    let (url, dead, dead_arn) = with_dead_letters(&sqs).await;
    send(&sqs, &dead, "by hand").await;
    let not_dead = attribute(&sqs, &url, QueueAttributeName::QueueArn).await;

    sqs.start_message_move_task()
        .source_arn(&dead_arn)
        .send()
        .await
        .unwrap();
    let task = loop {
        let tasks = sqs
            .list_message_move_tasks()
            .source_arn(&dead_arn)
            .send()
            .await
            .unwrap();
        let task = tasks.results()[0].clone();
        if task.status() != Some("RUNNING") {
            break task;
        }
    };

    assert_eq!(
        (task.status(), task.failure_reason()),
        (Some("FAILED"), Some("CouldNotDetermineMessageSource"))
    );
    assert_eq!(bodies(&receive(&sqs, &dead, 0).await), BTreeSet::from(["by hand"]));
    let refused = sqs.start_message_move_task().source_arn(not_dead).send().await;
    assert_eq!(refused.unwrap_err().code(), Some("InvalidParameterValue"));
}

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

#[tokio::test]
async fn acknowledged_messages_and_open_move_tasks_outlive_the_process() {
    let folder = Folder::new();
    let server = Server::on(&folder).await;
    let sqs = server.sqs();
    let (url, dead, dead_arn) = with_dead_letters(&sqs).await;
    let other_arn = {
        let other = queue(&sqs, "by-hand", &[]).await;
        attribute(&sqs, &other, QueueAttributeName::QueueArn).await
    };
    send(&sqs, &url, "kept").await;
    for at in 0..3 {
        send(&sqs, &dead, &at.to_string()).await;
    }
    let task = sqs
        .start_message_move_task()
        .source_arn(&dead_arn)
        .destination_arn(&other_arn);
    task.max_number_of_messages_per_second(1).send().await.unwrap();
    server.close().await;

    let server = Server::on(&folder).await;
    let sqs = server.sqs();
    let url = sqs
        .get_queue_url()
        .queue_name("inbox")
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    assert_eq!(bodies(&receive(&sqs, &url, 0).await), BTreeSet::from(["kept"]));
    let other = sqs
        .get_queue_url()
        .queue_name("by-hand")
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    let mut seen = BTreeSet::new();
    while seen.len() < 3 {
        seen.extend(
            receive(&sqs, &other, 20)
                .await
                .iter()
                .map(|message| message.body().unwrap().to_owned()),
        );
    }
    server.close().await;
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
