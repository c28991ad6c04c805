//! The way to the dead-letter queue and back, and what outlives a restart.

use std::collections::BTreeSet;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};

use super::{attribute, bodies, queue, receive, send, system};
use crate::{Folder, Server};

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
