//! What goes wrong, as callers see it.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use kernel::Fault;
use platform::{IfMatch, Problem, TableError};
use utoipa::openapi::{ContentBuilder, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use crate::approval::{DecideError, OpenError, WithdrawError};
use crate::delegation::DelegationError;
use crate::desk::AdvanceError;
use crate::messages;

/// Every answer that is no success, as RFC 9457 problem details.
pub(super) struct Refusals;

/// Problem details (RFC 9457). `title` and `detail` are for people, `code` for programs.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the shape of `Problem`, for the description of the interface")]
struct ProblemDetails {
    /// Always `about:blank`.
    r#type: String,
    /// What to do about it, in Indonesian.
    title: String,
    /// The HTTP status.
    status: u16,
    /// The stable code, such as `approvals.out_of_turn`.
    code: String,
    /// What is wrong in this very case, in Indonesian.
    #[schema(required = false)]
    detail: Option<String>,
}

const REFUSALS: [(&str, &str); 11] = [
    ("400", "The request cannot be read."),
    ("401", "No valid token or key."),
    ("403", "The caller may not do this."),
    (
        "404",
        "There is nothing of this id, or nothing that the caller may see.",
    ),
    (
        "409",
        "It awaits no decision, there are too many of it, or the same is being done at this moment.",
    ),
    ("412", "Somebody else has changed it meanwhile."),
    ("413", "The body is too large."),
    ("415", "The body is no JSON."),
    ("422", "The content cannot be used."),
    ("429", "Too many requests."),
    ("503", "Busy; come back later."),
];

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let schema = ProblemDetails::schema();
        let refusals = REFUSALS.into_iter().map(|(status, description)| {
            let content = ContentBuilder::new().schema(Some(schema.clone())).build();
            let response = ResponseBuilder::new()
                .description(description)
                .content("application/problem+json", content)
                .build();
            (status.to_owned(), RefOr::T(response))
        });
        refusals.collect()
    }
}

/// There is no such approval, or none that the caller may see.
pub(super) fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "approvals.unknown", messages::UNKNOWN)
}

/// The table did not do what it was asked. What somebody else changed first is theirs: the caller looks again.
pub(super) fn busy(error: &TableError) -> Problem {
    match error {
        TableError::NotFound(_) => unknown(),
        TableError::Conflict | TableError::AlreadyExists => {
            Problem::new(StatusCode::CONFLICT, "approvals.conflict", messages::CONFLICT)
        }
        TableError::Format(_) | TableError::Unavailable(_) => failed(error),
    }
}

/// A command could not be carried out.
pub(super) fn refused(error: &AdvanceError) -> Problem {
    match error {
        AdvanceError::Table(error) => busy(error),
        AdvanceError::Decide(error) => undecided(error),
        AdvanceError::Withdraw(error @ WithdrawError::NotSubmitter) => {
            Problem::new(StatusCode::FORBIDDEN, error.code(), messages::NOT_SUBMITTER)
        }
        AdvanceError::Withdraw(error @ WithdrawError::Ended) => {
            Problem::new(StatusCode::CONFLICT, error.code(), messages::NOT_AWAITING)
        }
        AdvanceError::Stale => IfMatch::stale(),
        AdvanceError::Open(
            OpenError::Nowhere { .. } | OpenError::StillOpen | OpenError::Ended | OpenError::TooOften,
        )
        | AdvanceError::Routing(_)
        | AdvanceError::NotSubmittedYet
        | AdvanceError::NoLetter
        | AdvanceError::UnknownLetter
        | AdvanceError::LetterDiffers
        | AdvanceError::LetterTwice
        | AdvanceError::LetterNotApproved => failed(error),
    }
}

/// A delegation cannot be made.
pub(super) fn unusable(error: DelegationError) -> Problem {
    let title = match error {
        DelegationError::Days => messages::DELEGATION_DAYS,
        DelegationError::Oneself => messages::DELEGATION_ONESELF,
        DelegationError::Text => messages::DELEGATION_TEXT,
        DelegationError::RtWithoutRw => messages::DELEGATION_RT,
    };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), title)
}

/// Something of ours failed.
pub(super) fn failed(error: &dyn Fault) -> Problem {
    Problem::logged(StatusCode::SERVICE_UNAVAILABLE, error, messages::TRY_AGAIN)
}

fn undecided(error: &DecideError) -> Problem {
    let (status, title) = match error {
        DecideError::NotAwaiting => (StatusCode::CONFLICT, messages::NOT_AWAITING),
        DecideError::TooMany => (StatusCode::CONFLICT, messages::TOO_MANY_DECISIONS),
        DecideError::OutOfTurn { .. } => (StatusCode::FORBIDDEN, messages::OUT_OF_TURN),
        DecideError::OutOfScope => (StatusCode::FORBIDDEN, messages::OUT_OF_SCOPE),
        DecideError::OwnSubmission => (StatusCode::FORBIDDEN, messages::OWN_SUBMISSION),
        DecideError::Twice => (StatusCode::FORBIDDEN, messages::DECIDED_TWICE),
        DecideError::MayNotRefuse => (StatusCode::FORBIDDEN, messages::MAY_NOT_REFUSE),
        DecideError::NoteMissing => (StatusCode::UNPROCESSABLE_ENTITY, messages::NOTE_MISSING),
        DecideError::NoteTooLong => (StatusCode::UNPROCESSABLE_ENTITY, messages::NOTE_TOO_LONG),
        DecideError::BadId | DecideError::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, messages::KEY_REUSED),
    };
    Problem::new(status, error.code(), title)
}
