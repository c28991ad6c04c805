//! Who acts, and how far their office reaches.

use platform::Territory;
use serde::{Deserialize, Serialize};

use crate::item::Attributes;

/// Without this permission no role decides: a role is a name, which an administrator may give to anything.
pub(crate) const DECIDE: &str = "approval:decide";

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The user's id.
    pub id: String,
    /// The user's name.
    pub name: String,
    /// The user's roles.
    pub roles: Vec<String>,
    /// How far their office reaches.
    #[serde(default, flatten)]
    pub reach: Reach,
}

/// The territory and the unit that somebody is in charge of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// The RW.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rw: Option<String>,
    /// The RT. Its number means nothing without the RW: they repeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rt: Option<String>,
    /// The unit of the organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_unit: Option<String>,
}

/// What of the item must be that of the approver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Nothing: the role is enough.
    #[default]
    Any,
    /// The RT and its RW.
    Rt,
    /// The RW.
    Rw,
    /// The unit of the organisation.
    OrgUnit,
}

impl Reach {
    /// How far an item's attributes say that one must reach.
    #[must_use]
    pub fn asked_by(attributes: &Attributes) -> Self {
        let text = |name| attributes.text(name).map(str::to_owned);
        Self {
            rw: text("rw"),
            rt: text("rt"),
            org_unit: text("org_unit"),
        }
    }

    /// Whether an item is of every place that this names. Who names none means all items.
    #[must_use]
    pub fn admits(&self, attributes: &Attributes) -> bool {
        let item = Self::asked_by(attributes);
        let rw = self.rw.is_none() || Territory::is_same_number(self.rw.as_deref(), item.rw.as_deref());
        let rt = self.rt.is_none() || Territory::is_same_number(self.rt.as_deref(), item.rt.as_deref());
        rw && rt && (self.org_unit.is_none() || same_unit(self.org_unit.as_deref(), item.org_unit.as_deref()))
    }

    /// Whether whoever reaches so far may look at an item: at what is of no place anybody may; else who is of its unit and of
    /// its RW and, where they have one, RT.
    #[must_use]
    pub fn sees(&self, attributes: &Attributes) -> bool {
        let item = Self::asked_by(attributes);
        let rw = item.rw.is_none() || Territory::is_same_number(self.rw.as_deref(), item.rw.as_deref());
        let rt =
            item.rw.is_none() || self.rt.is_none() || Territory::is_same_number(self.rt.as_deref(), item.rt.as_deref());
        rw && rt && (item.org_unit.is_none() || same_unit(self.org_unit.as_deref(), item.org_unit.as_deref()))
    }

    /// As much of it as `other` reaches, too.
    #[must_use]
    pub fn within(self, other: &Self) -> Self {
        let ward = Territory::is_same_number(self.rw.as_deref(), other.rw.as_deref());
        let neighbourhood = ward && Territory::is_same_number(self.rt.as_deref(), other.rt.as_deref());
        Self {
            rw: self.rw.filter(|_| ward),
            rt: self.rt.filter(|_| neighbourhood),
            org_unit: self
                .org_unit
                .filter(|unit| same_unit(Some(unit), other.org_unit.as_deref())),
        }
    }
}

impl Scope {
    /// Where an item of this scope lies, as a part of a key: equal for the item and for whoever is in charge of it. None
    /// where `reach` does not say.
    #[must_use]
    pub fn place(self, reach: &Reach) -> Option<String> {
        let rw = || reach.rw.as_deref().and_then(Territory::number);
        let rt = || reach.rt.as_deref().and_then(Territory::number);
        match self {
            Self::Any => Some("any".to_owned()),
            Self::Rt => Some(format!("rt#{}#{}", rw()?, rt()?)),
            Self::Rw => Some(format!("rw#{}", rw()?)),
            Self::OrgUnit => reach
                .org_unit
                .as_deref()
                .filter(|unit| !unit.is_empty())
                .map(|unit| format!("org_unit#{}", unit.to_ascii_uppercase())),
        }
    }

    /// Whether `reach` covers an item with these attributes. What neither says covers nothing.
    #[must_use]
    pub fn covers(self, reach: &Reach, attributes: &Attributes) -> bool {
        let (asked, held) = (self.place(&Reach::asked_by(attributes)), self.place(reach));
        asked.is_some() && asked == held
    }
}

