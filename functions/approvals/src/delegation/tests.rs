#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;

fn delegation() -> Delegation {
    let person = |id: &str, name: &str| Person {
        id: id.into(),
        name: name.into(),
    };
    Delegation {
        id: "d-1".into(),
        tenant: "karo".parse().unwrap(),
        kind: DelegationKind::Plh,
        from: person("kepala-dinas", "Contoh Kepala"),
        to: person("sekretaris", "Contoh Sekretaris"),
        role: "head_of_office".into(),
        reach: Reach::default(),
        only: Reach::default(),
        held_since: None,
        valid_from: "2026-01-05".parse().unwrap(),
        valid_until: "2026-01-07".parse().unwrap(),
        revoked_at: None,
    }
}

#[test]
fn a_delegation_holds_from_its_first_day_to_its_last() {
    let holds = |day: &str| delegation().holds_on(day.parse().unwrap());
    assert_eq!(
        ["2026-01-04", "2026-01-05", "2026-01-07", "2026-01-08"].map(holds),
        [false, true, true, false]
    );
    let revoked = delegation().revoke("2026-01-05T02:00:00Z".parse().unwrap());
    assert!(!revoked.holds_on("2026-01-05".parse().unwrap()));
    let again = revoked.clone().revoke("2026-01-06T02:00:00Z".parse().unwrap());
    assert_eq!(again, revoked);
}

#[test]
fn a_delegation_that_cannot_be_made_is_refused_with_its_reason() {
    assert!(delegation().checked().is_ok());
    let until = |day: &str| Delegation {
        valid_until: day.parse().unwrap(),
        ..delegation()
    };
    assert!(until("2026-01-05").checked().is_ok(), "one day");
    for bad in ["2026-01-04", "2027-01-06"] {
        assert_eq!(until(bad).checked(), Err(DelegationError::Days), "{bad}");
    }
    let oneself = Delegation {
        to: delegation().from,
        ..delegation()
    };
    assert_eq!(oneself.checked(), Err(DelegationError::Oneself));
    for role in ["", " ", "a\nb", &"a".repeat(201)] {
        let unnamed = Delegation {
            role: role.into(),
            ..delegation()
        };
        assert_eq!(unnamed.checked(), Err(DelegationError::Text), "{role}");
    }
    let long = "0".repeat(201);
    let unit = Reach {
        org_unit: Some(long.clone()),
        ..Reach::default()
    };
    for only in [
        place(Some(long.as_str()), None),
        place(Some("003"), Some(long.as_str())),
        place(Some(""), None),
        unit,
    ] {
        let nowhere = Delegation { only, ..delegation() };
        assert_eq!(
            nowhere.clone().checked(),
            Err(DelegationError::Text),
            "{:?}",
            nowhere.only
        );
    }
    let any_rt_of_that_number = Delegation {
        only: place(None, Some("001")),
        ..delegation()
    };
    assert_eq!(any_rt_of_that_number.checked(), Err(DelegationError::RtWithoutRw));
}

fn place(rw: Option<&str>, rt: Option<&str>) -> Reach {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Reach {
        rw: owned(rw),
        rt: owned(rt),
        org_unit: None,
    }
}

fn holder(role: &str, since: i64, reach: Reach) -> Official {
    Official {
        tenant: "karo".parse().unwrap(),
        id: "kepala-dinas".into(),
        name: None,
        roles: [(role.to_owned(), Timestamp::from_second(since).unwrap())].into(),
        reach,
        revision: 1,
    }
}

#[test]
fn a_delegation_ends_with_the_office_of_who_gave_it_and_does_not_begin_again_with_it() {
    let given = Delegation {
        held_since: Some(Timestamp::from_second(7).unwrap()),
        ..delegation()
    };
    let stands = |role: &str, since: i64| {
        let holder = holder(role, since, Reach::default());
        given.clone().held_by(Some(&holder)).is_some()
    };
    assert!(stands("head_of_office", 7));
    assert!(!stands("head_of_office", 9), "it was taken away and given again");
    assert!(!stands("examiner", 7));
    assert!(given.held_by(None).is_some(), "nobody has heard that it was taken away");
}

#[test]
fn a_delegation_reaches_as_far_as_its_office_reached_and_still_reaches_and_no_further_than_it_says() {
    let item = |rw: &str, rt: &str| serde_json::from_value(serde_json::json!({ "rw": rw, "rt": rt })).unwrap();
    let of_rw = Delegation {
        reach: place(Some("003"), None),
        ..delegation()
    };
    assert!(of_rw.covers(Scope::Rw, &item("003", "001")) && of_rw.covers(Scope::Rw, &item("003", "002")));
    let narrower = Delegation {
        only: place(Some("003"), Some("001")),
        ..of_rw.clone()
    };
    assert!(narrower.covers(Scope::Rw, &item("003", "001")));
    assert!(!narrower.covers(Scope::Rw, &item("003", "002")));
    let moved = holder("head_of_office", 1, place(Some("004"), None));
    let moved = of_rw.held_by(Some(&moved)).unwrap();
    assert!(!moved.covers(Scope::Rw, &item("003", "001")) && !moved.covers(Scope::Rw, &item("004", "001")));
}

#[test]
fn who_acts_for_another_is_written_as_on_paper() {
    let acting = delegation().acting_for("Kepala Dinas");
    assert_eq!(acting.title, "Plh. Kepala Dinas");
    let elsewhere = acting.in_office("Lurah Melati");
    assert_eq!(
        (elsewhere.office.as_str(), elsewhere.title.as_str()),
        ("Lurah Melati", "Plh. Lurah Melati")
    );
    let kinds = [DelegationKind::Plt, DelegationKind::Plh, DelegationKind::An];
    assert_eq!(kinds.map(DelegationKind::abbreviation), ["Plt.", "Plh.", "a.n."]);
}
