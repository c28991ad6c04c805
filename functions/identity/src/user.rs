//! One person's account. No I/O, no clock: what is secret arrives sealed or hashed.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use kernel::{Disposition, Fault, TenantId};
use platform::{Indexes, Key, Record, Sealed};
use serde::{Deserialize, Serialize};

use crate::hashing::Hash;
use crate::names::{PersonName, RoleCode, RukunNumber, UnitCode, UserId, Username};
use crate::role::{GrantError, MAX_ROLES_OF_USER};

/// So many of the last passwords may not come back.
pub(crate) const REMEMBERED_PASSWORDS: usize = 5;
/// A one-time password that nobody used by then was lost on the way.
const ONE_TIME_FOR: Duration = Duration::from_hours(7 * 24);

/// One person's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct User {
    /// Its id, for ever.
    pub id: UserId,
    /// Whose.
    pub tenant: TenantId,
    /// Who the person is.
    pub profile: Profile,
    /// What the person may do, by role.
    pub roles: BTreeSet<RoleCode>,
    /// Whether the person may sign in.
    pub active: bool,
    /// When the account was given up; it stays for the sake of what refers to it.
    pub deleted_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Raised to end every session at once.
    pub generation: u32,
    /// How the person proves who they are.
    pub credentials: Credentials,
}

/// Who a person is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// Unique within the tenant.
    pub username: Username,
    /// The person's name.
    pub name: PersonName,
    /// The e-mail address, unique within the tenant.
    pub email: Option<Personal>,
    /// Nomor Induk Kependudukan, unique within the tenant.
    pub nik: Option<Personal>,
    /// Nomor Induk Pegawai, unique within the tenant.
    pub nip: Option<Personal>,
    /// The telephone number.
    pub phone: Option<Sealed>,
    /// The unit that the person works in.
    pub org_unit: Option<UnitCode>,
    /// Where a verifier is responsible, or a resident lives.
    pub territory: Neighbourhood,
}

/// A personal field: encrypted, and found by a keyed hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Personal {
    /// The encrypted value.
    pub sealed: Sealed,
    /// The keyed hash.
    pub lookup: String,
}

/// An RW, or an RT within one: numbers of RTs repeat across RWs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Neighbourhood {
    /// Rukun Warga.
    pub rw: Option<RukunNumber>,
    /// Rukun Tetangga within it.
    pub rt: Option<RukunNumber>,
}

/// How a person proves who they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Credentials {
    /// The hash of the password; none until the first one is set.
    pub hash: Option<Hash>,
    /// The last five, newest first, with the one in use.
    pub former: Vec<Hash>,
    /// The password in use is good once, to choose another, until then.
    pub one_time_until: Option<Timestamp>,
}

/// An account may not be changed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// An RT without its RW is none.
    #[error("an RT needs its RW")]
    RtWithoutRw,
    /// A verifier must be responsible for something.
    #[error("a verifier needs a territory")]
    TerritoryMissing,
    /// Its roles may not be so.
    #[error("the roles cannot be given")]
    Grant(#[from] GrantError),
}

impl Fault for UserError {
    fn code(&self) -> &'static str {
        match self {
            Self::RtWithoutRw => "identity.rt_without_rw",
            Self::TerritoryMissing => "identity.territory_missing",
            Self::Grant(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::RtWithoutRw | Self::TerritoryMissing => Disposition::Reject,
            Self::Grant(error) => error.disposition(),
        }
    }
}

impl User {
    /// A new account, without a password.
    pub(crate) fn register(
        id: UserId,
        tenant: TenantId,
        profile: Profile,
        roles: BTreeSet<RoleCode>,
        now: Timestamp,
    ) -> Result<Self, UserError> {
        Self {
            id,
            tenant,
            profile,
            roles,
            active: true,
            deleted_at: None,
            created_at: now,
            generation: 1,
            credentials: Credentials::default(),
        }
        .checked()
    }

    /// Another profile.
    pub(crate) fn with_profile(self, profile: Profile) -> Result<Self, UserError> {
        Self { profile, ..self }.checked()
    }

    /// Other roles. What they allow reaches the person with the next access token.
    pub(crate) fn with_roles(self, roles: BTreeSet<RoleCode>) -> Result<Self, UserError> {
        Self { roles, ..self }.checked()
    }

