//! render-letter: an approved letter becomes a PDF, which goes through the documents' inbox like any other.
//!
//! The PDF is kept in the vault first, with the names that its page has from the letterhead, so that every attempt goes on with
//! the same bytes and names whatever changes in between. Then its digest is told, and it is dropped: whoever takes the PDF in
//! knows that it is approved already.

mod encoding;
mod named;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use kernel::{Disposition, Envelope, Fault, Sha256Digest};
use platform::{
    ConfigError, Environment, FieldError, Fields, Function, Inbox, InboxError, Put, Step, Stored, Table, TableError,
    Vault, VaultError,
};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::events::{self, Rendered, WantsPdf};
use crate::inbox;
use crate::letter::{Letter, LetterError, Status};
use crate::letter_type::{Answers, LetterType, TypeVersion};
use crate::letterhead::Letterhead;
use crate::paper::{self, PaperError};
use crate::render::{self, BYTE_LIMIT, RenderError};
use crate::template::Template;
use encoding::encoded;
use named::Named;

/// A letter is set in some milliseconds; a template that takes longer has run wild.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// Letters being set at the same time, and with that the memory they take.
static PLACES: Semaphore = Semaphore::const_new(2);

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let vars = environment.settings.require(&["INBOX_BUCKET", "VAULT_BUCKET"])?;
    let step = RenderLetter {
        table: environment.table()?,
        fields: Fields::connect(environment)?,
        vault: Vault::new(&environment.aws, vars.text("VAULT_BUCKET")?),
        inbox: Inbox::connect(environment)?,
        bucket: vars.text("INBOX_BUCKET")?,
        environment: environment.clone(),
    };
    Function::queue(environment, step)
}

/// The step's context.
pub(crate) struct RenderLetter {
    table: Table,
    fields: Fields,
    vault: Vault,
    inbox: Inbox,
    bucket: String,
    environment: Environment,
}

