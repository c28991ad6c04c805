//! track-approval: a document follows what becomes of its approval, until it is approved; then `sign` takes over.

use kernel::{Disposition, Envelope, Fault};
use platform::{ConfigError, Environment, Function, Step, Stored, Table, TableError};

use crate::document::{Document, State, TransitionError};
use crate::events::{self, ApprovalChanged, ItemError, Moved};
use crate::messages;

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    Function::queue(
        environment,
        TrackApproval {
            table: environment.table()?,
            environment: environment.clone(),
        },
    )
}

/// The step's context.
pub(crate) struct TrackApproval {
    table: Table,
    environment: Environment,
}

/// A document could not follow its approval.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrackApprovalError {
    /// The document could not be loaded or stored.
    #[error("the document could not be loaded or stored")]
    Table(#[from] TableError),
    /// The event is none that documents follow.
    #[error("the event is none that documents follow")]
    Unknown,
    /// The approval's item is no document that could be.
    #[error("the approval's item cannot be read")]
    Item(#[from] ItemError),
    /// The document is in a state that contradicts its approval.
    #[error("the document contradicts its approval")]
    State(#[source] TransitionError),
}

impl Fault for TrackApprovalError {
    fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::Unknown => "track_approval.unknown_event",
            Self::Item(_) => "track_approval.bad_item",
            Self::State(_) => "track_approval.wrong_state",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Table(error) => error.disposition(),
            Self::Unknown | Self::Item(_) | Self::State(_) => Disposition::Reject,
        }
    }
}

impl Step for TrackApproval {
    const NAME: &'static str = "track-approval";
    type Message = Envelope<ApprovalChanged>;
    type Error = TrackApprovalError;

    async fn handle(&self, event: Self::Message) -> Result<(), TrackApprovalError> {
        let Some(document_id) = event.data.item.document()? else {
            // Letters and others have contexts of their own.
            return Ok(());
        };
        let key = Document::key_of(&event.tenant, document_id);
        let Stored {
            value: document,
            version,
        } = self.table.load::<Document>(key).await?;
        let change = Change::of(&event).ok_or(TrackApprovalError::Unknown)?;
        if change.is_past(&document.state) {
            return Ok(());
        }
        let note = match change {
            Change::Withdrawn => Some(messages::WITHDRAWN.to_owned()),
            Change::Opened | Change::Returned | Change::Rejected => event.data.note,
        };
        let reason = note.clone().unwrap_or_default();
        let (document, event_type) = match change {
            Change::Opened => (document.await_approval(), "document.awaiting_approval"),
            Change::Returned | Change::Withdrawn => (document.return_to_origin(reason), "document.returned"),
            Change::Rejected => (document.reject(reason), "document.rejected"),
        };
        let document = document.map_err(TrackApprovalError::State)?;
        let moved = Moved {
            note,
            ..Moved::new(&document)
        };
        let event = events::of(&document, &self.environment, event.traceparent, event_type, moved);
        Ok(self.table.commit(version, &document, &event).await?)
    }
}

/// What became of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Opened,
    Returned,
    Withdrawn,
    Rejected,
}

impl Change {
    fn of(event: &Envelope<ApprovalChanged>) -> Option<Self> {
        match event.event_type.as_str() {
            "approval.opened" => Some(Self::Opened),
            "approval.returned" => Some(Self::Returned),
            "approval.withdrawn" => Some(Self::Withdrawn),
            "approval.rejected" => Some(Self::Rejected),
            _ => None,
        }
    }

    /// Whether a document in `state` is there already, or further: events repeat and overtake each other.
    fn is_past(self, state: &State) -> bool {
        match state {
            State::Detected | State::Quarantined { .. } | State::Imported { .. } => false,
            State::AwaitingApproval { .. } | State::Approved { .. } | State::Signed { .. } | State::Issued { .. } => {
                self == Self::Opened
            }
            State::Returned { .. } => self != Self::Rejected,
            State::Rejected { .. } => matches!(self, Self::Opened | Self::Rejected),
        }
    }
}
