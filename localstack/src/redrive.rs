//! Dead letters go back to where they came from, and it is written down who sent them and why.

use jiff::Timestamp;
use kernel::{Ids, RandomIds};
use platform::{Aws, ConfigError, Key, QueueError, Queues, Record, Settings, Table, TableError};
use serde::{Deserialize, Serialize};

/// A reason is a sentence.
const REASON_CHARACTERS: std::ops::RangeInclusive<usize> = 5..=500;

/// Dead letters could not be sent back.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// The connection.
    #[error("the stack cannot be reached; set AWS_ENDPOINT_URL, AWS_REGION and the keys as absah up prints them")]
    Config(#[from] ConfigError),
    /// The queue.
    #[error("the dead letters of {0} could not be moved")]
    Queue(String, #[source] QueueError),
    /// The audit row.
    #[error("the audit row could not be written, so nothing was moved")]
    Audit(#[from] TableError),
    /// No reason, or an essay.
    #[error("a reason has 5 to 500 characters")]
    Reason,
}

/// That dead letters were sent back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// Always `queue.redrive`.
    pub action: String,
    /// The step whose dead letters they are.
    pub queue: String,
    /// How many waited, by the queue's own approximate count.
    pub messages: u64,
    /// Why.
    pub reason: String,
    /// Who: the account on the operator's machine.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// Tells two of one moment apart.
    pub id: String,
}

impl Redrive {
    /// The partition of what operators did.
    pub const PARTITION: &str = "system#audit";
}

impl Record for Redrive {
    fn key(&self) -> Key {
        Key {
            pk: Self::PARTITION.to_owned(),
            sk: format!("{}#{}", self.at, self.id),
        }
    }
}

/// Moves the dead letters of a step of `stack` back. Gives what was written down; with no messages nothing is.
pub async fn redrive(
    settings: &Settings,
    stack: &str,
    queue: &str,
    reason: &str,
) -> Result<Option<Redrive>, RedriveError> {
    let reason = reason.trim();
    if !REASON_CHARACTERS.contains(&reason.chars().count()) {
        return Err(RedriveError::Reason);
    }
    let aws = Aws::connect(settings)?;
    let queues = Queues::new(&aws);
    let failed = |error| RedriveError::Queue(queue.to_owned(), error);
    let (url, arn) = queues.locate(&format!("{stack}-{queue}-dead")).await.map_err(failed)?;
    let [messages, ..] = queues.depth(&url).await.map_err(failed)?;
    if messages == 0 {
        return Ok(None);
    }
    let at = Timestamp::now();
    let audit = Redrive {
        action: "queue.redrive".to_owned(),
        queue: queue.to_owned(),
        messages,
        reason: reason.to_owned(),
        actor: settings.optional("USER").unwrap_or("unknown").to_owned(),
        at,
        id: RandomIds.event_id(at).to_string(),
    };
    let table = Table::new(&aws, format!("{stack}-main-table"));
    table.transaction().insert(&audit)?.commit().await?;
    queues.redrive(&arn).await.map_err(failed)?;
    Ok(Some(audit))
}
