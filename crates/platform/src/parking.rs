//! Where rejected items wait for a person: the message as it came, with the code of what was wrong with it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::table::{Key, Record, Table, TableError};

/// Longer bodies are cut: a row holds at most 400 KB, and the queue's own limit is far below what anybody reads.
const BODY_LIMIT: usize = 200_000;

/// An item that was acknowledged without effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parking {
    /// The function that rejected it.
    pub function: String,
    /// The message's id.
    pub message_id: String,
    /// The stable code of the error, such as `import.bad_key`.
    pub code: String,
    /// What failed, in English.
    pub detail: String,
    /// The message as it came.
    pub body: String,
    /// When it was rejected.
    pub at: Timestamp,
}

impl Parking {
    /// Parks the item. The same message parked twice is one row.
    pub async fn park(mut self, table: &Table) -> Result<(), TableError> {
        let end = (0..=BODY_LIMIT.min(self.body.len()))
            .rev()
            .find(|&end| self.body.is_char_boundary(end));
        self.body.truncate(end.unwrap_or_default());
        table.transaction().overwrite(&self)?.commit().await
    }

    /// The partition of what `function` rejected.
    #[must_use]
    pub fn partition(function: &str) -> String {
        format!("system#parked#{function}")
    }
}

impl Record for Parking {
    fn key(&self) -> Key {
        Key {
            pk: Self::partition(&self.function),
            sk: format!("message#{}", self.message_id),
        }
    }
}
