//! Finding users by what is personal: in the body, because addresses of requests are kept in many places.

use axum::Json;
use axum::extract::State;
use platform::{Caller, Index, JsonBody, Problem, Query};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Users;
use super::people::prefix;
use super::views::{Detail, UserPage, UserView};
use crate::docs::Problems;
use crate::error::IdentityError;
use crate::names::{Nik, Nip};
use crate::user::User;

/// E-mail addresses are encrypted, so finding them by their beginning means opening them: so many pages at a time.
const PAGES_AT_ONCE: usize = 10;

/// What is looked for: one of these.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Criterion {
    /// What the username begins with.
    Username(String),
    /// What the name begins with.
    Name(String),
    /// What the e-mail address begins with.
    Email(String),
    /// The whole NIK.
    Nik(String),
    /// The whole NIP.
    Nip(String),
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    by: Criterion,
    /// 1 to 100.
    limit: Option<u16>,
    cursor: Option<String>,
}

/// Finds users. A page may hold fewer than `limit` although there is a next one.
#[utoipa::path(
    post,
    path = "/users/search",
    request_body = Search,
    responses((status = 200, body = UserPage), Problems),
)]
pub(super) async fn search(
    State(users): State<Users>,
    caller: Caller,
    JsonBody(body): JsonBody<Search>,
) -> Result<Json<UserPage>, Problem> {
    caller.require("user:read")?;
    let Search { by, limit, cursor } = body;
    let (by_username, by_name) = (User::by_username(&caller.tenant), User::by_name(&caller.tenant));
    let found = match by {
        Criterion::Username(text) => {
            let text = prefix("username", &text).map_err(IdentityError::from)?;
            let query = Query {
                index: Index::Gsi1,
                pk: &by_username,
                prefix: &text,
                ascending: true,
            };
            users.page(&query, limit, cursor).await?
        }
        Criterion::Name(text) => {
            let text = prefix("name", &text).map_err(IdentityError::from)?;
            let query = Query {
                index: Index::Gsi2,
                pk: &by_name,
                prefix: &text,
                ascending: true,
            };
            users.page(&query, limit, cursor).await?
        }
        Criterion::Email(text) => {
            let text = prefix("email", &text).map_err(IdentityError::from)?;
            users.by_email(&by_username, &text, limit, cursor).await?
        }
        Criterion::Nik(text) => {
            let nik: Nik = text.parse().map_err(IdentityError::from)?;
            users.by_number(&caller, "nik", nik.as_str()).await?
        }
        Criterion::Nip(text) => {
            let nip: Nip = text.parse().map_err(IdentityError::from)?;
            users.by_number(&caller, "nip", nip.as_str()).await?
        }
    };
    Ok(Json(found))
}

impl Users {
    async fn by_email(
        &self,
        pk: &str,
        prefix: &str,
        limit: Option<u16>,
        cursor: Option<String>,
    ) -> Result<UserPage, Problem> {
        let query = Query {
            index: Index::Gsi1,
            pk,
            prefix: "",
            ascending: true,
        };
        let mut next = cursor;
        for _ in 0..PAGES_AT_ONCE {
            let page = self.page(&query, limit, next).await?;
            let begins = |view: &UserView| view.email().is_some_and(|email| email.starts_with(prefix));
            let items: Vec<_> = page.items.into_iter().filter(begins).collect();
            next = page.next;
            if !items.is_empty() || next.is_none() {
                return Ok(UserPage { items, next });
            }
        }
        Ok(UserPage {
            items: Vec::new(),
            next,
        })
    }

    async fn by_number(&self, caller: &Caller, field: &str, number: &str) -> Result<UserPage, IdentityError> {
        let lookup = self.accounts.lookup(&caller.tenant, field, number);
        let found = self.accounts.holder(&caller.tenant, field, &lookup).await?;
        let views = found
            .iter()
            .map(|stored| UserView::of(&self.accounts, &stored.value, Detail::Masked));
        Ok(UserPage {
            items: views.collect::<Result<_, _>>()?,
            next: None,
        })
    }
}
