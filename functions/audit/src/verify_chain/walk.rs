//! The rules of a chain, row by row.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use kernel::Sha256Digest;
use platform::AsWritten;

use super::{Flaw, Verification};
use crate::chain::{Head, Row};
use crate::month::Month;

/// How far a chain was followed.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    head: Head,
    sequence: u64,
    hash: Sha256Digest,
    months: BTreeSet<Month>,
    beyond: bool,
}

impl Walk {
    pub(super) fn begin(head: Head) -> Self {
        let start = Head::begin(head.tenant.clone());
        Self {
            head,
            sequence: start.sequence,
            hash: start.hash,
            months: start.months,
            beyond: false,
        }
    }

    /// Follows the chain to the row that comes next.
    pub(super) fn step(mut self, found: &AsWritten<Row>) -> Result<Self, Verification> {
        let expected = self.sequence + 1;
        // As text, so that nothing of a row is trusted before its place is known.
        let place = found.key.sk.as_str().cmp(&format!("{expected:020}"));
        if place == Ordering::Less {
            let sequence = found.key.sk.parse().unwrap_or(expected);
            return Err(Verification::Broken {
                sequence,
                flaw: Flaw::Inserted,
            });
        }
        if expected > self.head.sequence {
            return Ok(Self { beyond: true, ..self });
        }
        if place == Ordering::Greater {
            return Err(self.broken(Flaw::Missing));
        }
        let Some(stored) = &found.stored else {
            return Err(self.broken(Flaw::Altered));
        };
        let row = &stored.value;
        if stored.version != 1 || row.tenant != self.head.tenant || row.digest() != row.hash {
            return Err(self.broken(Flaw::Altered));
        }
        if row.previous != self.hash {
            return Err(self.broken(Flaw::Detached));
        }
        if !self.head.months.contains(&Month::of(row.time)) {
            return Err(self.broken(Flaw::Head));
        }
        self.months.insert(Month::of(row.time));
        self.sequence = expected;
        self.hash = row.hash;
        Ok(self)
    }

    /// Whether the last row that was looked at lies beyond the head.
    pub(super) fn is_beyond_the_head(&self) -> bool {
        self.beyond
    }

    /// What it means that there are no more rows.
    pub(super) fn end(&self) -> Verification {
        if self.sequence < self.head.sequence {
            return self.broken(Flaw::Missing);
        }
        if self.hash != self.head.hash || self.months != self.head.months {
            return Verification::Broken {
                sequence: self.sequence,
                flaw: Flaw::Head,
            };
        }
        Verification::Verified {
            rows: self.sequence,
            head: self.hash,
        }
    }

    /// What it means that there are more rows than the head says.
    pub(super) fn too_many(&self) -> Verification {
        match self.end() {
            Verification::Verified { .. } => self.broken(Flaw::Inserted),
            broken @ Verification::Broken { .. } => broken,
        }
    }

    /// The chain is broken at the row that comes next.
    pub(super) fn broken(&self, flaw: Flaw) -> Verification {
        Verification::Broken {
            sequence: self.sequence + 1,
            flaw,
        }
    }
}
