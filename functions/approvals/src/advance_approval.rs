//! advance-approval: opens an approval for an imported document, and moves it on by one decision at a time.

use kernel::{Disposition, DocumentId, Envelope, Fault, TenantId, Traceparent};
use platform::{Cause, ConfigError, Environment, Event, Function, Record, Step, Stored, Table, TableError};
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
    /// The flow that the command belongs to, if any.
    #[serde(default)]
    pub traceparent: Option<Traceparent>,
}

/// An approval could not be opened or moved on.
#[derive(Debug, thiserror::Error)]
pub enum AdvanceError {
    /// The approval could not be loaded or stored.
    #[error("the approval could not be loaded or stored")]
    Table(#[source] TableError),
    /// The decision may not be taken.
    #[error("the decision may not be taken")]
    Decide(#[source] DecideError),
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
        let approval = Approval::open(imported.data.document_id, imported.tenant, self.route.clone());
        let event = self.event(&Cause::Event(imported.traceparent), &approval, "approval.opened");
        let transaction = self
            .table
            .transaction()
            .insert(&approval)
            .map_err(AdvanceError::Table)?;
        let transaction = transaction
            .event(&approval.key(), 1, &event)
            .map_err(AdvanceError::Table)?;
        match transaction.commit().await {
            // Opened before: deliveries repeat.
            Ok(()) | Err(TableError::AlreadyExists) => Ok(()),
            Err(error) => Err(AdvanceError::Table(error)),
        }
    }

    /// Moves one approval on by one decision. Running it twice with the same decision id changes nothing.
    pub(crate) async fn decide(&self, command: DecideCommand) -> Result<Approval, AdvanceError> {
        let DecideCommand {
            tenant,
            document_id,
            decision,
            traceparent,
        } = command;
        let key = Approval::key_of(&tenant, document_id);
        let Stored {
            value: approval,
            version,
        } = self.table.load::<Approval>(key).await.map_err(AdvanceError::Table)?;
        if approval.has_taken(&decision.id) {
            return Ok(approval);
        }
        let (approval, outcome) = approval
            .decide(&decision, self.environment.now())
            .map_err(AdvanceError::Decide)?;
        let cause = traceparent.map_or(Cause::Outside, Cause::Event);
        let event = self.event(&cause, &approval, outcome.event_type());
        let transaction = self
            .table
            .transaction()
            .update(&approval, version)
            .map_err(AdvanceError::Table)?;
        let transaction = transaction
            .event(&approval.key(), version + 1, &event)
            .map_err(AdvanceError::Table)?;
        transaction.commit().await.map_err(AdvanceError::Table)?;
        Ok(approval)
    }

    fn event(&self, cause: &Cause, approval: &Approval, event_type: &'static str) -> Envelope<ApprovalChanged> {
        let awaiting = match approval.status {
            Status::Awaiting { step } => approval.route.step(step),
            Status::Returned | Status::Rejected | Status::Approved => None,
        };
        let last = approval.history.last();
        let data = ApprovalChanged {
            document_id: approval.document_id,
            awaiting: awaiting.map(|step| Awaiting {
                step: step.name.clone(),
                role: step.role.clone(),
            }),
            note: last.and_then(|decided| decided.note.clone()),
            decided_by: last.map(DecidedBy::from),
        };
        let subject = approval.document_id.to_string();
        self.environment.envelope(
            cause,
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
