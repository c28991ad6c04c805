//! Who acts, and how far their office reaches.

use serde::{Deserialize, Serialize};

use crate::item::Attributes;

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
}

impl Scope {
    /// Where an item of this scope lies, as a part of a key: equal for the item and for whoever is in charge of it. None
    /// where `reach` does not say.
    #[must_use]
    pub fn place(self, reach: &Reach) -> Option<String> {
        let rw = || reach.rw.as_deref().and_then(number);
        let rt = || reach.rt.as_deref().and_then(number);
        match self {
            Self::Any => Some("any".to_owned()),
            Self::Rt => Some(format!("rt#{}#{}", rw()?, rt()?)),
            Self::Rw => Some(format!("rw#{}", rw()?)),
            Self::OrgUnit => reach
                .org_unit
                .as_deref()
                .filter(|unit| !unit.is_empty())
                .map(|unit| format!("org_unit#{unit}")),
        }
    }

    /// Whether `reach` covers an item with these attributes. What neither says covers nothing.
    #[must_use]
    pub fn covers(self, reach: &Reach, attributes: &Attributes) -> bool {
        let (asked, held) = (self.place(&Reach::asked_by(attributes)), self.place(reach));
        asked.is_some() && asked == held
    }
}

/// RT and RW are numbers, whether somebody wrote `1` or `001`. None for what is neither empty nor plain.
fn number(text: &str) -> Option<&str> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let significant = text.trim_start_matches('0');
    plain.then_some(if significant.is_empty() { "0" } else { significant })
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
        assert!(Scope::OrgUnit.covers(&reach(None, None, Some("perizinan")), &item));
        assert!(!Scope::OrgUnit.covers(&reach(None, None, Some("keuangan")), &item));
        assert!(Scope::Any.covers(&Reach::default(), &item));
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
