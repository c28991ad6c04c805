//! What goes over HTTP, and how it is described.

use jiff::Timestamp;
use platform::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::chain::Row;

/// What to search for. All that is given must hold.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// The id of who did it.
    #[param(max_length = 260)]
    pub(super) actor: Option<String>,
    /// What it was done to, as `kind:id`, such as `user:01HXYZ`.
    #[param(max_length = 330, example = "user:01HXYZ")]
    pub(super) resource: Option<String>,
    /// What was done, such as `user.created`, or `user.*`.
    #[param(max_length = 66, example = "user.*")]
    pub(super) action: Option<String>,
    /// What became of it.
    #[param(value_type = Option<OutcomeView>)]
    pub(super) outcome: Option<Outcome>,
    /// Not before this moment.
    pub(super) from: Option<Timestamp>,
    /// Before this moment.
    pub(super) until: Option<Timestamp>,
    /// How many rows at most: of a page 1 to 100, usually 20; of an export 1 to 10,000, usually all.
    #[param(minimum = 1)]
    pub(super) limit: Option<u16>,
    /// The `next` of an earlier answer to the same search.
    pub(super) cursor: Option<String>,
}

/// As what to export.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// As a table for a spreadsheet, or as rows with which the chain can be computed again.
    #[serde(default)]
    #[param(inline)]
    pub(super) format: Format,
}

/// The format of an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    /// RFC 4180.
    #[default]
    Csv,
    /// As the search answers.
    Json,
}

/// Some of the rows that were found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RowPage {
    /// The rows, newest first.
    pub(super) items: Vec<RowView>,
    /// Where the next page begins; absent after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// A row of the chain. `hash` is the SHA-256 of the canonical JSON (RFC 8785) of all other members.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct RowView {
    /// Whose chain.
    pub(super) tenant: String,
    /// Its place in the chain, from 1.
    #[schema(minimum = 1)]
    pub(super) sequence: u64,
    /// When the action was taken.
    pub(super) time: Timestamp,
    /// The event that told of it.
    pub(super) event_id: String,
    /// What was done.
    #[schema(value_type = EntryView)]
    pub(super) entry: Value,
    /// The hash of the row before it.
    pub(super) previous: String,
    /// Its own hash.
    pub(super) hash: String,
}

/// What was done, as the description of an API shows it.
#[derive(ToSchema)]
#[schema(as = Entry)]
#[allow(dead_code, reason = "it is read by its derive")]
pub(super) struct EntryView {
    actor: ActorView,
    /// Such as `user.created`.
    action: String,
    resource: ResourceView,
    /// What stood there.
    before: Option<Value>,
    /// What stands there now.
    after: Option<Value>,
    #[schema(nullable = false)]
    origin: Option<OriginView>,
    outcome: OutcomeView,
    /// Why not.
    #[schema(nullable = false)]
    code: Option<String>,
}

#[derive(ToSchema)]
#[schema(as = Actor)]
#[allow(dead_code, reason = "it is read by its derive")]
struct ActorView {
    id: String,
    kind: ActorKindView,
}

#[derive(ToSchema)]
#[schema(as = ActorKind, rename_all = "snake_case")]
#[allow(dead_code, reason = "it is read by its derive")]
enum ActorKindView {
    Person,
    Integrator,
    System,
    Anonymous,
}

#[derive(ToSchema)]
#[schema(as = Resource)]
#[allow(dead_code, reason = "it is read by its derive")]
struct ResourceView {
    kind: String,
    id: String,
}

#[derive(ToSchema)]
#[schema(as = Origin)]
#[allow(dead_code, reason = "it is read by its derive")]
struct OriginView {
    ip: String,
    user_agent: String,
    correlation_id: String,
}

#[derive(ToSchema)]
#[schema(as = Outcome, rename_all = "snake_case")]
#[allow(dead_code, reason = "it is read by its derive")]
pub(super) enum OutcomeView {
    Success,
    Refused,
    Failed,
}

/// An error (RFC 9457).
#[derive(ToSchema)]
#[schema(as = Problem)]
#[allow(dead_code, reason = "it is read by its derive")]
pub(super) struct ProblemView {
    r#type: String,
    /// What to do, in Indonesian.
    title: String,
    status: u16,
    /// The stable code.
    code: String,
    /// What is wrong in this very case, in Indonesian.
    #[schema(nullable = false)]
    detail: Option<String>,
}

impl Format {
    pub(super) fn disposition(self) -> &'static str {
        match self {
            Self::Csv => "attachment; filename=\"audit.csv\"",
            Self::Json => "attachment; filename=\"audit.json\"",
        }
    }
}

impl From<&Row> for RowView {
    fn from(row: &Row) -> Self {
        Self {
            tenant: row.tenant.to_string(),
            sequence: row.sequence,
            time: row.time,
            event_id: row.event_id.to_string(),
            entry: serde_json::from_str(&row.entry).unwrap_or_default(),
            previous: row.previous.to_string(),
            hash: row.hash.to_string(),
        }
    }
}
