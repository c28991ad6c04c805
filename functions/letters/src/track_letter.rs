//! track-letter: a letter follows what becomes of its approval, gets its number, and ends with its signed document.

mod news;
mod number;

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use kernel::{Disposition, Envelope, Fault};
use platform::{ConfigError, Environment, Function, Step, Stored, Table, TableError};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::events::{self, ApprovalChanged, DocumentIssued, Finished};
use crate::ids::LetterId;
use crate::inbox;
use crate::letter::{Heard, IssuedDocument, Letter, LetterError};

/// Others change the letter, or take numbers of its sequence, at the same time. Each round, one of them succeeds; whoever
/// gave up would wait for the message to come again, which takes minutes.
const ATTEMPTS: u32 = 40;
/// After a lost race.
const PAUSE: Duration = Duration::from_millis(4);

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    Function::queue(environment, TrackLetter::connect(environment)?)
}

/// The step's context.
pub(crate) struct TrackLetter {
    table: Table,
    zone: TimeZone,
    environment: Environment,
    /// Within one process, letters wait for their numbers in a row instead of racing for them.
    numbers: Arc<Mutex<()>>,
}

/// What the step is triggered by.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Message {
    /// Something became of an approval.
    Approval(Envelope<ApprovalChanged>),
    /// A document was signed and sealed.
    Issued(Envelope<DocumentIssued>),
}

/// A letter could not follow.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrackLetterError {
    /// The letter could not be loaded or stored.
    #[error("the letter could not be loaded or stored")]
    Table(#[from] TableError),
    /// The letter's state contradicts what it heard.
    #[error("the letter contradicts what it heard")]
    State(#[from] LetterError),
    /// The approval's event is none that letters follow.
    #[error("the event is none that letters follow")]
    Unknown,
    /// The approval does not say who approved.
    #[error("the approval does not say who approved")]
    NoApprover,
}

impl Fault for TrackLetterError {
    fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::State(error) => error.code(),
            Self::Unknown => "track_letter.unknown_event",
            Self::NoApprover => "track_letter.no_approver",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Table(error) => error.disposition(),
            Self::State(error) => error.disposition(),
            Self::Unknown | Self::NoApprover => Disposition::Reject,
        }
    }
}

impl Step for TrackLetter {
    const NAME: &'static str = "track-letter";
    type Message = Message;
    type Error = TrackLetterError;

    async fn handle(&self, message: Message) -> Result<(), TrackLetterError> {
        let mut attempt = 1;
        loop {
            let taken = match &message {
                Message::Approval(event) => self.follow(event).await,
                Message::Issued(event) => self.finish(event).await,
            };
            let lost = matches!(taken, Err(TrackLetterError::Table(TableError::Conflict)));
            if !lost || attempt == ATTEMPTS {
                return taken;
            }
            tokio::time::sleep(PAUSE * (1 + attempt % 8)).await;
            attempt += 1;
        }
    }
}

impl TrackLetter {
    fn connect(environment: &Environment) -> Result<Self, ConfigError> {
        let vars = environment.settings.require(&["TIME_ZONE"])?;
        let name = vars.text("TIME_ZONE")?;
        let zone = TimeZone::get(&name).map_err(|error| ConfigError::invalid("TIME_ZONE", error))?;
        Ok(Self {
            table: environment.table()?,
            zone,
            environment: environment.clone(),
            numbers: Arc::default(),
        })
    }

    async fn follow(&self, event: &Envelope<ApprovalChanged>) -> Result<(), TrackLetterError> {
        let Some((id, submission)) = news::letter_of(&event.data) else {
            return Ok(());
        };
        let news = news::read(event, submission)?;
        let Stored { value: letter, version } = self.load(event, id).await?;
        match letter.hear(&news)? {
            Heard::Nothing => Ok(()),
            Heard::Changed(letter) => {
                let transaction = self.table.transaction().update(&*letter, version)?;
                Ok(transaction.commit().await?)
            }
            Heard::WantsNumber(_) => self.number(event, id, &news).await,
        }
    }

    /// Ends a letter with its signed document. Documents that came by another way are none of ours.
    async fn finish(&self, event: &Envelope<DocumentIssued>) -> Result<(), TrackLetterError> {
        let key = event.data.key.as_deref().unwrap_or_default();
        let Some(id) = inbox::letter_of(&event.tenant, key) else {
            return Ok(());
        };
        let Stored { value: letter, version } = self.load(event, id).await?;
        let document = IssuedDocument {
            id: event.data.document_id,
            verify_url: event.data.verify_url.clone(),
        };
        let (letter, Some(happened)) = letter.finish(document, event.time)? else {
            return Ok(());
        };
        let data = Finished {
            letter_id: letter.id,
            letter_type: letter.kind.code.clone(),
            number: letter
                .issue
                .as_ref()
                .map(|issue| issue.number.clone())
                .unwrap_or_default(),
            document_id: event.data.document_id,
            verify_url: event.data.verify_url.clone(),
        };
        let finished = events::of(
            &letter,
            &self.environment,
            Some(event.traceparent),
            happened.event_type(),
            data,
        );
        Ok(self.table.commit(version, &letter, &finished).await?)
    }

    async fn load<T>(&self, event: &Envelope<T>, id: LetterId) -> Result<Stored<Letter>, TableError> {
        self.table.load(Letter::key_of(&event.tenant, id)).await
    }
}
