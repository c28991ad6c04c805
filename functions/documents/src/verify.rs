//! verify: the public, read-only function. Anyone may ask whether a document is authentic and in force.

mod page;
mod verdict;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::{DocumentId, Fault, Sha256Digest};
use pdf::Limits;
use platform::{ConfigError, Environment, Function, Problem, Table, TableError};
use serde::{Deserialize, Serialize};

use crate::heavy::VisitorPlaces;
use crate::messages;
use crate::registry::{Entry, QR_FORMAT};
use verdict::{Answer, Standing, VerifyError};

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let vars = environment.settings.require(&["TIME_ZONE"])?;
    let name = vars.text("TIME_ZONE")?;
    let zone = TimeZone::get(&name).map_err(|error| ConfigError::invalid("TIME_ZONE", error))?;
    let limits = Limits::default();
    let body_limit = limits.max_bytes + 4 * 1024 * 1024;
    let verify = Verify {
        table: environment.table()?,
        environment: environment.clone(),
        zone,
        limits,
        places: VisitorPlaces::new(),
    };
    let router = Router::new()
        .route("/", get(home))
        .route("/verify.js", get(script))
        // QR codes hold upper case.
        .route("/v/{id}", get(document_page))
        .route("/V/{id}", get(document_page))
        .route("/v/{id}/{h}", get(qr_page))
        .route("/V/{id}/{h}", get(qr_page))
        .route("/api/v1/documents/{id}", get(document_json))
        .route("/api/v1/verify", post(verify_file))
        .fallback(nothing)
        .layer(DefaultBodyLimit::max(body_limit))
        .layer(axum::middleware::map_response(secure))
        .with_state(verify);
    Ok(Function::http(router))
}

/// The function's context.
#[derive(Clone)]
pub(crate) struct Verify {
    table: Table,
    environment: Environment,
    zone: TimeZone,
    limits: Limits,
    places: VisitorPlaces,
}

impl Verify {
    async fn entry(&self, id: DocumentId) -> Result<Option<Entry>, TableError> {
        let found = self.table.find_together::<Entry>(&Entry::key_of(id)).await?;
        Ok(found.map(|stored| stored.value))
    }

    /// The entry that a link names; none for any id that is malformed, guessed or not issued.
    async fn entry_of_link(&self, id: &str) -> Result<Option<Entry>, TableError> {
        match id.strip_prefix(QR_FORMAT).unwrap_or(id).parse() {
            Ok(id) => self.entry(id).await,
            Err(_malformed) => Ok(None),
        }
    }

    fn today(&self) -> Date {
        self.environment.now().to_zoned(self.zone.clone()).date()
    }

    fn standing(&self, entry: &Entry) -> Standing {
        Standing::of(entry, self.today())
    }
}

fn unavailable(error: &TableError) -> Problem {
    Problem::logged(StatusCode::SERVICE_UNAVAILABLE, error, messages::TRY_AGAIN)
}

/// The register cannot be asked, as a page for whoever scanned a code.
struct BusyPage(TableError);

impl IntoResponse for BusyPage {
    fn into_response(self) -> Response {
        unavailable(&self.0).with_page(page::busy().into_string())
    }
}

/// What a path holds; an error where it is not even text.
type InPath<T> = Result<Path<T>, PathRejection>;

