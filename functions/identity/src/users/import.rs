//! Many users at once, from a spreadsheet saved as CSV: each valid line is taken, and each other one is reported.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use futures::StreamExt;
use kernel::Fault;
use platform::{Caller, IdempotencyKey, Origin, Problem, RawBody};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Users;
use super::by::By;
use super::views::{ProfileBody, role_codes};
use crate::docs::Problems;
use crate::error::IdentityError;
use crate::names::UserId;
use crate::random;
use crate::user::User;

/// The size of a file.
pub(super) const BYTES: usize = 1024 * 1024;
/// The lines of a file, without its header.
const LINES: usize = 1_000;
/// Accounts made at once.
const AT_ONCE: usize = 4;

/// One line. The header names the columns; those that are missing are empty.
#[derive(Deserialize)]
struct Line {
    username: String,
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    nik: String,
    #[serde(default)]
    nip: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    org_unit: String,
    #[serde(default)]
    rw: String,
    #[serde(default)]
    rt: String,
    /// Codes of roles with `;` between them.
    #[serde(default)]
    roles: String,
}

#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct Report {
    /// How many users were made.
    created: usize,
    /// How many lines were not taken.
    refused: usize,
    lines: Vec<LineReport>,
}

/// What became of one line. Repeats nothing of what stood there: it may be personal, or a formula.
#[derive(Serialize, Deserialize, ToSchema)]
struct LineReport {
    /// The row's number, as a spreadsheet counts; the header is row 1.
    line: usize,
    /// The new user's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Why not, as the code of an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Which field it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

/// Makes users from CSV (UTF-8, `,` or `;`, at most 1,000 lines and 1 MB) with the columns `username`, `name`, `email`,
/// `nik`, `nip`, `phone`, `org_unit`, `rw`, `rt`, `roles` (codes with `;` between them), of which the first two are
/// needed. Imported users have no password: they ask for a link to choose one, or are given one that is good once.
#[utoipa::path(
    post,
    path = "/users/import",
    params(("Idempotency-Key" = String, Header, description = "The same key again is answered with the same report.")),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = Report), Problems),
)]
pub(super) async fn import(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    key: IdempotencyKey,
    RawBody(body): RawBody,
) -> Result<Json<Report>, Problem> {
    let by = users.by(&caller, &origin).await?;
    by.require("user:import")?;
    by.require("user:create")?;
    let lines = read(&body)?;
    if lines
        .iter()
        .any(|(_, line)| line.as_ref().is_ok_and(|line| !line.roles.is_empty()))
    {
        by.require("user:assign_role")?;
    }
    let asked = String::from_utf8_lossy(&body);
    let work = async { Ok(users.import(&by, lines).await?) };
    Ok(Json(users.once(&by, ("users-import", &key), &asked, work).await?))
}

type Lines = Vec<(usize, Result<Line, IdentityError>)>;

/// Reads the file. A line that cannot be read is one line's problem; a header that cannot is the file's.
fn read(body: &[u8]) -> Result<Lines, IdentityError> {
    let text = std::str::from_utf8(body).map_err(|_not_text| IdentityError::File)?;
    // Spreadsheets begin UTF-8 with a mark, and separate by semicolon where the comma is decimal, as here.
    let text = text.trim_start_matches('\u{feff}');
    let header = text.lines().next().unwrap_or_default();
    let delimiter = if header.contains(';') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_malformed| IdentityError::File)?.clone();
    let known = [
        "username", "name", "email", "nik", "nip", "phone", "org_unit", "rw", "rt", "roles",
    ];
    let columns: BTreeSet<&str> = header.iter().collect();
    let complete = columns.contains("username") && columns.contains("name") && columns.len() == header.len();
    if !complete || columns.iter().any(|column| !known.contains(column)) {
        return Err(IdentityError::File);
    }
    let mut lines = Lines::new();
    let mut record = csv::StringRecord::new();
    loop {
        let line = match reader.read_record(&mut record) {
            Ok(false) => return Ok(lines),
            Ok(true) => record
                .deserialize::<Line>(Some(&header))
                .map_err(|_malformed| IdentityError::File),
            Err(_malformed) => Err(IdentityError::File),
        };
        if lines.len() >= LINES {
            return Err(IdentityError::File);
        }
        // As a spreadsheet numbers its rows; the header is the first.
        lines.push((lines.len() + 2, line));
    }
}

impl Users {
    async fn import(&self, by: &By<'_>, lines: Lines) -> Result<Report, IdentityError> {
        // Of two lines with one name the first is taken, whichever is quicker.
        let mut seen = BTreeSet::new();
        let lines = lines.into_iter().map(|(number, line)| {
            let user = line
                .and_then(|line| self.user(by, line))
                .and_then(|user| first(user, &mut seen));
            (number, user)
        });
        let lines: Vec<_> = lines.collect();
        let made = futures::stream::iter(lines).map(async |(number, user)| match user {
            Ok(user) => (number, self.register(by, user).await),
            Err(error) => (number, Err(error)),
        });
        let made: Vec<_> = made.buffered(AT_ONCE).collect().await;
        let lines: Vec<_> = made
            .into_iter()
            .map(|(number, made)| LineReport::new(number, made))
            .collect();
        let created = lines.iter().filter(|line| line.id.is_some()).count();
        let report = Report {
            created,
            refused: lines.len() - created,
            lines,
        };
        // Each user who was made has an entry of their own.
        let entry = by
            .entry("user.imported", "tenant", by.tenant().as_str())
            .changing(None, Some(report.audited()));
        self.accounts.record(by.tenant(), entry).await?;
        Ok(report)
    }

