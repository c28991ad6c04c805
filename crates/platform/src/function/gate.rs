//! What every HTTP function of integrators has in common: who asks, how often, and what every answer says.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use kernel::{Fault, chain};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tracing::error;

use super::Function;
use super::proxy::{Proxy, locate};
use crate::access::{ApiKey, ApiKeySecret, Caller, Maker, TokenError, Tokens, unauthorized};
use crate::audit::{Actor, AuditEntry};
use crate::config::ConfigError;
use crate::environment::Environment;
use crate::limits::Limits;
use crate::messages;
use crate::origin::Origin;
use crate::problem::{Problem, ProblemCode};
use crate::table::{Table, TableError};

/// What a request may hold unless a route allows more.
const BODY_LIMIT: usize = 64 * 1024;
/// Below this, compressing makes answers larger.
const COMPRESS_ABOVE: u16 = 1_024;

/// Headers of every answer. Answers are data, which no browser has to show.
const SECURITY: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Builds HTTP functions whose callers are known.
///
/// Settings: `TABLE_NAME`; `TOKEN_PUBLIC_KEY` (optional), the PEM of an issuer whose tokens name no key; `RATE_LIMITS`
/// (optional); `CORS_ORIGINS` (optional), the origins of pages that may call, separated by commas; `PROXY_SECRET`
/// (optional, 16 characters or more), by which a proxy proves that it may say whom it passes on.
#[derive(Clone)]
pub struct Gate {
    environment: Environment,
    table: Table,
    tokens: Tokens,
    limits: Limits,
    cors: CorsLayer,
    proxy: Proxy,
}

/// Whether a request without a caller goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strangers {
    Refused,
    Admitted,
}

impl Gate {
    /// Reads the settings.
    pub fn connect(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            environment: environment.clone(),
            table: environment.table()?,
            tokens: Tokens::connect(environment)?,
            limits: Limits::connect(environment)?,
            cors: cors(environment.settings.optional("CORS_ORIGINS").unwrap_or_default())?,
            proxy: Proxy::connect(&environment.settings)?,
        })
    }

    /// A function that answers nobody without a valid token or API key.
    #[must_use]
    pub fn protect(self, router: Router) -> Function {
        self.guard(router, Strangers::Refused)
    }

    /// A function that strangers may call: where people sign in. Its handlers that take a [`Caller`] refuse them.
    #[must_use]
    pub fn open(self, router: Router) -> Function {
        self.guard(router, Strangers::Admitted)
    }

    fn guard(self, router: Router, strangers: Strangers) -> Function {
        let (cors, proxy) = (self.cors.clone(), self.proxy.clone());
        let compression = CompressionLayer::new().compress_when(SizeAbove::new(COMPRESS_ABOVE));
        let router = router
            .fallback(unknown)
            .method_not_allowed_fallback(method_not_allowed)
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(from_fn_with_state((Arc::new(self), strangers), admit))
            .layer(from_fn_with_state(proxy, locate))
            .layer(compression)
            .layer(cors)
            .layer(from_fn(harden));
        Function::http(router)
    }

    /// Who sends the request; none if it says nothing of that.
    async fn caller(&self, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
        let Some(authorization) = headers.get(header::AUTHORIZATION) else {
            return Ok(None);
        };
        let (scheme, credentials) = authorization
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .ok_or_else(unauthorized)?;
        // RFC 9110: the scheme's case does not matter.
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(unauthorized());
        }
        if let Some(presented) = ApiKeySecret::parse(credentials) {
            let program = self.program(&presented).await.map_err(|error| busy(&error))?;
            return program.map(Some).ok_or_else(unauthorized);
        }
        match self.tokens.read(credentials).await {
            Ok(claims) => Ok(Some(claims.into())),
            Err(TokenError::Invalid) => Err(unauthorized()),
            Err(error @ TokenError::Keys(_)) => Err(busy(&error)),
        }
    }

    /// The program that holds a key, unless it was taken back or whoever made it was deactivated.
    async fn program(&self, presented: &ApiKeySecret) -> Result<Option<Caller>, TableError> {
        let found = self.table.find::<ApiKey>(&ApiKey::key_of(&presented.id)).await?;
        let key = found.map(|stored| stored.value);
        let Some(key) = key.filter(|key| key.opens_with(&presented.secret)) else {
            return Ok(None);
        };
        let Some(maker) = Maker::of(&self.table, &key).await? else {
            return Ok(None);
        };
        let may = maker.value.may(&self.table).await?;
        Ok(Some(Caller::program(key, &may)))
    }

    /// Somebody sent credentials that are not ours. Who does so again and again is not even told that.
    async fn turn_away(&self, problem: Problem, origin: &Origin, now: Timestamp) -> Response {
        match self.limits.of_guess(origin, now).await {
            Ok(allowance) if allowance.is_over() => allowance.refusal(),
            Ok(_) => problem.into_response(),
            Err(error) => busy(&error).into_response(),
        }
    }

    /// Somebody who is known tried what they may not.
    async fn record_refusal(&self, caller: &Caller, origin: &Origin, route: &str, code: &'static str) {
        let entry = AuditEntry::success(Actor::from(caller), "access.refused", "route", route)
            .refused(code)
            .from(origin);
        let recorded = match self
            .table
            .transaction()
            .audited(&self.environment, &caller.tenant, entry)
        {
            Ok(transaction) => transaction.commit().await,
            Err(error) => Err(error),
        };
        if let Err(error) = recorded {
            error!(
                error.code = error.code(),
                error.chain = chain(&error),
                "a refusal could not be recorded"
            );
        }
    }
}

