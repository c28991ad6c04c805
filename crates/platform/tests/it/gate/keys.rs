//! Keys of programs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kernel::Sha256Digest;
use platform::{ApiKey, ApiKeySecret, Function, Gate, Grants, Maker, SystemGrants, Table};

use super::{place, post_as, router, send};

/// A program's key with one scope, `user:create`, made by `u1`; with it what the program sends.
fn key() -> (ApiKey, String) {
    let secret = ApiKeySecret::new([1; 10], [2; 32]);
    let key = ApiKey {
        id: secret.id.clone(),
        name: "sicantik".into(),
        tenant: "karo".parse().unwrap(),
        scopes: BTreeSet::from(["user:create".into()]),
        secret_sha256: Sha256Digest::of(secret.secret.as_bytes()),
        created_by: "u1".into(),
        created_at: Timestamp::UNIX_EPOCH,
        revoked_at: None,
    };
    (key, format!("Bearer {}", secret.to_text()))
}

/// `u1`, who may do that.
fn maker() -> Maker {
    Maker {
        tenant: "karo".parse().unwrap(),
        person: "u1".into(),
        active: true,
        permissions: BTreeSet::from(["user:create".into(), "user:read".into()]),
        roles: BTreeSet::new(),
    }
}

async fn keep(table: &Table, maker: &Maker) {
    table.transaction().overwrite(maker).unwrap().commit().await.unwrap();
}

/// What `POST /users`, which needs `user:create`, is answered.
async fn made(function: &Function, authorization: &str) -> u16 {
    let headers = [("authorization", authorization)];
    send(function, post_as("/users", &headers, "")).await.status_code
}

#[tokio::test]
async fn an_api_key_opens_with_its_secret_until_it_is_taken_back() {
    let environment = place(&[]).await;
    let table = environment.table().unwrap();
    let function = Gate::connect(&environment).unwrap().protect(router());
    let (key, right) = key();
    table.transaction().insert(&key).unwrap().commit().await.unwrap();
    keep(&table, &maker()).await;

    let reply = send(&function, post_as("/users", &[("authorization", &right)], "")).await;
    assert_eq!((reply.status_code, reply.body.as_str()), (200, "made"));
    let guess = ApiKeySecret::new([1; 10], [3; 32]).to_text();
    let unknown = ApiKeySecret::new([9; 10], [2; 32]).to_text();
    for wrong in [guess, unknown] {
        assert_eq!(made(&function, &format!("Bearer {wrong}")).await, 401);
    }
    let revoked = ApiKey {
        revoked_at: Some(Timestamp::UNIX_EPOCH),
        ..key
    };
    table.transaction().update(&revoked, 1).unwrap().commit().await.unwrap();
    assert_eq!(made(&function, &right).await, 401);
}

#[tokio::test]
async fn an_api_key_does_what_its_maker_may_do_at_that_moment_and_nothing_while_they_may_not_act() {
    let environment = place(&[]).await;
    let table = environment.table().unwrap();
    let function = Gate::connect(&environment).unwrap().protect(router());
    let (key, right) = key();
    table.transaction().insert(&key).unwrap().commit().await.unwrap();
    assert_eq!(made(&function, &right).await, 401, "nothing is known of its maker");

    let away = Maker {
        active: false,
        ..maker()
    };
    let powerless = Maker {
        permissions: BTreeSet::from(["user:read".into()]),
        ..maker()
    };
    for (maker, expected) in [(maker(), 200), (powerless, 403), (away, 401), (maker(), 200)] {
        keep(&table, &maker).await;
        assert_eq!(made(&function, &right).await, expected, "{maker:?}");
    }

    let by_role = Maker {
        permissions: BTreeSet::new(),
        roles: BTreeSet::from(["petugas_arsip".into()]),
        ..maker()
    };
    keep(&table, &by_role).await;
    assert_eq!(made(&function, &right).await, 403, "the role gives nothing yet");
    for (gives, expected) in [("user:create", 200), ("user:read", 403), ("user:create", 200)] {
        let grants = Grants {
            tenant: "karo".parse().unwrap(),
            role: "petugas_arsip".into(),
            permissions: BTreeSet::from([gives.into()]),
        };
        table.transaction().overwrite(&grants).unwrap().commit().await.unwrap();
        assert_eq!(made(&function, &right).await, expected, "{gives}");
    }
}

#[tokio::test]
async fn an_api_key_does_what_its_makers_system_role_gives_in_the_release_that_runs() {
    let environment = place(&[]).await;
    let table = environment.table().unwrap();
    let function = Gate::connect(&environment).unwrap().protect(router());
    let (key, right) = key();
    let by_role = Maker {
        permissions: BTreeSet::new(),
        roles: BTreeSet::from(["admin".into(), "petugas_arsip".into()]),
        ..maker()
    };
    table.transaction().insert(&key).unwrap().commit().await.unwrap();
    keep(&table, &by_role).await;
    assert_eq!(
        made(&function, &right).await,
        403,
        "nobody said yet what the role gives"
    );

    for (role, gives, expected) in [
        ("admin", "user:create", 200),
        ("admin", "user:read", 403),
        ("auditor", "user:create", 403),
        ("admin", "user:create", 200),
    ] {
        let grants = SystemGrants {
            roles: BTreeMap::from([(role.into(), BTreeSet::from([gives.into()]))]),
        };
        table.transaction().overwrite(&grants).unwrap().commit().await.unwrap();
        assert_eq!(made(&function, &right).await, expected, "{role} {gives}");
    }
}
