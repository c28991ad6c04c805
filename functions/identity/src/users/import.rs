//! Many users at once, from a spreadsheet saved as CSV: each valid line is taken, and each other one is reported.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use kernel::{Disposition, Fault, Sha256Digest};
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
use crate::user::User;

/// The size of a file.
pub(super) const BYTES: usize = 256 * 1024;
/// The lines of a file, without its header. One takes at most 100 ms on AWS (a transaction of 30 ms after up to 16 reads, of
/// roles, unit and names, of 4 ms each), and so all of them 25 s of the 30 that `users` may take in `template.yaml`.
const LINES: usize = 250;

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
    /// How many users were made, by this request and by earlier ones with its key that were cut off.
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
    /// Whether an earlier request with the same key, which was cut off, made the user.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    earlier: bool,
    /// Why not, as the code of an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Which field it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

/// Makes users from CSV (UTF-8, `,` or `;`, at most 250 lines below the header and 256 KB; more people come in several
/// files) with the columns `username`, `name`, `email`, `nik`, `nip`, `phone`, `org_unit`, `rw`, `rt`, `roles` (codes with
/// `;` between them), of which the first two are needed. Imported users have no password: they ask for a link to choose
/// one, or are given one that is good once. A request that was cut off goes on where it stopped when the same file is sent
/// with the same key: at once after an error, after a minute (409 until then) without an answer.
#[utoipa::path(
    post,
    path = "/users/import",
    params(("Idempotency-Key" = String, Header, description = "The same key again is answered with the same report, or goes on.")),
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
    let run = format!("{}#{}#{asked}", by.caller.id, key.0);
    let run = users.accounts.lookup(by.tenant(), "import", &run);
    let work = async { Ok(users.import(&by, &run, lines).await?) };
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
    /// Takes the lines of a file. `run` is the same for the same file, key and caller, and for no others.
    async fn import(&self, by: &By<'_>, run: &str, lines: Lines) -> Result<Report, IdentityError> {
        let mut reports = Vec::with_capacity(lines.len());
        // One after the other: each line's transaction demands that the account of whoever asks is as it was, and there
        // two at once would be in each other's way.
        for (number, line) in lines {
            let made = match line {
                Ok(line) => Box::pin(self.take(by, self.id_of(by, run, number), line)).await,
                Err(error) => Err(error),
            };
            match made {
                Err(error) if cuts_off(&error) => return Err(error),
                made => reports.push(LineReport::new(number, made)),
            }
        }
        let created = reports.iter().filter(|line| line.id.is_some()).count();
        let report = Report {
            created,
            refused: reports.len() - created,
            lines: reports,
        };
        // Each user who was made has an entry of their own.
        let entry = by
            .entry("user.imported", "tenant", by.tenant().as_str())
            .changing(None, Some(report.audited()));
        self.accounts.record(by.tenant(), entry).await?;
        Ok(report)
    }

    /// The id of the user whom a line makes. It follows from the run, which so finds whom it made before it was cut off.
    fn id_of(&self, by: &By<'_>, run: &str, number: usize) -> UserId {
        let hash = self
            .accounts
            .lookup(by.tenant(), "import-line", &format!("{run}#{number}"));
        let digest = Sha256Digest::of(hash.as_bytes());
        UserId::from_bytes(digest.as_bytes().first_chunk::<16>().copied().unwrap_or_default())
    }

    async fn take(&self, by: &By<'_>, id: UserId, line: Line) -> Result<Made, IdentityError> {
        let key = User::key_of(by.tenant(), &id);
        if self.accounts.table.find::<User>(&key).await?.is_some() {
            return Ok(Made { id, earlier: true });
        }
        let user = self.user(by, id, line)?;
        let id = self.register(by, user).await?.id;
        Ok(Made { id, earlier: false })
    }

    fn user(&self, by: &By<'_>, id: UserId, line: Line) -> Result<User, IdentityError> {
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

/// The user of a line.
struct Made {
    id: UserId,
    earlier: bool,
}

/// Whether the file must be sent again because of what befell one line: the next ones would fare no better, or that one
/// would fare better then.
fn cuts_off(error: &IdentityError) -> bool {
    error.disposition() == Disposition::Retry || matches!(error, IdentityError::Refresh(_))
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
    fn new(line: usize, made: Result<Made, IdentityError>) -> Self {
        match made {
            Ok(Made { id, earlier }) => Self {
                line,
                id: Some(id.as_str().to_owned()),
                earlier,
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
                    earlier: false,
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
