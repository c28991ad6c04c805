//! The formats of everything that an office gives, in one row: so no two of its letters get one number.

use kernel::TenantId;
use platform::{Key, Record};
use serde::{Deserialize, Serialize};

use super::{LetterType, NumberFormat, TypeError};
use crate::ids::TypeCode;

/// The most formats of a tenant: they are one row, and each new one is compared with all of them.
const LIMIT: usize = 1_000;

/// Each format in which letters of a type were ever numbered, or may be: a letter keeps the version that it was submitted with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Formats {
    tenant: TenantId,
    known: Vec<Known>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    code: TypeCode,
    format: NumberFormat,
}

impl Formats {
    /// Before the tenant's first type.
    pub(crate) fn none(tenant: TenantId) -> Self {
        Self {
            tenant,
            known: Vec::new(),
        }
    }

    /// With that of a type, if no letter could have the number of another by it; none where it is known already.
    pub(crate) fn with(&self, of: &LetterType) -> Result<Option<Self>, TypeError> {
        let known = Known {
            code: of.code.clone(),
            format: of.number_format.clone(),
        };
        if self.known.contains(&known) {
            return Ok(None);
        }
        if let Some(other) = self.known.iter().find(|other| !known.is_kept_from(other)) {
            return Err(TypeError::NumberTaken(other.code.clone()));
        }
        if self.known.len() >= LIMIT {
            return Err(TypeError::TooManyFormats);
        }
        let mut with = self.clone();
        with.known.push(known);
        Ok(Some(with))
    }

    /// The key of the formats of `tenant`, beside its types.
    pub(crate) fn key_of(tenant: &TenantId) -> Key {
        Key {
            pk: LetterType::partition(tenant),
            sk: "formats".into(),
        }
    }
}

impl Record for Formats {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant)
    }
}

impl Known {
    fn is_kept_from(&self, other: &Self) -> bool {
        if self.code == other.code {
            self.format.continues(&other.format, &self.code)
        } else {
            self.format.is_apart(&self.code, &other.format, &other.code)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::letter_type::tests::with;

    fn of(code: &str, format: &str) -> LetterType {
        LetterType {
            code: code.parse().unwrap(),
            ..with(|draft| draft.number_format = format.into())
        }
    }

    fn formats(types: &[(&str, &str)]) -> Formats {
        let none = Formats::none("karo".parse().unwrap());
        types.iter().fold(none, |formats, (code, format)| {
            formats.with(&of(code, format)).unwrap().unwrap()
        })
    }

    #[test]
    fn a_format_by_which_letters_of_two_types_could_have_one_number_names_the_other_type() {
        let office = formats(&[
            ("SKD", "470/{number}/DS/{code}/{year}"),
            ("SKU", "470/{number}/DS/{code}/{year}"),
            ("SKL", "474.1/{number}/{year}"),
        ]);
        for (code, format, taken) in [
            ("SKM", "474.3/{number}/{year}", None),
            ("SKM", "474.1/{number:3}/{year}", Some("SKL")),
            ("SKM", "470/{number}/DS/SKU/{year}", Some("SKU")),
            ("SKD", "470/{number}/DS/SKU/{year}", Some("SKU")),
            ("SKD", "470/1{number}/DS/{code}/{year}", Some("SKD")),
        ] {
            let taken = taken.map(|taken| TypeError::NumberTaken(taken.parse().unwrap()));
            assert_eq!(office.with(&of(code, format)).err(), taken, "{code} {format}");
        }
    }

    #[test]
    fn a_format_that_a_type_no_longer_has_stays_its_own() {
        let office = formats(&[
            ("SKL", "474.1/{number}/{year}"),
            ("SKL", "474.1/{number}/{code}/{year}"),
        ]);
        let taken = office.with(&of("SKM", "474.1/{number}/{year}")).unwrap_err();
        assert_eq!(taken, TypeError::NumberTaken("SKL".parse().unwrap()));
        assert_eq!(office.with(&of("SKL", "474.1/{number}/{year}")), Ok(None));
    }

    #[test]
    fn an_office_has_no_more_formats_than_fit_their_row() {
        let one = formats(&[("SKL", "474.1/{number}/{year}")]);
        let full = Formats {
            known: vec![one.known.first().unwrap().clone(); LIMIT],
            ..one
        };
        let more = full.with(&of("SKM", "474.3/{number}/{year}"));
        assert_eq!(more, Err(TypeError::TooManyFormats));
        assert_eq!(full.with(&of("SKL", "474.1/{number}/{year}")), Ok(None));
    }
}