    fn user(&self, by: &By<'_>, line: Line) -> Result<User, IdentityError> {
        let codes: Vec<String> = line
            .roles
            .split([';', '|', ' '])
            .filter(|code| !code.is_empty())
            .map(str::to_owned)
            .collect();
        let body = ProfileBody {
            username: line.username,
            name: line.name,
            email: Some(line.email),
            nik: Some(line.nik),
            nip: Some(line.nip),
            phone: Some(line.phone),
            org_unit: Some(line.org_unit),
            rw: Some(line.rw),
            rt: Some(line.rt),
        };
        let id = UserId::from_bytes(random::bytes());
        let profile = body.read(&self.accounts, by.tenant(), &id)?;
        let now = self.accounts.environment.now();
        Ok(User::register(
            id,
            by.tenant().clone(),
            profile,
            role_codes(&codes)?,
            now,
        )?)
    }
}

fn first(user: User, seen: &mut BTreeSet<(&'static str, String)>) -> Result<User, IdentityError> {
    for name in crate::accounts::unique(&user.profile) {
        let field = name.0;
        if !seen.insert(name) {
            return Err(IdentityError::Taken(field));
        }
    }
    Ok(user)
}

impl Report {
    /// As the audit trail shows it: which lines were refused, by reason.
    fn audited(&self) -> Value {
        let mut refused = BTreeMap::<&str, Vec<usize>>::new();
        for line in &self.lines {
            if let Some(code) = &line.code {
                refused.entry(code).or_default().push(line.line);
            }
        }
        json!({ "created": self.created, "refused_lines": refused })
    }
}

impl LineReport {
    fn new(line: usize, made: Result<User, IdentityError>) -> Self {
        match made {
            Ok(user) => Self {
                line,
                id: Some(user.id.as_str().to_owned()),
                code: None,
                field: None,
            },
            Err(error) => {
                let field = match &error {
                    IdentityError::Taken(field) => Some(*field),
                    IdentityError::Name(name) => Some(name.kind),
                    IdentityError::Chart(_) => Some("org_unit"),
                    IdentityError::Grant(_) => Some("roles"),
                    IdentityError::User(_)
                    | IdentityError::Table(_)
                    | IdentityError::Field(_)
                    | IdentityError::Hash(_)
                    | IdentityError::Keys(_)
                    | IdentityError::Password(_)
                    | IdentityError::Refresh(_)
                    | IdentityError::Reset(_)
                    | IdentityError::WrongCredentials
                    | IdentityError::Locked { .. }
                    | IdentityError::Unknown
                    | IdentityError::Stale
                    | IdentityError::PersonOnly
                    | IdentityError::File => None,
                };
                Self {
                    line,
                    id: None,
                    code: Some(error.code().to_owned()),
                    field: field.map(str::to_owned),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

    use super::*;

    #[test]
    fn comma_or_semicolon_with_or_without_a_mark_the_lines_are_the_same() {
        for text in [
            "username,name,nik\nbudi,Budi Contoh,9900000000000001\n",
            "\u{feff}username;name;nik\r\nbudi; Budi Contoh ;9900000000000001\r\n",
        ] {
            let lines = read(text.as_bytes()).unwrap();
            let (number, line) = &lines[0];
            let line = line.as_ref().unwrap();
            assert_eq!(
                (lines.len(), *number, line.name.as_str(), line.nik.as_str()),
                (1, 2, "Budi Contoh", "9900000000000001")
            );
        }
    }

    #[test]
    fn a_file_with_unknown_missing_or_repeated_columns_or_too_many_lines_is_refused_as_a_whole() {
        let many = format!("username,name\n{}", "budi,Budi\n".repeat(LINES + 1));
        for bad in [
            "",
            "username\nbudi",
            "username,name,password\n",
            "username,name,name\n",
            "username,name,tenant\n",
            &many,
        ] {
            assert!(
                matches!(read(bad.as_bytes()), Err(IdentityError::File)),
                "{:?}",
                &bad[..bad.len().min(40)]
            );
        }
        assert!(matches!(read(&[0xff, 0xfe]), Err(IdentityError::File)));
        assert_eq!(
            read(format!("username,name\n{}", "budi,Budi\n".repeat(LINES)).as_bytes())
                .unwrap()
                .len(),
            LINES
        );
    }

    #[test]
    fn a_broken_line_is_only_that_lines_problem() {
        let lines = read(b"username,name\nbudi\nani,Ani Contoh\n").unwrap();
        let read: Vec<_> = lines.iter().map(|(number, line)| (*number, line.is_ok())).collect();
        assert_eq!(read, [(2, false), (3, true)]);
    }
}
