//! Somebody acts for an official for some days: as Plt. (the office is vacant), as Plh. (its holder is away), or a.n. (in
//! its holder's name).

use jiff::Timestamp;
use jiff::civil::Date;
use kernel::{Disposition, Fault, TenantId};
use platform::{Indexes, Key, Record};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::actor::{Reach, Scope};
use crate::item::Attributes;
use crate::official::Official;

/// The longest that one delegation lasts.
const DAYS: i32 = 366;
const TEXT_LIMIT: usize = 200;

/// One office in other hands, for some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Its id.
    pub id: String,
    /// Whose office.
    pub tenant: TenantId,
    /// As what the other acts.
    pub kind: DelegationKind,
    /// Who holds the office.
    pub from: Person,
    /// Who acts.
    pub to: Person,
    /// The office's role.
    pub role: String,
    /// How far the office reaches.
    #[serde(flatten)]
    pub reach: Reach,
    /// The items that it is for, of those within reach; all of them where it names no place.
    #[serde(default)]
    pub only: Reach,
    /// Since when who holds the office has held it; none where the accounts did not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_since: Option<Timestamp>,
    /// The first day.
    pub valid_from: Date,
    /// The last day.
    pub valid_until: Date,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// A user, by id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The user's id.
    pub id: String,
    /// The user's name.
    pub name: String,
}

/// As what somebody acts for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DelegationKind {
    /// Pelaksana tugas: the office is vacant.
    Plt,
    /// Pelaksana harian: its holder is away.
    Plh,
    /// Atas nama: in its holder's name.
    An,
}

/// In whose place a decision was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActingFor {
    /// The delegation's id.
    pub delegation_id: String,
    /// As what.
    pub kind: DelegationKind,
    /// The office, such as `Kepala Dinas`.
    pub office: String,
    /// The id of who holds it.
    pub id: String,
    /// The name of who holds it.
    pub name: String,
    /// As it is written on paper: `Plh. Kepala Dinas`.
    pub title: String,
}

/// A delegation cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DelegationError {
    /// It ends before it begins, or lasts too long.
    #[error("a delegation lasts from its first day to its last, and at most {DAYS} days")]
    Days,
    /// Nobody acts for themselves.
    #[error("nobody acts for themselves")]
    Oneself,
    /// A name, role or place is empty, too long or has control characters.
    #[error("a name, role or place is empty, longer than {TEXT_LIMIT} characters or has control characters")]
    Text,
    /// Numbers of RTs repeat across RWs.
    #[error("an RT without its RW is no place")]
    RtWithoutRw,
}

impl Fault for DelegationError {
    fn code(&self) -> &'static str {
        match self {
            Self::Days => "approvals.delegation_days",
            Self::Oneself => "approvals.delegation_oneself",
            Self::Text => "approvals.delegation_text",
            Self::RtWithoutRw => "approvals.delegation_rt_without_rw",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Days | Self::Oneself | Self::Text | Self::RtWithoutRw => Disposition::Reject,
        }
    }
}

impl DelegationKind {
    /// As it stands before the office.
    #[must_use]
    pub fn abbreviation(self) -> &'static str {
        match self {
            Self::Plt => "Plt.",
            Self::Plh => "Plh.",
            Self::An => "a.n.",
        }
    }

    /// As whoever acts in an office is called on paper: `Plh. Kepala Dinas`.
    fn title(self, office: &str) -> String {
        format!("{} {office}", self.abbreviation())
    }
}

impl ActingFor {
    /// The same, in an office that is called `office` on paper.
    #[must_use]
    pub fn in_office(self, office: &str) -> Self {
        Self {
            office: office.to_owned(),
            title: self.kind.title(office),
            ..self
        }
    }
}

