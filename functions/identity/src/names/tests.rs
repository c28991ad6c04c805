#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;

fn folded<T: FromStr<Err = NameError>>(text: &str, show: fn(&T) -> &str) -> Option<String> {
    text.parse::<T>().ok().map(|name| show(&name).to_owned())
}

#[test]
fn two_spellings_of_one_name_are_one_name() {
    assert_eq!(folded("Budi.Contoh ", Username::as_str).unwrap(), "budi.contoh");
    assert_eq!(
        folded(" Budi@Contoh.GO.ID", Email::as_str).unwrap(),
        "budi@contoh.go.id"
    );
    assert_eq!(folded("0812-3456 7890", Phone::as_str).unwrap(), "+6281234567890");
    assert_eq!(folded("+62 812 3456 7890", Phone::as_str).unwrap(), "+6281234567890");
    assert_eq!(
        folded("99800101 200501 1 001", Nip::as_str).unwrap(),
        "998001012005011001"
    );
}

#[test]
fn a_text_that_is_no_such_name_is_refused() {
    for bad in [
        "",
        "ab",
        "-budi",
        "budi contoh",
        "budi#1",
        "budi@x",
        "büdi",
        &"a".repeat(65),
    ] {
        assert!(bad.parse::<Username>().is_err(), "{bad:?}");
    }
    for bad in [
        "",
        "budi",
        "@x.id",
        "budi@",
        "budi@localhost",
        "a b@x.id",
        "budi@x..id",
        "budi@-x.id",
        "b@x.id\r\nBcc: c@x.id",
    ] {
        assert!(bad.parse::<Email>().is_err(), "{bad:?}");
    }
    for bad in ["", "990000000000000", "99000000000000000", "99000000000000ab"] {
        assert!(bad.parse::<Nik>().is_err(), "{bad:?}");
    }
    for bad in ["", " ", "Budi\nContoh", "=1+1", "@SUM(A1)", "-2", &"a".repeat(121)] {
        assert!(bad.parse::<PersonName>().is_err(), "{bad:?}");
    }
    for bad in ["", "1", "0012", "a01"] {
        assert!(bad.parse::<RukunNumber>().is_err(), "{bad:?}");
    }
    for bad in ["", "12345678", "+1234", "081", "+62a12345678"] {
        assert!(bad.parse::<Phone>().is_err(), "{bad:?}");
    }
    for bad in ["", "bidang", "BIDANG#1", "A/B"] {
        assert!(bad.parse::<UnitCode>().is_err(), "{bad:?}");
    }
    for bad in ["", "a", "Admin", "1admin", "admin#1"] {
        assert!(bad.parse::<RoleCode>().is_err(), "{bad:?}");
    }
}

#[test]
fn personal_names_do_not_reach_a_log() {
    let nik: Nik = "9900000000000001".parse().unwrap();
    let email: Email = "budi@contoh.go.id".parse().unwrap();
    assert_eq!(format!("{nik:?} {email:?}"), "Nik Email");
}

proptest! {
    #[test]
    fn a_folded_name_folds_to_itself(text in "[A-Za-z0-9._-]{3,20}|[A-Za-z0-9.+]{1,9}@[a-z0-9-]{1,9}\\.id") {
        match text.parse::<Login>() {
            Ok(Login::Username(name)) => prop_assert_eq!(name.as_str().parse::<Username>(), Ok(name)),
            Ok(Login::Email(email)) => prop_assert_eq!(email.as_str().parse::<Email>(), Ok(email)),
            Err(_) => {}
        }
    }
}
