//! Gives an approved letter its number.

use jiff::ToSpan;
use jiff::civil::Date;
use kernel::Envelope;
use platform::{Record, Stored};

use super::{TrackLetter, TrackLetterError};
use crate::events::{self, ApprovalChanged, Approved};
use crate::ids::LetterId;
use crate::letter::{Approver, Heard, Issue, Letter, News};
use crate::letter_type::{LetterType, Numbered, TypeVersion};
use crate::numbering::Sequence;

impl TrackLetter {
    /// The number, the letter's new state and the event are one transaction: there is no number without its letter.
    pub(super) async fn number(
        &self,
        event: &Envelope<ApprovalChanged>,
        id: LetterId,
        news: &News,
    ) -> Result<(), TrackLetterError> {
        let decider = event.data.decided_by.as_ref().ok_or(TrackLetterError::NoApprover)?;
        let approved_by = Approver {
            id: decider.id.clone(),
            name: decider.name.clone(),
            acting_for: decider.acting_for.clone(),
        };
        let _turn = self.numbers.lock().await;
        let Stored { value: letter, version } = self.load(event, id).await?;
        let Heard::WantsNumber(letter) = letter.hear(news)? else {
            return Ok(());
        };
        let kind = &letter.kind;
        let of = TypeVersion::key_of(&letter.tenant, &kind.code, kind.version);
        let TypeVersion(of) = self.table.load::<TypeVersion>(of).await?.value;

        let date = self.zone.to_datetime(news.at).date();
        let sequence = Sequence::new(letter.tenant.clone(), kind.code.clone(), date.year());
        let found = self.table.find::<Sequence>(&sequence.key()).await?;
        let (sequence, at) = found.map_or((sequence, 0), |found| (found.value, found.version));
        let sequence = sequence.next();

        let issue = issue(&letter, &of, sequence.last, date, approved_by);
        let (letter, happened) = letter.number(news, issue);
        let told = Approved {
            letter_id: letter.id,
            letter_type: letter.kind.code.clone(),
            number: letter
                .issue
                .as_ref()
                .map(|issue| issue.number.clone())
                .unwrap_or_default(),
            date,
        };
        let cause = Some(event.traceparent);
        let approved = events::of(&letter, &self.environment, cause, happened.event_type(), told);
        let transaction = self.table.transaction().update(&sequence, at)?;
        Ok(transaction.advance(version, &letter, &approved)?.commit().await?)
    }
}

fn issue(letter: &Letter, of: &LetterType, sequence: u64, date: Date, approved_by: Approver) -> Issue {
    let number = of.number_format.number(Numbered {
        sequence,
        code: &letter.kind.code,
        date,
    });
    let days = of.validity_days.map(|days| i64::from(days).days());
    Issue {
        number,
        sequence,
        date,
        valid_until: days.and_then(|days| date.checked_add(days).ok()),
        approved_by,
    }
}