/// Nothing is loaded from elsewhere, nothing is framed, nothing is guessed.
async fn secure(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// `GET /`: where to scan, retype a link, or choose a file.
async fn home() -> Response {
    page::home().into_response()
}

/// The script of the front page: it computes the file's digest on the phone, so that the file need not leave it.
async fn script() -> Response {
    (
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")],
        include_str!("verify/verify.js"),
    )
        .into_response()
}

/// `GET /v/<id>`: the document's page. `404` with one constant page for any id that names none.
async fn document_page(State(verify): State<Verify>, id: InPath<String>) -> Result<Response, BusyPage> {
    let Ok(Path(id)) = id else {
        return Ok(unknown_page());
    };
    Ok(match verify.entry_of_link(&id).await.map_err(BusyPage)? {
        Some(entry) => page::document(&entry, verify.standing(&entry), &verify.zone).into_response(),
        None => unknown_page(),
    })
}

/// `GET /v/<id>/<h>`: what the QR holds. A wrong `h` is a forged QR.
async fn qr_page(State(verify): State<Verify>, link: InPath<(String, String)>) -> Result<Response, BusyPage> {
    let Ok(Path((id, h))) = link else {
        return Ok(unknown_page());
    };
    let Some(entry) = verify.entry_of_link(&id).await.map_err(BusyPage)? else {
        return Ok(unknown_page());
    };
    if Sha256Digest::from_base32(&h) == Ok(entry.signed_sha256) {
        Ok(page::document(&entry, verify.standing(&entry), &verify.zone).into_response())
    } else {
        Ok((StatusCode::NOT_FOUND, page::forged_qr(&entry)).into_response())
    }
}

fn unknown_page() -> Response {
    (StatusCode::NOT_FOUND, page::unknown()).into_response()
}

/// `GET /api/v1/documents/<id>`: the register's entry as JSON. `404` with one constant problem for any id that names
/// none.
async fn document_json(State(verify): State<Verify>, id: InPath<String>) -> Result<axum::Json<DocumentView>, Problem> {
    let Path(id) = id.map_err(|_not_text| unknown_document())?;
    let entry = verify.entry_of_link(&id).await.map_err(|error| unavailable(&error))?;
    let entry = entry.ok_or_else(unknown_document)?;
    let standing = verify.standing(&entry);
    Ok(axum::Json(DocumentView { standing, entry }))
}

fn unknown_document() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "verify.unknown_document",
        messages::UNKNOWN_DOCUMENT,
    )
}

/// Any other path: what an unknown document gets, for programs as JSON.
async fn nothing(uri: Uri) -> Response {
    if uri.path().starts_with("/api/") {
        unknown_document().into_response()
    } else {
        unknown_page()
    }
}

/// A document as integrators see it. Schema: `events/schemas/registered-document.json`.
#[derive(Debug, Serialize)]
struct DocumentView {
    standing: Standing,
    #[serde(flatten)]
    entry: Entry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByDigest {
    sha256: Sha256Digest,
}

/// `POST /api/v1/verify`: `application/pdf` with a file, or JSON `{"sha256"}`. `200` with the verdict, `400` when it is
/// neither, `413` when the file is over the limit, `422` when it takes too long, `503` when others are being examined.
async fn verify_file(State(verify): State<Verify>, request: Request) -> Result<axum::Json<Answer>, Problem> {
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let is_json = content_type.is_some_and(|kind| kind.starts_with("application/json"));
    let malformed = || Problem::new(StatusCode::BAD_REQUEST, "verify.malformed", messages::MALFORMED_VERIFY);
    let answer = if is_json {
        let body = body(request).await?;
        let asked: ByDigest = serde_json::from_slice(&body).map_err(|_| malformed())?;
        verdict::of_digest(&verify, asked.sha256).await
    } else {
        // Before the file is read, so that it is not held in vain.
        let place = verify.places.take().ok_or(VerifyError::Busy).map_err(refused)?;
        let body = body(request).await?;
        if body.is_empty() {
            return Err(malformed());
        }
        verdict::of_file(&verify, &place, body).await
    };
    answer.map(axum::Json).map_err(refused)
}

async fn body(request: Request) -> Result<Bytes, Problem> {
    let too_large = |_| {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "verify.too_large",
            messages::FILE_TOO_LARGE,
        )
    };
    Bytes::from_request(request, &()).await.map_err(too_large)
}

#[allow(clippy::needless_pass_by_value, reason = "it is the end of the error")]
fn refused(error: VerifyError) -> Problem {
    match &error {
        VerifyError::Register(error) => unavailable(error),
        // No failure of ours, and whoever causes it must not fill the log.
        VerifyError::Busy => Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.code(), messages::TRY_AGAIN),
        VerifyError::TooSlow => Problem::logged(StatusCode::UNPROCESSABLE_ENTITY, &error, verdict::TOO_SLOW),
    }
}
