//! Where approvals are opened, decided and closed: loads one, lets it move by one step, and keeps it with its event.
//! Queue and HTTP come here alike, so that a command has one effect whichever way it came.

mod documents;
mod letters;
mod offices;

use jiff::tz::TimeZone;
use kernel::{Disposition, Envelope, Fault, TenantId};
use platform::{
    Actor as AuditActor, ActorKind, AuditEntry, Cause, ConfigError, Environment, Event, Origin, Stored, Table,
    TableError, Transaction,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::approval::{Approval, ApprovalEvent, DecideError, Decision, Moment, OpenError, Status, WithdrawError};
use crate::delegation::Delegation;
use crate::events::{ApprovalChanged, SOURCE};
use crate::item::ItemId;
use crate::ledger::Entry;
use crate::routing::{Routing, RoutingError};

/// The context of every step that moves approvals.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) table: Table,
    pub(crate) environment: Environment,
    routing: Routing,
    zone: TimeZone,
}

/// The command to take a decision. Whoever may write to the queue vouches for the actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecideCommand {
    /// Whose item it is.
    pub tenant: TenantId,
    /// Which.
    #[serde(alias = "document_id")]
    pub item_id: ItemId,
    /// The decision.
    pub decision: Decision,
    /// The version that whoever decides has seen; none where any will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
}

/// The command to take an item back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawCommand {
    /// Whose item it is.
    pub tenant: TenantId,
    /// Which.
    pub item_id: ItemId,
    /// Who takes it back.
    pub withdrawn_by: Actor,
    /// The version that whoever takes it back has seen; none where any will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
}

