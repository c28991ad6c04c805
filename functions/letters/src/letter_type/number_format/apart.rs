//! Tells the numbers of two types apart, by what stands between their `/`.

use super::{NumberFormat, Part, ROMAN_MONTHS};
use crate::ids::TypeCode;

/// What stands between two `/` of a type's numbers: a text, or texts around one thing that varies.
#[derive(Debug, Default, PartialEq, Eq)]
struct Piece {
    before: String,
    varying: Option<Varying>,
    after: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Varying {
    Number,
    Month,
    RomanMonth,
    Year,
}

impl NumberFormat {
    /// Whether no letter of the type `code` has, by this format, a number that one of the type `theirs` has by the format
    /// `other`. In doubt it may.
    pub(crate) fn is_apart(&self, code: &TypeCode, other: &Self, theirs: &TypeCode) -> bool {
        are_apart(&self.pieces(code), &other.pieces(theirs))
    }

    /// Whether letters of the type `code` that have one number, by this format and by an earlier one, have one place in one
    /// year's sequence: then they are one letter.
    pub(crate) fn continues(&self, earlier: &Self, code: &TypeCode) -> bool {
        let (now, then) = (self.pieces(code), earlier.pieces(code));
        let says_the_same = |varying: Varying| {
            let mut pairs = now.iter().zip(&then);
            pairs.any(|(now, then)| now == then && now.varying == Some(varying))
        };
        are_apart(&now, &then) || (says_the_same(Varying::Number) && says_the_same(Varying::Year))
    }

    fn pieces(&self, code: &TypeCode) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut last = Piece::default();
        for part in &self.parts {
            match part {
                Part::Text(text) => {
                    let mut texts = text.split('/');
                    last.push(texts.next().unwrap_or_default());
                    for text in texts {
                        pieces.push(std::mem::take(&mut last));
                        last.push(text);
                    }
                }
                Part::Code => last.push(code.as_str()),
                Part::Number { .. } => last.varying = Some(Varying::Number),
                Part::Month => last.varying = Some(Varying::Month),
                Part::RomanMonth => last.varying = Some(Varying::RomanMonth),
                Part::Year => last.varying = Some(Varying::Year),
            }
        }
        pieces.push(last);
        pieces
    }
}

fn are_apart(ours: &[Piece], theirs: &[Piece]) -> bool {
    ours.len() != theirs.len() || ours.iter().zip(theirs).any(|(our, their)| !our.may_be(their))
}

impl Piece {
    fn push(&mut self, text: &str) {
        if self.varying.is_none() {
            self.before.push_str(text);
        } else {
            self.after.push_str(text);
        }
    }

    /// Whether both may be the same text. Where the texts around what varies differ, it is enough that they may.
    fn may_be(&self, other: &Self) -> bool {
        match (self.varying, other.varying) {
            (None, None) => self.before == other.before,
            (Some(varying), None) => self.may_read(varying, &other.before),
            (None, Some(varying)) => other.may_read(varying, &self.before),
            (Some(one), Some(another)) if self.before == other.before && self.after == other.after => {
                one.may_be(another)
            }
            (Some(_), Some(_)) => {
                let may_begin = self.before.starts_with(&other.before) || other.before.starts_with(&self.before);
                let may_end = self.after.ends_with(&other.after) || other.after.ends_with(&self.after);
                may_begin && may_end
            }
        }
    }

    fn may_read(&self, varying: Varying, text: &str) -> bool {
        let rest = text.strip_prefix(self.before.as_str());
        let rest = rest.and_then(|rest| rest.strip_suffix(self.after.as_str()));
        rest.is_some_and(|rest| varying.may_read(rest))
    }
}

