//! What goes wrong, as callers see it.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use kernel::Fault;
use platform::{Problem, TableError, unknown};
use utoipa::openapi::{RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::letter::LetterError;
use crate::letter_type::{AnswerProblem, NumberFormatError, SchemaError, TypeError};
use crate::letterhead::LetterheadError;
use crate::messages;

/// Every answer that is no success, as RFC 9457 problem details.
pub(super) struct Refusals;

/// Problem details (RFC 9457). `title` and `detail` are for people, `code` for programs.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the shape of `Problem`, for the description of the interface")]
struct ProblemDetails {
    /// Always `about:blank`.
    #[schema(rename = "type")]
    r#type: String,
    /// What to do about it, in Indonesian.
    title: String,
    /// The HTTP status.
    status: u16,
    /// The stable code, such as `letters.not_editable`.
    code: String,
    /// What is wrong in this very case, in Indonesian.
    #[schema(required = false)]
    detail: Option<String>,
}

const REFUSALS: [(&str, &str); 12] = [
    ("400", "The request cannot be read."),
    ("401", "No valid token or key."),
    ("403", "The caller may not do this."),
    ("404", "There is nothing of this id, or nothing of the caller's."),
    (
        "409",
        "The state does not allow it, or the same is being done at this moment.",
    ),
    ("412", "Somebody else has changed it meanwhile."),
    ("413", "The body is too large."),
    ("415", "The body is no JSON."),
    ("422", "The content cannot be used."),
    ("428", "If-Match is missing."),
    ("429", "Too many requests."),
    ("503", "Busy; come back later."),
];

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let schema = <ProblemDetails as utoipa::PartialSchema>::schema();
        let refusals = REFUSALS.into_iter().map(|(status, description)| {
            let content = utoipa::openapi::ContentBuilder::new()
                .schema(Some(schema.clone()))
                .build();
            let response = ResponseBuilder::new()
                .description(description)
                .content("application/problem+json", content)
                .build();
            (status.to_owned(), RefOr::T(response))
        });
        refusals.collect()
    }
}

/// The table did not do what it was asked. What somebody else changed first is theirs: the caller looks again.
pub(super) fn busy(error: &TableError) -> Problem {
    match error {
        TableError::NotFound(_) => unknown(),
        TableError::Conflict | TableError::AlreadyExists => {
            Problem::new(StatusCode::CONFLICT, "letters.conflict", messages::CONFLICT)
        }
        TableError::Format(_) | TableError::Unavailable(_) => failed(error),
    }
}

/// Something of ours failed.
pub(super) fn failed(error: &dyn Fault) -> Problem {
    Problem::logged(StatusCode::SERVICE_UNAVAILABLE, error, messages::TRY_AGAIN)
}

/// The letter does not allow it.
pub(super) fn not_now(error: LetterError) -> Problem {
    let (status, title) = match error {
        LetterError::NotEditable(_) => (StatusCode::CONFLICT, messages::NOT_EDITABLE),
        LetterError::NotWaiting(_) => (StatusCode::CONFLICT, messages::NOT_WAITING),
        LetterError::NoTerritory => (StatusCode::UNPROCESSABLE_ENTITY, messages::NO_TERRITORY),
        LetterError::TooOften => (StatusCode::CONFLICT, messages::TOO_OFTEN),
        LetterError::Contradicts(_) | LetterError::RenderedOtherwise => (StatusCode::CONFLICT, messages::CONTRADICTS),
        LetterError::NotApproved(_) => (StatusCode::CONFLICT, messages::NOT_APPROVED),
    };
    Problem::new(status, error.code(), title)
}

/// There is no such type, or nobody can ask for it.
pub(super) fn no_such_type() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "letters.unknown_type",
        messages::UNKNOWN_TYPE,
    )
}

/// The answers do not fit their form.
pub(super) fn wrong_answers(problems: Vec<AnswerProblem>) -> Problem {
    let titles: Vec<_> = problems.into_iter().map(|problem| problem.field).collect();
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "letters.wrong_answers",
        messages::ANSWERS_WRONG,
    )
    .with_detail(messages::answers_to_correct(&titles))
}

/// The type cannot be kept.
pub(super) fn unusable_type(error: &TypeError) -> Problem {
    let part = match error {
        TypeError::Name => "name".to_owned(),
        TypeError::Fields(SchemaError::Field(name)) => format!("fields ({name})"),
        TypeError::Fields(SchemaError::Shape | SchemaError::TooLarge | SchemaError::Names | SchemaError::Invalid) => {
            "fields".to_owned()
        }
        TypeError::Template => "template".to_owned(),
        TypeError::Wording => "wording".to_owned(),
        TypeError::Placeholder(name) => format!("wording ({{{}}})", name.chars().take(40).collect::<String>()),
        TypeError::Validity => "validity_days".to_owned(),
        TypeError::NumberTaken(code) => messages::number_taken(code),
        TypeError::TooManyFormats => messages::TOO_MANY_FORMATS.to_owned(),
        TypeError::NumberFormat(
            NumberFormatError::Text | NumberFormatError::Placeholder | NumberFormatError::Ambiguous,
        ) => "number_format".to_owned(),
    };
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "letters.unusable_type",
        messages::TYPE_UNUSABLE,
    )
    .with_detail(messages::part_to_correct(&part))
}

/// The letterhead cannot be kept.
pub(super) fn unusable_letterhead(error: LetterheadError) -> Problem {
    let part = match error {
        LetterheadError::Line(name) => name,
        LetterheadError::Logo => "logo",
    };
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "letters.unusable_letterhead",
        messages::LETTERHEAD_UNUSABLE,
    )
    .with_detail(messages::part_to_correct(part))
}
