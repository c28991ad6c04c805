//! What a mail says, and how it is written (RFC 5322).

use std::time::SystemTime;

use jiff::Timestamp;
use kernel::{EventId, EventType, PublicUrl};
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};

use super::Recipient;
use super::error::SendError;
use super::events::{ItemKind, NotPassed};
use crate::messages;
use crate::reset::MAILED_FOR;

/// So that no machine answers it (RFC 3834).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) subject: String,
    pub(super) body: String,
}

impl Text {
    /// The link with which somebody chooses another password. The token stands behind `#`, which browsers send to no
    /// server and no log.
    pub(super) fn reset(accounts: &PublicUrl, token: &str) -> Self {
        let link = format!("{accounts}/auth/reset-password#{token}");
        Self {
            subject: messages::RESET_SUBJECT.to_owned(),
            body: messages::reset_mail(&link, MAILED_FOR.as_secs() / 60),
        }
    }

    /// What somebody handled or submitted did not pass, or begins again.
    pub(super) fn not_passed(event_type: &EventType, data: &NotPassed) -> Self {
        let thing = match data.item.kind {
            ItemKind::Document => messages::DOCUMENT,
            ItemKind::Letter => messages::LETTER,
        };
        let became = messages::did_not_pass(event_type.as_str());
        let official = data.decided_by.as_ref().map(|official| match &official.capacity {
            Some(capacity) => format!("{} ({capacity})", official.name),
            None => official.name.clone(),
        });
        let reason = data.note.as_deref().or(messages::why_again(event_type.as_str()));
        Self {
            subject: format!("{thing} {became}"),
            body: messages::not_passed_mail(thing, &data.item.id, became, official.as_deref(), reason),
        }
    }

    /// The mail to one recipient. Its `Message-ID` follows from event and recipient, so that whoever gets it twice can
    /// tell.
    pub(super) fn write(
        &self,
        from: &Mailbox,
        event: EventId,
        to: &Recipient,
        now: Timestamp,
    ) -> Result<Message, SendError> {
        let address = to.email.as_str().parse().map_err(|_malformed| SendError::Encoding)?;
        let id = format!("<{event}.{}@{}>", to.id.as_str(), from.email.domain());
        Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, address))
            .subject(self.subject.clone())
            .date(SystemTime::from(now))
            .message_id(Some(id))
            .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()))
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .body(self.body.clone())
            .map_err(|_incomplete| SendError::Encoding)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use kernel::Envelope;
    use serde_json::Value;

    use super::*;
    use crate::names::UserId;

    fn not_passed(golden: &str) -> Text {
        let event: Envelope<NotPassed> = serde_json::from_str(golden).unwrap();
        Text::not_passed(&event.event_type, &event.data)
    }

    #[test]
    fn the_mail_of_a_rejection_says_what_was_rejected_by_whom_and_why() {
        let text = not_passed(include_str!("../../../../events/domain/approval.rejected.json"));
        assert_eq!(text.subject, "Dokumen ditolak");
        assert_eq!(
            text.body,
            "Yth. Bapak/Ibu,\n\n\
             Dokumen AAAQEAYEAUDAOCAJBIFQYDIOB4 ditolak oleh Contoh Kepala Dinas.\n\n\
             Alasan: Lokasi tidak sesuai tata ruang.\n\n\
             Anda menerima surel ini karena ikut menangani atau mengajukannya.\n\n\
             Surel ini dikirim otomatis. Mohon tidak dibalas.\n"
        );
    }

    #[test]
    fn a_return_and_a_step_back_are_told_apart_and_an_acting_official_is_named_with_the_office() {
        let returned = not_passed(include_str!("../../../../events/domain/approval.returned.json"));
        assert_eq!(returned.subject, "Dokumen dikembalikan untuk diperbaiki");
        let golden = include_str!("../../../../events/domain/approval.sent_back.json");
        let mut event: Value = serde_json::from_str(golden).unwrap();
        event["data"]["item"]["kind"] = "letter".into();
        event["data"]["decided_by"]["capacity"] = "Plh. Kepala Dinas".into();
        event["data"].as_object_mut().unwrap().remove("note");
        let text = not_passed(&event.to_string());
        assert_eq!(text.subject, "Surat dikembalikan ke tahap sebelumnya");
        assert!(
            text.body.contains("oleh Contoh Kepala Dinas (Plh. Kepala Dinas)."),
            "{}",
            text.body
        );
        assert!(!text.body.contains("Alasan"), "{}", text.body);
    }

    #[test]
    fn who_approved_what_begins_again_with_other_words_is_told_that_their_approval_counts_no_longer() {
        let text = not_passed(include_str!("../../../../events/domain/approval.reopened.json"));
        assert_eq!(text.subject, "Dokumen dimulai lagi dari tahap pertama");
        assert_eq!(
            text.body,
            "Yth. Bapak/Ibu,\n\n\
             Dokumen AAAQEAYEAUDAOCAJBIFQYDIOB4 dimulai lagi dari tahap pertama.\n\n\
             Alasan: keterangannya berubah, sehingga persetujuan yang sudah diberikan tidak berlaku lagi.\n\n\
             Anda menerima surel ini karena ikut menangani atau mengajukannya.\n\n\
             Surel ini dikirim otomatis. Mohon tidak dibalas.\n"
        );
    }

    #[test]
    fn the_mail_of_a_forgotten_password_has_the_link_and_how_long_it_is_good() {
        let site = "https://s.contoh.go.id".parse().unwrap();
        let text = Text::reset(&site, "karo.x.y");
        assert_eq!(
            text.body,
            "Yth. Bapak/Ibu,\n\n\
             Seseorang, mungkin Anda sendiri, meminta kata sandi baru untuk akun Anda. Untuk memilihnya, buka tautan ini:\n\n\
             https://s.contoh.go.id/auth/reset-password#karo.x.y\n\n\
             Tautan ini berlaku 30 menit sejak diminta, dan hanya untuk satu kali.\n\n\
             Jika Anda tidak memintanya, abaikan surel ini: kata sandi Anda tidak berubah.\n\n\
             Surel ini dikirim otomatis. Mohon tidak dibalas.\n"
        );
    }

    #[test]
    fn a_mail_names_event_and_recipient_in_its_id_and_asks_machines_not_to_answer() {
        let to = Recipient {
            id: UserId::from_bytes([7; 16]),
            email: "pegawai@contoh.example".parse().unwrap(),
        };
        let text = Text {
            subject: "Kata sandi".to_owned(),
            body: "Halo.\n".to_owned(),
        };
        let from = "Absah <absah@contoh.go.id>".parse().unwrap();
        let event = "01KE5VQ7XB2N3M4P5Q6R7S8T20".parse().unwrap();
        let mail = text
            .write(&from, event, &to, Timestamp::from_second(1_767_574_800).unwrap())
            .unwrap();
        assert_eq!(
            String::from_utf8(mail.formatted()).unwrap(),
            "From: Absah <absah@contoh.go.id>\r\n\
             To: pegawai@contoh.example\r\n\
             Subject: Kata sandi\r\n\
             Date: Mon, 05 Jan 2026 01:00:00 +0000\r\n\
             Message-ID: <01KE5VQ7XB2N3M4P5Q6R7S8T20.a4dqobyha4dqobyha4dqobyha4@contoh.go.id>\r\n\
             Auto-Submitted: auto-generated\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 7bit\r\n\r\n\
             Halo.\r\n"
        );
    }
}
