//! Secrets that people carry: `<tenant>.<id>.<secret>`. The id leads to a row, which keeps a digest of the secret.

use std::fmt;
use std::str::FromStr;

use kernel::{Sha256Digest, TenantId};
use serde::{Deserialize, Serialize};

use crate::names::{NameError, UserId};
use crate::random;

/// As many characters of a secret stay from one ticket of a row to the next: 126 random bits. The other 130 are new.
const STEM: usize = 21;

/// A secret with where it belongs. Never shown by `Debug`, never kept.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// Whose.
    pub tenant: TenantId,
    /// The row that knows it.
    pub id: TicketId,
    secret: String,
}

/// The id of what a ticket belongs to: 128 random bits as 26 lower-case characters of base32.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TicketId(UserId);

impl Ticket {
    /// A new one.
    #[must_use]
    pub(crate) fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            id: TicketId(UserId::from_bytes(random::bytes())),
            secret: random::text(),
        }
    }

    /// Another secret for the same, with the same stem: only who has held one of them knows it.
    #[must_use]
    pub(crate) fn next(&self) -> Self {
        let new = random::text();
        Self {
            secret: self.secret.chars().take(STEM).chain(new.chars().skip(STEM)).collect(),
            ..self.clone()
        }
    }

    /// What is kept of it.
    #[must_use]
    pub(crate) fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(self.secret.as_bytes())
    }

    /// What is kept of the stem.
    #[must_use]
    pub(crate) fn stem_digest(&self) -> Sha256Digest {
        Sha256Digest::of(self.stem().as_bytes())
    }

    /// Whether it has the stem of which `digest` was kept.
    #[must_use]
    pub(crate) fn stems_from(&self, digest: &Sha256Digest) -> bool {
        random::is_kept(&self.stem(), digest)
    }

    fn stem(&self) -> String {
        self.secret.chars().take(STEM).collect()
    }

    /// Whether it is the one of which `digest` was kept.
    #[must_use]
    pub(crate) fn is(&self, digest: &Sha256Digest) -> bool {
        random::is_kept(&self.secret, digest)
    }
}

impl TicketId {
    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for TicketId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.tenant, self.id.as_str(), self.secret)
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket")
    }
}

impl FromStr for Ticket {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = NameError { kind: "token" };
        let mut parts = text.split('.');
        let (Some(tenant), Some(id), Some(secret), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(error);
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if secret.len() != 43 || !secret.bytes().all(plain) {
            return Err(error);
        }
        let tenant = tenant.parse().map_err(|_malformed| error)?;
        let id = id.parse().map_err(|_malformed| error)?;
        Ok(Self {
            tenant,
            id,
            secret: secret.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_ticket_reads_back_and_keeps_its_secret_out_of_logs() {
        let ticket = Ticket::new("karo".parse().unwrap());
        let text = ticket.to_string();
        assert_eq!(text.parse(), Ok(ticket.clone()));
        assert_eq!(format!("{ticket:?}"), "Ticket");
        assert!(ticket.is(&ticket.digest()) && !ticket.next().is(&ticket.digest()));
    }

    #[test]
    fn the_next_ticket_is_another_whose_stem_nobody_has_who_never_held_one() {
        let ticket = Ticket::new("karo".parse().unwrap());
        let later = ticket.next().next();
        let (text, guessed) = (later.to_string(), Ticket::new("karo".parse().unwrap()));
        assert_eq!(text.parse(), Ok(later.clone()));
        assert!(later != ticket && later.stems_from(&ticket.stem_digest()));
        assert!(!guessed.stems_from(&ticket.stem_digest()));
    }

    #[test]
    fn a_text_that_is_no_ticket_is_refused() {
        let text = Ticket::new("karo".parse().unwrap()).to_string();
        let short = &text[..text.len() - 1];
        for bad in [
            "",
            "karo",
            "karo.x.y",
            "..",
            &format!("{text}.x"),
            short,
            &text.replace("karo", "public"),
            &format!("{short}#"),
        ] {
            assert!(bad.parse::<Ticket>().is_err(), "{bad:?}");
        }
    }
}
