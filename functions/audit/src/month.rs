//! Months, by which the chain is kept in partitions.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::{ParseIdError, serde_as_text};

/// A calendar month in UTC, written `2026-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// Before it, no chain was begun.
    pub(crate) const FIRST: Self = Self { year: 2026, month: 1 };

    /// The month that a moment lies in.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let date = at.to_zoned(TimeZone::UTC).date();
        Self {
            year: date.year(),
            month: date.month(),
        }
    }

    /// All months from `first` to `last`, both of them included.
    pub fn between(first: Self, last: Self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(first), |month| Some(month.next())).take_while(move |month| *month <= last)
    }

    fn next(self) -> Self {
        let Self { year, month } = self;
        if month < 12 {
            Self { year, month: month + 1 }
        } else {
            Self {
                year: year.saturating_add(1),
                month: 1,
            }
        }
    }
}

impl FromStr for Month {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = ParseIdError { kind: "month" };
        if text.len() != 7 {
            return Err(error);
        }
        let date: Date = format!("{text}-01").parse().map_err(|_malformed| error)?;
        let read = Self {
            year: date.year(),
            month: date.month(),
        };
        // One spelling for each month.
        if read.to_string() == text { Ok(read) } else { Err(error) }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

serde_as_text!(Month);

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_is_that_of_the_moment_in_utc() {
        let at = |text: &str| Month::of(text.parse().unwrap()).to_string();
        assert_eq!(at("2026-01-31T23:59:59Z"), "2026-01");
        assert_eq!(at("2026-02-01T00:30:00+07:00"), "2026-01");
    }

    #[test]
    fn months_follow_each_other_over_the_end_of_a_year() {
        let names: Vec<_> = Month::between(month("2025-11"), month("2026-02"))
            .map(|month| month.to_string())
            .collect();
        assert_eq!(names, ["2025-11", "2025-12", "2026-01", "2026-02"]);
        assert_eq!(Month::between(month("2026-02"), month("2026-01")).count(), 0);
    }

    #[test]
    fn what_is_no_month_is_refused() {
        for bad in [
            "", "2026", "2026-13", "2026-00", "2026-1", "26-0001", "+26-001", "2026/01",
        ] {
            assert!(bad.parse::<Month>().is_err(), "{bad}");
        }
    }
}
