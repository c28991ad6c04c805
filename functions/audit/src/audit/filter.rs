//! What a search asks for, parsed.

use jiff::Timestamp;
use kernel::{Disposition, Fault};
use platform::{AuditEntry, Outcome};

use super::view::SearchQuery;
use crate::chain::Row;

/// The most characters of an actor, a resource and an action: no kept entry has more. Each may take four bytes of an index's
/// key, which has room for 2,048.
const LIMITS: [usize; 3] = [260, 330, 66];

/// A search that cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FilterError {
    #[error("the resource is not kind:id")]
    Resource,
    #[error("the action is no name")]
    Action,
    #[error("the period ends before it begins")]
    Period,
    #[error("a parameter is too long")]
    TooLong,
}

impl Fault for FilterError {
    fn code(&self) -> &'static str {
        match self {
            Self::Resource => "audit.malformed_resource",
            Self::Action => "audit.malformed_action",
            Self::Period => "audit.no_period",
            Self::TooLong => "audit.filter_too_long",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Resource | Self::Action | Self::Period | Self::TooLong => Disposition::Reject,
        }
    }
}

/// What rows must fulfil.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) actor: Option<String>,
    /// Kind and id.
    pub(super) resource: Option<(String, String)>,
    action: Option<Action>,
    outcome: Option<Outcome>,
    pub(super) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    Named(String),
    /// All that begin so, with the dot.
    Family(String),
}

impl Filter {
    /// The filter, and the cursor at which the search goes on.
    pub(super) fn read(query: SearchQuery) -> Result<(Self, Option<String>), FilterError> {
        let texts = [&query.actor, &query.resource, &query.action];
        let too_long = |(text, limit): (&Option<String>, usize)| {
            let count = text.as_ref().map_or(0, |text| text.chars().count());
            count > limit
        };
        if texts.into_iter().zip(LIMITS).any(too_long) {
            return Err(FilterError::TooLong);
        }
        if let (Some(from), Some(until)) = (query.from, query.until)
            && from >= until
        {
            return Err(FilterError::Period);
        }
        let filter = Self {
            actor: query.actor,
            resource: query.resource.as_deref().map(resource).transpose()?,
            action: query.action.as_deref().map(action).transpose()?,
            outcome: query.outcome,
            from: query.from,
            until: query.until,
        };
        Ok((filter, query.cursor))
    }

    /// Whether the row is among those that are asked for.
    pub(super) fn admits(&self, row: &Row) -> bool {
        let in_time = self.from.is_none_or(|from| row.time >= from) && self.until.is_none_or(|until| row.time < until);
        in_time && row.read_entry().is_some_and(|entry| self.admits_entry(&entry))
    }

    fn admits_entry(&self, entry: &AuditEntry) -> bool {
        let is = |wanted: &Option<String>, text: &str| wanted.as_ref().is_none_or(|wanted| wanted == text);
        let of_resource = |(kind, id): &(String, String)| *kind == entry.resource.kind && *id == entry.resource.id;
        is(&self.actor, &entry.actor.id)
            && self.resource.as_ref().is_none_or(of_resource)
            && self.action.as_ref().is_none_or(|action| action.is(&entry.action))
            && self.outcome.is_none_or(|outcome| outcome == entry.outcome)
    }
}

impl Action {
    fn is(&self, name: &str) -> bool {
        match self {
            Self::Named(wanted) => wanted == name,
            Self::Family(prefix) => name.starts_with(prefix),
        }
    }
}

fn resource(text: &str) -> Result<(String, String), FilterError> {
    match text.split_once(':') {
        Some((kind, id)) if !kind.is_empty() => Ok((kind.to_owned(), id.to_owned())),
        Some(_) | None => Err(FilterError::Resource),
    }
}

fn action(text: &str) -> Result<Action, FilterError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.');
    let (name, action) = match text.strip_suffix(".*") {
        Some(family) => (family, Action::Family(format!("{family}."))),
        None => (text, Action::Named(text.to_owned())),
    };
    if !name.is_empty() && name.bytes().all(plain) {
        Ok(action)
    } else {
        Err(FilterError::Action)
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Ids, SequentialIds};
    use platform::{Actor, ActorKind};

    use super::*;
    use crate::chain::Head;

    const AT: &str = "2026-01-05T01:00:00Z";

    fn row() -> Row {
        let actor = Actor {
            id: "u1".into(),
            kind: ActorKind::Person,
        };
        let entry = AuditEntry::success(actor, "user.created", "user", "u2:x").refused("access.forbidden");
        let time = AT.parse().unwrap();
        let id = SequentialIds::default().event_id(time);
        let (_, row) = Head::begin("karo".parse().unwrap()).append(id, time, serde_json::to_string(&entry).unwrap());
        row
    }

    fn finds(change: impl FnOnce(&mut SearchQuery)) -> bool {
        let mut query = SearchQuery::default();
        change(&mut query);
        Filter::read(query).unwrap().0.admits(&row())
    }

    fn refuses(change: impl FnOnce(&mut SearchQuery)) -> FilterError {
        let mut query = SearchQuery::default();
        change(&mut query);
        Filter::read(query).unwrap_err()
    }

    #[test]
    fn each_parameter_narrows_the_search_by_itself() {
        assert!(finds(|_| {}));
        assert!(finds(|query| query.actor = Some("u1".into())));
        assert!(!finds(|query| query.actor = Some("u".into())));
        assert!(finds(|query| query.resource = Some("user:u2:x".into())));
        assert!(!finds(|query| query.resource = Some("user:u2".into())));
        assert!(finds(|query| query.action = Some("user.created".into())));
        assert!(finds(|query| query.action = Some("user.*".into())));
        assert!(!finds(|query| query.action = Some("use.*".into())));
        assert!(!finds(|query| query.action = Some("user".into())));
        assert!(finds(|query| query.outcome = Some(Outcome::Refused)));
        assert!(!finds(|query| query.outcome = Some(Outcome::Success)));
    }

    #[test]
    fn a_period_begins_with_its_first_moment_and_ends_before_its_last() {
        let at = |text: &str| Some(text.parse().unwrap());
        assert!(finds(|query| query.from = at(AT)));
        assert!(!finds(|query| query.from = at("2026-01-05T01:00:00.000000001Z")));
        assert!(!finds(|query| query.until = at(AT)));
        assert!(finds(|query| query.until = at("2026-01-05T01:00:00.000000001Z")));
    }

    #[test]
    fn a_search_that_makes_no_sense_is_refused() {
        assert_eq!(
            refuses(|query| query.resource = Some("user".into())),
            FilterError::Resource
        );
        assert_eq!(
            refuses(|query| query.resource = Some(":id".into())),
            FilterError::Resource
        );
        for action in ["", "*", ".*", "User.*", "user*"] {
            assert_eq!(
                refuses(|query| query.action = Some(action.into())),
                FilterError::Action,
                "{action}"
            );
        }
        assert_eq!(
            refuses(|query| query.actor = Some("é".repeat(261))),
            FilterError::TooLong
        );
        assert_eq!(
            refuses(|query| query.resource = Some(format!("user:{}", "a".repeat(326)))),
            FilterError::TooLong
        );
        assert_eq!(
            refuses(|query| query.action = Some("a".repeat(67))),
            FilterError::TooLong
        );
        let same = |query: &mut SearchQuery| {
            query.from = Some(AT.parse().unwrap());
            query.until = query.from;
        };
        assert_eq!(refuses(same), FilterError::Period);
    }
}
