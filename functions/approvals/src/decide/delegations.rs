//! Offices in other hands for some days: who stands in for whom, over HTTP.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use kernel::TenantId;
use platform::{
    Actor as AuditActor, AuditEntry, Caller, CallerKind, Idempotency, IdempotencyKey, Index, Origin, Paging, Params,
    PathId, Problem, Query, RawBody, Stored, TableError, parse_json,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::actor;
use super::refusals::{Refusals, busy, unusable};
use crate::actor::Reach;
use crate::delegation::{Delegation, DelegationKind, Person};
use crate::desk::Desk;
use crate::item::ItemId;
use crate::messages;
use crate::official::Official;

/// Who may hand out the offices of others: whoever may give others their roles.
const ANY_OFFICE: &str = "user:assign_role";

/// An office to be put in other hands.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DelegationBody {
    kind: DelegationKind,
    /// Who holds the office; the caller if it is absent. The name is that of the account; what is written here counts only
    /// where accounts do not tell it.
    #[serde(default)]
    from: Option<Person>,
    /// Who acts: somebody whose account is active, under the name of the account, too.
    to: Person,
    /// The office's role.
    role: String,
    /// Only for items of this RW; for all that the office reaches if it is absent.
    #[serde(default)]
    rw: Option<String>,
    /// Only for items of this RT within it.
    #[serde(default)]
    rt: Option<String>,
    /// Only for items of this unit.
    #[serde(default)]
    org_unit: Option<String>,
    /// The first day.
    valid_from: Date,
    /// The last day; at most 366 days in all.
    valid_until: Date,
}

/// An office in other hands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct DelegationView {
    id: String,
    kind: DelegationKind,
    from: Person,
    to: Person,
    /// As it is written on paper: `Plh. Kepala Dinas`. Whoever decides last does so in the name of the item's authority.
    title: String,
    role: String,
    /// Only for items of this RW.
    rw: Option<String>,
    /// Only for items of this RT within it.
    rt: Option<String>,
    /// Only for items of this unit.
    org_unit: Option<String>,
    valid_from: Date,
    valid_until: Date,
    /// Whether it was taken back.
    is_revoked: bool,
    /// Whether it ended because who gave it does not hold the office any longer.
    has_ended: bool,
}

/// Some delegations, of the latest last day first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct DelegationPage {
    items: Vec<DelegationView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Which delegations.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DelegationQuery {
    /// `true` for the offices that the caller has handed out; else those that the caller acts in.
    #[serde(default)]
    given: bool,
    /// How many, 1 to 100; 20 if it is absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
    /// Where the page begins: `next` of the page before.
    cursor: Option<String>,
}

impl DelegationView {
    fn of(delegation: Delegation, holder: Option<&Official>) -> Self {
        let office = messages::role_title(&delegation.role);
        Self {
            title: delegation.acting_for(&office).title,
            has_ended: delegation.clone().held_by(holder).is_none(),
            id: delegation.id,
            kind: delegation.kind,
            from: delegation.from,
            to: delegation.to,
            role: delegation.role,
            rw: delegation.only.rw,
            rt: delegation.only.rt,
            org_unit: delegation.only.org_unit,
            valid_from: delegation.valid_from,
            valid_until: delegation.valid_until,
            is_revoked: delegation.revoked_at.is_some(),
        }
    }
}

/// The offices that the caller acts in, or has handed out.
#[utoipa::path(
    get, path = "/approvals/delegations", tag = "delegations", params(DelegationQuery),
    responses((status = 200, description = "Some delegations.", body = DelegationPage), Refusals)
)]
pub(super) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Params(DelegationQuery { given, limit, cursor }): Params<DelegationQuery>,
) -> Result<Json<DelegationPage>, Problem> {
    let (index, partition) = if given {
        (Index::Gsi2, Delegation::given_partition(&caller.tenant, &caller.id))
    } else {
        (Index::Main, Delegation::partition(&caller.tenant, &caller.id))
    };
    let query = Query {
        index,
        pk: &partition,
        prefix: "until#",
        ascending: false,
    };
    let paging = Paging::asked(limit, cursor);
    paging.check(&query)?;
    let page = desk.table.page::<Delegation>(&query, &paging).await;
    let page = page.map_err(|error| busy(&error))?;
    let mut items = Vec::new();
    for stored in page.items {
        items.push(shown(&desk, stored.value).await?);
    }
    Ok(Json(DelegationPage { items, next: page.next }))
}