    /// May sign in, or no longer. Either way every session ends: a deactivated person's must not come back to life.
    #[must_use]
    pub(crate) fn with_active(self, active: bool) -> Self {
        Self { active, ..self }.signed_out_everywhere()
    }

    /// Gives the account up. Nobody signs in with it, and it is found in no list.
    #[must_use]
    pub(crate) fn deleted(self, now: Timestamp) -> Self {
        Self {
            active: false,
            deleted_at: Some(now),
            credentials: Credentials::default(),
            ..self
        }
        .signed_out_everywhere()
    }

    /// A password that the person chose. Ends every session.
    #[must_use]
    pub(crate) fn with_password(self, hash: Hash) -> Self {
        let mut former = self.credentials.former.clone();
        former.insert(0, hash.clone());
        former.truncate(REMEMBERED_PASSWORDS);
        let credentials = Credentials {
            hash: Some(hash),
            former,
            one_time_until: None,
        };
        Self { credentials, ..self }.signed_out_everywhere()
    }

    /// A password that somebody else knows, too: good only to choose another. Ends every session.
    #[must_use]
    pub(crate) fn with_one_time_password(self, hash: Hash, now: Timestamp) -> Self {
        let one_time_until = now.saturating_add(ONE_TIME_FOR).ok();
        let credentials = Credentials {
            hash: Some(hash),
            one_time_until,
            ..self.credentials.clone()
        };
        Self { credentials, ..self }.signed_out_everywhere()
    }

    /// Ends every session.
    #[must_use]
    pub(crate) fn signed_out_everywhere(self) -> Self {
        Self {
            generation: self.generation.saturating_add(1),
            ..self
        }
    }

    /// The hash that a password has to match now, if any may.
    #[must_use]
    pub(crate) fn usable_hash(&self, now: Timestamp) -> Option<Hash> {
        let in_time = self.credentials.one_time_until.is_none_or(|until| now < until);
        let may = self.active && self.deleted_at.is_none() && in_time;
        self.credentials.hash.clone().filter(|_| may)
    }

    /// Whether the password must be changed before anything else.
    #[must_use]
    pub(crate) const fn must_change_password(&self) -> bool {
        self.credentials.one_time_until.is_some()
    }

    /// Where the account of that id is kept.
    #[must_use]
    pub(crate) fn key_of(tenant: &TenantId, id: &UserId) -> Key {
        Key::state(tenant.as_str(), "user", id.as_str())
    }

    /// The index partition of a tenant's users, by username.
    #[must_use]
    pub(crate) fn by_username(tenant: &TenantId) -> String {
        format!("{tenant}#users")
    }

    /// The index partition of a tenant's users, by name.
    #[must_use]
    pub(crate) fn by_name(tenant: &TenantId) -> String {
        format!("{tenant}#users-by-name")
    }

    /// What its personal `field` is sealed for.
    #[must_use]
    pub(crate) fn place(tenant: &TenantId, id: &UserId, field: &str) -> String {
        format!("{tenant}#user#{}#{field}", id.as_str())
    }

    fn checked(self) -> Result<Self, UserError> {
        let Neighbourhood { rw, rt } = &self.profile.territory;
        let has = |code: &str| self.roles.iter().any(|role| role.as_str() == code);
        if rt.is_some() && rw.is_none() {
            return Err(UserError::RtWithoutRw);
        }
        if (has("verifikator_rt") && rt.is_none()) || (has("verifikator_rw") && rw.is_none()) {
            return Err(UserError::TerritoryMissing);
        }
        if self.roles.len() > MAX_ROLES_OF_USER {
            return Err(GrantError::TooMany.into());
        }
        Ok(self)
    }
}

impl Record for User {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, &self.id)
    }

    fn indexes(&self) -> Indexes {
        if self.deleted_at.is_some() {
            return Indexes::default();
        }
        let (username, name) = (self.profile.username.as_str(), self.profile.name.folded());
        Indexes {
            gsi1: Some(Key {
                pk: Self::by_username(&self.tenant),
                sk: username.to_owned(),
            }),
            gsi2: Some(Key {
                pk: Self::by_name(&self.tenant),
                sk: format!("{name}#{}", self.id.as_str()),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
