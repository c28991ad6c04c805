//! Queue names, URLs and ARNs.

use super::error::SqsError;

/// Whose queues these are, and where.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) region: String,
    pub(super) id: String,
}

impl Account {
    pub(super) fn arn(&self, queue: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{queue}", self.region, self.id)
    }

    pub(super) fn queue_of_arn<'a>(&self, arn: &'a str) -> Option<&'a str> {
        let rest = arn.strip_prefix("arn:aws:sqs:")?;
        let (region, rest) = rest.split_once(':')?;
        let (id, queue) = rest.split_once(':')?;
        (region == self.region && id == self.id && is_name(queue)).then_some(queue)
    }

    /// `endpoint` has no slash at its end.
    pub(super) fn url(&self, endpoint: &str, queue: &str) -> String {
        format!("{endpoint}/{}/{queue}", self.id)
    }

    /// The queue that `url` names under whatever host: behind a proxy the same queue has several.
    pub(super) fn queue_of_url<'a>(&self, url: &'a str) -> Result<&'a str, SqsError> {
        let mut parts = url.rsplit('/');
        match (parts.next(), parts.next()) {
            (Some(queue), Some(id)) if id == self.id && is_name(queue) => Ok(queue),
            (Some(queue), None) if is_name(queue) => Ok(queue),
            _ => Err(SqsError::QueueDoesNotExist),
        }
    }
}

/// A name for a new queue.
pub(super) fn check_name(name: &str) -> Result<(), SqsError> {
    if name.strip_suffix(".fifo").is_some() {
        return Err(SqsError::UnsupportedOperation(
            "FIFO queues are not supported by this endpoint.".to_owned(),
        ));
    }
    if is_name(name) {
        Ok(())
    } else {
        Err(SqsError::parameter(
            "QueueName",
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        ))
    }
}

fn is_name(name: &str) -> bool {
    is_token(name)
}

/// 1 to 80 letters, digits, hyphens and underscores: queue names and batch entry ids.
pub(super) fn is_token(text: &str) -> bool {
    (1..=80).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_queue_is_found_by_its_url_under_any_host() {
        let account = Account {
            region: "r".to_owned(),
            id: "000000000000".to_owned(),
        };
        for url in [
            "http://127.0.0.1:9000/000000000000/inbox",
            "https://sqs.example.go.id/000000000000/inbox",
        ] {
            assert_eq!(account.queue_of_url(url).unwrap(), "inbox");
        }
        for url in [
            "",
            "http://127.0.0.1:9000/111111111111/inbox",
            "http://127.0.0.1:9000/000000000000/in.box",
        ] {
            assert!(
                matches!(account.queue_of_url(url), Err(SqsError::QueueDoesNotExist)),
                "{url}"
            );
        }
    }
}