/// Puts an office in other hands: the caller's own (`approval:delegate`), or with `user:assign_role` anybody's.
#[utoipa::path(
    post, path = "/approvals/delegations", tag = "delegations",
    params(("Idempotency-Key" = String, Header, description = "The same key again changes nothing.")),
    request_body = DelegationBody,
    responses((status = 201, description = "The delegation.", body = DelegationView), Refusals)
)]
pub(super) async fn create(
    State(desk): State<Desk>,
    caller: Caller,
    origin: Origin,
    IdempotencyKey(key): IdempotencyKey,
    RawBody(body): RawBody,
) -> Result<Response, Problem> {
    caller.require("approval:delegate")?;
    let asked = parse_json(&body)?;
    let record = Idempotency::new(caller.tenant.clone(), &format!("delegate#{}", caller.id), &key, &body);
    let work = async {
        let wanted = wanted(&desk, &caller, asked).await?;
        let id = wanted.id.clone();
        let told = audited(&caller, &origin, "delegation.created", &wanted);
        let kept = async {
            let transaction = desk.table.transaction().insert(&wanted)?;
            transaction
                .audited(&desk.environment, &caller.tenant, told)?
                .commit()
                .await
        };
        kept.await.map_err(|error| busy(&error))?;
        tracing::info!(delegation.id = id, "an office was delegated");
        shown(&desk, wanted).await
    };
    let view = Box::pin(record.once(&desk.environment, &desk.table, work)).await?;
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// Takes an office back at once: by who holds it, or with `user:assign_role` by anybody.
#[utoipa::path(
    delete, path = "/approvals/delegations/{id}", tag = "delegations",
    params(("id" = String, Path, description = "The id of the delegation.")),
    responses((status = 200, description = "The delegation, revoked.", body = DelegationView), Refusals)
)]
pub(super) async fn revoke(
    State(desk): State<Desk>,
    caller: Caller,
    origin: Origin,
    id: Result<PathId<ItemId>, Problem>,
) -> Result<Json<DelegationView>, Problem> {
    let PathId(id) = id.map_err(|_malformed| unknown())?;
    let found = find(&desk, &caller, &id).await.map_err(|error| busy(&error))?;
    let Stored { value, version } = found.ok_or_else(unknown)?;
    if value.from.id != caller.id && !caller.may(ANY_OFFICE) {
        return Err(unknown());
    }
    if value.revoked_at.is_some() {
        return shown(&desk, value).await.map(Json);
    }
    let revoked = value.revoke(desk.environment.now());
    let told = audited(&caller, &origin, "delegation.revoked", &revoked);
    let kept = async {
        let transaction = desk.table.transaction().update(&revoked, version)?;
        transaction
            .audited(&desk.environment, &caller.tenant, told)?
            .commit()
            .await
    };
    kept.await.map_err(|error| busy(&error))?;
    shown(&desk, revoked).await.map(Json)
}

/// A delegation, as it stands by what is known of who gave it.
async fn shown(desk: &Desk, delegation: Delegation) -> Result<DelegationView, Problem> {
    let holder = account(desk, &delegation.tenant, &delegation.from.id).await?;
    Ok(DelegationView::of(delegation, holder.as_ref()))
}

/// What is known of a user.
async fn account(desk: &Desk, tenant: &TenantId, id: &str) -> Result<Option<Official>, Problem> {
    let found = desk.official(tenant, id).await.map_err(|error| busy(&error))?;
    Ok(found.map(|stored| stored.value))
}

