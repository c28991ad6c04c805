//! Changing accounts, by whoever may: nobody changes those who may do more than they.

use std::collections::BTreeSet;
use std::time::Duration;

use kernel::TenantId;
use platform::{IfMatch, Record, Stored, TableError};

use super::Users;
use super::by::By;
use super::views::audited;
use crate::error::IdentityError;
use crate::hashing::Hash;
use crate::names::{RoleCode, UserId};
use crate::org_chart::{ChartError, OrgChart};
use crate::password::Password;
use crate::permission::Permission;
use crate::random;
use crate::role::{GrantError, within};
use crate::user::{Profile, User};
use crate::user_changed::told;

/// An administrator whose own account changes meanwhile, or who sends many at once, tries so often.
const RACES: u32 = 8;
/// The longest pause before the second try; before each further one it is longer by as much.
const PAUSE: Duration = Duration::from_millis(10);

impl Users {
    /// Makes an account.
    pub(super) async fn register(&self, by: &By<'_>, user: User) -> Result<User, IdentityError> {
        within(&by.held(), &self.powers(&user.tenant, &user.roles).await?)?;
        self.unit_exists(&user.profile, &user.tenant).await?;
        let mut lost = self.insert(by, &user).await;
        for race in 1..RACES {
            match lost {
                Err(IdentityError::Table(TableError::Conflict)) => {
                    tokio::time::sleep(pause(race)).await;
                    let now = self.again(by).await?;
                    // Whoever lost a power meanwhile begins anew with what is left.
                    within(&now.held(), &by.held())?;
                    lost = self.insert(&now, &user).await;
                }
                answer => return answer.map(|()| user),
            }
        }
        lost.map(|()| user)
    }

    async fn insert(&self, by: &By<'_>, user: &User) -> Result<(), IdentityError> {
        let transaction = self.accounts.table.transaction().insert(user)?;
        let transaction = self.accounts.hold(transaction, user, None, Some(&user.profile)).await?;
        let transaction = told(transaction, &self.accounts.environment, None, user, 1)?;
        let made = audited(&self.accounts, user, None)?;
        let entry = by
            .entry("user.created", "user", user.id.as_str())
            .changing(None, Some(made));
        self.commit(by, transaction, None, entry).await
    }

    /// The account of that id, for somebody who is going to change it and saw it at `version`.
    pub(super) async fn to_change(
        &self,
        by: &By<'_>,
        id: &UserId,
        version: IfMatch,
    ) -> Result<Stored<User>, IdentityError> {
        let stored = self.accounts.load(by.tenant(), id).await?;
        let powers = self.accounts.permissions(by.tenant(), &stored.value.roles).await?;
        within(&by.held(), &powers)?;
        if version.check(stored.version).is_err() {
            return Err(IdentityError::Stale);
        }
        Ok(stored)
    }

    /// Another profile.
    pub(super) async fn with_profile(
        &self,
        by: &By<'_>,
        stored: Stored<User>,
        profile: Profile,
    ) -> Result<Stored<User>, IdentityError> {
        self.unit_exists(&profile, by.tenant()).await?;
        let changed = stored.value.clone().with_profile(profile)?;
        self.store(by, "user.updated", stored, changed).await
    }

    /// Other roles. What they give, and what they took, must be the caller's own.
    pub(super) async fn with_roles(
        &self,
        by: &By<'_>,
        stored: Stored<User>,
        roles: BTreeSet<RoleCode>,
    ) -> Result<Stored<User>, IdentityError> {
        by.is_not(&stored.value.id)?;
        let changed = stored.value.clone().with_roles(roles)?;
        let added = changed.roles.difference(&stored.value.roles).cloned().collect();
        within(&by.held(), &self.powers(by.tenant(), &added).await?)?;
        self.store(by, "user.role_assigned", stored, changed).await
    }

