//! Numbers without gaps: one sequence per tenant, type and year, whose row changes in the transaction that gives the number.

use kernel::TenantId;
use platform::{Key, Record};
use serde::{Deserialize, Serialize};

use crate::ids::TypeCode;

/// The letters of one type that were numbered in one year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sequence {
    pub(crate) tenant: TenantId,
    pub(crate) code: TypeCode,
    pub(crate) year: i16,
    /// The number that was given last.
    pub(crate) last: u64,
}

impl Sequence {
    /// Before the year's first letter.
    pub(crate) fn new(tenant: TenantId, code: TypeCode, year: i16) -> Self {
        Self {
            tenant,
            code,
            year,
            last: 0,
        }
    }

    /// After one more letter.
    pub(crate) fn next(self) -> Self {
        Self {
            last: self.last.saturating_add(1),
            ..self
        }
    }
}

impl Record for Sequence {
    fn key(&self) -> Key {
        Key::state(
            self.tenant.as_str(),
            "letter-sequence",
            &format!("{}#{}", self.code, self.year),
        )
    }
}
