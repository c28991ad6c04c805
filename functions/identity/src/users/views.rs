//! Users as callers see them, as they send them, and as the audit trail shows them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kernel::TenantId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::accounts::Accounts;
use crate::error::IdentityError;
use crate::names::{Email, NameError, Nik, Nip, Phone, RoleCode, UserId};
use crate::user::{Neighbourhood, Personal, Profile, User};

/// A user as callers send it. What is not there is removed.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileBody {
    pub(super) username: String,
    pub(super) name: String,
    pub(super) email: Option<String>,
    /// 16 digits.
    pub(super) nik: Option<String>,
    /// 18 digits.
    pub(super) nip: Option<String>,
    pub(super) phone: Option<String>,
    /// The code of a unit.
    pub(super) org_unit: Option<String>,
    /// Three digits.
    pub(super) rw: Option<String>,
    /// Three digits; needs `rw`.
    pub(super) rt: Option<String>,
}

/// A user as callers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct UserView {
    id: String,
    username: String,
    name: String,
    email: Option<String>,
    /// Only its last four digits, unless the caller may change users.
    nik: Option<String>,
    /// Only its last four digits, unless the caller may change users.
    nip: Option<String>,
    /// Only its last four digits, unless the caller may change users.
    phone: Option<String>,
    org_unit: Option<String>,
    rw: Option<String>,
    rt: Option<String>,
    roles: Vec<String>,
    active: bool,
    /// Whether the password in use is one that somebody else knows.
    must_change_password: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub(super) struct UserPage {
    pub(super) items: Vec<UserView>,
    /// The `cursor` of the next page; none after the last.
    pub(super) next: Option<String>,
}

/// How much of personal numbers is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// The last four digits.
    Masked,
    /// All.
    Whole,
}

impl ProfileBody {
    /// Reads each field, and encrypts what is personal, for the user `id`.
    pub(super) fn read(self, accounts: &Accounts, tenant: &TenantId, id: &UserId) -> Result<Profile, IdentityError> {
        let seal = |field, text: Option<&str>| -> Result<Option<Personal>, IdentityError> {
            text.map(|text| accounts.seal(tenant, id, field, text)).transpose()
        };
        let email: Option<Email> = parse(self.email)?;
        let nik: Option<Nik> = parse(self.nik)?;
        let nip: Option<Nip> = parse(self.nip)?;
        let phone: Option<Phone> = parse(self.phone)?;
        Ok(Profile {
            username: self.username.parse()?,
            name: self.name.parse()?,
            email: seal("email", email.as_ref().map(Email::as_str))?,
            nik: seal("nik", nik.as_ref().map(Nik::as_str))?,
            nip: seal("nip", nip.as_ref().map(Nip::as_str))?,
            phone: seal("phone", phone.as_ref().map(Phone::as_str))?.map(|personal| personal.sealed),
            org_unit: parse(self.org_unit)?,
            territory: Neighbourhood {
                rw: parse(self.rw)?,
                rt: parse(self.rt)?,
            },
        })
    }
}

/// Reads an optional field. An empty one is none, as forms send it.
fn parse<T: std::str::FromStr<Err = NameError>>(text: Option<String>) -> Result<Option<T>, NameError> {
    text.filter(|text| !text.is_empty())
        .map(|text| text.parse())
        .transpose()
}

/// Reads role codes.
pub(super) fn role_codes(texts: &[String]) -> Result<BTreeSet<RoleCode>, NameError> {
    texts.iter().map(|text| text.parse()).collect()
}

impl UserView {
    pub(super) fn of(accounts: &Accounts, user: &User, detail: Detail) -> Result<Self, IdentityError> {
        let profile = &user.profile;
        let sealed = |personal: &Option<Personal>| personal.as_ref().map(|personal| personal.sealed.clone());
        let number = |field, sealed: Option<platform::Sealed>| {
            let opened = accounts.open(user, field, sealed.as_ref());
            opened.map(|text| text.map(|text| shown(text, detail)))
        };
        Ok(Self {
            id: user.id.as_str().to_owned(),
            username: profile.username.as_str().to_owned(),
            name: profile.name.as_str().to_owned(),
            email: accounts.open(user, "email", sealed(&profile.email).as_ref())?,
            nik: number("nik", sealed(&profile.nik))?,
            nip: number("nip", sealed(&profile.nip))?,
            phone: number("phone", profile.phone.clone())?,
            org_unit: profile.org_unit.as_ref().map(|unit| unit.as_str().to_owned()),
            rw: profile.territory.rw.as_ref().map(|rw| rw.as_str().to_owned()),
            rt: profile.territory.rt.as_ref().map(|rt| rt.as_str().to_owned()),
            roles: user.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            active: user.active,
            must_change_password: user.must_change_password(),
            created_at: user.created_at,
        })
    }

    pub(super) fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }
}

fn shown(text: String, detail: Detail) -> String {
    match detail {
        Detail::Whole => text,
        Detail::Masked => {
            let hidden = text.chars().count().saturating_sub(4);
            text.chars()
                .enumerate()
                .map(|(index, digit)| if index < hidden { '*' } else { digit })
                .collect()
        }
    }
}

/// A user as the audit trail shows it: of personal fields only whether they are there, and which value is another one.
pub(super) fn audited(accounts: &Accounts, user: &User, before: Option<&User>) -> Result<Value, IdentityError> {
    let profile = &user.profile;
    let compared = |now: Option<String>, then: Option<String>| {
        now.map(|value| {
            if before.is_some() && then.as_ref() != Some(&value) {
                "*** (diubah)"
            } else {
                "***"
            }
        })
    };
    let masked = |of: fn(&Profile) -> Option<String>| compared(of(profile), before.and_then(|user| of(&user.profile)));
    // Nobody is found by a telephone number, so that there is no hash to compare: each ciphertext is another one.
    let phone = |user: &User| accounts.open(user, "phone", user.profile.phone.as_ref());
    let phone = compared(phone(user)?, before.map(phone).transpose()?.flatten());
    Ok(json!({
        "username": profile.username,
        "name": "***",
        "name_changed": before.is_some_and(|before| before.profile.name != profile.name),
        "email": masked(|profile| profile.email.as_ref().map(|personal| personal.lookup.clone())),
        "nik": masked(|profile| profile.nik.as_ref().map(|personal| personal.lookup.clone())),
        "nip": masked(|profile| profile.nip.as_ref().map(|personal| personal.lookup.clone())),
        "phone": phone,
        "org_unit": profile.org_unit,
        "rw": profile.territory.rw,
        "rt": profile.territory.rt,
        "roles": user.roles,
        "active": user.active,
        "must_change_password": user.must_change_password(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_masked_number_only_the_end_is_shown() {
        assert_eq!(shown("9900000000000001".into(), Detail::Masked), "************0001");
        assert_eq!(shown("123".into(), Detail::Masked), "123");
        assert_eq!(shown("9900000000000001".into(), Detail::Whole), "9900000000000001");
    }
}
