//! The attributes of a queue: names, limits and defaults as in the Amazon SQS API Reference.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::SqsError;
use super::names::Account;

/// The largest message, and the largest batch of messages, in bytes.
pub(crate) const MAX_BYTES: i64 = 1_048_576;

/// A queue's attributes. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) delay_s: i64,
    pub(super) visibility_s: i64,
    pub(super) retention_s: i64,
    pub(super) wait_s: i64,
    pub(super) max_bytes: i64,
    pub(super) redrive: Option<Redrive>,
    /// Kept and shown, without an effect here.
    pub(super) others: BTreeMap<String, String>,
}

/// Where messages go that were received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redrive {
    /// The dead-letter queue's name.
    pub(super) dead_letter: String,
    pub(super) max_receives: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            delay_s: 0,
            visibility_s: 30,
            retention_s: 345_600,
            wait_s: 0,
            max_bytes: MAX_BYTES,
            redrive: None,
            others: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Sets each of `attributes`, or refuses all.
    pub(super) fn set(mut self, attributes: &BTreeMap<String, String>, account: &Account) -> Result<Self, SqsError> {
        for (name, value) in attributes {
            match name.as_str() {
                "DelaySeconds" => self.delay_s = number(name, value, 0, 900)?,
                "VisibilityTimeout" => self.visibility_s = number(name, value, 0, 43_200)?,
                "MessageRetentionPeriod" => self.retention_s = number(name, value, 60, 1_209_600)?,
                "ReceiveMessageWaitTimeSeconds" => self.wait_s = number(name, value, 0, 20)?,
                "MaximumMessageSize" => self.max_bytes = number(name, value, 1024, MAX_BYTES)?,
                "RedrivePolicy" => self.redrive = Redrive::parse(value, account)?,
                "RedriveAllowPolicy"
                | "Policy"
                | "KmsMasterKeyId"
                | "KmsDataKeyReusePeriodSeconds"
                | "SqsManagedSseEnabled" => {
                    if value.is_empty() {
                        self.others.remove(name);
                    } else {
                        self.others.insert(name.clone(), value.clone());
                    }
                }
                "FifoQueue" | "ContentBasedDeduplication" | "DeduplicationScope" | "FifoThroughputLimit" => {
                    return Err(SqsError::UnsupportedOperation(
                        "FIFO queues are not supported by this endpoint.".to_owned(),
                    ));
                }
                unknown => return Err(SqsError::InvalidAttributeName(unknown.to_owned())),
            }
        }
        Ok(self)
    }

    /// As `GetQueueAttributes` shows them.
    pub(super) fn shown(&self, account: &Account) -> BTreeMap<String, String> {
        let mut shown = self.others.clone();
        shown
            .entry("SqsManagedSseEnabled".to_owned())
            .or_insert_with(|| "false".to_owned());
        for (name, value) in [
            ("DelaySeconds", self.delay_s),
            ("VisibilityTimeout", self.visibility_s),
            ("MessageRetentionPeriod", self.retention_s),
            ("ReceiveMessageWaitTimeSeconds", self.wait_s),
            ("MaximumMessageSize", self.max_bytes),
        ] {
            shown.insert(name.to_owned(), value.to_string());
        }
        if let Some(redrive) = &self.redrive {
            shown.insert("RedrivePolicy".to_owned(), redrive.shown(account));
        }
        shown
    }
}

impl Redrive {
    /// `None` for the empty text that removes a policy.
    fn parse(text: &str, account: &Account) -> Result<Option<Self>, SqsError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Policy {
            dead_letter_target_arn: String,
            max_receive_count: Count,
        }
        /// Consoles send a number, `CloudFormation` a text.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Count {
            Number(i64),
            Text(String),
        }

        if text.is_empty() {
            return Ok(None);
        }
        let bad = |reason: &str| SqsError::attribute("RedrivePolicy", reason);
        let policy: Policy = serde_json::from_str(text)
            .map_err(|_| bad("Redrive policy needs deadLetterTargetArn and maxReceiveCount."))?;
        let max_receives = match policy.max_receive_count {
            Count::Number(count) => Some(count),
            Count::Text(count) => count.parse().ok(),
        };
        let max_receives = max_receives
            .filter(|count| (1..=1000).contains(count))
            .ok_or_else(|| bad("maxReceiveCount must be between 1 and 1000."))?;
        let dead_letter = account
            .queue_of_arn(&policy.dead_letter_target_arn)
            .ok_or_else(|| bad("deadLetterTargetArn is not the ARN of a queue of this account and region."))?;
        Ok(Some(Self {
            dead_letter: dead_letter.to_owned(),
            max_receives,
        }))
    }

    fn shown(&self, account: &Account) -> String {
        serde_json::json!({
            "deadLetterTargetArn": account.arn(&self.dead_letter),
            "maxReceiveCount": self.max_receives,
        })
        .to_string()
    }
}

fn number(name: &str, value: &str, least: i64, most: i64) -> Result<i64, SqsError> {
    value
        .parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| SqsError::attribute(name, format!("Must be an integer from {least} to {most}.")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn account() -> Account {
        Account {
            region: "ap-southeast-3".to_owned(),
            id: "000000000000".to_owned(),
        }
    }

    fn set(name: &str, value: &str) -> Result<Settings, SqsError> {
        Settings::default().set(&BTreeMap::from([(name.to_owned(), value.to_owned())]), &account())
    }

    #[test]
    fn a_redrive_policy_takes_its_count_as_number_or_text() {
        for count in ["3", "\"3\""] {
            let policy = format!(
                r#"{{"deadLetterTargetArn":"arn:aws:sqs:ap-southeast-3:000000000000:dlq","maxReceiveCount":{count}}}"#
            );
            let redrive = set("RedrivePolicy", &policy).unwrap().redrive.unwrap();
            assert_eq!((redrive.dead_letter.as_str(), redrive.max_receives), ("dlq", 3));
        }
    }

    #[test]
    fn values_outside_the_limits_of_aws_are_refused() {
        for (name, value) in [
            ("VisibilityTimeout", "43201"),
            ("DelaySeconds", "-1"),
            ("MessageRetentionPeriod", "59"),
            ("ReceiveMessageWaitTimeSeconds", "21"),
            ("MaximumMessageSize", "1048577"),
            ("VisibilityTimeout", "soon"),
            ("RedrivePolicy", "{}"),
            (
                "RedrivePolicy",
                r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:1:dlq","maxReceiveCount":3}"#,
            ),
        ] {
            assert!(
                matches!(set(name, value), Err(SqsError::InvalidAttributeValue { .. })),
                "{name}={value}"
            );
        }
        assert!(matches!(set("Colour", "red"), Err(SqsError::InvalidAttributeName(_))));
    }
}
