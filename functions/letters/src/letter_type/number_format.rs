//! How letters are numbered, such as `470/{number}/{code}/{roman_month}/{year}`.

use std::fmt::Write as _;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::TypeCode;

/// The longest format, in characters.
const LENGTH_LIMIT: usize = 60;
/// The most digits that a number is filled up to.
const WIDTH_LIMIT: usize = 6;
const ROMAN_MONTHS: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

/// A format of numbers. `{number}` or `{number:3}`, `{code}` and `{year}` must occur, because the sequence is one per type
/// and year; `{month}` and `{roman_month}` may. A `/` stands between any two of them, and beside the code, which may have
/// digits, `-` and `.` itself: else `SK1` and its 2nd letter would be numbered as `SK` and its 12th. Of what stands between
/// two `/`, the code is the first that could be a code: so any number tells its type, and types of different formats, of
/// whichever version, never give one number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberFormat {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Number { width: usize },
    Code,
    Month,
    RomanMonth,
    Year,
}

/// What is numbered.
#[derive(Debug, Clone, Copy)]
pub struct Numbered<'a> {
    /// Its place in the year's sequence.
    pub sequence: u64,
    /// The type.
    pub code: &'a TypeCode,
    /// The date on the letter.
    pub date: Date,
}

/// A format cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberFormatError {
    /// Empty, too long, or with unusual characters.
    #[error("a number format has 1 to {LENGTH_LIMIT} characters of letters, digits and `/.-`, and its placeholders")]
    Text,
    /// A placeholder that there is not.
    #[error("a number format has an unknown placeholder")]
    Placeholder,
    /// Two letters could get the same number.
    #[error(
        "a number format needs {{number}}, {{code}} and {{year}}, `/` between any two placeholders, and beside {{code}}"
    )]
    Ambiguous,
    /// The number would not tell its type: another type, of another format, could get the same.
    #[error("a number format has nothing before {{code}} that reads as a type's code")]
    CodeHidden,
}

impl NumberFormat {
    /// The number of a letter.
    #[must_use]
    pub fn number(&self, of: Numbered<'_>) -> String {
        let mut number = String::new();
        for part in &self.parts {
            let written = match part {
                Part::Text(text) => number.write_str(text),
                Part::Number { width } => write!(number, "{:0width$}", of.sequence),
                Part::Code => write!(number, "{}", of.code),
                Part::Month => write!(number, "{:02}", of.date.month()),
                Part::RomanMonth => number.write_str(roman(of.date)),
                Part::Year => write!(number, "{}", of.date.year()),
            };
            // Writing into a string cannot fail.
            debug_assert!(written.is_ok());
        }
        number
    }

    /// The format as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn roman(date: Date) -> &'static str {
    let index = usize::try_from(date.month()).unwrap_or_default().saturating_sub(1);
    ROMAN_MONTHS.get(index).copied().unwrap_or_default()
}

impl FromStr for NumberFormat {
    type Err = NumberFormatError;

    fn from_str(text: &str) -> Result<Self, NumberFormatError> {
        if text.is_empty() || text.len() > LENGTH_LIMIT {
            return Err(NumberFormatError::Text);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(open) = rest.strip_prefix('{') {
                let (name, after) = open.split_once('}').ok_or(NumberFormatError::Placeholder)?;
                parts.push(Part::named(name)?);
                rest = after;
            } else {
                let end = rest.find('{').unwrap_or(rest.len());
                let (plain, after) = rest.split_at(end);
                let usual = |c: char| c.is_ascii_alphanumeric() || "/.-".contains(c);
                if !plain.chars().all(usual) {
                    return Err(NumberFormatError::Text);
                }
                parts.push(Part::Text(plain.to_owned()));
                rest = after;
            }
        }
        let has_number = parts.iter().any(|part| matches!(part, Part::Number { .. }));
        if !has_number || !parts.contains(&Part::Code) || !parts.contains(&Part::Year) || !are_apart(&parts) {
            return Err(NumberFormatError::Ambiguous);
        }
        if !tells_its_type(&parts) {
            return Err(NumberFormatError::CodeHidden);
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }
}

/// Whether each placeholder can be told from what stands beside it.
fn are_apart(parts: &[Part]) -> bool {
    parts.iter().enumerate().all(|(index, part)| {
        let before = index.checked_sub(1).and_then(|index| parts.get(index));
        let after = parts.get(index + 1);
        match part {
            Part::Text(text) => before.is_none() || after.is_none() || text.contains('/'),
            Part::Code => {
                before.is_none_or(|before| before.is_text(|text| text.ends_with('/')))
                    && after.is_none_or(|after| after.is_text(|text| text.starts_with('/')))
            }
            Part::Number { .. } | Part::Month | Part::RomanMonth | Part::Year => {
                after.is_none_or(|after| after.is_text(|_| true))
            }
        }
    })
}

/// Whether nothing that stands before the code can be taken for one.
fn tells_its_type(parts: &[Part]) -> bool {
    let before = parts.iter().take_while(|part| **part != Part::Code);
    let before: String = before.map(Part::shortest).collect();
    before.split('/').all(|piece| piece.parse::<TypeCode>().is_err())
}

impl Part {
    /// The shortest that is written for it: what is no code then is none when it is longer.
    fn shortest(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Number { .. } => "1",
            Self::Code => "S",
            Self::Month => "01",
            Self::RomanMonth => "I",
            Self::Year => "2026",
        }
    }

    /// Whether it is a text of which this holds.
    fn is_text(&self, holds: impl FnOnce(&str) -> bool) -> bool {
        match self {
            Self::Text(text) => holds(text),
            Self::Number { .. } | Self::Code | Self::Month | Self::RomanMonth | Self::Year => false,
        }
    }