/// A letter did not become a PDF.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenderLetterError {
    /// The letter could not be loaded or stored.
    #[error("the letter could not be loaded or stored")]
    Table(#[from] TableError),
    /// The office has no letterhead yet.
    #[error("the office has no letterhead yet")]
    NoLetterhead,
    /// There is no such template any more.
    #[error("there is no such template any more")]
    NoTemplate,
    /// The answers could not be read.
    #[error("the answers could not be read")]
    Fields(#[from] FieldError),
    /// The answers are no JSON.
    #[error("the answers are damaged")]
    Answers,
    /// The letter cannot be put on paper.
    #[error("the letter cannot be put on paper")]
    Paper(#[from] PaperError),
    /// The template does not work with the letter.
    #[error("the letter cannot be rendered")]
    Render(#[from] RenderError),
    /// Others are being rendered, and went on for too long.
    #[error("there is no place to render the letter in yet")]
    NoPlace,
    /// Rendering took too long or panicked.
    #[error("rendering did not end")]
    NoEnd,
    /// The PDF could not be kept, or read again.
    #[error("the PDF could not be kept")]
    Vault(#[from] VaultError),
    /// The letter may not be rendered in its state.
    #[error("the letter may not be rendered now")]
    State(#[from] LetterError),
    /// The PDF could not be dropped.
    #[error("the PDF could not be dropped into the inbox")]
    Inbox(#[source] InboxError),
}

impl Fault for RenderLetterError {
    fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::NoLetterhead => "render_letter.no_letterhead",
            Self::NoTemplate => "render_letter.no_template",
            Self::Fields(error) => error.code(),
            Self::Answers => "render_letter.answers_damaged",
            Self::Paper(error) => error.code(),
            Self::Render(error) => error.code(),
            Self::NoPlace => "render_letter.no_place",
            Self::NoEnd => "render_letter.no_end",
            Self::Vault(error) => error.code(),
            Self::State(error) => error.code(),
            Self::Inbox(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Table(error) => error.disposition(),
            Self::Fields(error) => error.disposition(),
            Self::Paper(error) => error.disposition(),
            Self::Render(error) => error.disposition(),
            Self::Vault(error) => error.disposition(),
            Self::State(error) => error.disposition(),
            Self::Inbox(error) => error.disposition(),
            Self::NoLetterhead | Self::NoTemplate | Self::Answers => Disposition::Reject,
            // A machine may have been short of time; what runs wild on every one becomes a dead letter.
            Self::NoPlace | Self::NoEnd => Disposition::Retry,
        }
    }
}

impl Step for RenderLetter {
    const NAME: &'static str = "render-letter";
    type Message = Envelope<WantsPdf>;
    type Error = RenderLetterError;

    async fn handle(&self, event: Self::Message) -> Result<(), RenderLetterError> {
        let key = Letter::key_of(&event.tenant, event.data.letter_id);
        let Stored { value: letter, version } = self.table.load::<Letter>(key).await?;
        if letter.status == Status::Selesai {
            return Ok(());
        }
        let of = self.type_of(&letter).await?;
        let head = self.letterhead(&letter).await?;
        // On the heap: the futures of storage are large.
        let (pdf, named) = Box::pin(self.kept(&letter, &of, &head)).await?;
        let sha256 = Sha256Digest::of(&pdf);
        let metadata = description(&letter, &of, &named.issuing_unit);
        let (letter, happened) = letter.render(sha256)?;
        if let Some(happened) = happened {
            let data = Rendered {
                letter_id: letter.id,
                sha256,
                office: named.office,
            };
            let cause = Some(event.traceparent);
            let rendered = events::of(&letter, &self.environment, cause, happened.event_type(), data);
            self.table.commit(version, &letter, &rendered).await?;
        }
        let key = inbox::key_of(&letter.tenant, letter.id);
        let dropped = self
            .inbox
            .drop_once(&self.bucket, &key, "application/pdf", metadata, pdf);
        match dropped.await.map_err(RenderLetterError::Inbox)? {
            // A second drop would become a second document.
            Put::Stored | Put::AlreadyThere => Ok(()),
        }
    }
}

impl RenderLetter {
    /// The letter's type, in the version that it was submitted with.
    async fn type_of(&self, letter: &Letter) -> Result<LetterType, TableError> {
        let key = TypeVersion::key_of(&letter.tenant, &letter.kind.code, letter.kind.version);
        Ok(self.table.load::<TypeVersion>(key).await?.value.0)
    }

    /// The office's letterhead as it is.
    async fn letterhead(&self, letter: &Letter) -> Result<Letterhead, RenderLetterError> {
        let key = Letterhead::key_of(&letter.tenant);
        let found = self.table.find::<Letterhead>(&key).await?;
        found.map(|stored| stored.value).ok_or(RenderLetterError::NoLetterhead)
    }

    /// The letter's one PDF with the names on its page: as it is kept, or set and kept now.
    async fn kept(
        &self,
        letter: &Letter,
        of: &LetterType,
        head: &Letterhead,
    ) -> Result<(Bytes, Named), RenderLetterError> {
        let key = inbox::key_of(&letter.tenant, letter.id);
        let kept = if letter.rendered.is_some() {
            self.vault.receive(&key, BYTE_LIMIT).await?
        } else {
            let metadata = Named::on(letter, head)?.metadata();
            let pdf = self.set(letter, of, head).await?;
            let kept = self
                .vault
                .keep_first(&key, "application/pdf", metadata, pdf, BYTE_LIMIT);
            kept.await?
        };
        let named = match Named::kept(&kept.metadata) {
            Some(named) => named,
            // It was kept by who did not say.
            None => Named::on(letter, head)?,
        };
        Ok((kept.bytes, named))
    }

    /// Sets the letter, off the async threads and within its time.
    async fn set(&self, letter: &Letter, of: &LetterType, head: &Letterhead) -> Result<Bytes, RenderLetterError> {
        let template = Template::built_in(&of.template).ok_or(RenderLetterError::NoTemplate)?;
        let place = Letter::answers_place(&letter.tenant, letter.id);
        let answers: Answers = serde_json::from_str(&self.fields.open(&place, &letter.answers)?)
            .map_err(|_damaged| RenderLetterError::Answers)?;
        let content = paper::content(letter, of, &answers, head)?;
        let identity = format!("{}/{}", letter.tenant, letter.id);
        let place = free_place(TIME_LIMIT).await?;
        let setting = tokio::task::spawn_blocking(move || {
            let _place = place;
            render::render(&template, &content, &identity)
        });
        match tokio::time::timeout(TIME_LIMIT, setting).await {
            Ok(Ok(rendered)) => Ok(rendered?.into()),
            Ok(Err(_)) | Err(_) => Err(RenderLetterError::NoEnd),
        }
    }
}

/// Waits for a place to render in, but not for ever: a template that has run wild keeps its place.
async fn free_place(limit: Duration) -> Result<SemaphorePermit<'static>, RenderLetterError> {
    match tokio::time::timeout(limit, PLACES.acquire()).await {
        Ok(Ok(place)) => Ok(place),
        // Nobody closes the semaphore.
        Ok(Err(_)) | Err(_) => Err(RenderLetterError::NoPlace),
    }
}

/// What the import step reads of the PDF's metadata, each text as RFC 2047 has it.
fn description(letter: &Letter, of: &LetterType, issuing_unit: &str) -> BTreeMap<String, String> {
    let issue = letter.issue.as_ref();
    let texts = [
        ("number", issue.map(|issue| issue.number.clone())),
        ("type", Some(of.name.clone())),
        ("date", issue.map(|issue| issue.date.to_string())),
        ("subject", Some(of.name.clone())),
        ("holder", Some(letter.resident.name.clone())),
        ("issuing-unit", Some(issuing_unit.to_owned())),
        (
            "valid-until",
            issue.and_then(|issue| issue.valid_until).map(|date| date.to_string()),
        ),
    ];
    let given = texts
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), encoded(&text?))));
    given.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use jiff::Timestamp;
    use jiff::civil::date;
    use kernel::DocumentId;
    use serde_json::json;

    use super::*;
    use crate::ids::LetterId;
    use crate::letter::{Approver, Issue, Resident};
    use crate::letter_type::Numbered;
    use crate::letter_type::tests::type_draft;

    #[test]
    fn the_longest_of_everything_fits_into_the_metadata_of_an_object() {
        let wide = |characters: usize| "\u{1d400}".repeat(characters);
        let (tenant, day) = ("karo".parse().unwrap(), date(2026, 11, 21));
        let mut draft = type_draft();
        draft.name = wide(120);
        draft.number_format = "{number:6}/{year}/{code}/{code}/{code}/{code}/{code}/{code}".into();
        let of = LetterType::new(tenant, "ABCDEFGHIJKLMNOP".parse().unwrap(), draft).unwrap();
        let resident = Resident {
            id: "warga-1".into(),
            name: wide(500),
            rw: None,
            rt: None,
        };
        let id = LetterId::new(DocumentId::from_bytes([7; 16]));
        let answers = serde_json::from_value(json!("a.sealed")).unwrap();
        let letter = Letter::draft(id, &of, resident, answers, Timestamp::UNIX_EPOCH);
        let number = of.number_format.number(Numbered {
            sequence: u64::MAX,
            code: &of.code,
            date: day,
        });
        let approved_by = Approver {
            id: "lurah".into(),
            name: None,
            acting_for: None,
        };
        let issue = Issue {
            number,
            sequence: u64::MAX,
            date: day,
            valid_until: Some(day),
            approved_by,
        };
        let letter = Letter {
            issue: Some(issue),
            ..letter
        };
        let metadata = description(&letter, &of, &wide(160));
        let bytes: usize = metadata
            .iter()
            .map(|(name, value)| "x-amz-meta-".len() + name.len() + value.len())
            .sum();
        assert!(metadata.len() == 7 && bytes <= 2_048, "{bytes}");
    }

    #[tokio::test]
    async fn a_letter_that_finds_no_place_or_no_end_comes_again() {
        let taken = PLACES.acquire_many(2).await.unwrap();
        let error = free_place(Duration::ZERO).await.unwrap_err();
        assert_eq!(
            (error.code(), error.disposition()),
            ("render_letter.no_place", Disposition::Retry)
        );
        drop(taken);
        assert!(free_place(Duration::ZERO).await.is_ok());
        assert_eq!(RenderLetterError::NoEnd.disposition(), Disposition::Retry);
    }
}
