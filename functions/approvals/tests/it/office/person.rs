//! Who asks.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;

use super::TENANT;

/// Somebody who signs in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(super) roles: Vec<String>,
    pub(super) permissions: Vec<&'static str>,
    pub(super) tenant: String,
    pub(super) rw: Option<&'static str>,
    pub(super) rt: Option<&'static str>,
    pub(super) org_unit: Option<&'static str>,
    /// Of a program, which signs in with it.
    pub(super) key: Option<String>,
}

impl Person {
    pub(crate) fn new(id: &str, role: &str) -> Self {
        Self {
            id: id.to_owned(),
            roles: vec![role.to_owned()],
            permissions: vec!["approval:decide"],
            tenant: TENANT.to_owned(),
            rw: None,
            rt: None,
            org_unit: None,
            key: None,
        }
    }

    pub(crate) fn rt(rw: &'static str, rt: &'static str) -> Self {
        Self {
            rw: Some(rw),
            rt: Some(rt),
            ..Self::new(&format!("rt-{rw}-{rt}"), "verifikator_rt")
        }
    }

    pub(crate) fn rw(rw: &'static str) -> Self {
        Self {
            rw: Some(rw),
            ..Self::new(&format!("rw-{rw}"), "verifikator_rw")
        }
    }

    pub(crate) fn admin() -> Self {
        Self::new("admin", "super_admin")
    }

    pub(crate) fn resident() -> Self {
        Self::new("warga-1", "warga")
    }

    pub(crate) fn of(self, tenant: &str) -> Self {
        Self {
            tenant: tenant.to_owned(),
            ..self
        }
    }

    pub(crate) fn with_role(mut self, role: &str) -> Self {
        self.roles.push(role.to_owned());
        self
    }

    pub(crate) fn in_unit(self, unit: &'static str) -> Self {
        Self {
            org_unit: Some(unit),
            ..self
        }
    }

    pub(crate) fn who_may(self, permissions: &[&'static str]) -> Self {
        Self {
            permissions: [&["approval:decide"], permissions].concat(),
            ..self
        }
    }

    pub(super) fn token(&self) -> String {
        if let Some(key) = &self.key {
            return key.clone();
        }
        let now = Timestamp::now().as_second();
        let mut claims = json!({
            "sub": self.id, "name": format!("Contoh {}", self.id), "tenant_id": self.tenant, "roles": self.roles,
            "permissions": self.permissions, "aud": "absah", "iat": now, "exp": now + 600,
        });
        for (name, value) in [("rw", self.rw), ("rt", self.rt), ("org_unit", self.org_unit)] {
            if let Some(value) = value {
                claims[name] = value.into();
            }
        }
        let key = EncodingKey::from_ec_pem(include_bytes!("../token.pem")).unwrap();
        encode(&Header::new(Algorithm::ES256), &claims, &key).unwrap()
    }
}
