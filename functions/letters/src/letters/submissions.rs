//! Handing a letter in, and asking for it back.

use axum::extract::State;
use axum::http::StatusCode;
use platform::{Caller, Idempotency, IdempotencyKey, PathId, Problem, Stored};
use serde::Serialize;

use super::refusals::{Refusals, busy, not_now, wrong_answers};
use super::views::LetterView;
use super::{Letters, Versioned};
use crate::events::{self, HandedIn, Withdrawal};
use crate::ids::LetterId;
use crate::letter::{Letter, LetterEvent, Resident};

const SUBMIT: &str = "letter:submit";

/// Hands a draft in, or a letter that came back, to its first level.
#[utoipa::path(post, path = "/letters/{id}/submit", params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = LetterView, headers(("ETag" = String))), Refusals))]
pub(super) async fn submit(
    State(letters): State<Letters>,
    caller: Caller,
    PathId(id): PathId<LetterId>,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Versioned<LetterView>, Problem> {
    caller.require(SUBMIT)?;
    letters.find_own(&caller, id).await?;
    letters
        .once(
            &caller,
            "submit",
            id,
            &key,
            Box::pin(async {
                let Stored { value, version } = letters.find_own(&caller, id).await?;
                let of = letters.type_of(&caller, &value).await?;
                of.fields.check(&letters.open(&value)?).map_err(wrong_answers)?;
                let resident = Resident::from(&caller);
                let (letter, event) = value
                    .submit(&of, resident, letters.environment.now())
                    .map_err(not_now)?;
                let data = HandedIn::new(&letter);
                letters.tell(letter, version, event, data).await
            }),
        )
        .await
}

/// Asks for a letter back that waits for somebody. It is a draft again as soon as its approval has ended.
#[utoipa::path(post, path = "/letters/{id}/withdraw", params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 202, body = LetterView, headers(("ETag" = String))), Refusals))]
pub(super) async fn withdraw(
    State(letters): State<Letters>,
    caller: Caller,
    PathId(id): PathId<LetterId>,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<(StatusCode, Versioned<LetterView>), Problem> {
    caller.require(SUBMIT)?;
    letters.find_own(&caller, id).await?;
    let view = letters
        .once(
            &caller,
            "withdraw",
            id,
            &key,
            Box::pin(async {
                let Stored { value, version } = letters.find_own(&caller, id).await?;
                let (letter, event) = value.withdraw().map_err(not_now)?;
                let data = Withdrawal {
                    letter_id: id,
                    withdrawn_by: caller.id.clone(),
                    submission: letter.submissions,
                };
                letters.tell(letter, version, event, data).await
            }),
        )
        .await?;
    Ok((StatusCode::ACCEPTED, view))
}

impl Letters {
    /// Does something to a letter once per key, and answers with the letter as it then is.
    async fn once(
        &self,
        caller: &Caller,
        what: &str,
        id: LetterId,
        key: &str,
        work: impl Future<Output = Result<(), Problem>>,
    ) -> Result<Versioned<LetterView>, Problem> {
        let scope = format!("{what}#{}", caller.id);
        let once = Idempotency::new(caller.tenant.clone(), &scope, key, id.to_string().as_bytes());
        once.once(&self.environment, &self.table, work).await?;
        self.view(&self.find_letter(caller, id).await?)
    }

    /// Keeps a letter together with the event by which it changed. A submission begins a flow; what follows is of that flow.
    async fn tell<D: Serialize>(
        &self,
        letter: Letter,
        version: u64,
        event: LetterEvent,
        data: D,
    ) -> Result<(), Problem> {
        let event = events::of(&letter, &self.environment, letter.traceparent, event.event_type(), data);
        let letter = Letter {
            traceparent: Some(letter.traceparent.unwrap_or(event.traceparent)),
            ..letter
        };
        let written = self.table.commit(version, &letter, &event).await;
        written.map_err(|error| busy(&error))
    }
}
