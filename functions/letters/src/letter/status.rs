//! Where a letter stands: exactly the states that residents and officials speak of.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The resident has not submitted it, or has taken it back.
    Draft,
    /// The neighbourhood (RT) has to verify it.
    MenungguVerifikasiRt,
    /// The ward (RW) has to verify it.
    MenungguVerifikasiRw,
    /// The office has to approve it.
    MenungguAdmin,
    /// Approved and numbered; the PDF is on its way.
    Disetujui,
    /// Refused for good.
    Ditolak,
    /// Back at the resident, who submits to the RT again.
    RevisiRt,
    /// Back at the resident, who submits to the RW, or else to the office, again.
    RevisiRw,
    /// The signed PDF is there.
    Selesai,
}

/// Who verifies or approves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The neighbourhood.
    Rt,
    /// The ward.
    Rw,
    /// The office.
    Admin,
}

/// Which levels a letter needs besides the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requires {
    /// The RT.
    pub rt: bool,
    /// The RW.
    pub rw: bool,
}

impl Status {
    /// All states.
    pub const ALL: [Self; 9] = [
        Self::Draft,
        Self::MenungguVerifikasiRt,
        Self::MenungguVerifikasiRw,
        Self::MenungguAdmin,
        Self::Disetujui,
        Self::Ditolak,
        Self::RevisiRt,
        Self::RevisiRw,
        Self::Selesai,
    ];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::MenungguVerifikasiRt => "menunggu_verifikasi_rt",
            Self::MenungguVerifikasiRw => "menunggu_verifikasi_rw",
            Self::MenungguAdmin => "menunggu_admin",
            Self::Disetujui => "disetujui",
            Self::Ditolak => "ditolak",
            Self::RevisiRt => "revisi_rt",
            Self::RevisiRw => "revisi_rw",
            Self::Selesai => "selesai",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whose turn it is; none when nobody has to verify or approve.
    #[must_use]
    pub fn awaits(self) -> Option<Level> {
        match self {
            Self::MenungguVerifikasiRt => Some(Level::Rt),
            Self::MenungguVerifikasiRw => Some(Level::Rw),
            Self::MenungguAdmin => Some(Level::Admin),
            Self::Draft | Self::Disetujui | Self::Ditolak | Self::RevisiRt | Self::RevisiRw | Self::Selesai => None,
        }
    }

    /// Whether the resident may change and submit it.
    #[must_use]
    pub fn is_editable(self) -> bool {
        match self {
            Self::Draft | Self::RevisiRt | Self::RevisiRw => true,
            Self::MenungguVerifikasiRt
            | Self::MenungguVerifikasiRw
            | Self::MenungguAdmin
            | Self::Disetujui
            | Self::Ditolak
            | Self::Selesai => false,
        }
    }
}

impl Level {
    /// In the order in which they decide.
    pub const ALL: [Self; 3] = [Self::Rt, Self::Rw, Self::Admin];

    /// The state of a letter that waits for this level.
    #[must_use]
    pub fn waiting(self) -> Status {
        match self {
            Self::Rt => Status::MenungguVerifikasiRt,
            Self::Rw => Status::MenungguVerifikasiRw,
            Self::Admin => Status::MenungguAdmin,
        }
    }

    /// The level that a route's step stands for: `rt`, `rw` or `admin`, perhaps behind a longer name such as
    /// `verifikasi_rt`.
    #[must_use]
    pub fn of_step(step: &str) -> Option<Self> {
        match step.rsplit('_').next() {
            Some("rt") => Some(Self::Rt),
            Some("rw") => Some(Self::Rw),
            Some("admin") => Some(Self::Admin),
            Some(_) | None => None,
        }
    }
}

impl Requires {
    /// The levels that have to decide, in order.
    pub fn levels(self) -> impl Iterator<Item = Level> {
        Level::ALL.into_iter().filter(move |level| match level {
            Level::Rt => self.rt,
            Level::Rw => self.rw,
            Level::Admin => true,
        })
    }

    /// The level that a submitted letter waits for.
    #[must_use]
    pub fn first(self) -> Level {
        match self {
            Self { rt: true, .. } => Level::Rt,
            Self { rt: false, rw: true } => Level::Rw,
            Self { rt: false, rw: false } => Level::Admin,
        }
    }

    /// The state of a letter that is back at the resident.
    #[must_use]
    pub fn returned(self) -> Status {
        if self.rt { Status::RevisiRt } else { Status::RevisiRw }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn every_state_is_written_and_read_by_its_one_name() {
        for status in Status::ALL {
            let json = serde_json::to_string(&status).unwrap();
            assert_eq!(json, format!("{:?}", status.as_str()));
            assert_eq!(Status::named(status.as_str()), Some(status));
        }
        assert_eq!(Status::named("Draft"), None);
    }

    #[test]
    fn the_four_kinds_of_letters_have_these_levels() {
        let of = |rt, rw| {
            let requires = Requires { rt, rw };
            (
                requires.levels().collect::<Vec<_>>(),
                requires.first(),
                requires.returned(),
            )
        };
        assert_eq!(of(true, true), (Level::ALL.to_vec(), Level::Rt, Status::RevisiRt));
        assert_eq!(
            of(true, false),
            (vec![Level::Rt, Level::Admin], Level::Rt, Status::RevisiRt)
        );
        assert_eq!(
            of(false, true),
            (vec![Level::Rw, Level::Admin], Level::Rw, Status::RevisiRw)
        );
        assert_eq!(of(false, false), (vec![Level::Admin], Level::Admin, Status::RevisiRw));
    }
}
