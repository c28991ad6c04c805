//! Dates as people write them.

use jiff::civil::Date;

const MONTHS: [&str; 12] = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
];

/// A date as it stands in a letter: `5 Januari 2026`.
#[must_use]
pub fn long_date(date: Date) -> String {
    let index = usize::try_from(date.month()).unwrap_or_default().saturating_sub(1);
    let month = MONTHS.get(index).copied().unwrap_or_default();
    format!("{} {month} {}", date.day(), date.year())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_date_is_written_in_indonesian_in_every_month() {
        let written = (1..=12).map(|month| long_date(date(2026, month, 5)));
        let expected = MONTHS.map(|month| format!("5 {month} 2026"));
        assert_eq!(written.collect::<Vec<_>>(), expected);
        assert_eq!(long_date(date(2026, 11, 21)), "21 November 2026");
        assert_eq!(long_date(date(2027, 1, 2)), "2 Januari 2027");
    }
}
