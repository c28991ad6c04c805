//! Who did what: entries that are written with what was done, in one transaction.
//!
//! An entry travels as the event `action.taken`. The audit function puts it into its tenant's chain.

use jiff::SignedDuration;
use kernel::{Envelope, Payload, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::{Caller, CallerKind};
use crate::environment::{Cause, Environment, Event};
use crate::origin::Origin;
use crate::table::{Key, TableError, Transaction};

/// The chain keeps the entry; the event is kept for as long as its delivery may be repeated by hand.
const KEEP: SignedDuration = SignedDuration::from_hours(90 * 24);

/// One action. Schema: `events/schemas/action.taken.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Who.
    pub actor: Actor,
    /// What, such as `user.created`.
    pub action: String,
    /// To what.
    pub resource: Resource,
    /// What stood there, without personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What stands there now, without personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// From where; absent for what did not come over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why not, as the code of an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The id of the person or program; of nobody, what they called themselves.
    pub id: String,
    /// What they are.
    pub kind: ActorKind,
}

/// What an actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// Signed in.
    Person,
    /// Holds an API key.
    Integrator,
    /// A step of ours.
    System,
    /// Not signed in.
    Anonymous,
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Such as `user`.
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// What became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was not allowed.
    Refused,
    /// It was allowed and did not work.
    Failed,
}

impl Payload for AuditEntry {
    const TYPES: &'static [&'static str] = &["action.taken"];
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        Self {
            id: caller.id.clone(),
            kind: match caller.kind {
                CallerKind::Person => ActorKind::Person,
                CallerKind::Integrator => ActorKind::Integrator,
            },
        }
    }
}

impl AuditEntry {
    /// `actor` did `action` to the `kind` with `id`.
    #[must_use]
    pub fn success(actor: Actor, action: &str, kind: &str, id: impl Into<String>) -> Self {
        Self {
            actor,
            action: action.to_owned(),
            resource: Resource {
                kind: kind.to_owned(),
                id: id.into(),
            },
            before: None,
            after: None,
            origin: None,
            outcome: Outcome::Success,
            code: None,
        }
    }

    /// The same, which was not allowed for the reason that `code` names.
    #[must_use]
    pub fn refused(self, code: &str) -> Self {
        Self {
            outcome: Outcome::Refused,
            code: Some(code.to_owned()),
            ..self
        }
    }

    /// The same, coming from `origin`.
    #[must_use]
    pub fn from(self, origin: &Origin) -> Self {
        Self {
            origin: Some(origin.clone()),
            ..self
        }
    }

    /// The same, with what stood there and what stands there now.
    #[must_use]
    pub fn changing(self, before: Option<Value>, after: Option<Value>) -> Self {
        Self { before, after, ..self }
    }
}

impl Transaction<'_> {
    /// Records who did this, together with it.
    pub fn audited(self, environment: &Environment, tenant: &TenantId, entry: AuditEntry) -> Result<Self, TableError> {
        let envelope: Envelope<AuditEntry> = environment.envelope(
            &Cause::Outside,
            "absah/audit",
            Event {
                event_type: "action.taken",
                subject: entry.resource.id.clone(),
                tenant: tenant.clone(),
                data: entry,
            },
        );
        let key = Key::state(tenant.as_str(), "action", &envelope.id.to_string());
        let until = envelope.time.saturating_add(KEEP).unwrap_or(envelope.time);
        Ok(self.event(&key, 1, &envelope)?.expires(until))
    }
}
