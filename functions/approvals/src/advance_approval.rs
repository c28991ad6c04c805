//! advance-approval: opens an approval for an imported document, and moves it on by one decision at a time.

use kernel::{Disposition, DocumentId, Envelope, Fault, TenantId};
use platform::{Cause, ConfigError, Environment, Event, Function, Step, Stored, Table, TableError};
use serde::{Deserialize, Serialize};

use crate::approval::{Approval, DecideError, Decision, Status};
use crate::events::{ApprovalChanged, Awaiting, DecidedBy, DocumentImported, SOURCE};
use crate::route::Route;

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    Function::queue(environment, AdvanceApproval::connect(environment)?)
}

/// The step's context.
#[derive(Clone)]
pub(crate) struct AdvanceApproval {
    pub(crate) table: Table,
    route: Route,
    pub(crate) environment: Environment,
}

/// What the step is triggered by.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Message {
    /// `document.imported`: open an approval.
    Imported(Envelope<DocumentImported>),
    /// A command: take this decision.
    Decide(DecideCommand),
}

/// The command to take a decision. Whoever may write to the queue vouches for the actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecideCommand {
    /// Whose document it is.
    pub tenant: TenantId,
    /// Which.
    pub document_id: DocumentId,
    /// The decision.
    pub decision: Decision,
}

/// An approval could not be opened or moved on.
#[derive(Debug, thiserror::Error)]
pub enum AdvanceError {
    /// The approval could not be loaded or stored.
    #[error("the approval could not be loaded or stored")]
    Table(#[from] TableError),
    /// The decision may not be taken.
    #[error("the decision may not be taken")]
    Decide(#[from] DecideError),
}

impl Fault for AdvanceError {
    fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::Decide(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Table(error) => error.disposition(),
            Self::Decide(error) => error.disposition(),
        }
    }
}

impl Step for AdvanceApproval {
    const NAME: &'static str = "advance-approval";
    type Message = Message;
    type Error = AdvanceError;

    async fn handle(&self, message: Message) -> Result<(), AdvanceError> {
        match message {
            Message::Imported(imported) => self.open(imported).await,
            Message::Decide(command) => self.decide(command).await.map(drop),
        }
    }
}

impl AdvanceApproval {
    pub(crate) fn connect(environment: &Environment) -> Result<Self, ConfigError> {
        let vars = environment.settings.require(&["APPROVAL_ROUTE"])?;
        let route = vars.json("APPROVAL_ROUTE")?;
        Ok(Self {
            table: environment.table()?,
            route,
            environment: environment.clone(),
        })
    }

    async fn open(&self, imported: Envelope<DocumentImported>) -> Result<(), AdvanceError> {
        let Envelope {
            tenant,
            traceparent,
            data,
            ..
        } = imported;
        let approval = Approval::open(data.document_id, tenant, self.route.clone(), traceparent);
        let event = self.event(&approval, "approval.opened");
        match self.table.transaction().found(&approval, &event)?.commit().await {
            // Opened before: deliveries repeat.
            Ok(()) | Err(TableError::AlreadyExists) => Ok(()),
            Err(error) => Err(AdvanceError::Table(error)),
        }
    }

    /// Moves one approval on by one decision. Running it twice with the same decision changes nothing.
    pub(crate) async fn decide(&self, command: DecideCommand) -> Result<Approval, AdvanceError> {
        let DecideCommand {
            tenant,
            document_id,
            decision,
        } = command;
        let key = Approval::key_of(&tenant, document_id);
        let Stored {
            value: approval,
            version,
        } = self.table.load::<Approval>(key).await?;
        if approval.has_taken(&decision)? {
            return Ok(approval);
        }
        let (approval, outcome) = approval.decide(&decision, self.environment.now())?;
        let event = self.event(&approval, outcome.event_type());
        self.table.commit(version, &approval, &event).await?;
        Ok(approval)
    }

    fn event(&self, approval: &Approval, event_type: &'static str) -> Envelope<ApprovalChanged> {
        let awaiting = match approval.status {
            Status::Awaiting { step } => approval.route.step(step),
            Status::Returned | Status::Rejected | Status::Approved => None,
        };
        let last = approval.history.last();
        let data = ApprovalChanged {
            document_id: approval.document_id,
            awaiting: awaiting.map(Awaiting::from),
            note: last.and_then(|decided| decided.note.clone()),
            decided_by: last.map(DecidedBy::from),
        };
        let subject = approval.document_id.to_string();
        self.environment.envelope(
            &Cause::Event(approval.traceparent),
            SOURCE,
            Event {
                event_type,
                subject,
                tenant: approval.tenant.clone(),
                data,
            },
        )
    }
}
