//! Mails go only to a server that proves to be itself, and that lets us in.

use std::path::Path;

use serde_json::json;

use super::{Postman, SENDER, forget};
use crate::accounts::{Machine, until};
use crate::support::skipped_elsewhere;

const PASSWORD: &str = "Surel-Pagi-2026";

/// A mail server that speaks TLS, lets nobody in but `absah`, and writes the certificate of its authority to a file.
fn postman(tls: &str, authority: &Path) -> Postman {
    let authority = authority.to_str().unwrap();
    let user = ["--user", "absah", "--password", PASSWORD];
    Postman::start(&[&["--tls", tls, "--authority", authority][..], &user].concat())
}

/// An office that trusts an authority, and whose administrator has forgotten the password.
fn forgetful_office(data: &Path, url: &str, authority: &Path, password: &str) -> Machine {
    let authority = authority.to_str().unwrap();
    let server = ["--smtp", url, "--mail-from", SENDER, "--smtp-ca", authority];
    let user = ["--smtp-user", "absah", "--smtp-password", password];
    let machine = Machine::start_with(data, &[&server[..], &user].concat());
    machine.first_administrator();
    forget(&machine, "pengelola");
    machine
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_goes_over_tls_to_a_server_of_the_offices_own_authority_that_lets_us_in() {
    if skipped_elsewhere("it starts the program `absah`, which is a site of its own") {
        return;
    }
    for (scheme, tls) in [("smtp", "starttls"), ("smtps", "implicit")] {
        let folder = tempfile::tempdir().unwrap();
        let authority = folder.path().join("authority.pem");
        let postman = postman(tls, &authority);
        let url = format!("{scheme}://127.0.0.1:{}", postman.port);
        let machine = forgetful_office(&folder.path().join("data"), &url, &authority, PASSWORD);
        let mail = postman.mail();
        assert_eq!(
            (&mail["to"], &mail["tls"], &mail["user"]),
            (&json!(["pengelola@contoh.example"]), &json!(true), &json!("absah")),
            "{tls}"
        );
        assert!(machine.stop().success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_a_server_that_is_not_trusted_offers_no_tls_or_does_not_let_us_in() {
    if skipped_elsewhere("it starts the program `absah`, which is a site of its own") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (own, strange) = (folder.path().join("own.pem"), folder.path().join("strange.pem"));
    assert!(postman("starttls", &strange).stop().is_empty());
    let not_trusted = ("mail.insecure", "its certificate is not one that we trust");
    let no_tls = ("mail.insecure", "it offers no STARTTLS");
    let unknown = ("mail.not_allowed", "status 535");
    for (scheme, tls, trusted, password, (code, why)) in [
        ("smtp", Some("starttls"), &strange, PASSWORD, not_trusted),
        ("smtps", Some("implicit"), &strange, PASSWORD, not_trusted),
        ("smtp", None, &strange, PASSWORD, no_tls),
        ("smtps", Some("implicit"), &own, "Surel-Sore-2026", unknown),
    ] {
        let postman = tls.map_or_else(|| Postman::start(&[]), |tls| postman(tls, &own));
        let url = format!("{scheme}://127.0.0.1:{}", postman.port);
        let data = tempfile::tempdir().unwrap();
        let machine = forgetful_office(&data.path().join("data"), &url, trusted, password);
        until(code, async || {
            let log = machine.log();
            (log.contains(code) && log.contains(why)).then_some(())
        })
        .await;
        assert!(postman.stop().is_empty(), "{why}");
        assert!(machine.stop().success());
    }
}
