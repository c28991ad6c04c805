//! Keys of programs over HTTP. The secret half is in one answer, once; a digest of it is kept.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use kernel::Sha256Digest;
use platform::{
    ApiKey, ApiKeySecret, Caller, CallerKind, IdempotencyKey, Index, JsonBody, Origin, Paging, Params, PathId, Problem,
    Query, Record, Stored,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Users;
use super::by::{By, said};
use super::roles::permissions_of;
use crate::docs::Problems;
use crate::error::IdentityError;
use crate::names::PersonName;
use crate::random;
use crate::role::within;

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    /// What the program is called.
    name: String,
    /// What it may do, each as `resource:action`; at most what the caller may, and later what they still may.
    scopes: Vec<String>,
}

/// A new key.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedKey {
    /// What the program sends after `Authorization: Bearer`. Shown here and nowhere else. None in the answer to a repetition,
    /// because only a digest is kept: whoever missed the first answer takes this key back and makes another.
    key: Option<String>,
    #[serde(flatten)]
    view: KeyView,
}

#[derive(Serialize, ToSchema)]
pub(super) struct KeyView {
    id: String,
    name: String,
    /// What it was given. It may do that of it which whoever made it still may.
    scopes: Vec<String>,
    /// The id of who made it.
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct KeyPage {
    items: Vec<KeyView>,
    next: Option<String>,
}

/// The keys of the tenant's programs, those that were taken back, too.
#[utoipa::path(
    get,
    path = "/api-keys",
    params(("limit" = Option<u16>, Query, description = "1 to 100"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = KeyPage), Problems),
)]
pub(super) async fn list(
    State(users): State<Users>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<KeyPage>, Problem> {
    caller.require("api_key:read")?;
    let pk = format!("{}#api-keys", caller.tenant);
    let query = Query {
        index: Index::Gsi1,
        pk: &pk,
        prefix: "",
        ascending: true,
    };
    paging.check(&query)?;
    let page = users
        .accounts
        .table
        .page::<ApiKey>(&query, &paging)
        .await
        .map_err(IdentityError::from)?;
    let items = page
        .items
        .into_iter()
        .map(|stored| KeyView::from(stored.value))
        .collect();
    Ok(Json(KeyPage { items, next: page.next }))
}

/// Makes a key, with scopes that the caller holds. Only a person may: keys beget no keys.
#[utoipa::path(
    post,
    path = "/api-keys",
    params(("Idempotency-Key" = String, Header, description = "The same key again makes nothing twice.")),
    request_body = NewKey,
    responses((status = 201, body = CreatedKey), Problems),
)]
pub(super) async fn create(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    key: IdempotencyKey,
    JsonBody(body): JsonBody<NewKey>,
) -> Result<(StatusCode, Json<CreatedKey>), Problem> {
    let by = users.by(&caller, &origin).await?;
    by.require("api_key:create")?;
    let (asked, mut text) = (said(&body), None);
    let work = async {
        let secret = users.make_key(&by, &body).await?;
        text = Some(secret.to_text());
        Ok(secret.id)
    };
    let id: String = users.once(&by, ("api-keys", &key), &asked, work).await?;
    let stored = users.key(&by, &id).await?;
    let view = KeyView::from(stored.value);
    Ok((StatusCode::CREATED, Json(CreatedKey { key: text, view })))
}

/// Takes a key back, at once.
#[utoipa::path(
    delete,
    path = "/api-keys/{id}",
    params(("id" = String, Path)),
    responses((status = 204, description = "Taken back."), Problems),
)]
pub(super) async fn revoke(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    PathId(id): PathId<KeyId>,
) -> Result<StatusCode, Problem> {
    let by = users.by(&caller, &origin).await?;
    by.require("api_key:revoke")?;
    users.revoke_key(&by, &id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The public half of a key: 16 characters of base32.
pub(super) struct KeyId(String);

impl std::str::FromStr for KeyId {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let plain = text.len() == 16
            && text
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if plain {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdentityError::Unknown)
        }
    }
}

impl Users {
    async fn make_key(&self, by: &By<'_>, body: &NewKey) -> Result<ApiKeySecret, IdentityError> {
        match by.caller.kind {
            CallerKind::Person => {}
            CallerKind::Integrator => return Err(IdentityError::PersonOnly),
        }
        let name: PersonName = body.name.parse()?;
        let scopes = permissions_of(&body.scopes)?;
        within(&by.held(), &scopes)?;
        let secret = ApiKeySecret::new(random::bytes(), random::bytes());
        let key = ApiKey {
            id: secret.id.clone(),
            name: name.as_str().to_owned(),
            tenant: by.tenant().clone(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            secret_sha256: Sha256Digest::of(secret.secret.as_bytes()),
            created_by: by.caller.id.clone(),
            created_at: self.accounts.environment.now(),
            revoked_at: None,
        };
        let entry = by.entry("api_key.created", "api_key", &key.id);
        let entry = entry.changing(None, Some(json!({ "name": key.name, "scopes": key.scopes })));
        let transaction = self.accounts.table.transaction().insert(&key)?;
        let transaction = self.introduce(transaction, by).await?;
        self.commit(by, transaction, None, entry).await?;
        Ok(secret)
    }

    /// The key with the public half `id`, if it is the tenant's.
    async fn key(&self, by: &By<'_>, id: &str) -> Result<Stored<ApiKey>, IdentityError> {
        let found = self.accounts.table.find::<ApiKey>(&ApiKey::key_of(id)).await?;
        found
            .filter(|stored| stored.value.tenant == *by.tenant())
            .ok_or(IdentityError::Unknown)
    }

    async fn revoke_key(&self, by: &By<'_>, id: &str) -> Result<(), IdentityError> {
        let stored = self.key(by, id).await?;
        if stored.value.revoked_at.is_some() {
            return Ok(());
        }
        let revoked = ApiKey {
            revoked_at: Some(self.accounts.environment.now()),
            ..stored.value
        };
        let entry = by.entry("api_key.revoked", "api_key", id);
        let transaction = self.accounts.table.transaction().update(&revoked, stored.version)?;
        let row = revoked.key();
        self.commit(by, transaction, Some((&row, stored.version)), entry).await
    }
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            scopes: key.scopes.into_iter().collect(),
            created_by: key.created_by,
            created_at: key.created_at,
            revoked_at: key.revoked_at,
        }
    }
}
