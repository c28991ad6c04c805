//! Routes: the ordered steps that an item must pass, as data. An approval keeps the route that it began with.

mod check;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::actor::Scope;
use crate::item::{AttributeValue, Attributes};

pub(crate) use check::is_name;
pub use check::{RouteError, RouteFileError};

/// The route of residents' letters where a tenant has no other: RT, RW and the admin, as far as the letter's type asks.
pub const BUILT_IN_LETTER: &str = include_str!("route/letter.json");

/// The steps of an approval, in order. Schema: `events/schemas/route.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "check::RawRoute")]
pub struct Route {
    name: String,
    version: u32,
    steps: Vec<RouteStep>,
    forbid: Forbid,
    labels: Labels,
}

/// One step: who may decide, when it counts, and where a refusal leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteStep {
    /// The step's name, such as `kepala_dinas`.
    pub name: String,
    /// What the item is called while it awaits this step, such as `menunggu_verifikasi_rt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What the item is called after this step returned it to where it came from, such as `revisi_rt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned_label: Option<String>,
    /// The role that may decide.
    pub role: String,
    /// What of the item must be that of the approver.
    pub scope: Scope,
    /// The step counts only for items of which all of these hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required_if: Vec<Condition>,
    /// How many different people must approve.
    #[serde(skip_serializing_if = "is_one")]
    pub quorum: u32,
    /// Where a return leads.
    pub on_reject: OnReject,
    /// Whether this step may refuse an item for good.
    #[serde(skip_serializing_if = "is_yes")]
    pub may_refuse: bool,
    /// How long the step may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Due>,
}

/// Something that holds of an item, or does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The name of an attribute of the item.
    pub attribute: String,
    /// The value that it must have. An attribute that is not there has none.
    pub equals: AttributeValue,
}

/// Where a return leads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnReject {
    /// To the step before that counts for the item; from the first, to the origin.
    #[default]
    Previous,
    /// To where the item came from.
    Origin,
    /// Nowhere: the item is refused for good.
    Terminal,
}

/// What nobody may do on this route.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Forbid {
    /// Decide on what they submitted themselves.
    pub own_submission: bool,
    /// Decide where an approval of theirs stands already.
    pub deciding_twice: bool,
}

/// What the item is called when the route has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Labels {
    /// Approved by every step.
    pub approved: String,
    /// Refused for good.
    pub rejected: String,
    /// Taken back by who submitted it.
    pub withdrawn: String,
}

/// A duration of ISO 8601 in weeks, days, hours and minutes, such as `P3D`: at least a minute, at most 366 days. A day is
/// 24 hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Due {
    text: String,
    duration: SignedDuration,
}

impl Route {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// What nobody may do on it.
    #[must_use]
    pub fn forbid(&self) -> Forbid {
        self.forbid
    }

    /// What the item is called at the end.
    #[must_use]
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// All of its steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[RouteStep] {
        &self.steps
    }

    /// The step at `index`, counted from 0.
    #[must_use]
    pub fn step(&self, index: usize) -> Option<&RouteStep> {
        self.steps.get(index)
    }

    /// The indexes of the steps that count for an item with these attributes.
    #[must_use]
    pub fn required<'a>(&'a self, attributes: &'a Attributes) -> impl DoubleEndedIterator<Item = usize> + 'a {
        let indexed = self.steps.iter().enumerate();
        indexed
            .filter(|(_, step)| step.is_required(attributes))
            .map(|(index, _)| index)
    }

    /// The step that counts after `index`; none after the last.
    #[must_use]
    pub fn after(&self, index: usize, attributes: &Attributes) -> Option<usize> {
        self.required(attributes).find(|&other| other > index)
    }

    /// The step that counts before `index`; none before the first.
    #[must_use]
    pub fn before(&self, index: usize, attributes: &Attributes) -> Option<usize> {
        self.required(attributes).rfind(|&other| other < index)
    }
}

impl RouteStep {
    /// Whether the step counts for an item with these attributes.
    #[must_use]
    pub fn is_required(&self, attributes: &Attributes) -> bool {
        self.required_if
            .iter()
            .all(|condition| attributes.get(&condition.attribute) == Some(&condition.equals))
    }

    /// What the item is called while it awaits this step.
    #[must_use]
    pub fn awaiting_label(&self) -> String {
        self.label.clone().unwrap_or_else(|| format!("menunggu_{}", self.name))
    }

    /// What the item is called after this step returned it.
    #[must_use]
    pub fn returned_label(&self) -> String {
        self.returned_label.clone().unwrap_or_else(|| "dikembalikan".to_owned())
    }

    /// When a decision is due that is awaited since then.
    #[must_use]
    pub fn due_at(&self, since: Timestamp) -> Option<Timestamp> {
        self.due.as_ref().and_then(|due| since.checked_add(due.duration).ok())
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self {
            approved: "disetujui".to_owned(),
            rejected: "ditolak".to_owned(),
            withdrawn: "ditarik".to_owned(),
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(number: &u32) -> bool {
    *number == 1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_yes(flag: &bool) -> bool {
    *flag
}
