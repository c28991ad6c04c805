//! Accounts in the table: rows of users, and of the names that only one user of a tenant may have.

use std::collections::{BTreeMap, BTreeSet};

use kernel::TenantId;
use platform::{
    Actor, ActorKind, AuditEntry, Caller, Cause, ConfigError, Environment, Event, Fields, Key, Record, Sealed, Stored,
    Table, TableError, Transaction,
};
use serde::{Deserialize, Serialize};

use crate::error::IdentityError;
use crate::family::{Family, RefreshError};
use crate::names::{Login, RoleCode, UserId};
use crate::permission::Permission;
use crate::published_roles::PublishedRoles;
use crate::random;
use crate::role::Role;
use crate::system_roles::SystemRole;
use crate::user::{Personal, Profile, User};

/// The accounts of all tenants.
#[derive(Clone)]
pub(crate) struct Accounts {
    pub(crate) environment: Environment,
    pub(crate) table: Table,
    pub(crate) fields: Fields,
    pub(crate) published_roles: PublishedRoles,
}

/// A tenant that has accounts. For others nothing is written but what makes them look alike to strangers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
}

impl Tenant {
    pub(crate) fn key_of(id: &TenantId) -> Key {
        Key::state(id.as_str(), "tenant", id.as_str())
    }
}

impl Record for Tenant {
    fn key(&self) -> Key {
        Self::key_of(&self.id)
    }
}

/// What is written in place of what must not be, as long as that would be: each a row of its own, as entries are, so that
/// none waits for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Nothing {
    id: String,
    filler: String,
}

impl Nothing {
    fn instead_of(what: &impl Serialize) -> Self {
        let id = random::text();
        let length = serde_json::to_string(what).map_or(0, |json| json.len());
        // The id is a part of it, twice.
        let filler = "-".repeat(length.saturating_sub(2 * id.len()));
        Self { id, filler }
    }
}

impl Record for Nothing {
    fn key(&self) -> Key {
        Key::state("system", "nothing", &self.id)
    }
}

/// A name that only one user of a tenant may have, and who has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holding {
    tenant: TenantId,
    field: String,
    value: String,
    user: UserId,
}

impl Holding {
    fn key_of(tenant: &TenantId, field: &str, value: &str) -> Key {
        Key::state(tenant.as_str(), "holding", &format!("{field}#{value}"))
    }
}

impl Record for Holding {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, &self.field, &self.value)
    }
}