    /// May sign in, or no longer.
    pub(super) async fn with_active(
        &self,
        by: &By<'_>,
        stored: Stored<User>,
        active: bool,
    ) -> Result<Stored<User>, IdentityError> {
        by.is_not(&stored.value.id)?;
        let changed = stored.value.clone().with_active(active);
        let action = if active { "user.activated" } else { "user.deactivated" };
        self.store(by, action, stored, changed).await
    }

    /// Gives the account up. Its names are free again.
    pub(super) async fn give_up(&self, by: &By<'_>, stored: Stored<User>) -> Result<(), IdentityError> {
        by.is_not(&stored.value.id)?;
        let changed = stored.value.clone().deleted(self.accounts.environment.now());
        self.store(by, "user.deleted", stored, changed).await.map(drop)
    }

    /// Gives the account a password that is good once, and returns it.
    pub(super) async fn with_one_time_password(
        &self,
        by: &By<'_>,
        stored: Stored<User>,
    ) -> Result<(Stored<User>, String), IdentityError> {
        by.is_not(&stored.value.id)?;
        let (text, hash) = self.one_time().await?;
        let changed = stored
            .value
            .clone()
            .with_one_time_password(hash, self.accounts.environment.now());
        let stored = self.store(by, "user.password_reset", stored, changed).await?;
        Ok((stored, text))
    }

    /// A new one-time password with its hash.
    pub(super) async fn one_time(&self) -> Result<(String, Hash), IdentityError> {
        let text = random::one_time_password();
        let hash = self.hasher.hash(Password::new(text.clone())).await?;
        Ok((text, hash))
    }

    /// What the roles give. [`GrantError::Unknown`] if there is none of one of them.
    async fn powers(
        &self,
        tenant: &TenantId,
        roles: &BTreeSet<RoleCode>,
    ) -> Result<BTreeSet<Permission>, IdentityError> {
        let mut powers = BTreeSet::new();
        for code in roles {
            powers.extend(self.accounts.grants(tenant, code).await?.ok_or(GrantError::Unknown)?);
        }
        Ok(powers)
    }

    async fn unit_exists(&self, profile: &Profile, tenant: &TenantId) -> Result<(), IdentityError> {
        let Some(code) = &profile.org_unit else {
            return Ok(());
        };
        let chart = self.accounts.table.find::<OrgChart>(&OrgChart::key_of(tenant)).await?;
        if chart.is_some_and(|chart| chart.value.unit(code).is_some()) {
            Ok(())
        } else {
            Err(ChartError::UnknownParent.into())
        }
    }

    async fn store(
        &self,
        by: &By<'_>,
        action: &str,
        before: Stored<User>,
        after: User,
    ) -> Result<Stored<User>, IdentityError> {
        let accounts = &self.accounts;
        let transaction = accounts.table.transaction().update(&after, before.version)?;
        let names = after.deleted_at.is_none().then_some(&after.profile);
        let transaction = accounts
            .hold(transaction, &after, Some(&before.value.profile), names)
            .await?;
        let environment = &accounts.environment;
        let transaction = told(
            transaction,
            environment,
            Some(&before.value),
            &after,
            before.version + 1,
        )?;
        let transaction = self.reintroduce(transaction, &before.value, &after).await?;
        let was = audited(accounts, &before.value, None)?;
        let is = audited(accounts, &after, Some(&before.value))?;
        let entry = by
            .entry(action, "user", after.id.as_str())
            .changing(Some(was), Some(is));
        let row = after.key();
        match self.commit(by, transaction, Some((&row, before.version)), entry).await {
            Ok(()) => Ok(Stored {
                value: after,
                version: before.version + 1,
            }),
            Err(IdentityError::Table(TableError::Conflict)) => Err(IdentityError::Stale),
            Err(error) => Err(error),
        }
    }
}

/// At random, so that those who were in each other's way part.
fn pause(race: u32) -> Duration {
    let [part] = random::bytes::<1>();
    (PAUSE * race).mul_f64(f64::from(part) / 256.0)
}
