#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::hashing::hash;
use crate::password::Password;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_767_574_800 + hour * 3600).unwrap()
}

fn number(text: &str) -> RukunNumber {
    text.parse().unwrap()
}

fn roles(codes: &[&str]) -> BTreeSet<RoleCode> {
    codes.iter().map(|code| code.parse().unwrap()).collect()
}

fn user(rw: Option<&str>, rt: Option<&str>, codes: &[&str]) -> Result<User, UserError> {
    let profile = Profile {
        username: "budi.contoh".parse().unwrap(),
        name: "Budi Contoh".parse().unwrap(),
        email: None,
        nik: None,
        nip: None,
        phone: None,
        org_unit: None,
        territory: Neighbourhood {
            rw: rw.map(number),
            rt: rt.map(number),
        },
    };
    User::register(
        UserId::from_bytes([7; 16]),
        "karo".parse().unwrap(),
        profile,
        roles(codes),
        at(0),
    )
}

fn hashed(text: &str) -> Hash {
    hash(&Password::new(text.into())).unwrap()
}

#[test]
fn a_verifier_is_responsible_for_an_rt_of_an_rw_or_for_an_rw() {
    let (some, none) = (Some("001"), None);
    let table = [
        (none, none, "warga", true),
        (some, some, "verifikator_rt", true),
        (some, none, "verifikator_rt", false),
        (none, none, "verifikator_rt", false),
        (some, none, "verifikator_rw", true),
        (none, none, "verifikator_rw", false),
        (none, some, "warga", false),
    ];
    for (rw, rt, role, allowed) in table {
        assert_eq!(user(rw, rt, &[role]).is_ok(), allowed, "{rw:?} {rt:?} {role}");
    }
    let verifier = user(some, some, &["verifikator_rt"]).unwrap();
    let profile = Profile {
        territory: Neighbourhood::default(),
        ..verifier.profile.clone()
    };
    assert_eq!(verifier.with_profile(profile), Err(UserError::TerritoryMissing));
}

#[test]
fn nobody_holds_more_than_ten_roles() {
    let codes: Vec<_> = (0..11).map(|index| format!("role_{index}")).collect();
    let codes: Vec<_> = codes.iter().map(String::as_str).collect();
    assert_eq!(user(None, None, &codes), Err(GrantError::TooMany.into()));
}

#[test]
fn the_last_five_passwords_are_remembered_and_each_ends_every_session() {
    let mut user = user(None, None, &[]).unwrap();
    let hashes: Vec<_> = (0..6).map(|index| hashed(&format!("p{index}"))).collect();
    for hash in &hashes {
        let before = user.generation;
        user = user.with_password(hash.clone());
        assert!(user.generation > before);
    }
    let newest_first: Vec<_> = hashes.into_iter().rev().take(5).collect();
    assert_eq!(user.credentials.former, newest_first);
}

#[test]
fn a_one_time_password_is_good_for_a_week_and_only_to_choose_another() {
    let user = user(None, None, &[]).unwrap();
    assert_eq!(user.usable_hash(at(0)), None);
    let user = user.with_one_time_password(hashed("sekali"), at(0));
    assert!(user.must_change_password());
    assert!(user.usable_hash(at(7 * 24 - 1)).is_some());
    assert_eq!(user.usable_hash(at(7 * 24)), None);
    let user = user.with_password(hashed("baru"));
    assert!(!user.must_change_password() && user.usable_hash(at(10_000)).is_some());
}

#[test]
fn whoever_is_deactivated_or_gone_has_no_password_that_works() {
    let user = user(None, None, &[]).unwrap().with_password(hashed("baru"));
    assert_eq!(user.clone().with_active(false).usable_hash(at(1)), None);
    assert!(
        user.clone()
            .with_active(false)
            .with_active(true)
            .usable_hash(at(1))
            .is_some()
    );
    let deleted = user.deleted(at(1));
    assert_eq!(
        (deleted.usable_hash(at(2)), deleted.indexes()),
        (None, Indexes::default())
    );
    assert!(deleted.credentials.former.is_empty());
}