impl Accounts {
    pub(crate) fn connect(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            environment: environment.clone(),
            table: environment.table()?,
            fields: Fields::connect(environment)?,
            published_roles: PublishedRoles::default(),
        })
    }

    /// The account of that id, if it was not given up.
    pub(crate) async fn find(&self, tenant: &TenantId, id: &UserId) -> Result<Option<Stored<User>>, TableError> {
        let found = self.table.find::<User>(&User::key_of(tenant, id)).await?;
        Ok(found.filter(|stored| stored.value.deleted_at.is_none()))
    }

    /// As [`Self::find`], or [`IdentityError::Unknown`].
    pub(crate) async fn load(&self, tenant: &TenantId, id: &UserId) -> Result<Stored<User>, IdentityError> {
        self.find(tenant, id).await?.ok_or(IdentityError::Unknown)
    }

    /// Who has the name `value`, already folded or hashed.
    pub(crate) async fn holder(
        &self,
        tenant: &TenantId,
        field: &str,
        value: &str,
    ) -> Result<Option<Stored<User>>, TableError> {
        let holding = self
            .table
            .find::<Holding>(&Holding::key_of(tenant, field, value))
            .await?;
        // A name that nobody has costs as many reads as one that somebody has.
        let id = holding.map_or(UserId::from_bytes([0; 16]), |holding| holding.value.user);
        self.find(tenant, &id).await
    }

    /// Who signs in as `login`.
    pub(crate) async fn by_login(&self, tenant: &TenantId, login: &Login) -> Result<Option<Stored<User>>, TableError> {
        match login {
            Login::Username(username) => self.holder(tenant, "username", username.as_str()).await,
            Login::Email(email) => {
                self.holder(tenant, "email", &self.lookup(tenant, "email", email.as_str()))
                    .await
            }
        }
    }

    /// Tells those who check keys of programs what the system's roles give in this release.
    pub(crate) async fn publish_roles(&self) -> Result<(), TableError> {
        // Nearly always there is nothing to do: what awaits this need not have room for it.
        Box::pin(self.published_roles.publish(&self.table, self.environment.now())).await
    }

    /// What the roles allow together. Roles that are gone allow nothing.
    pub(crate) async fn permissions(
        &self,
        tenant: &TenantId,
        roles: &BTreeSet<RoleCode>,
    ) -> Result<BTreeSet<Permission>, TableError> {
        let standing = self.standing(tenant, roles).await?;
        Ok(standing.into_values().flatten().collect())
    }

    /// Those of the roles that there are, with what each allows.
    pub(crate) async fn standing<'a>(
        &self,
        tenant: &TenantId,
        roles: &'a BTreeSet<RoleCode>,
    ) -> Result<BTreeMap<&'a RoleCode, BTreeSet<Permission>>, TableError> {
        let mut standing = BTreeMap::new();
        for code in roles {
            if let Some(grants) = self.grants(tenant, code).await? {
                standing.insert(code, grants);
            }
        }
        Ok(standing)
    }

    /// What one role allows; none if there is no such role.
    pub(crate) async fn grants(
        &self,
        tenant: &TenantId,
        code: &RoleCode,
    ) -> Result<Option<BTreeSet<Permission>>, TableError> {
        if let Some(role) = SystemRole::find(code.as_str()) {
            return Ok(Some(role.permissions()));
        }
        let found = self.table.find::<Role>(&Role::key_of(tenant, code)).await?;
        Ok(found.filter(|role| !role.value.deleted).map(|role| role.value.grants()))
    }

    /// The keyed hash by which a personal field is found.
    pub(crate) fn lookup(&self, tenant: &TenantId, field: &str, text: &str) -> String {
        self.fields.lookup(&format!("{tenant}#{field}"), text)
    }

    /// Encrypts a personal field of a user.
    pub(crate) fn seal(
        &self,
        tenant: &TenantId,
        id: &UserId,
        field: &str,
        text: &str,
    ) -> Result<Personal, IdentityError> {
        let sealed = self.fields.seal(&User::place(tenant, id, field), text)?;
        Ok(Personal {
            sealed,
            lookup: self.lookup(tenant, field, text),
        })
    }

    /// Decrypts a personal field of a user.
    pub(crate) fn open(
        &self,
        user: &User,
        field: &str,
        sealed: Option<&Sealed>,
    ) -> Result<Option<String>, IdentityError> {
        let place = User::place(&user.tenant, &user.id, field);
        Ok(sealed.map(|sealed| self.fields.open(&place, sealed)).transpose()?)
    }

    /// Takes the names of `after` and gives back those of `before` that it no longer has, within `transaction`.
    /// [`IdentityError::Taken`] where somebody else has one.
    pub(crate) async fn hold<'a>(
        &'a self,
        mut transaction: Transaction<'a>,
        user: &User,
        before: Option<&Profile>,
        after: Option<&Profile>,
    ) -> Result<Transaction<'a>, IdentityError> {
        let (old, new) = (
            before.map(unique).unwrap_or_default(),
            after.map(unique).unwrap_or_default(),
        );
        for (field, value) in new.iter().filter(|name| !old.contains(name)) {
            let key = Holding::key_of(&user.tenant, field, value);
            if self.table.find::<Holding>(&key).await?.is_some() {
                return Err(IdentityError::Taken(field));
            }
            transaction = transaction.insert(&Holding {
                tenant: user.tenant.clone(),
                field: (*field).to_owned(),
                value: value.clone(),
                user: user.id.clone(),
            })?;
        }
        for (field, value) in old.iter().filter(|name| !new.contains(name)) {
            let key = Holding::key_of(&user.tenant, field, value);
            if let Some(held) = self.table.find::<Holding>(&key).await? {
                transaction = transaction.remove(&key, held.version)?;
            }
        }
        Ok(transaction)
    }

    /// The account and the session of a caller, if that session still goes on. An access token outlives its session by
    /// minutes; where accounts are changed, it does not.
    pub(crate) async fn signed_in(&self, caller: &Caller) -> Result<(Stored<User>, Stored<Family>), IdentityError> {
        let ended = IdentityError::Refresh(RefreshError::Ended);
        let (Ok(user), Some(Ok(family))) = (caller.id.parse(), caller.session.as_ref().map(|id| id.parse())) else {
            return Err(ended);
        };
        let user = self.find(&caller.tenant, &user).await?;
        let family = self
            .table
            .find::<Family>(&Family::key_of(&caller.tenant, &family))
            .await?;
        match (user, family) {
            (Some(user), Some(family))
                if user.value.active
                    && family.value.user == user.value.id
                    && family.value.generation == user.value.generation
                    && family.value.is_active(self.environment.now()) =>
            {
                Ok((user, family))
            }
            (_, _) => Err(ended),
        }
    }

    /// Commits, with `entry` in the audit trail of `tenant`.
    pub(crate) async fn commit(
        &self,
        transaction: Transaction<'_>,
        tenant: &TenantId,
        entry: AuditEntry,
    ) -> Result<(), TableError> {
        transaction.audited(&self.environment, tenant, entry)?.commit().await
    }

    /// Writes only the entry: of what was refused.
    pub(crate) async fn record(&self, tenant: &TenantId, entry: AuditEntry) -> Result<(), TableError> {
        self.tell(tenant, true, [entry]).await
    }

    /// Writes only the entries; as [`Self::entry`] says for an office that is not `known`.
    pub(crate) async fn tell(
        &self,
        tenant: &TenantId,
        known: bool,
        entries: impl IntoIterator<Item = AuditEntry>,
    ) -> Result<(), TableError> {
        let mut transaction = self.table.transaction();
        for entry in entries {
            transaction = self.entry(transaction, tenant, known, entry)?;
        }
        transaction.commit().await
    }

    /// The entry, within `transaction`. For an office that is not `known`, as much that says nothing: nobody must learn by
    /// the time it takes which offices there are.
    pub(crate) fn entry<'a>(
        &self,
        transaction: Transaction<'a>,
        tenant: &TenantId,
        known: bool,
        entry: AuditEntry,
    ) -> Result<Transaction<'a>, TableError> {
        if known {
            return transaction.audited(&self.environment, tenant, entry);
        }
        let event = Event {
            event_type: "action.taken",
            subject: entry.resource.id.clone(),
            tenant: tenant.clone(),
            data: entry,
        };
        let envelope = self.environment.envelope(&Cause::Outside, "absah/audit", event);
        self.nothing(transaction, &envelope)
    }

    /// A row as long as `what` would be, which says nothing and is soon removed.
    pub(crate) fn nothing<'a>(
        &self,
        transaction: Transaction<'a>,
        what: &impl Serialize,
    ) -> Result<Transaction<'a>, TableError> {
        let nothing = Nothing::instead_of(what);
        Ok(transaction.insert(&nothing)?.expires(self.environment.now()))
    }
}

/// What somebody who holds `caller` may do, of what there is.
pub(crate) fn held(caller: &Caller) -> BTreeSet<Permission> {
    crate::permission::known(&caller.permissions)
}

/// The person of that id as an actor.
pub(crate) fn person(id: &UserId) -> Actor {
    Actor {
        id: id.as_str().to_owned(),
        kind: ActorKind::Person,
    }
}

/// The names of a profile that only one user may have, each with its field.
fn unique(profile: &Profile) -> Vec<(&'static str, String)> {
    let hashed = |field, personal: Option<&Personal>| personal.map(|personal| (field, personal.lookup.clone()));
    [
        Some(("username", profile.username.as_str().to_owned())),
        hashed("email", profile.email.as_ref()),
        hashed("nik", profile.nik.as_ref()),
        hashed("nip", profile.nip.as_ref()),
    ]
    .into_iter()
    .flatten()
    .collect()
}
