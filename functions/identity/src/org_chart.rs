//! The organisation of one tenant: units in a tree. One aggregate, so that two moves at once cannot make a circle.

use std::collections::BTreeMap;

use kernel::{Disposition, Fault, TenantId};
use platform::{Key, Record};
use serde::{Deserialize, Serialize};

use crate::names::{PersonName, UnitCode};

/// More units than this no office of ours has. Keeps the row far below what the table takes.
pub(crate) const MAX_UNITS: usize = 500;
/// Deeper than this no office is.
const MAX_DEPTH: usize = 12;

/// All units of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrgChart {
    /// Whose.
    pub tenant: TenantId,
    units: BTreeMap<UnitCode, OrgUnit>,
}

/// One unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrgUnit {
    /// What people call it.
    pub name: PersonName,
    /// What kind of unit it is.
    #[serde(rename = "type")]
    pub kind: UnitKind,
    /// The unit above it; none for a root.
    pub parent: Option<UnitCode>,
}

/// What kind of unit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UnitKind {
    /// The organisation itself.
    Root,
    /// Its secretariat.
    Sekretariat,
    /// Part of the secretariat.
    Subbag,
    /// A division.
    Bidang,
    /// A technical unit.
    Upt,
    /// People without a unit of their own.
    Pool,
}

/// The organisation may not be changed so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    /// The code is taken.
    #[error("there is a unit of that code")]
    Taken,
    /// No such unit.
    #[error("there is no such unit")]
    Unknown,
    /// The unit above does not exist.
    #[error("there is no such unit above")]
    UnknownParent,
    /// A unit would be above itself.
    #[error("a unit would be above itself")]
    Circle,
    /// Too deep or too many.
    #[error("more than {MAX_UNITS} units, or more than {MAX_DEPTH} levels")]
    TooLarge,
    /// Units below it would have none above.
    #[error("there are units below it")]
    HasChildren,
}

impl Fault for ChartError {
    fn code(&self) -> &'static str {
        match self {
            Self::Taken => "identity.unit_taken",
            Self::Unknown => "identity.unknown_unit",
            Self::UnknownParent => "identity.unknown_parent",
            Self::Circle => "identity.circle",
            Self::TooLarge => "identity.chart_too_large",
            Self::HasChildren => "identity.unit_has_children",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Taken | Self::Unknown | Self::UnknownParent | Self::Circle | Self::TooLarge | Self::HasChildren => {
                Disposition::Reject
            }
        }
    }
}

impl OrgChart {
    /// An organisation without units.
    #[must_use]
    pub(crate) const fn empty(tenant: TenantId) -> Self {
        Self {
            tenant,
            units: BTreeMap::new(),
        }
    }

    /// Where a tenant's organisation is kept.
    #[must_use]
    pub(crate) fn key_of(tenant: &TenantId) -> Key {
        Key::state(tenant.as_str(), "org-chart", "units")
    }

    /// The unit of that code.
    #[must_use]
    pub(crate) fn unit(&self, code: &UnitCode) -> Option<&OrgUnit> {
        self.units.get(code)
    }

    /// All units, by code.
    pub(crate) fn units(&self) -> impl Iterator<Item = (&UnitCode, &OrgUnit)> {
        self.units.iter()
    }

    /// Adds a unit.
    pub(crate) fn add(mut self, code: &UnitCode, unit: OrgUnit) -> Result<Self, ChartError> {
        if self.units.contains_key(code) {
            return Err(ChartError::Taken);
        }
        if self.units.len() >= MAX_UNITS {
            return Err(ChartError::TooLarge);
        }
        self.units.insert(code.clone(), unit);
        self.checked(code)
    }

    /// Changes a unit, or moves it with all below it.
    pub(crate) fn change(mut self, code: &UnitCode, unit: OrgUnit) -> Result<Self, ChartError> {
        let place = self.units.get_mut(code).ok_or(ChartError::Unknown)?;
        *place = unit;
        self.checked(code)
    }

    /// Removes a unit that has none below it.
    pub(crate) fn remove(mut self, code: &UnitCode) -> Result<Self, ChartError> {
        if self.units.values().any(|unit| unit.parent.as_ref() == Some(code)) {
            return Err(ChartError::HasChildren);
        }
        match self.units.remove(code) {
            Some(_) => Ok(self),
            None => Err(ChartError::Unknown),
        }
    }

