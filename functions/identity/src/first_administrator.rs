//! The first account of a tenant, by whoever has the machine.

use std::collections::BTreeSet;

use kernel::TenantId;
use platform::{Actor, ActorKind, AuditEntry, Environment, Fields, Table, TableError};

use crate::accounts::{Accounts, Tenant};
use crate::error::IdentityError;
use crate::hashing::hash;
use crate::names::{Email, UserId, Username};
use crate::password::Password;
use crate::published_roles::PublishedRoles;
use crate::random;
use crate::role::GrantError;
use crate::system_roles::SystemRole;
use crate::user::{Neighbourhood, Profile, User};
use crate::user_changed::told;

/// Makes a super admin for `tenant`, which begins to exist if it did not, and returns the password that is good once,
/// to choose another within a week. [`IdentityError::Taken`] if the username or the address is somebody's.
pub async fn first_administrator(
    environment: &Environment,
    table: &Table,
    fields: &Fields,
    tenant: &TenantId,
    username: &Username,
    email: &Email,
) -> Result<String, IdentityError> {
    let accounts = Accounts {
        environment: environment.clone(),
        table: table.clone(),
        fields: fields.clone(),
        published_roles: PublishedRoles::default(),
    };
    let id = UserId::from_bytes(random::bytes());
    let profile = Profile {
        username: username.clone(),
        name: username.as_str().parse()?,
        email: Some(accounts.seal(tenant, &id, "email", email.as_str())?),
        nik: None,
        nip: None,
        phone: None,
        org_unit: None,
        territory: Neighbourhood::default(),
    };
    let role = SystemRole::find("super_admin").ok_or(GrantError::Unknown)?;
    let roles = BTreeSet::from([role.code.parse()?]);
    let now = environment.now();
    let text = random::one_time_password();
    let hash = hash(&Password::new(text.clone()))?;
    let user = User::register(id, tenant.clone(), profile, roles, now)?.with_one_time_password(hash, now);

    let transaction = table.transaction().insert(&user)?;
    let transaction = accounts.hold(transaction, &user, None, Some(&user.profile)).await?;
    let mut transaction = told(transaction, environment, None, &user, 1)?;
    if table.find::<Tenant>(&Tenant::key_of(tenant)).await?.is_none() {
        transaction = transaction.insert(&Tenant { id: tenant.clone() })?;
    }
    let operator = Actor {
        id: "operator".to_owned(),
        kind: ActorKind::System,
    };
    let entry = AuditEntry::success(operator, "user.created", "user", user.id.as_str());
    match accounts.commit(transaction, tenant, entry).await {
        Ok(()) => Ok(text),
        Err(TableError::AlreadyExists) => Err(IdentityError::Taken("username")),
        Err(error) => Err(error.into()),
    }
}
