//! Queues: messages carry keys and hashes, never bytes.

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, SendMessageBatchRequestEntry};
use kernel::{Disposition, Fault};

use crate::aws::Aws;

/// The most that SQS takes in one call.
const BATCH: usize = 10;
/// Bytes of all messages of one call. Whoever refuses a call for its length refuses it for ever.
const BATCH_BYTES: usize = 256 * 1024;

/// Sends to and receives from SQS queues.
#[derive(Debug, Clone)]
pub struct Queues(aws_sdk_sqs::Client);

/// A queue did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The service could not be reached or refused.
    #[error("the queue is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is no queue of this name.
    #[error("there is no queue {0}")]
    Unknown(String),
    /// The service took the batch but not all of its messages.
    #[error("{0} messages of a batch were not taken")]
    PartlyTaken(usize),
}

impl Fault for QueueError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "queue.unavailable",
            Self::Unknown(_) => "queue.unknown",
            Self::PartlyTaken(_) => "queue.partly_taken",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Unavailable(_) | Self::PartlyTaken(_) => Disposition::Retry,
            Self::Unknown(_) => Disposition::Reject,
        }
    }
}

/// One delivery of one message.
#[derive(Debug, Clone)]
pub struct ReceivedMessage {
    /// The message's id; the same at each delivery.
    pub message_id: String,
    /// The handle of this delivery.
    pub receipt_handle: String,
    /// The text.
    pub body: String,
    /// How often it has been delivered, this time included.
    pub receive_count: u32,
}

