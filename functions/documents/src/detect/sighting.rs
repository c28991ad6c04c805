//! An upload is recorded once, whether its notification or a listing tells of it first, and however often.
//!
//! A version names an upload. In a store that keeps no versions, a notification names one by content and sequencer, a listing
//! by content and time: the row of the content joins the two.

use jiff::{SignedDuration, Timestamp};
use kernel::DocumentId;
use platform::{Cause, Created, Event, Key, Record, Stored, TableError, Transaction, is_not_newer};

use super::Detect;
use crate::document::Document;
use crate::events::{DescriptionDetected, Detected, SOURCE};
use crate::inbox_name::{InboxName, Kind};
use crate::storage::{Content, Newest, Sighting, Unannounced};

/// A notification that is younger than this may be on its way; until then a listing's upload is left alone. So a listing tells
/// of the only upload of its key within this time.
pub(crate) const GRACE: SignedDuration = SignedDuration::from_mins(10);

/// How an upload became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Its store told of it.
    Notification,
    /// It was found in a listing, [`GRACE`] after it came.
    Listing {
        /// No later upload has its key.
        is_newest: bool,
    },
}

/// What the row of an upload's content says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// It is not known.
    New,
    /// It is known already.
    Known,
    /// It was found in a listing before; now its notification has come.
    Announced(Unannounced),
}

impl Detect {
    /// Records an upload with its event; whether it was not known before. The name stands for its newest upload only.
    pub(crate) async fn record(&self, name: InboxName, created: Created, told: Told) -> Result<bool, TableError> {
        if name.kind == Kind::Sidecar && told == (Told::Listing { is_newest: false }) {
            // It was replaced before anybody read it.
            return Ok(false);
        }
        let stored = match name.kind {
            Kind::Pdf => self.record_document(name, created, told).await,
            Kind::Sidecar => self.record_sidecar(name, created, told).await,
        };
        match stored {
            Err(TableError::AlreadyExists) => Ok(false),
            // Its notification came just now.
            Err(TableError::Conflict) if told != Told::Notification => Ok(false),
            stored => stored,
        }
    }

    async fn record_document(&self, name: InboxName, created: Created, told: Told) -> Result<bool, TableError> {
        // Read before the content's row: whoever records the upload in between changes one of the two.
        let newest = self.table.find::<Newest>(&Newest::key_of(&name)).await?;
        let look = self.look(name, created, told).await?;
        let id = match &look.verdict {
            Verdict::New => self.environment.ids.document_id(),
            Verdict::Announced(Unannounced {
                document_id: Some(id), ..
            }) => *id,
            Verdict::Announced(Unannounced { document_id: None, .. }) | Verdict::Known => return Ok(false),
        };
        let mut transaction = self.seen(&look, Some(id))?;
        let Look {
            name, created, verdict, ..
        } = look;
        if verdict == Verdict::New {
            let event = self.environment.envelope(
                &Cause::Outside,
                SOURCE,
                Event {
                    event_type: "document.detected",
                    subject: id.to_string(),
                    tenant: name.tenant.clone(),
                    data: Detected {
                        document_id: id,
                        key: created.object.key.clone(),
                    },
                },
            );
            let at = self.environment.now();
            let document = Document::detected(id, name.clone(), created.object, at, event.traceparent);
            transaction = transaction.found(&document, &event)?;
        }
        let known = newest.as_ref().and_then(|stored| stored.value.sequencer.as_ref());
        if told != (Told::Listing { is_newest: false }) && !is_not_newer(created.sequencer.as_ref(), known) {
            let version = newest.map_or(0, |stored| stored.version);
            let newest = Newest {
                name,
                document_id: id,
                sequencer: created.sequencer,
            };
            transaction = transaction.update(&newest, version)?;
        }
        transaction.commit().await?;
        Ok(verdict == Verdict::New)
    }

