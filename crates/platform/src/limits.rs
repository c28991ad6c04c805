//! How many requests anybody may send in a minute, counted in the table.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::access::Caller;
use crate::config::ConfigError;
use crate::environment::Environment;
use crate::messages;
use crate::origin::Origin;
use crate::problem::Problem;
use crate::table::{Key, Table, TableError};

/// The length of a window in seconds.
const WINDOW_S: i64 = 60;
/// Counters of a window that is over are of no use.
const KEEP: SignedDuration = SignedDuration::from_mins(10);

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Requests per minute. The setting `RATE_LIMITS` replaces them, as JSON of this shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Rates {
    /// Attempts to sign in, per address.
    auth: u64,
    /// GET and HEAD, per caller.
    read: u64,
    /// All else, per caller.
    write: u64,
    /// Everything, per tenant.
    tenant: u64,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            auth: 5,
            read: 100,
            write: 30,
            tenant: 3_000,
        }
    }
}

/// Counts requests. Windows are the minutes of the clock.
#[derive(Clone)]
pub(crate) struct Limits {
    table: Table,
    rates: Rates,
}

/// What is left of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    limit: u64,
    used: u64,
    /// Until the window ends.
    seconds: i64,
}

impl Limits {
    pub(crate) fn connect(environment: &Environment) -> Result<Self, ConfigError> {
        let rates = match environment.settings.optional("RATE_LIMITS") {
            Some(_) => environment.settings.require(&["RATE_LIMITS"])?.json("RATE_LIMITS")?,
            None => Rates::default(),
        };
        Ok(Self {
            table: environment.table()?,
            rates,
        })
    }

    /// Counts a request of somebody who is known: the narrower of their own limit and their tenant's.
    pub(crate) async fn of_caller(
        &self,
        caller: &Caller,
        method: &Method,
        now: Timestamp,
    ) -> Result<Allowance, TableError> {
        let (class, limit) = if method.is_safe() {
            ("read", self.rates.read)
        } else {
            ("write", self.rates.write)
        };
        let tenant = caller.tenant.as_str();
        let own = self.take(tenant, class, &caller.id, limit, now).await?;
        if own.is_over() {
            // Whoever is refused does not use up what is everybody's.
            return Ok(own);
        }
        let all = self.take(tenant, "tenant", tenant, self.rates.tenant, now).await?;
        Ok(if all.is_over() { all } else { own })
    }

    /// Counts a request to where people sign in, by address: attempts apart from mere looking.
    pub(crate) async fn of_address(
        &self,
        origin: &Origin,
        method: &Method,
        now: Timestamp,
    ) -> Result<Allowance, TableError> {
        let (class, limit) = if method.is_safe() {
            ("read", self.rates.read)
        } else {
            ("auth", self.rates.auth)
        };
        self.take("system", class, &origin.network(), limit, now).await
    }

    /// Counts credentials that were not ours, by address: as many may be tried as people may ask to read.
    pub(crate) async fn of_guess(&self, origin: &Origin, now: Timestamp) -> Result<Allowance, TableError> {
        let who = origin.network();
        self.take("system", "guess", &who, self.rates.read, now).await
    }

    async fn take(
        &self,
        tenant: &str,
        class: &str,
        who: &str,
        limit: u64,
        now: Timestamp,
    ) -> Result<Allowance, TableError> {
        let second = now.as_second();
        let window = second.div_euclid(WINDOW_S);
        let key = Key {
            pk: format!("{tenant}#rate#{class}#{who}"),
            sk: window.to_string(),
        };
        let until = now.saturating_add(KEEP).unwrap_or(now);
        let used = self.table.count(&key, until).await?;
        Ok(Allowance {
            limit,
            used,
            seconds: WINDOW_S - second.rem_euclid(WINDOW_S),
        })
    }
}

impl Allowance {
    pub(crate) fn is_over(self) -> bool {
        self.used > self.limit
    }

    /// The answer to whoever has nothing left.
    pub(crate) fn refusal(self) -> Response {
        let problem = Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "access.too_many_requests",
            messages::TOO_MANY,
        );
        let mut response = problem.into_response();
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(self.seconds));
        response
    }

    /// Tells how much is left: `RateLimit-Limit`, `-Remaining` and `-Reset` (seconds), as the IETF's draft 03 names them.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.limit.saturating_sub(self.used)));
        headers.insert(RESET, HeaderValue::from(self.seconds));
    }
}