impl Queues {
    /// Uses the given connection.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self(aws.sqs.clone())
    }

    /// Sends all bodies, in as many calls as they need. What the queue refuses keeps the others from nothing. An error leaves
    /// some of them sent: receivers bear repetition.
    pub async fn send(&self, queue_url: &str, bodies: &[String]) -> Result<(), QueueError> {
        let mut sent = Ok(());
        for batch in batches(bodies) {
            // Where nobody answers, the next call would only wait as long.
            let answer = self.send_batch(queue_url, batch).await?;
            sent = sent.and(answer);
        }
        sent
    }

    /// What the queue answers to one call; an error if nobody answers.
    async fn send_batch(&self, queue_url: &str, bodies: &[String]) -> Result<Result<(), QueueError>, QueueError> {
        let mut request = self.0.send_message_batch().queue_url(queue_url);
        for (index, body) in bodies.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(body);
            request = request.entries(entry.build().map_err(unavailable)?);
        }
        match request.send().await {
            Ok(sent) if sent.failed().is_empty() => Ok(Ok(())),
            Ok(sent) => Ok(Err(QueueError::PartlyTaken(sent.failed().len()))),
            Err(error) if error.as_service_error().is_some() => Ok(Err(unavailable(error))),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Receives up to `most` messages (1 to 10), waiting up to `wait_seconds` (at most 20) for the first.
    pub async fn receive(
        &self,
        queue_url: &str,
        most: i32,
        wait_seconds: i32,
    ) -> Result<Vec<ReceivedMessage>, QueueError> {
        use aws_sdk_sqs::types::MessageSystemAttributeName::ApproximateReceiveCount;

        let received = self
            .0
            .receive_message()
            .queue_url(queue_url)
            .max_number_of_messages(most)
            .wait_time_seconds(wait_seconds)
            .message_system_attribute_names(ApproximateReceiveCount)
            .send()
            .await
            .map_err(unavailable)?;
        let messages = received.messages.unwrap_or_default().into_iter();
        Ok(messages
            .map(|message| ReceivedMessage {
                receive_count: message
                    .attributes()
                    .and_then(|attributes| attributes.get(&ApproximateReceiveCount))
                    .and_then(|count| count.parse().ok())
                    .unwrap_or(1),
                message_id: message.message_id.unwrap_or_default(),
                receipt_handle: message.receipt_handle.unwrap_or_default(),
                body: message.body.unwrap_or_default(),
            })
            .collect())
    }

    /// Acknowledges up to ten deliveries.
    pub async fn delete(&self, queue_url: &str, receipt_handles: &[String]) -> Result<(), QueueError> {
        for batch in receipt_handles.chunks(BATCH) {
            let mut request = self.0.delete_message_batch().queue_url(queue_url);
            for (index, handle) in batch.iter().enumerate() {
                let entry = DeleteMessageBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(handle);
                request = request.entries(entry.build().map_err(unavailable)?);
            }
            let deleted = request.send().await.map_err(unavailable)?;
            if !deleted.failed().is_empty() {
                return Err(QueueError::PartlyTaken(deleted.failed().len()));
            }
        }
        Ok(())
    }

    /// Makes one delivery visible again after `seconds` (0 to 43,200).
    pub async fn release(&self, queue_url: &str, receipt_handle: &str, seconds: i32) -> Result<(), QueueError> {
        self.0
            .change_message_visibility()
            .queue_url(queue_url)
            .receipt_handle(receipt_handle)
            .visibility_timeout(seconds)
            .send()
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    /// The URL and the ARN of a queue.
    pub async fn locate(&self, name: &str) -> Result<(String, String), QueueError> {
        use aws_sdk_sqs::types::QueueAttributeName::QueueArn;

        let found = self.0.get_queue_url().queue_name(name).send().await;
        let url = match found {
            Ok(found) => found.queue_url.unwrap_or_default(),
            Err(error) if is_unknown(error.code()) => return Err(QueueError::Unknown(name.to_owned())),
            Err(error) => return Err(unavailable(error)),
        };
        let asked = self.0.get_queue_attributes().queue_url(&url).attribute_names(QueueArn);
        let attributes = asked.send().await.map_err(unavailable)?;
        let arn = attributes.attributes().and_then(|all| all.get(&QueueArn)).cloned();
        Ok((url, arn.unwrap_or_default()))
    }

    /// Begins to move all messages of a dead-letter queue back to the queues that they came from. The service does it in
    /// its own time. Gives the task's handle.
    pub async fn redrive(&self, dead_letters_arn: &str) -> Result<String, QueueError> {
        let begun = self
            .0
            .start_message_move_task()
            .source_arn(dead_letters_arn)
            .send()
            .await;
        Ok(begun.map_err(unavailable)?.task_handle.unwrap_or_default())
    }

    /// How many messages wait, are in flight or are delayed, in that order. Approximate by SQS's own definition.
    pub async fn depth(&self, queue_url: &str) -> Result<[u64; 3], QueueError> {
        use aws_sdk_sqs::types::QueueAttributeName as Name;

        let names = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        let attributes = self
            .0
            .get_queue_attributes()
            .queue_url(queue_url)
            .set_attribute_names(Some(names.to_vec()))
            .send()
            .await
            .map_err(unavailable)?;
        let count = |name| {
            let value = attributes.attributes().and_then(|all| all.get(name));
            value.and_then(|text: &String| text.parse().ok()).unwrap_or_default()
        };
        Ok([count(&names[0]), count(&names[1]), count(&names[2])])
    }
}

/// Bodies by the calls that take them. One that is too long for any is alone, so that only it is refused.
fn batches(bodies: &[String]) -> Vec<&[String]> {
    let mut batches = Vec::new();
    let mut rest = bodies;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take(BATCH).take_while(|body| {
            bytes += body.len();
            bytes <= BATCH_BYTES
        });
        let (batch, after) = rest.split_at(fitting.count().max(1));
        batches.push(batch);
        rest = after;
    }
    batches
}

/// Both names are in use for it, by the service's two protocols.
fn is_unknown(code: Option<&str>) -> bool {
    matches!(
        code,
        Some("QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue")
    )
}

fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> QueueError {
    QueueError::Unavailable(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(kilobytes: &[usize]) -> Vec<usize> {
        let bodies: Vec<_> = kilobytes.iter().map(|size| "a".repeat(size * 1024)).collect();
        batches(&bodies).into_iter().map(<[String]>::len).collect()
    }

    #[test]
    fn a_call_takes_ten_messages_and_no_more_bytes_than_a_queue_takes() {
        assert!(sizes(&[]).is_empty());
        assert_eq!(sizes(&[1; 23]), [10, 10, 3]);
        assert_eq!(sizes(&[90; 5]), [2, 2, 1]);
        assert_eq!(sizes(&[128; 4]), [2, 2]);
        assert_eq!(sizes(&[1, 300, 1]), [1, 1, 1], "what is too long is alone");
    }
}