    async fn record_sidecar(&self, name: InboxName, created: Created, told: Told) -> Result<bool, TableError> {
        let look = self.look(name, created, told).await?;
        let transaction = match &look.verdict {
            Verdict::Known => return Ok(false),
            Verdict::New | Verdict::Announced(_) => self.seen(&look, None)?,
        };
        if look.verdict != Verdict::New {
            transaction.commit().await?;
            return Ok(false);
        }
        // Where the upload has no row of its own, its event is beside what its content's row came to.
        let (key, version) = match self.sighting(&look, None) {
            Some(sighting) => (sighting.key(), 1),
            None => (look.content_key(), look.version() + 1),
        };
        let Look { name, created, .. } = look;
        let event = self.environment.envelope(
            &Cause::Outside,
            SOURCE,
            Event {
                event_type: "description.detected",
                subject: name.name.clone(),
                tenant: name.tenant.clone(),
                data: DescriptionDetected {
                    name,
                    object: created.object,
                    sequencer: created.sequencer,
                },
            },
        );
        transaction.event(&key, version, &event)?.commit().await?;
        Ok(true)
    }

    async fn look(&self, name: InboxName, created: Created, told: Told) -> Result<Look, TableError> {
        let mut look = Look {
            name,
            created,
            told,
            content: None,
            verdict: Verdict::New,
        };
        if look.created.object.version_id.is_some() {
            // A listing tells of all that there is, and most of it is known: asking costs less than being refused.
            if let (Told::Listing { .. }, Some(sighting)) = (told, self.sighting(&look, None))
                && self.table.find::<Sighting>(&sighting.key()).await?.is_some()
            {
                look.verdict = Verdict::Known;
            }
            return Ok(look);
        }
        look.content = self.table.find::<Content>(&look.content_key()).await?;
        if let Some(content) = &look.content {
            look.verdict = verdict(&content.value, &look.created, told);
        }
        Ok(look)
    }

    /// The row of one exact upload, where it has a name.
    fn sighting(&self, look: &Look, document_id: Option<DocumentId>) -> Option<Sighting> {
        let Created { object, sequencer, .. } = &look.created;
        (object.version_id.is_some() || sequencer.is_some()).then(|| Sighting {
            tenant: look.name.tenant.clone(),
            object: object.clone(),
            sequencer: sequencer.clone(),
            document_id,
            at: self.environment.now(),
        })
    }

    /// Begins a transaction with the rows by which the upload is known from now on.
    fn seen(&self, look: &Look, document_id: Option<DocumentId>) -> Result<Transaction<'_>, TableError> {
        let mut transaction = self.table.transaction();
        if let Some(sighting) = self.sighting(look, document_id) {
            transaction = transaction.insert(&sighting)?;
        }
        if look.created.object.version_id.is_some() {
            return Ok(transaction);
        }
        let before = look.content.as_ref().map(|stored| &stored.value);
        let at = look.created.at.unwrap_or_else(|| self.environment.now());
        let unannounced = match (look.told, &look.verdict) {
            (Told::Listing { .. }, _) => Some(Unannounced { document_id, at }),
            (Told::Notification, Verdict::Announced(_)) => None,
            (Told::Notification, Verdict::New | Verdict::Known) => {
                before.and_then(|content| content.unannounced.clone())
            }
        };
        let content = Content {
            tenant: look.name.tenant.clone(),
            object: look.created.object.clone(),
            uploaded_at: before.map_or(at, |content| at.max(content.uploaded_at)),
            unannounced,
        };
        transaction.update(&content, look.version())
    }
}

/// An upload and what is known of it.
struct Look {
    name: InboxName,
    created: Created,
    told: Told,
    /// The row of its content, where no version tells which upload it is.
    content: Option<Stored<Content>>,
    verdict: Verdict,
}

impl Look {
    fn content_key(&self) -> Key {
        Content::key_of(&self.name.tenant, &self.created.object)
    }