impl Delegation {
    /// Itself, if it can be made.
    pub fn checked(self) -> Result<Self, DelegationError> {
        let days = self
            .valid_from
            .until(self.valid_until)
            .map_err(|_| DelegationError::Days)?;
        if !(0..DAYS).contains(&days.get_days()) {
            return Err(DelegationError::Days);
        }
        if self.from.id == self.to.id {
            return Err(DelegationError::Oneself);
        }
        if self.only.rt.is_some() && self.only.rw.is_none() {
            return Err(DelegationError::RtWithoutRw);
        }
        let usable = |text: &str| {
            !text.trim().is_empty() && text.chars().count() <= TEXT_LIMIT && !text.chars().any(char::is_control)
        };
        let texts = [&self.from.id, &self.from.name, &self.to.id, &self.to.name, &self.role];
        let places = [&self.only.rw, &self.only.rt, &self.only.org_unit]
            .into_iter()
            .flatten();
        if texts.into_iter().chain(places).all(|text| usable(text)) {
            Ok(self)
        } else {
            Err(DelegationError::Text)
        }
    }

    /// Whether it holds on a day.
    #[must_use]
    pub fn holds_on(&self, today: Date) -> bool {
        self.revoked_at.is_none() && (self.valid_from..=self.valid_until).contains(&today)
    }

    /// As it stands for whoever holds the office by what is known of them: none once they no longer hold it, or only again;
    /// and it reaches no further than they do now.
    #[must_use]
    pub fn held_by(self, giver: Option<&Official>) -> Option<Self> {
        let Some(giver) = giver else {
            return Some(self);
        };
        let since = giver.holds(&self.role)?;
        if self.held_since.is_some_and(|before| before != since) {
            return None;
        }
        let reach = self.reach.within(&giver.reach);
        Some(Self { reach, ..self })
    }

    /// Whether it is for an item with these attributes, at a step of this scope.
    #[must_use]
    pub fn covers(&self, scope: Scope, attributes: &Attributes) -> bool {
        scope.covers(&self.reach, attributes) && self.only.admits(attributes)
    }

    /// Takes it back at the moment `at`. What was taken back stays so.
    #[must_use]
    pub fn revoke(self, at: Timestamp) -> Self {
        let revoked_at = self.revoked_at.or(Some(at));
        Self { revoked_at, ..self }
    }

    /// In whose place its decisions are taken, of an office that is called `office` on paper.
    #[must_use]
    pub fn acting_for(&self, office: &str) -> ActingFor {
        ActingFor {
            delegation_id: self.id.clone(),
            kind: self.kind,
            office: office.to_owned(),
            id: self.from.id.clone(),
            name: self.from.name.clone(),
            title: self.kind.title(office),
        }
    }

    /// The partition of what was delegated to a user; the rows sort by their last day.
    #[must_use]
    pub fn partition(tenant: &TenantId, to: &str) -> String {
        format!("{tenant}#delegations-to#{to}")
    }

    /// Where, in both partitions of people, those begin that are not past.
    pub(crate) fn not_past(today: Date) -> String {
        format!("until#{today}")
    }

    /// The partition (gsi2) of what a user has delegated.
    pub(crate) fn given_partition(tenant: &TenantId, from: &str) -> String {
        format!("{tenant}#delegations-of#{from}")
    }

    /// The partition (gsi1) of one delegation.
    pub(crate) fn id_partition(tenant: &TenantId, id: &str) -> String {
        format!("{tenant}#delegation#{id}")
    }
}

impl Record for Delegation {
    fn key(&self) -> Key {
        Key {
            pk: Self::partition(&self.tenant, &self.to.id),
            sk: format!("until#{}#{}", self.valid_until, self.id),
        }
    }

    fn indexes(&self) -> Indexes {
        let Key { sk, .. } = self.key();
        let listed = |pk: String| Some(Key { pk, sk: sk.clone() });
        Indexes {
            gsi1: listed(Self::id_partition(&self.tenant, &self.id)),
            gsi2: listed(Self::given_partition(&self.tenant, &self.from.id)),
        }
    }
}

#[cfg(test)]
mod tests;