    fn named(name: &str) -> Result<Self, NumberFormatError> {
        match name {
            "number" => Ok(Self::Number { width: 0 }),
            "code" => Ok(Self::Code),
            "month" => Ok(Self::Month),
            "roman_month" => Ok(Self::RomanMonth),
            "year" => Ok(Self::Year),
            other => {
                let width = other.strip_prefix("number:").and_then(|width| width.parse().ok());
                width
                    .filter(|width| (1..=WIDTH_LIMIT).contains(width))
                    .map(|width| Self::Number { width })
                    .ok_or(NumberFormatError::Placeholder)
            }
        }
    }
}

impl Serialize for NumberFormat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for NumberFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_written_as_the_office_writes_it() {
        let code = "SKD".parse().unwrap();
        let number = |format: &str, date| {
            let format: NumberFormat = format.parse().unwrap();
            format.number(Numbered {
                sequence: 7,
                code: &code,
                date,
            })
        };
        let november = date(2026, 11, 21);
        assert_eq!(
            number("470/{number}/{code}/{roman_month}/{year}", november),
            "470/7/SKD/XI/2026"
        );
        assert_eq!(
            number("{code}/KM-{number:3}/{month}/{year}", date(2027, 1, 2)),
            "SKD/KM-007/01/2027"
        );
    }

    #[test]
    fn a_format_by_which_two_letters_could_get_one_number_is_refused() {
        for (bad, error) in [
            ("470/{number}/{year}", NumberFormatError::Ambiguous),
            ("470/{code}/{year}", NumberFormatError::Ambiguous),
            ("{number}/{code}", NumberFormatError::Ambiguous),
            ("{code}{number}/{year}", NumberFormatError::Ambiguous),
            ("{number}{code}/{year}", NumberFormatError::Ambiguous),
            ("{code}-{number}/{year}", NumberFormatError::Ambiguous),
            ("{code}/{number}-{year}", NumberFormatError::Ambiguous),
            ("{code}/{number}{year}", NumberFormatError::Ambiguous),
            ("{number}/K{code}/{year}", NumberFormatError::Ambiguous),
            ("{number}/{code}1/{year}", NumberFormatError::Ambiguous),
            ("470/{number}/SKD/{code}/{year}", NumberFormatError::CodeHidden),
            (
                "470/{roman_month}/{number}/{code}/{year}",
                NumberFormatError::CodeHidden,
            ),
            ("K{number}/{code}/{year}", NumberFormatError::CodeHidden),
            ("{number}/{code}/{year}/{nik}", NumberFormatError::Placeholder),
            ("{number:0}/{code}/{year}", NumberFormatError::Placeholder),
            ("{number:99}/{code}/{year}", NumberFormatError::Placeholder),
            ("{number}/{code}/{year", NumberFormatError::Placeholder),
            ("{number}}/{code}/{year}", NumberFormatError::Text),
            ("{number}/{code}/{year}\n", NumberFormatError::Text),
            ("", NumberFormatError::Text),
        ] {
            assert_eq!(bad.parse::<NumberFormat>(), Err(error), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_format_that_reads_back_or_is_refused(text in "[0-9a-z{}:/_]{0,40}|.{0,70}") {
            if let Ok(format) = text.parse::<NumberFormat>() {
                prop_assert_eq!(format.as_str(), text);
            }
        }

        #[test]
        fn two_types_of_one_format_never_give_one_number(
            format in "[0-9A-Z]{0,2}/?\\{number(:3)?\\}[0-9/.-]{0,2}\\{code\\}[0-9/.-]{0,2}\\{year\\}",
            a in "[A-Z][0-9.-]{0,2}",
            b in "[A-Z][0-9.-]{0,2}",
            m in 1_u64..120,
            n in 1_u64..120,
        ) {
            if let Ok(format) = format.parse::<NumberFormat>() {
                let (a, b): (TypeCode, TypeCode) = (a.parse().unwrap(), b.parse().unwrap());
                let number = |sequence, code| format.number(Numbered { sequence, code, date: date(2026, 1, 1) });
                prop_assert_eq!(number(m, &a) == number(n, &b), (m, &a) == (n, &b));
            }
        }

        #[test]
        fn two_types_of_different_formats_never_give_one_number(
            one in "(470/)?(A/)?(\\{roman_month\\}/)?\\{number\\}/(B/)?\\{code\\}(/A|/\\{roman_month\\})?(/B)?/\\{year\\}",
            other in "(470/)?(A/)?(\\{roman_month\\}/)?\\{number\\}/(B/)?\\{code\\}(/A|/\\{roman_month\\})?(/B)?/\\{year\\}",
            (a, b) in ("[ABI]", "[ABI]"),
            (m, n) in (1_u64..3, 1_u64..3),
        ) {
            if let (Ok(one), Ok(other)) = (one.parse::<NumberFormat>(), other.parse::<NumberFormat>()) {
                let (a, b): (TypeCode, TypeCode) = (a.parse().unwrap(), b.parse().unwrap());
                let number = |format: &NumberFormat, sequence, code| {
                    format.number(Numbered { sequence, code, date: date(2026, 1, 1) })
                };
                prop_assert!(a == b || number(&one, m, &a) != number(&other, n, &b));
            }
        }

        #[test]
        fn two_places_in_a_sequence_have_two_numbers(a in 1_u64..100_000, b in 1_u64..100_000) {
            let code = "SKD".parse().unwrap();
            let format: NumberFormat = "470/{number:3}/{code}/{year}".parse().unwrap();
            let number = |sequence| format.number(Numbered { sequence, code: &code, date: date(2026, 1, 1) });
            prop_assert_eq!(number(a) == number(b), a == b);
        }
    }
}
