//! Reads an approval's event as news for its letter.

use kernel::Envelope;

use super::TrackLetterError;
use crate::events::{ApprovalChanged, DecidedBy};
use crate::ids::LetterId;
use crate::letter::{Level, News, Ruling, Status, Verdict, Verification};

/// The letter that an approval is about, and which submission of it; none when it is about something else.
pub(super) fn letter_of(approval: &ApprovalChanged) -> Option<(LetterId, u32)> {
    let item = approval.item.as_ref()?;
    let id = (item.kind == "letter").then_some(&item.id)?;
    Some((id.parse().ok()?, item.revision))
}

/// What an event of an approval means for a submission of its letter.
pub(super) fn read(event: &Envelope<ApprovalChanged>, submission: u32) -> Result<News, TrackLetterError> {
    let ApprovalChanged {
        label,
        note,
        decided_by,
        ..
    } = &event.data;
    let named = label.as_deref().and_then(Status::named);
    // A route may have steps of its own: the letter stays where it is, and notes what they decide.
    let awaits = named
        .and_then(Status::awaits)
        .map_or(Ruling::AwaitsAnother, Ruling::Awaits);
    let (ruling, verdict) = match event.event_type.as_str() {
        "approval.opened" | "approval.reopened" => (awaits, None),
        "approval.advanced" | "approval.endorsed" => (awaits, Some(Verdict::Approved)),
        "approval.sent_back" => (awaits, Some(Verdict::Returned)),
        "approval.returned" => {
            let returned = named.filter(|status| status.is_editable());
            (Ruling::Returned(returned), Some(Verdict::Returned))
        }
        "approval.rejected" => (Ruling::Refused, Some(Verdict::Rejected)),
        "approval.approved" => (Ruling::Approved, Some(Verdict::Approved)),
        "approval.withdrawn" => (Ruling::Withdrawn, None),
        _ => return Err(TrackLetterError::Unknown),
    };
    let decision = verdict.zip(decided_by.as_ref()).map(|(verdict, by)| Verification {
        event: event.id,
        level: Level::of_step(&by.step),
        verdict,
        by: by.id.clone(),
        name: shown_name(by),
        note: note.clone(),
        at: by.at,
    });
    Ok(News {
        event: event.id,
        submission,
        version: event.data.version,
        at: event.time,
        ruling,
        decision,
    })
}

/// The official's name, with the capacity in which somebody else's office was exercised.
fn shown_name(by: &DecidedBy) -> Option<String> {
    let name = by.name.as_ref()?;
    let capacity = by.capacity.as_ref();
    Some(capacity.map_or_else(|| name.clone(), |capacity| format!("{name} ({capacity})")))
}
