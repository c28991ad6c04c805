//! Nobody learns from what is written, and so from the time it takes, whom there is.

use serde_json::json;

use crate::support::{OTHER, Office};

/// As many rows, each about as long as its like.
fn alike(known: &[usize], other: &[usize]) -> bool {
    let close = |(one, two): (&usize, &usize)| one.abs_diff(*two) * 4 <= *one.max(two);
    known.len() == other.len() && known.iter().zip(other).all(close)
}

/// How long the rows are that a request writes, the shortest first.
async fn writes(office: &Office, request: impl Future<Output = u16>, status: u16) -> Vec<usize> {
    let before = office.written().await.len();
    assert_eq!(request.await, status);
    let mut lengths = office.written().await.split_off(before);
    lengths.sort_unstable();
    lengths
}

#[tokio::test]
async fn asking_for_a_mail_writes_as_much_whoever_it_is_for_and_however_often() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let person = json!({ "username": "tanpa.surel", "name": "Tanpa Surel" });
    assert_eq!(office.post("/users", &chief, person).await.status, 201);
    let ask = async |tenant: &str, username: &str| {
        let body = json!({ "tenant": tenant, "username": username });
        let asked = async { office.post("/auth/forgot-password", "", body).await.status };
        writes(&office, asked, 202).await
    };
    let known = ask("karo", "kepala").await;
    // Two counters, the permission, its event, and what the audit says.
    assert_eq!(known.len(), 5);
    for (tenant, username) in [
        ("karo", "bukan.siapa"),
        ("karo", "bukan@contoh.go.id"),
        ("karo", "tanpa.surel"),
        ("dairi", "kepala"),
    ] {
        let other = ask(tenant, username).await;
        assert!(alike(&known, &other), "{tenant} {username}: {known:?} {other:?}");
    }
    for time in 2..6 {
        let again = ask("karo", "kepala").await;
        assert!(alike(&known, &again), "{time}: {known:?} {again:?}");
    }
}

#[tokio::test]
async fn showing_a_permission_that_is_none_writes_as_much_in_an_office_that_there_is_not() {
    let office = Office::open().await;
    office.chief("karo").await;
    let show = async |tenant: &str| {
        let token = format!("{tenant}.{}.{}", "a".repeat(26), "A".repeat(43));
        let body = json!({ "token": token, "new_password": OTHER });
        let shown = async { office.post("/auth/reset-password", "", body).await.status };
        writes(&office, shown, 422).await
    };
    let (known, unknown) = (show("karo").await, show("dairi").await);
    assert!(alike(&known, &unknown), "{known:?} {unknown:?}");
}

#[tokio::test]
async fn a_wrong_password_writes_as_much_for_whoever_it_is_and_from_wherever() {
    let office = Office::open().await;
    office.chief("karo").await;
    let guess = async |ip: &str, tenant: &str, username: &str| {
        let guessed = async { office.login_from(ip, tenant, username, OTHER).await.status };
        writes(&office, guessed, 401).await
    };
    let known = guess("192.0.2.7", "karo", "kepala").await;
    for (ip, tenant, username) in [
        // From where the owner signs in.
        ("203.0.113.7", "karo", "kepala"),
        ("192.0.2.7", "karo", "bukan.siapa"),
        ("192.0.2.7", "dairi", "kepala"),
    ] {
        let other = guess(ip, tenant, username).await;
        assert!(alike(&known, &other), "{ip} {tenant} {username}: {known:?} {other:?}");
    }
}
