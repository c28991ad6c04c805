//! What makes a route unusable, with the reason.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Span, SpanRelativeTo};
use kernel::{Disposition, Fault, MalformedJson};
use serde::{Deserialize, Deserializer};

use super::{Condition, Due, Forbid, Labels, OnReject, Route, RouteStep};
use crate::actor::Scope;
use crate::item::AttributeValue;

/// More officials than this never sign off one paper.
pub(super) const MAX_STEPS: usize = 20;
/// No more people ever approve one step.
const MAX_QUORUM: u32 = 20;
const MAX_CONDITIONS: usize = 8;

/// A route cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// The name is no name.
    #[error("a route's name is 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or digit")]
    Name,
    /// Versions count from 1.
    #[error("a route's version is a number from 1")]
    Version,
    /// A route needs a step.
    #[error("a route needs at least one step and at most {MAX_STEPS}")]
    Steps,
    /// Two steps have one name.
    #[error("two steps of the route have the same name")]
    Names,
    /// A name, label, role or attribute of a step is no name.
    #[error("the step {0} has a name, label, role or attribute that is not 1 to 64 of a-z, 0-9, _ and -")]
    Word(usize),
    /// A quorum that nobody or nothing can reach.
    #[error("the step {0} needs between 1 and {MAX_QUORUM} people")]
    Quorum(String),
    /// Nothing can be so many things at once.
    #[error(
        "the step {0} can never be reached: its conditions contradict each other, or are more than {MAX_CONDITIONS}"
    )]
    Unreachable(String),
    /// An item for which no step counts would be approved by nobody.
    #[error("no step counts for every item, so that an item could be approved by nobody")]
    Unguarded,
    /// A text is no duration that a step may have.
    #[error("the step {0} is not due after a duration such as P3D or PT12H, of a minute to 366 days")]
    Due(String),
    /// A role that nobody can have.
    #[error("the step {step} asks for the role {role}, which is not known")]
    Role {
        /// The step.
        step: String,
        /// The role.
        role: String,
    },
}

/// A route as somebody wrote it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRoute {
    name: String,
    version: u32,
    steps: Vec<RawStep>,
    #[serde(default)]
    forbid: Forbid,
    #[serde(default)]
    labels: Labels,
}

/// A step as somebody wrote it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    name: String,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    returned_label: Option<String>,
    role: String,
    #[serde(default)]
    scope: Scope,
    #[serde(default, deserialize_with = "one_or_more")]
    required_if: Vec<Condition>,
    #[serde(default = "one")]
    quorum: u32,
    #[serde(default)]
    on_reject: OnReject,
    #[serde(default = "yes")]
    may_refuse: bool,
    #[serde(default)]
    due: Option<String>,
}

/// A file is no route that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteFileError {
    /// Not JSON of the schema.
    #[error("the file is not JSON of a route")]
    Malformed(#[source] MalformedJson),
    /// A route that cannot be used.
    #[error("the route cannot be used")]
    Route(#[source] RouteError),
}

impl Fault for RouteError {
    fn code(&self) -> &'static str {
        match self {
            Self::Name => "route.name",
            Self::Version => "route.version",
            Self::Steps => "route.steps",
            Self::Names => "route.names",
            Self::Word(_) => "route.word",
            Self::Quorum(_) => "route.quorum",
            Self::Unreachable(_) => "route.unreachable",
            Self::Unguarded => "route.unguarded",
            Self::Due(_) => "route.due",
            Self::Role { .. } => "route.unknown_role",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Name
            | Self::Version
            | Self::Steps
            | Self::Names
            | Self::Word(_)
            | Self::Quorum(_)
            | Self::Unreachable(_)
            | Self::Unguarded
            | Self::Due(_)
            | Self::Role { .. } => Disposition::Reject,
        }
    }
}

impl Fault for RouteFileError {
    fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "route.malformed",
            Self::Route(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Malformed(_) => Disposition::Reject,
            Self::Route(error) => error.disposition(),
        }
    }
}

/// Whether a text is a name: it becomes a part of keys, and of what others match on.
pub(crate) fn is_name(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(word) && !text.starts_with(['_', '-'])
}

impl Route {
    /// Reads a route from a file, with the reason where it cannot be used.
    pub fn from_json(bytes: &[u8]) -> Result<Self, RouteFileError> {
        let raw: RawRoute = serde_json::from_slice(bytes).map_err(|error| RouteFileError::Malformed(error.into()))?;
        raw.try_into().map_err(RouteFileError::Route)
    }

