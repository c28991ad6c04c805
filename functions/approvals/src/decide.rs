//! decide: officials look at an approval and take their decision, over HTTP.

use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use kernel::{DocumentId, Fault};
use platform::{Begun, ConfigError, Environment, Function, Idempotency, IdempotencyError, Problem, TableError};
use serde::{Deserialize, Serialize};

use crate::advance_approval::{AdvanceApproval, AdvanceError, DecideCommand};
use crate::approval::{Approval, DecideError, Decided, Decision, Status, Verdict};
use crate::events::Awaiting;
use crate::messages;
use crate::token::{Actor, Claims, Tokens};

/// A decision is a verdict and a note.
const BODY_LIMIT: usize = 16 * 1024;

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let vars = environment.settings.require(&["TOKEN_PUBLIC_KEY"])?;
    let tokens = Tokens::new(&vars.text("TOKEN_PUBLIC_KEY")?)
        .map_err(|error| ConfigError::invalid("TOKEN_PUBLIC_KEY", error))?;
    let decide = Decide {
        approvals: AdvanceApproval::connect(environment)?,
        tokens,
    };
    let router = Router::new()
        .route("/approvals/{document_id}", get(show))
        .route("/approvals/{document_id}/decisions", post(take))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(decide);
    Ok(Function::http(router))
}

#[derive(Clone)]
struct Decide {
    approvals: AdvanceApproval,
    tokens: Tokens,
}

/// An approval as officials see it.
#[derive(Debug, Serialize, Deserialize)]
struct ApprovalView {
    document_id: DocumentId,
    status: Status,
    /// The step that has to decide.
    awaiting: Option<Awaiting>,
    history: Vec<Decided>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    verdict: Verdict,
    #[serde(default)]
    note: Option<String>,
}

/// `GET /approvals/<document id>`: whose turn it is, and what was decided.
async fn show(
    State(decide): State<Decide>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Json<ApprovalView>, Problem> {
    let claims = decide.authorise(&headers)?;
    let key = Approval::key_of(&claims.tenant_id, parse(id)?);
    let found = decide
        .approvals
        .table
        .find::<Approval>(&key)
        .await
        .map_err(|error| busy(&error))?;
    found
        .map(|stored| Json(ApprovalView::from(stored.value)))
        .ok_or_else(unknown)
}

/// `POST /approvals/<document id>/decisions` with `{"verdict": "approve" | "return" | "reject", "note"}` and an
/// `Idempotency-Key`: takes the decision in the name of the token's holder, and answers with the approval.
async fn take(
    State(decide): State<Decide>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<ApprovalView>, Problem> {
    let claims = decide.authorise(&headers)?;
    let document_id = parse(id)?;
    let key = idempotency_key(&headers)?;
    let Body { verdict, note } = serde_json::from_slice(&body)
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "approvals.malformed", messages::MALFORMED))?;

    let scope = format!("decide#{}#{document_id}", claims.sub);
    let record = Idempotency::new(claims.tenant_id.clone(), &scope, key, &body);
    let (table, now) = (&decide.approvals.table, decide.approvals.environment.now());
    let ticket = match record.begin(table, now).await.map_err(|error| repeated(&error))? {
        Begun::Completed(response) => {
            let view = serde_json::from_str(&response)
                .map_err(|_| Problem::new(StatusCode::CONFLICT, "approvals.conflict", messages::CONFLICT))?;
            return Ok(Json(view));
        }
        Begun::Started(ticket) => ticket,
    };
    let actor = Actor {
        id: claims.sub.clone(),
        name: claims.name,
        roles: claims.roles,
    };
    let decision = Decision {
        id: format!("{}:{key}", claims.sub),
        actor,
        verdict,
        note,
    };
    let command = DecideCommand {
        tenant: claims.tenant_id,
        document_id,
        decision,
    };
    match decide.approvals.decide(command).await {
        Ok(approval) => {
            let view = ApprovalView::from(approval);
            if let Ok(response) = serde_json::to_string(&view) {
                // The decision is taken; without its record a repetition finds it in the approval's own history.
                if let Err(error) = record.complete(table, ticket, response, now).await {
                    tracing::warn!(
                        error.code = error.code(),
                        "a response could not be kept for repetitions"
                    );
                }
            }
            Ok(Json(view))
        }
        Err(error) => {
            if let Err(error) = record.abandon(table, ticket, now).await {
                tracing::warn!(
                    error.code = error.code(),
                    "an idempotency record could not be given back"
                );
            }
            Err(refused(&error))
        }
    }
}

impl Decide {
    fn authorise(&self, headers: &HeaderMap) -> Result<Claims, Problem> {
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) = authorization.and_then(|value| value.split_once(' ')).unzip();
        // RFC 9110: the scheme's case does not matter.
        let token = token.filter(|_| scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer")));
        token.and_then(|token| self.tokens.read(token).ok()).ok_or_else(|| {
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "approvals.unauthorized",
                messages::UNAUTHORIZED,
            )
        })
    }
}

impl From<Approval> for ApprovalView {
    fn from(approval: Approval) -> Self {
        let awaiting = match approval.status {
            Status::Awaiting { step } => approval.route.step(step),
            Status::Returned | Status::Rejected | Status::Approved => None,
        };
        let awaiting = awaiting.map(Awaiting::from);
        Self {
            document_id: approval.document_id,
            status: approval.status,
            awaiting,
            history: approval.history,
        }
    }
}

/// An id that is none, even one that is no text, is an unknown one.
fn parse(id: Result<Path<String>, PathRejection>) -> Result<DocumentId, Problem> {
    let Path(id) = id.map_err(|_malformed| unknown())?;
    id.parse().map_err(|_malformed| unknown())
}

fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "approvals.unknown", messages::UNKNOWN)
}

fn idempotency_key(headers: &HeaderMap) -> Result<&str, Problem> {
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    let valid = |key: &&str| {
        (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    key.filter(valid)
        .ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "approvals.no_key", messages::KEY_MISSING))
}

fn repeated(error: &IdempotencyError) -> Problem {
    match error {
        IdempotencyError::InProgress => Problem::new(StatusCode::CONFLICT, error.code(), messages::IN_PROGRESS),
        IdempotencyError::Reused => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), messages::KEY_REUSED),
        IdempotencyError::Table(error) => busy(error),
    }
}

fn refused(error: &AdvanceError) -> Problem {
    match error {
        AdvanceError::Table(TableError::NotFound(_)) => unknown(),
        AdvanceError::Table(TableError::Conflict | TableError::AlreadyExists) => {
            Problem::new(StatusCode::CONFLICT, "approvals.conflict", messages::CONFLICT)
        }
        AdvanceError::Table(error @ (TableError::Format(_) | TableError::Unavailable(_))) => busy(error),
        AdvanceError::Decide(error) => {
            let (status, title) = match error {
                DecideError::NotAwaiting => (StatusCode::CONFLICT, messages::NOT_AWAITING),
                DecideError::OutOfTurn { .. } => (StatusCode::FORBIDDEN, messages::OUT_OF_TURN),
                DecideError::NoteMissing => (StatusCode::UNPROCESSABLE_ENTITY, messages::NOTE_MISSING),
                DecideError::NoteTooLong => (StatusCode::UNPROCESSABLE_ENTITY, messages::NOTE_TOO_LONG),
                DecideError::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, messages::KEY_REUSED),
            };
            Problem::new(status, error.code(), title)
        }
    }
}

fn busy(error: &TableError) -> Problem {
    Problem::logged(StatusCode::SERVICE_UNAVAILABLE, error, messages::TRY_AGAIN)
}