/// Lets a request in that comes from somebody who may ask now.
async fn admit(State((gate, strangers)): State<(Arc<Gate>, Strangers)>, mut request: Request, next: Next) -> Response {
    let origin = request.extensions().get::<Origin>().cloned().unwrap_or_default();
    let (now, method) = (gate.environment.now(), request.method());
    let caller = match (gate.caller(request.headers()).await, strangers) {
        (Ok(None), Strangers::Refused) => return unauthorized().into_response(),
        (Ok(caller), _) => caller,
        (Err(problem), _) => return gate.turn_away(problem, &origin, now).await,
    };
    let counted = match (&caller, strangers) {
        (Some(caller), Strangers::Refused) => gate.limits.of_caller(caller, method, now).await,
        // Where people sign in, whoever is known already gets no more attempts than anybody.
        (Some(_) | None, _) => gate.limits.of_address(&origin, method, now).await,
    };
    let allowance = match counted {
        Ok(allowance) => allowance,
        Err(error) => return busy(&error).into_response(),
    };
    let mut response = if allowance.is_over() {
        allowance.refusal()
    } else {
        let route = request.extensions().get::<MatchedPath>().cloned();
        if let Some(caller) = caller.clone() {
            request.extensions_mut().insert(caller);
        }
        let response = next.run(request).await;
        let code = response.extensions().get::<ProblemCode>().map(|code| code.0);
        if let (StatusCode::FORBIDDEN, Some(caller), Some(code)) = (response.status(), &caller, code) {
            let route = route.as_ref().map_or("", MatchedPath::as_str);
            gate.record_refusal(caller, &origin, route, code).await;
        }
        response
    };
    allowance.tell(response.headers_mut());
    response
}

/// Adds what every answer says.
async fn harden(request: Request, next: Next) -> Response {
    let origin = request.extensions().get::<Origin>().cloned().unwrap_or_default();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in SECURITY {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::try_from(origin.correlation_id) {
        headers.insert("x-correlation-id", id);
    }
    response
}

async fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "request.unknown", messages::UNKNOWN)
}

async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "request.method", messages::METHOD)
}

fn busy(error: &dyn Fault) -> Problem {
    Problem::logged(StatusCode::SERVICE_UNAVAILABLE, error, messages::TRY_AGAIN)
}

fn cors(origins: &str) -> Result<CorsLayer, ConfigError> {
    let origins = origins.split(',').map(str::trim).filter(|origin| !origin.is_empty());
    let origins: Result<Vec<_>, _> = origins.map(HeaderValue::from_str).collect();
    let origins = origins.map_err(|error| ConfigError::invalid("CORS_ORIGINS", error))?;
    Ok(CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("x-correlation-id"),
        ])
        .expose_headers([
            header::ETAG,
            header::RETRY_AFTER,
            HeaderName::from_static("ratelimit-limit"),
            HeaderName::from_static("ratelimit-remaining"),
            HeaderName::from_static("ratelimit-reset"),
            HeaderName::from_static("x-correlation-id"),
        ]))
}