    /// Whether every role that the steps ask for is among `known`.
    pub fn check_roles(&self, known: &BTreeSet<String>) -> Result<(), RouteError> {
        match self.steps.iter().find(|step| !known.contains(&step.role)) {
            None => Ok(()),
            Some(step) => Err(RouteError::Role {
                step: step.name.clone(),
                role: step.role.clone(),
            }),
        }
    }
}

impl TryFrom<RawRoute> for Route {
    type Error = RouteError;

    fn try_from(raw: RawRoute) -> Result<Self, RouteError> {
        let RawRoute {
            name,
            version,
            steps,
            forbid,
            labels,
        } = raw;
        if !is_name(&name) {
            return Err(RouteError::Name);
        }
        if version == 0 {
            return Err(RouteError::Version);
        }
        if steps.is_empty() || steps.len() > MAX_STEPS {
            return Err(RouteError::Steps);
        }
        let steps = steps
            .into_iter()
            .enumerate()
            .map(|(index, step)| check_step(index, step));
        let steps = steps.collect::<Result<Vec<_>, _>>()?;
        let names: BTreeSet<_> = steps.iter().map(|step| step.name.as_str()).collect();
        if names.len() < steps.len() {
            return Err(RouteError::Names);
        }
        if steps.iter().all(|step| !step.required_if.is_empty()) {
            return Err(RouteError::Unguarded);
        }
        if ![&labels.approved, &labels.rejected, &labels.withdrawn]
            .into_iter()
            .all(|label| is_name(label))
        {
            return Err(RouteError::Name);
        }
        Ok(Self {
            name,
            version,
            steps,
            forbid,
            labels,
        })
    }
}

fn check_step(index: usize, raw: RawStep) -> Result<RouteStep, RouteError> {
    let words = [
        Some(&raw.name),
        Some(&raw.role),
        raw.label.as_ref(),
        raw.returned_label.as_ref(),
    ];
    let attributes = raw.required_if.iter().map(|condition| &condition.attribute);
    if !words.into_iter().flatten().chain(attributes).all(|word| is_name(word)) {
        return Err(RouteError::Word(index + 1));
    }
    if !(1..=MAX_QUORUM).contains(&raw.quorum) {
        return Err(RouteError::Quorum(raw.name));
    }
    if raw.required_if.len() > MAX_CONDITIONS || contradict(&raw.required_if) {
        return Err(RouteError::Unreachable(raw.name));
    }
    let due = match raw.due.map(|text| Due::parse(&text)) {
        Some(None) => return Err(RouteError::Due(raw.name)),
        Some(due) => due,
        None => None,
    };
    Ok(RouteStep {
        name: raw.name,
        label: raw.label,
        returned_label: raw.returned_label,
        role: raw.role,
        scope: raw.scope,
        required_if: raw.required_if,
        quorum: raw.quorum,
        on_reject: raw.on_reject,
        may_refuse: raw.may_refuse,
        due,
    })
}

/// One attribute cannot have two values, and none has an empty text or a longer one than an item may have.
fn contradict(conditions: &[Condition]) -> bool {
    let impossible = |value: &AttributeValue| match value {
        AttributeValue::Flag(_) => false,
        AttributeValue::Text(text) => text.is_empty() || text.len() > 100,
    };
    let clash = |one: &Condition| {
        conditions
            .iter()
            .any(|other| other.attribute == one.attribute && other.equals != one.equals)
    };
    conditions.iter().any(|one| impossible(&one.equals) || clash(one))
}

/// One condition, or a list of them that must all hold.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Condition>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMore {
        One(Condition),
        More(Vec<Condition>),
    }
    Ok(match OneOrMore::deserialize(deserializer)? {
        OneOrMore::One(condition) => vec![condition],
        OneOrMore::More(conditions) => conditions,
    })
}

impl Due {
    fn parse(text: &str) -> Option<Self> {
        let span: Span = text.parse().ok()?;
        if !text.starts_with('P') || span.get_years() != 0 || span.get_months() != 0 {
            return None;
        }
        let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        let within = SignedDuration::from_mins(1)..=SignedDuration::from_hours(366 * 24);
        within.contains(&duration).then(|| Self {
            text: text.to_owned(),
            duration,
        })
    }
}

impl From<Due> for String {
    fn from(due: Due) -> Self {
        due.text
    }
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests;