impl Varying {
    fn may_read(self, text: &str) -> bool {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::Number => is_number,
            Self::Month => is_number && text.len() == 2,
            Self::RomanMonth => ROMAN_MONTHS.contains(&text),
            Self::Year => is_number && text.len() == 4,
        }
    }

    fn may_be(self, other: Self) -> bool {
        self.may_read(other.example()) || other.may_read(self.example())
    }

    fn example(self) -> &'static str {
        match self {
            Self::Number => "1",
            Self::Month => "12",
            Self::RomanMonth => "XII",
            Self::Year => "2026",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::letter_type::Numbered;

    fn format(text: &str) -> NumberFormat {
        text.parse().unwrap()
    }

    fn code(text: &str) -> TypeCode {
        text.parse().unwrap()
    }

    #[test]
    fn two_types_are_apart_where_no_number_of_one_can_be_a_number_of_the_other() {
        let usual = "470/{number}/DS/{code}/{year}";
        for (one, of_one, other, of_other, is_apart) in [
            (usual, "SKD", usual, "SKU", true),
            (
                "470/{roman_month}/{number}/{code}/{year}",
                "SKD",
                "470/{roman_month}/{number}/{code}/{year}",
                "I",
                true,
            ),
            (
                "474.1/{number}/DS/{year}",
                "SKL",
                "474.3/{number}/DS/{year}",
                "SKM",
                true,
            ),
            ("470/{number}/{year}", "SKD", "470/{number}/DS/{year}", "SKU", true),
            (
                "470/{number}/{roman_month}/{year}",
                "SKD",
                "470/{roman_month}/{number}/{year}",
                "SKU",
                true,
            ),
            (
                "470/{month}/{number}/{year}",
                "SKD",
                "470/{year}/{number}/{month}",
                "SKU",
                true,
            ),
            ("470/{number}/{year}", "SKD", "470/{number}/{year}", "SKU", false),
            ("470/{number}/{year}", "SKD", "{number}/470/{year}", "SKU", false),
            (
                "{number}/SKD/{code}/{year}",
                "SKU",
                "{number}/{code}/SKU/{year}",
                "SKD",
                false,
            ),
            (
                "{number}/{code}/{year}",
                "I",
                "{number}/{roman_month}/{year}",
                "SKU",
                false,
            ),
            ("{code}{number}/{year}", "SK", "{code}{number}/{year}", "SK1", false),
            (
                "{number}/{month}/{year}",
                "SKD",
                "{number}/{number}/{year}",
                "SKU",
                false,
            ),
        ] {
            let (one, of_one, other, of_other) = (format(one), code(of_one), format(other), code(of_other));
            assert_eq!(one.is_apart(&of_one, &other, &of_other), is_apart, "{one:?} {other:?}");
            assert_eq!(other.is_apart(&of_other, &one, &of_one), is_apart, "{other:?} {one:?}");
        }
    }

    #[test]
    fn a_type_goes_on_in_another_format_where_its_place_in_the_sequence_stays_told() {
        for (earlier, now, continues) in [
            ("470/{number}/{code}/{year}", "470/{number:3}/{code}/{year}", true),
            (
                "470/{number}/{code}/{year}",
                "470/{number}/{code}/{roman_month}/{year}",
                true,
            ),
            ("470/{number}/{code}/{year}", "474/{number}/{code}/{year}", true),
            ("470/{number}/{code}/{year}", "470/1{number}/{code}/{year}", false),
            ("470/{number}/{year}", "470/{year}/{number}", false),
        ] {
            assert_eq!(
                format(now).continues(&format(earlier), &code("SKD")),
                continues,
                "{now}"
            );
        }
    }

    const ANY: &str = "(4/|A/)?(\\{roman_month\\}/)?(\\{month\\}/)?[1A]?\\{number(:2)?\\}[1A]?/(\\{code\\}/)?\
        (\\{code\\}1?)?\\{year\\}(/A|/B)?";

    proptest! {
        #[test]
        fn types_that_are_apart_never_give_one_number(
            (one, other) in (ANY, ANY),
            (a, b) in ("[ABI]1?", "[ABI]1?"),
            (m, n) in (1_u64..13, 1_u64..13),
            (month, another) in (1_i8..3, 1_i8..3),
        ) {
            let (one, other, a, b) = (format(&one), format(&other), code(&a), code(&b));
            let number = |format: &NumberFormat, sequence, code, month| {
                format.number(Numbered { sequence, code, date: date(2026, month, 1) })
            };
            let is_one = number(&one, m, &a, month) == number(&other, n, &b, another);
            prop_assert!(!is_one || !one.is_apart(&a, &other, &b));
            let is_one = number(&one, m, &a, month) == number(&other, n, &a, another);
            prop_assert!(!is_one || m == n || !other.continues(&one, &a));
        }
    }
}