/// An approval could not be opened or moved on.
#[derive(Debug, thiserror::Error)]
pub enum AdvanceError {
    /// The approval could not be loaded or stored.
    #[error("the approval could not be loaded or stored")]
    Table(#[from] TableError),
    /// The item has no route.
    #[error("the item has no route")]
    Routing(#[from] RoutingError),
    /// The item cannot be put on its route.
    #[error("the item cannot be put on its route")]
    Open(#[from] OpenError),
    /// The decision may not be taken.
    #[error("the decision may not be taken")]
    Decide(#[from] DecideError),
    /// The item cannot be taken back.
    #[error("the item cannot be taken back")]
    Withdraw(#[from] WithdrawError),
    /// Somebody else changed the approval after it was looked at.
    #[error("the approval has changed since it was looked at")]
    Stale,
    /// A letter is taken back whose submission has not been heard of.
    #[error("the submission that is taken back has not come yet")]
    NotSubmittedYet,
    /// A document that says it is a letter, under a name that is no letter's.
    #[error("the document's name is no letter's")]
    NoLetter,
    /// A document that says it is a letter, of which no rendering has been heard of.
    #[error("the letter has not been rendered yet")]
    UnknownLetter,
    /// A document that says it is a letter, or another rendering of it, with other bytes than those that it was rendered to.
    #[error("the letter was rendered to other bytes")]
    LetterDiffers,
    /// The bytes of a letter that is a document already.
    #[error("the letter has a document already")]
    LetterTwice,
    /// A letter was rendered that nobody approved.
    #[error("the letter is not approved")]
    LetterNotApproved,
}

impl Fault for AdvanceError {
    fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::Routing(error) => error.code(),
            Self::Open(error) => error.code(),
            Self::Decide(error) => error.code(),
            Self::Withdraw(error) => error.code(),
            Self::Stale => "approvals.stale",
            Self::NotSubmittedYet => "approvals.not_submitted_yet",
            Self::NoLetter => "approvals.no_letter",
            Self::UnknownLetter => "approvals.unknown_letter",
            Self::LetterDiffers => "approvals.letter_differs",
            Self::LetterTwice => "approvals.letter_twice",
            Self::LetterNotApproved => "approvals.letter_not_approved",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Table(error) => error.disposition(),
            Self::Routing(error) => error.disposition(),
            Self::Open(error) => error.disposition(),
            Self::Decide(error) => error.disposition(),
            Self::Withdraw(error) => error.disposition(),
            // The PDF may be faster than the news of its rendering, a withdrawal faster than its submission.
            Self::UnknownLetter | Self::NotSubmittedYet => Disposition::Retry,
            Self::Stale | Self::NoLetter | Self::LetterDiffers | Self::LetterTwice | Self::LetterNotApproved => {
                Disposition::Reject
            }
        }
    }
}

impl Desk {
    /// Reads `APPROVAL_ROUTE` and, where they are given, `LETTER_ROUTE` and `TIME_ZONE`.
    pub(crate) fn connect(environment: &Environment) -> Result<Self, ConfigError> {
        let zone = environment.settings.optional("TIME_ZONE").unwrap_or("Asia/Jakarta");
        Ok(Self {
            table: environment.table()?,
            routing: Routing::connect(environment)?,
            zone: TimeZone::get(zone).map_err(|error| ConfigError::invalid("TIME_ZONE", error))?,
            environment: environment.clone(),
        })
    }

    /// The present, here.
    pub(crate) fn moment(&self) -> Moment {
        let at = self.environment.now();
        let today = at.to_zoned(self.zone.clone()).date();
        Moment { at, today }
    }

    /// Takes one decision. Doing it twice changes nothing.
    pub(crate) async fn decide(
        &self,
        command: DecideCommand,
        origin: Option<&Origin>,
    ) -> Result<Stored<Approval>, AdvanceError> {
        let decision = command.decision;
        let stored = self.load(&command.tenant, &command.item_id).await?;
        if stored.value.has_taken(&decision)? {
            return Ok(stored);
        }
        let Stored {
            value: approval,
            version,
        } = current(stored, command.seen)?;
        let now = self.moment();
        let delegations = self.delegations_for(&approval, &decision.actor, now).await?;
        let (approval, event) = approval.decide(&decision, &delegations, now)?;
        let entry = Entry::of_last(&approval);
        let told = audited(&decision.actor.id, origin, "approval.decided", &approval);
        let told = told.changing(None, Some(decided(&approval)));
        self.commit(version, approval, event, |transaction, approval| {
            let transaction = match &entry {
                Some(entry) => transaction.insert(entry)?,
                None => transaction,
            };
            transaction.audited(&self.environment, &approval.tenant, told)
        })
        .await
    }

    /// Takes an item back in the name of who submitted it. Doing it twice changes nothing.
    pub(crate) async fn withdraw(
        &self,
        command: WithdrawCommand,
        origin: Option<&Origin>,
    ) -> Result<Stored<Approval>, AdvanceError> {
        let stored = self.load(&command.tenant, &command.item_id).await?;
        let by = command.withdrawn_by;
        let submitted_by = stored.value.item.submitted_by.as_deref();
        if stored.value.status == Status::Withdrawn && submitted_by == Some(by.id.as_str()) {
            return Ok(stored);
        }
        let Stored {
            value: approval,
            version,
        } = current(stored, command.seen)?;
        self.take_back(version, approval, &by.id, origin).await
    }

    /// Ends an approval in the name of who submitted its item.
    async fn take_back(
        &self,
        version: u64,
        approval: Approval,
        by: &str,
        origin: Option<&Origin>,
    ) -> Result<Stored<Approval>, AdvanceError> {
        let before = json!({ "label": approval.label() });
        let (approval, event) = approval.withdraw(by)?;
        let after = json!({ "label": approval.label() });
        let told = audited(by, origin, "approval.withdrawn", &approval).changing(Some(before), Some(after));
        self.commit(version, approval, event, |transaction, approval| {
            transaction.audited(&self.environment, &approval.tenant, told)
        })
        .await
    }

    pub(crate) async fn load(&self, tenant: &TenantId, id: &ItemId) -> Result<Stored<Approval>, TableError> {
        self.table.load::<Approval>(Approval::key_of(tenant, id)).await
    }

    /// Most people decide in their own office: only for the others is there anything to look up.
    pub(crate) async fn delegations_for(
        &self,
        approval: &Approval,
        actor: &Actor,
        now: Moment,
    ) -> Result<Vec<Delegation>, TableError> {
        match approval.may_decide(actor, &[], now) {
            Err(DecideError::OutOfTurn { .. } | DecideError::OutOfScope) => {
                self.delegations(&approval.tenant, &actor.id, now).await
            }
            Ok(_) | Err(_) => Ok(Vec::new()),
        }
    }

    async fn found(&self, approval: Approval, event: ApprovalEvent) -> Result<(), AdvanceError> {
        let envelope = self.envelope(&approval, event, 1);
        match self.table.transaction().found(&approval, &envelope)?.commit().await {
            Ok(()) => Ok(()),
            Err(TableError::AlreadyExists) => {
                let there = self.load(&approval.tenant, &approval.item.id).await?.value;
                // Deliveries repeat. What an older submission opened meanwhile is looked at again.
                if there.item.revision >= approval.item.revision {
                    Ok(())
                } else {
                    Err(TableError::Conflict.into())
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps what became of the approval, with what else `and` writes.
    async fn commit(
        &self,
        version: u64,
        approval: Approval,
        event: ApprovalEvent,
        and: impl for<'a> FnOnce(Transaction<'a>, &Approval) -> Result<Transaction<'a>, TableError>,
    ) -> Result<Stored<Approval>, AdvanceError> {
        let envelope = self.envelope(&approval, event, version + 1);
        let transaction = self.table.transaction().advance(version, &approval, &envelope)?;
        and(transaction, &approval)?.commit().await?;
        Ok(Stored {
            value: approval,
            version: version + 1,
        })
    }

    /// The event by which an approval came to `version`.
    fn envelope(&self, approval: &Approval, event: ApprovalEvent, version: u64) -> Envelope<ApprovalChanged> {
        self.environment.envelope(
            &Cause::Event(approval.traceparent),
            SOURCE,
            Event {
                event_type: event.event_type(),
                subject: approval.item.id.to_string(),
                tenant: approval.tenant.clone(),
                data: ApprovalChanged::of(approval, event, version),
            },
        )
    }
}

/// Who did what to an approval.
fn audited(by: &str, origin: Option<&Origin>, action: &str, approval: &Approval) -> AuditEntry {
    let by = AuditActor {
        id: by.to_owned(),
        kind: ActorKind::Person,
    };
    let entry = AuditEntry::success(by, action, "approval", approval.item.id.as_str());
    match origin {
        Some(origin) => entry.from(origin),
        None => entry,
    }
}

/// The last decision, for the audit. What it is about stays with the approval: names and titles are personal.
fn decided(approval: &Approval) -> Value {
    let last = approval.history.last();
    json!({
        "label": approval.label(),
        "step": last.map(|decided| &decided.step),
        "verdict": last.map(|decided| decided.verdict),
        "capacity": last.and_then(|decided| decided.acting_for.as_ref()).map(|acting| &acting.title),
    })
}

/// The approval, if it is the one that was looked at.
fn current(stored: Stored<Approval>, seen: Option<u64>) -> Result<Stored<Approval>, AdvanceError> {
    match seen {
        Some(seen) if seen != stored.version => Err(AdvanceError::Stale),
        Some(_) | None => Ok(stored),
    }
}
