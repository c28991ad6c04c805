//! track-approval: a document follows what becomes of its approval, until it is approved; then `sign` takes over.

use kernel::{Disposition, Envelope, Fault};
use platform::{ConfigError, Environment, Function, Step, Stored, Table, TableError};

use crate::document::{Document, State, TransitionError};
use crate::events::ApprovalChanged;

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    Function::queue(
        environment,
        TrackApproval {
            table: environment.table()?,
        },
    )
}

/// The step's context.
pub(crate) struct TrackApproval {
    table: Table,
}

/// A document could not follow its approval.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrackApprovalError {
    /// The document could not be loaded or stored.
    #[error("the document could not be loaded or stored")]
    Table(#[source] TableError),
    /// The document is in a state that contradicts its approval.
    #[error("the document contradicts its approval")]
    State(#[source] TransitionError),
    /// Not an event of an approval that documents follow.
    #[error("the event {0} is none that documents follow")]
    Event(String),
}

impl Fault for TrackApprovalError {
    fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::State(_) => "track_approval.wrong_state",
            Self::Event(_) => "track_approval.unknown_event",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Table(error) => error.disposition(),
            Self::State(_) | Self::Event(_) => Disposition::Reject,
        }
    }
}

impl Step for TrackApproval {
    const NAME: &'static str = "track-approval";
    type Message = Envelope<ApprovalChanged>;
    type Error = TrackApprovalError;

    async fn handle(&self, event: Self::Message) -> Result<(), TrackApprovalError> {
        let key = Document::key_of(&event.tenant, event.data.document_id);
        let Stored {
            value: document,
            version,
        } = self
            .table
            .load::<Document>(key)
            .await
            .map_err(TrackApprovalError::Table)?;
        let note = event.data.note.unwrap_or_default();
        let followed = match (event.event_type.as_str(), &document.state) {
            ("approval.opened", State::Imported { .. }) => document.await_approval(),
            ("approval.returned", State::Imported { .. } | State::AwaitingApproval { .. }) => {
                document.return_to_origin(note)
            }
            ("approval.rejected", State::Imported { .. } | State::AwaitingApproval { .. } | State::Returned { .. }) => {
                document.reject(note)
            }
            // Repeated, or overtaken by a later event: the document is where it should be.
            ("approval.opened" | "approval.returned" | "approval.rejected", _) => return Ok(()),
            (other, _) => return Err(TrackApprovalError::Event(other.to_owned())),
        };
        let document = followed.map_err(TrackApprovalError::State)?;
        let transaction = self
            .table
            .transaction()
            .update(&document, version)
            .map_err(TrackApprovalError::Table)?;
        transaction.commit().await.map_err(TrackApprovalError::Table)
    }
}
