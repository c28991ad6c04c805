//! A letter's way as a resident sees it: each level, whether its turn has come, who decided, and why.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Letter, Level, Status, Verdict, Verification};

/// One level of a letter's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LevelProgress {
    /// Which level.
    pub level: Level,
    /// How far it is.
    pub state: LevelState,
    /// What it decided last.
    pub last: Option<Verification>,
}

/// How far a level is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LevelState {
    /// Its turn has not come.
    Pending,
    /// It has to decide now.
    Waiting,
    /// It has approved.
    Approved,
    /// It has sent the letter back.
    Returned,
    /// It has refused the letter for good.
    Rejected,
}

/// The level that a letter has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CurrentLevel {
    /// The neighbourhood.
    Rt,
    /// The ward.
    Rw,
    /// The office.
    Admin,
    /// No level any more: it is approved, or refused for good.
    Completed,
}

impl Letter {
    /// The level that has to decide; while the letter is its resident's, the one that will have to first.
    #[must_use]
    pub fn current_level(&self) -> CurrentLevel {
        match self.status {
            Status::MenungguVerifikasiRt => CurrentLevel::Rt,
            Status::MenungguVerifikasiRw => CurrentLevel::Rw,
            Status::MenungguAdmin => CurrentLevel::Admin,
            Status::Draft | Status::RevisiRt | Status::RevisiRw => self.kind.requires.first().into(),
            Status::Disetujui | Status::Ditolak | Status::Selesai => CurrentLevel::Completed,
        }
    }

    /// Whether a level has had the letter before it, or has it now: nobody reads what has not come to them.
    #[must_use]
    pub fn has_come_to(&self, level: Level) -> bool {
        let has_decided = self.history.iter().any(|decided| decided.level == Some(level));
        match self.status {
            Status::MenungguVerifikasiRt | Status::MenungguVerifikasiRw | Status::MenungguAdmin => {
                has_decided || self.status.awaits().is_some_and(|turn| turn >= level)
            }
            Status::Disetujui | Status::Selesai => true,
            Status::Ditolak => has_decided || level == Level::Admin,
            Status::Draft | Status::RevisiRt | Status::RevisiRw => has_decided,
        }
    }

    /// The levels that this letter needs, in order.
    #[must_use]
    pub fn progress(&self) -> Vec<LevelProgress> {
        let levels = self.kind.requires.levels();
        levels
            .map(|level| {
                let last = self.history.iter().rfind(|decided| decided.level == Some(level));
                LevelProgress {
                    level,
                    state: self.state_of(level, last),
                    last: last.cloned(),
                }
            })
            .collect()
    }

    fn state_of(&self, level: Level, last: Option<&Verification>) -> LevelState {
        let verdict = last.map(|last| last.verdict);
        let returned_or_pending = match verdict {
            Some(Verdict::Returned) => LevelState::Returned,
            Some(Verdict::Approved | Verdict::Rejected) | None => LevelState::Pending,
        };
        match self.status {
            Status::MenungguVerifikasiRt | Status::MenungguVerifikasiRw | Status::MenungguAdmin => {
                match self.status.awaits() {
                    Some(turn) if turn == level => LevelState::Waiting,
                    Some(turn) if level < turn => LevelState::Approved,
                    Some(_) | None => returned_or_pending,
                }
            }
            Status::Disetujui | Status::Selesai => LevelState::Approved,
            Status::Ditolak => match verdict {
                Some(Verdict::Rejected) => LevelState::Rejected,
                Some(Verdict::Approved) => LevelState::Approved,
                Some(Verdict::Returned) | None => LevelState::Pending,
            },
            Status::RevisiRt | Status::RevisiRw => returned_or_pending,
            Status::Draft => LevelState::Pending,
        }
    }
}

impl From<Level> for CurrentLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Rt => Self::Rt,
            Level::Rw => Self::Rw,
            Level::Admin => Self::Admin,
        }
    }
}
