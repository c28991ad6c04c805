//! What a letter hears of its approval. News repeats and overtakes itself: what is older than the letter's state is only
//! noted down.

use jiff::Timestamp;
use kernel::EventId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{HISTORY_LIMIT, Issue, Letter, LetterError, LetterEvent, Level, Status};

/// One event of the letter's approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The event.
    pub event: EventId,
    /// Which submission of the letter it is about, counted from 1.
    pub submission: u32,
    /// The version of the approval that it is the news of.
    pub version: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What became of the approval.
    pub ruling: Ruling,
    /// The decision that led to it; none when nobody decided.
    pub decision: Option<Verification>,
}

/// What became of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// This level has to decide.
    Awaits(Level),
    /// A step of the route's own has to decide, for which letters have no state.
    AwaitsAnother,
    /// Back at the resident, in the state that the route names, if it names one.
    Returned(Option<Status>),
    /// Refused for good.
    Refused,
    /// Every level has approved.
    Approved,
    /// The resident took it back in time.
    Withdrawn,
}

/// One decision, as the resident may read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verification {
    /// The event that told of it.
    #[schema(value_type = String)]
    pub event: EventId,
    /// The level that decided; none where the route has steps of its own.
    pub level: Option<Level>,
    /// What was decided.
    pub verdict: Verdict,
    /// The official's id.
    pub by: String,
    /// The official's name, where the approval says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What an official decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Let it pass.
    Approved,
    /// Sent it back.
    Returned,
    /// Refused it for good.
    Rejected,
}

/// How a letter took its news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Nothing new.
    Nothing,
    /// The letter changed.
    Changed(Box<Letter>),
    /// It is approved, and wants a number: [`Letter::number`].
    WantsNumber(Box<Letter>),
}

impl Letter {
    /// Takes one piece of news.
    pub fn hear(self, news: &News) -> Result<Heard, LetterError> {
        if self.is_older(news) {
            let noted = self.clone().noting(news);
            return Ok(if noted == self {
                Heard::Nothing
            } else {
                Heard::Changed(noted.into())
            });
        }
        let status = match (self.status, news.ruling) {
            (Status::MenungguVerifikasiRt | Status::MenungguVerifikasiRw | Status::MenungguAdmin, ruling) => {
                match ruling {
                    Ruling::Approved => return Ok(Heard::WantsNumber(self.noting(news).into())),
                    Ruling::Awaits(level) => level.waiting(),
                    Ruling::AwaitsAnother => self.status,
                    Ruling::Returned(named) => named.unwrap_or_else(|| self.kind.requires.returned()),
                    Ruling::Refused => Status::Ditolak,
                    Ruling::Withdrawn => Status::Draft,
                }
            }
            // Who has a letter back may take it back for good, at the approval itself.
            (Status::RevisiRt | Status::RevisiRw, Ruling::Withdrawn) => Status::Draft,
            // The same again, by another event: nothing moves.
            (Status::Disetujui | Status::Selesai, Ruling::Approved)
            | (Status::Ditolak, Ruling::Refused)
            | (Status::Draft, Ruling::Withdrawn)
            | (Status::RevisiRt | Status::RevisiRw, Ruling::Returned(_)) => return Ok(Heard::Nothing),
            (
                Status::Draft
                | Status::Disetujui
                | Status::Ditolak
                | Status::RevisiRt
                | Status::RevisiRw
                | Status::Selesai,
                Ruling::Awaits(_)
                | Ruling::AwaitsAnother
                | Ruling::Returned(_)
                | Ruling::Refused
                | Ruling::Approved
                | Ruling::Withdrawn,
            ) => return Err(LetterError::Contradicts(self.status)),
        };
        // Whoever wanted the letter back still does while another level has its turn.
        let is_withdrawing = self.is_withdrawing && status.awaits().is_some();
        let moved = Self {
            status,
            is_withdrawing,
            moved_at: news.at,
            heard: news.version,
            ..self.noting(news)
        };
        Ok(Heard::Changed(moved.into()))
    }

    /// Gives a letter that wants it its number.
    #[must_use]
    pub fn number(self, news: &News, issue: Issue) -> (Self, LetterEvent) {
        let approved = Self {
            status: Status::Disetujui,
            is_withdrawing: false,
            moved_at: news.at,
            heard: news.version,
            issue: Some(issue),
            ..self
        };
        (approved, LetterEvent::Approved)
    }

    /// Whether the letter came to its state after the news: it is of an earlier submission, or of a version of the approval
    /// that the letter has followed already. Clocks do not count: those of two machines differ.
    fn is_older(&self, news: &News) -> bool {
        news.submission < self.submissions || news.version <= self.heard
    }

    fn has_noted(&self, news: &News) -> bool {
        self.history.iter().any(|noted| noted.event == news.event)
    }

    /// Keeps the decision, in the order in which decisions were taken, and lets the oldest go.
    fn noting(mut self, news: &News) -> Self {
        if let Some(decision) = &news.decision
            && !self.has_noted(news)
        {
            let place = self.history.partition_point(|noted| noted.at <= decision.at);
            self.history.insert(place, decision.clone());
            let surplus = self.history.len().saturating_sub(HISTORY_LIMIT);
            self.history.drain(..surplus);
        }
        self
    }
}