    /// Of the content's row; 0 where there is none.
    fn version(&self) -> u64 {
        self.content.as_ref().map_or(0, |stored| stored.version)
    }
}

/// Whether an upload is known by the row of its content. All times are of the store's clock, of which ours says nothing.
fn verdict(content: &Content, created: &Created, told: Told) -> Verdict {
    let not_after = |at: Timestamp| created.at.is_none_or(|created| created <= at);
    let is_known = not_after(content.uploaded_at);
    match (told, &content.unannounced) {
        (Told::Notification, Some(found)) if not_after(found.at.saturating_add(GRACE).unwrap_or(found.at)) => {
            Verdict::Announced(found.clone())
        }
        // With a sequencer, the upload has a row of its own, which decides.
        (Told::Notification, _) if created.sequencer.is_some() => Verdict::New,
        (Told::Notification | Told::Listing { .. }, _) if is_known => Verdict::Known,
        (Told::Notification | Told::Listing { .. }, _) => Verdict::New,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use platform::ObjectVersion;

    use super::*;
    use platform::Sequencer;

    const NEWEST: Told = Told::Listing { is_newest: true };

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_767_574_800 + minute * 60).unwrap()
    }

    fn created(minute: Option<i64>, sequencer: Option<&str>) -> Created {
        Created {
            object: ObjectVersion {
                bucket: "inbox".into(),
                key: "karo/loket/izin.pdf".into(),
                etag: "e".into(),
                version_id: None,
            },
            sequencer: sequencer.map(|text| Sequencer::try_from(text.to_owned()).unwrap()),
            at: minute.map(at),
        }
    }

    fn content(uploaded: i64, unannounced: Option<i64>) -> Content {
        Content {
            tenant: "karo".parse().unwrap(),
            object: created(None, None).object,
            uploaded_at: at(uploaded),
            unannounced: unannounced.map(|minute| Unannounced {
                document_id: None,
                at: at(minute),
            }),
        }
    }

    #[test]
    fn one_upload_is_known_however_it_is_told_of_and_the_same_file_uploaded_again_is_another() {
        let told =
            |content: &Content, minute, sequencer, told| match verdict(content, &created(minute, sequencer), told) {
                Verdict::New => "new",
                Verdict::Known => "known",
                Verdict::Announced(_) => "announced",
            };
        let announced = content(60, None);
        let found = content(60, Some(60));
        for (what, content, minute, sequencer, how, expected) in [
            (
                "listed after its notification",
                &announced,
                Some(60),
                None,
                NEWEST,
                "known",
            ),
            ("listed, uploaded again", &announced, Some(61), None, NEWEST, "new"),
            ("listed again", &found, Some(60), None, NEWEST, "known"),
            (
                "its row decides",
                &announced,
                Some(60),
                Some("1"),
                Told::Notification,
                "new",
            ),
            (
                "repeated, no order",
                &announced,
                Some(60),
                None,
                Told::Notification,
                "known",
            ),
            (
                "no order, uploaded again",
                &announced,
                Some(61),
                None,
                Told::Notification,
                "new",
            ),
            ("no order, no time", &announced, None, None, Told::Notification, "known"),
            ("late", &found, Some(60), Some("1"), Told::Notification, "announced"),
            (
                "late, the store took long",
                &found,
                Some(70),
                Some("1"),
                Told::Notification,
                "announced",
            ),
            (
                "late, no time",
                &found,
                None,
                Some("1"),
                Told::Notification,
                "announced",
            ),
            (
                "late, no order",
                &found,
                Some(60),
                None,
                Told::Notification,
                "announced",
            ),
            ("uploaded again", &found, Some(71), Some("2"), Told::Notification, "new"),
            (
                "uploaded again, no order",
                &found,
                Some(71),
                None,
                Told::Notification,
                "new",
            ),
        ] {
            assert_eq!(told(content, minute, sequencer, how), expected, "{what}");
        }
    }
}
