//! RT and RW, and when two of them are the same.

use serde::{Deserialize, Serialize};

/// A neighbourhood: numbers of RT repeat in each RW.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Territory {
    /// Rukun warga, such as `003`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rw: Option<String>,
    /// Rukun tetangga within it, such as `001`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rt: Option<String>,
}

impl Territory {
    /// What counts of the number of an RT or RW, whether somebody wrote `1` or `001`. None for what is empty or not plain.
    #[must_use]
    pub fn number(text: &str) -> Option<&str> {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let significant = text.trim_start_matches('0');
        plain.then_some(if significant.is_empty() { "0" } else { significant })
    }

    /// Whether both are there, and one number.
    #[must_use]
    pub fn is_same_number(one: Option<&str>, other: Option<&str>) -> bool {
        one.and_then(Self::number)
            .is_some_and(|one| other.and_then(Self::number) == Some(one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_many_zeros_stand_before_it_and_none_is_nobodys() {
        for (one, other, is_same) in [
            (Some("3"), Some("003"), true),
            (Some("003"), Some("003"), true),
            (Some("0"), Some("000"), true),
            (Some("03A"), Some("3A"), true),
            (Some("3"), Some("30"), false),
            (Some("3"), Some("4"), false),
            (Some("1#2"), Some("1#2"), false),
            (Some(""), Some(""), false),
            (Some("3"), None, false),
            (None, None, false),
        ] {
            assert_eq!(Territory::is_same_number(one, other), is_same, "{one:?} {other:?}");
            assert_eq!(Territory::is_same_number(other, one), is_same, "{other:?} {one:?}");
        }
    }
}