/// Whether both are there, and one unit: the codes of units are written in upper case, and item types by hand.
fn same_unit(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other)
        .is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn attributes(json: &str) -> Attributes {
        serde_json::from_str(json).unwrap()
    }

    fn reach(rw: Option<&str>, rt: Option<&str>, org_unit: Option<&str>) -> Reach {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Reach {
            rw: owned(rw),
            rt: owned(rt),
            org_unit: owned(org_unit),
        }
    }

    #[test]
    fn an_rt_of_another_rw_is_another_rt() {
        let item = attributes(r#"{"rw":"003","rt":"001"}"#);
        assert!(Scope::Rt.covers(&reach(Some("003"), Some("001"), None), &item));
        assert!(Scope::Rt.covers(&reach(Some("3"), Some("1"), None), &item));
        for other in [
            reach(Some("004"), Some("001"), None),
            reach(Some("003"), Some("002"), None),
            reach(None, Some("001"), None),
            reach(Some("003"), None, None),
            reach(Some("1"), Some("3"), None),
        ] {
            assert!(!Scope::Rt.covers(&other, &item), "{other:?}");
        }
    }

    #[test]
    fn an_rw_covers_all_of_its_rts_and_a_unit_its_own_items() {
        let item = attributes(r#"{"rw":"003","rt":"001","org_unit":"perizinan"}"#);
        assert!(Scope::Rw.covers(&reach(Some("003"), None, None), &item));
        assert!(!Scope::Rw.covers(&reach(Some("001"), None, None), &item));
        assert!(Scope::OrgUnit.covers(&reach(None, None, Some("PERIZINAN")), &item));
        assert!(!Scope::OrgUnit.covers(&reach(None, None, Some("keuangan")), &item));
        assert!(Scope::Any.covers(&Reach::default(), &item));
    }

    #[test]
    fn what_is_of_a_place_is_seen_from_that_place_only_and_from_the_rw_above_it() {
        let letter = attributes(r#"{"rw":"003","rt":"001"}"#);
        let permit = attributes(r#"{"org_unit":"kesehatan"}"#);
        let anywhere = attributes("{}");
        // Who looks; whether they see a letter of RT 001 in RW 003, a permit of the health office, what is of no place.
        for (who, seen) in [
            (reach(None, None, None), [false, false, true]),
            (reach(Some("3"), Some("1"), None), [true, false, true]),
            (reach(Some("003"), None, None), [true, false, true]),
            (reach(Some("003"), Some("002"), None), [false, false, true]),
            (reach(Some("004"), Some("001"), None), [false, false, true]),
            (reach(None, Some("001"), None), [false, false, true]),
            (reach(None, None, Some("KESEHATAN")), [false, true, true]),
            (reach(None, None, Some("keuangan")), [false, false, true]),
        ] {
            assert_eq!(
                [&letter, &permit, &anywhere].map(|item| who.sees(item)),
                seen,
                "{who:?}"
            );
        }
    }

    #[test]
    fn who_names_a_place_means_the_items_of_that_place_only() {
        let letter = attributes(r#"{"rw":"003","rt":"001"}"#);
        assert!(Reach::default().admits(&letter));
        assert!(reach(Some("3"), None, None).admits(&letter));
        assert!(reach(Some("3"), Some("1"), None).admits(&letter));
        assert!(!reach(Some("3"), Some("2"), None).admits(&letter));
        assert!(!reach(None, None, Some("kesehatan")).admits(&letter));
        assert!(!reach(Some("003"), None, None).admits(&attributes("{}")));
    }

    #[test]
    fn an_office_that_moved_reaches_no_further_than_before_and_no_further_than_now() {
        let before = reach(Some("003"), Some("001"), Some("kesehatan"));
        assert_eq!(before.clone().within(&before), before);
        assert_eq!(
            before
                .clone()
                .within(&reach(Some("003"), Some("002"), Some("kesehatan"))),
            reach(Some("003"), None, Some("kesehatan"))
        );
        assert_eq!(before.within(&reach(Some("004"), Some("001"), None)), Reach::default());
    }

    #[test]
    fn what_neither_side_says_covers_nothing() {
        let nowhere = attributes("{}");
        for scope in [Scope::Rt, Scope::Rw, Scope::OrgUnit] {
            assert!(!scope.covers(&Reach::default(), &nowhere), "{scope:?}");
            assert!(
                !scope.covers(&reach(Some(""), Some(""), Some("")), &nowhere),
                "{scope:?}"
            );
        }
        assert!(!Scope::Rt.covers(
            &reach(Some("1#2"), Some("3"), None),
            &attributes(r#"{"rw":"1#2","rt":"3"}"#)
        ));
    }
}