/// The delegation that the caller wants, if the caller may make it: of an office that is held by who is to give it.
async fn wanted(desk: &Desk, caller: &Caller, body: DelegationBody) -> Result<Delegation, Problem> {
    let own = actor(caller);
    let (is_own, from) = match body.from {
        Some(from) if from.id != own.id => (false, from),
        Some(_) | None => {
            let (id, name) = (own.id.clone(), own.name.clone());
            (true, Person { id, name })
        }
    };
    let may = if is_own {
        own.roles.contains(&body.role)
    } else {
        // Whoever hands out the offices of others takes none of them, nor through a program of theirs.
        caller.kind == CallerKind::Person && caller.may(ANY_OFFICE) && body.to.id != caller.id
    };
    if !may {
        return Err(not_your_office());
    }
    let delegation = Delegation {
        id: desk.environment.ids.document_id().to_string(),
        tenant: caller.tenant.clone(),
        kind: body.kind,
        from,
        to: body.to,
        role: body.role,
        reach: own.reach,
        only: Reach {
            rw: body.rw,
            rt: body.rt,
            org_unit: body.org_unit,
        },
        held_since: None,
        valid_from: body.valid_from,
        valid_until: body.valid_until,
        revoked_at: None,
    };
    let delegation = by_accounts(desk, caller, delegation.checked().map_err(unusable)?).await?;
    let given = desk.has_given_enough(&caller.tenant, &delegation.from.id, desk.moment());
    if given.await.map_err(|error| busy(&error))? {
        return Err(too_many());
    }
    Ok(delegation)
}

/// The delegation as the accounts have it: who gives the office holds it, who is to act is active, and both are called
/// what their accounts say. Where the caller's account is kept elsewhere, so may be that of who is to act.
async fn by_accounts(desk: &Desk, caller: &Caller, delegation: Delegation) -> Result<Delegation, Problem> {
    let giver = account(desk, &caller.tenant, &delegation.from.id).await?;
    let stand_in = account(desk, &caller.tenant, &delegation.to.id).await?;
    let is_own = delegation.from.id == caller.id;
    let is_kept_here = if is_own {
        giver.is_some()
    } else {
        account(desk, &caller.tenant, &caller.id).await?.is_some()
    };
    let (reach, held_since) = match &giver {
        // The accounts are kept elsewhere: the token says who holds the office.
        None if is_own => (delegation.reach, None),
        None => return Err(not_holder()),
        Some(holder) => {
            let since = holder.holds(&delegation.role).ok_or_else(not_holder)?;
            (holder.reach.clone(), Some(since))
        }
    };
    if !stand_in.as_ref().map_or(!is_kept_here, Official::is_active) {
        return Err(not_active());
    }
    Ok(Delegation {
        from: named(delegation.from, giver),
        to: named(delegation.to, stand_in),
        reach,
        held_since,
        ..delegation
    })
}

/// Somebody, called what their account says.
fn named(person: Person, account: Option<Official>) -> Person {
    let name = account.and_then(|known| known.name).unwrap_or(person.name);
    Person { name, ..person }
}

fn not_your_office() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "approvals.not_your_office",
        messages::NOT_YOUR_OFFICE,
    )
}

fn not_holder() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "approvals.not_holder",
        messages::NOT_HOLDER,
    )
}

fn not_active() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "approvals.not_active",
        messages::NOT_ACTIVE,
    )
}

fn too_many() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "approvals.too_many_delegations",
        messages::TOO_MANY_DELEGATIONS,
    )
}

async fn find(desk: &Desk, caller: &Caller, id: &ItemId) -> Result<Option<Stored<Delegation>>, TableError> {
    let partition = Delegation::id_partition(&caller.tenant, id.as_str());
    let query = Query {
        index: Index::Gsi1,
        pk: &partition,
        prefix: "",
        ascending: true,
    };
    let page = desk.table.page::<Delegation>(&query, &Paging::first(1)).await?;
    Ok(page.items.into_iter().next())
}

fn audited(caller: &Caller, origin: &Origin, action: &str, delegation: &Delegation) -> AuditEntry {
    let after = json!({
        "kind": delegation.kind, "from": delegation.from.id, "to": delegation.to.id, "role": delegation.role,
        "only": delegation.only, "valid_from": delegation.valid_from, "valid_until": delegation.valid_until,
        "revoked_at": delegation.revoked_at,
    });
    AuditEntry::success(AuditActor::from(caller), action, "delegation", &delegation.id)
        .from(origin)
        .changing(None, Some(after))
}

fn unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "approvals.no_delegation",
        messages::NO_DELEGATION,
    )
}