    /// That every unit leads up to a root, in few steps, after `changed` was put where it is.
    fn checked(self, changed: &UnitCode) -> Result<Self, ChartError> {
        // First from the unit that changed: only it can have closed a circle, which from others looks like depth.
        for start in std::iter::once(changed).chain(self.units.keys()) {
            let mut above = self.units.get(start).and_then(|unit| unit.parent.as_ref());
            let mut depth = 1;
            while let Some(code) = above {
                if code == changed && start == changed {
                    return Err(ChartError::Circle);
                }
                if depth >= MAX_DEPTH {
                    return Err(ChartError::TooLarge);
                }
                above = self.units.get(code).ok_or(ChartError::UnknownParent)?.parent.as_ref();
                depth += 1;
            }
        }
        Ok(self)
    }
}

impl Record for OrgChart {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> UnitCode {
        text.parse().unwrap()
    }

    fn unit(parent: Option<&str>) -> OrgUnit {
        OrgUnit {
            name: "Unit Contoh".parse().unwrap(),
            kind: UnitKind::Bidang,
            parent: parent.map(code),
        }
    }

    fn office() -> OrgChart {
        OrgChart::empty("karo".parse().unwrap())
            .add(&code("DINAS"), unit(None))
            .and_then(|chart| chart.add(&code("SEKRETARIAT"), unit(Some("DINAS"))))
            .and_then(|chart| chart.add(&code("SUBBAG_UMUM"), unit(Some("SEKRETARIAT"))))
            .unwrap()
    }

    #[test]
    fn a_unit_cannot_be_put_below_itself() {
        for (moved, below) in [
            ("DINAS", "DINAS"),
            ("DINAS", "SEKRETARIAT"),
            ("DINAS", "SUBBAG_UMUM"),
            ("SEKRETARIAT", "SUBBAG_UMUM"),
        ] {
            let answer = office().change(&code(moved), unit(Some(below)));
            assert_eq!(answer, Err(ChartError::Circle), "{moved} below {below}");
        }
        assert!(office().change(&code("SUBBAG_UMUM"), unit(Some("DINAS"))).is_ok());
        // Whichever of them comes first in the alphabet.
        let chart = office().add(&code("APTIKA"), unit(Some("DINAS"))).unwrap();
        assert_eq!(
            chart.change(&code("DINAS"), unit(Some("APTIKA"))),
            Err(ChartError::Circle)
        );
    }

    #[test]
    fn a_unit_belongs_to_one_that_exists_and_has_a_code_of_its_own() {
        assert_eq!(
            office().add(&code("UPT"), unit(Some("NIHIL"))),
            Err(ChartError::UnknownParent)
        );
        assert_eq!(office().add(&code("DINAS"), unit(None)), Err(ChartError::Taken));
        assert_eq!(office().change(&code("NIHIL"), unit(None)), Err(ChartError::Unknown));
        assert_eq!(office().remove(&code("NIHIL")), Err(ChartError::Unknown));
    }

    #[test]
    fn a_unit_with_others_below_it_stays() {
        assert_eq!(office().remove(&code("SEKRETARIAT")), Err(ChartError::HasChildren));
        let chart = office().remove(&code("SUBBAG_UMUM")).unwrap();
        assert!(chart.remove(&code("SEKRETARIAT")).is_ok());
    }

    #[test]
    fn an_organisation_has_an_end() {
        let deep = (1..=MAX_DEPTH).try_fold(OrgChart::empty("karo".parse().unwrap()), |chart, level| {
            let parent = (level > 1).then(|| format!("U{}", level - 1));
            chart.add(&code(&format!("U{level}")), unit(parent.as_deref()))
        });
        let last = format!("U{MAX_DEPTH}");
        assert_eq!(
            deep.unwrap().add(&code("LAGI"), unit(Some(&last))),
            Err(ChartError::TooLarge)
        );
    }

    proptest! {
        #[test]
        fn whatever_is_changed_every_unit_leads_up_to_a_root(
            moves in prop::collection::vec((0_u8..6, prop::option::of(0_u8..6)), 0..40)
        ) {
            let mut chart = OrgChart::empty("karo".parse().unwrap());
            for (moved, below) in moves {
                let moved = code(&format!("U{moved}"));
                let unit = unit(below.map(|below| format!("U{below}")).as_deref());
                let changed = if chart.unit(&moved).is_some() {
                    chart.clone().change(&moved, unit)
                } else {
                    chart.clone().add(&moved, unit)
                };
                if let Ok(changed) = changed {
                    chart = changed;
                }
                for (start, _) in chart.units() {
                    let mut above = Some(start.clone());
                    let mut steps = 0;
                    while let Some(code) = above {
                        above = chart.unit(&code).unwrap().parent.clone();
                        steps += 1;
                        prop_assert!(steps <= 7);
                    }
                }
            }
        }
    }
}
