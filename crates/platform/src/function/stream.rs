//! Stream functions: new event rows of the table, as its DynamoDB stream delivers them.

use std::sync::Arc;

use kernel::{Envelope, chain};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::error;

use super::{Function, FunctionError, Step};

/// One change of the table, of which only a new event row has an envelope.
#[derive(Debug, Clone, Deserialize)]
pub struct StreamRecord {
    dynamodb: Change,
}

#[derive(Debug, Clone, Deserialize)]
struct Change {
    #[serde(rename = "NewImage", default)]
    new_image: Option<Image>,
    #[serde(rename = "SequenceNumber")]
    sequence_number: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Image {
    #[serde(default)]
    envelope: Option<Text>,
}

#[derive(Debug, Clone, Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<StreamRecord>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    batch_item_failures: Vec<Failure>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

impl StreamRecord {
    /// The text of the event, if this record is a new event row.
    #[must_use]
    pub fn envelope_json(&self) -> Option<&str> {
        let image = self.dynamodb.new_image.as_ref()?;
        image.envelope.as_ref().map(|envelope| envelope.text.as_str())
    }

    /// The event, if this record is a new event row that can be read.
    #[must_use]
    pub fn envelope(&self) -> Option<Envelope<Value>> {
        serde_json::from_str(self.envelope_json()?).ok()
    }
}

impl Function {
    /// Handles a batch of stream records with `step`. Order matters in a stream, so that a failure names the first
    /// record of the batch, from which everything is delivered again.
    pub fn stream<S: Step<Message = Vec<StreamRecord>>>(step: S) -> Self {
        let step = Arc::new(step);
        Self(Arc::new(move |event| {
            let step = step.clone();
            Box::pin(async move {
                let batch: Batch = serde_json::from_value(event).map_err(FunctionError::malformed)?;
                let first = batch
                    .records
                    .first()
                    .map(|record| record.dynamodb.sequence_number.clone());
                let batch_item_failures = match step.handle(batch.records).await {
                    Ok(()) => Vec::new(),
                    Err(failure) => {
                        let code = kernel::Fault::code(&failure);
                        error!(
                            step = S::NAME,
                            error.code = code,
                            error.chain = chain(&failure),
                            "delivered again"
                        );
                        first
                            .into_iter()
                            .map(|item_identifier| Failure { item_identifier })
                            .collect()
                    }
                };
                serde_json::to_value(Response { batch_item_failures }).map_err(|error| FunctionError(error.into()))
            })
        }))
    }
}
