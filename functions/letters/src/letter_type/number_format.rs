//! How letters are numbered, such as `470/{number}/{code}/{roman_month}/{year}`.

mod apart;

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

/// A format of numbers. `{number}` or `{number:3}` and `{year}` must occur, because the sequence is one per type and year;
/// `{code}`, `{month}` and `{roman_month}` may. A `/` stands between any two of them that vary, so that they can be told from
/// each other. That the types of an office never give one number is seen to where they are kept: it compares their formats.
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
    /// Two letters of a type could get the same number.
    #[error("a number format needs {{number}} and {{year}}, and `/` between any two placeholders that vary")]
    Ambiguous,
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
        if !has_number || !parts.contains(&Part::Year) || !are_apart(&parts) {
            return Err(NumberFormatError::Ambiguous);
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }
}

/// Whether a `/` stands between any two that vary. Within a type, its code is a text like others.
fn are_apart(parts: &[Part]) -> bool {
    let mut has_varied = false;
    for part in parts {
        match part {
            Part::Text(text) => has_varied = has_varied && !text.contains('/'),
            Part::Code => {}
            Part::Number { .. } | Part::Month | Part::RomanMonth | Part::Year => {
                if has_varied {
                    return false;
                }
                has_varied = true;
            }
        }
    }
    true
}

impl Part {
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
        assert_eq!(number("470/{number}/DS/{code}/{year}", november), "470/7/DS/SKD/2026");
        assert_eq!(
            number("474.1/{number}/DS-{code}.B/{year}", november),
            "474.1/7/DS-SKD.B/2026"
        );
    }

    #[test]
    fn a_format_by_which_two_letters_could_get_one_number_is_refused() {
        for (bad, error) in [
            ("470/{code}/{year}", NumberFormatError::Ambiguous),
            ("{number}/{code}", NumberFormatError::Ambiguous),
            ("{number}{year}", NumberFormatError::Ambiguous),
            ("{number}{code}{year}", NumberFormatError::Ambiguous),
            ("{code}/{number}-{year}", NumberFormatError::Ambiguous),
            ("{code}/{number}/{year}.{month}", NumberFormatError::Ambiguous),
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
        fn two_places_in_a_sequence_have_two_numbers(a in 1_u64..100_000, b in 1_u64..100_000) {
            let code = "SKD".parse().unwrap();
            let format: NumberFormat = "470/{number:3}/{code}/{year}".parse().unwrap();
            let number = |sequence| format.number(Numbered { sequence, code: &code, date: date(2026, 1, 1) });
            prop_assert_eq!(number(a) == number(b), a == b);
        }
    }
}
