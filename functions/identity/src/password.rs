//! What a password must be, and how strong one is.

use std::fmt;

use kernel::{Disposition, Fault};
use serde::{Deserialize, Serialize};
use zxcvbn::{Score, zxcvbn};

/// Characters, as people count them.
const SHORTEST: usize = 8;
/// Longer ones only cost time to hash.
const LONGEST: usize = 128;
/// Shorter parts of a name are in too many good passwords.
const SHORTEST_NAME_PART: usize = 4;

/// What people here choose first, and guessers try first. Added to the English lists of the estimator.
const COMMON_HERE: [&str; 40] = [
    "indonesia",
    "merdeka",
    "pancasila",
    "garuda",
    "bismillah",
    "alhamdulillah",
    "assalamualaikum",
    "rahasia",
    "sandi",
    "katasandi",
    "sayang",
    "sayangku",
    "cinta",
    "cintaku",
    "keluarga",
    "bahagia",
    "anakku",
    "ibuku",
    "ayahku",
    "jakarta",
    "bandung",
    "surabaya",
    "medan",
    "sumatera",
    "kabanjahe",
    "berastagi",
    "karo",
    "persib",
    "persija",
    "kantor",
    "dinas",
    "pegawai",
    "bupati",
    "camat",
    "lurah",
    "desa",
    "sekolah",
    "selamat",
    "semangat",
    "jaya",
];

/// A password as somebody typed it. Never shown by `Debug`, never serialised.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Password(String);

/// One reason why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weakness {
    /// Fewer than 8 characters.
    TooShort,
    /// More than 128 characters.
    TooLong,
    /// No upper-case letter.
    NoUpper,
    /// No lower-case letter.
    NoLower,
    /// No digit.
    NoDigit,
    /// No character that is neither letter nor digit.
    NoSpecial,
    /// Among those that guessers try first.
    Common,
    /// Made of the person's own name, username or e-mail address.
    LikeName,
}

/// A password is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It breaks rules: all that it breaks.
    #[error("the password breaks {} rules", .0.len())]
    Weak(Vec<Weakness>),
    /// One of the last five.
    #[error("the password was used before")]
    Reused,
}

impl Fault for PasswordError {
    fn code(&self) -> &'static str {
        match self {
            Self::Weak(_) => "identity.weak_password",
            Self::Reused => "identity.reused_password",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Weak(_) | Self::Reused => Disposition::Reject,
        }
    }
}

/// How strong a password is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strength {
    /// 0 (guessed at once) to 4 (not within years).
    pub score: u8,
    /// What must be better before it is taken.
    pub weaknesses: Vec<Weakness>,
}

impl Password {
    /// Wraps what was typed.
    #[must_use]
    pub(crate) const fn new(text: String) -> Self {
        Self(text)
    }

    /// For hashing.
    #[must_use]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether it is too long to be worth hashing: no such password was ever taken.
    #[must_use]
    pub(crate) fn is_oversized(&self) -> bool {
        self.0.chars().count() > LONGEST
    }

    /// That it may become the password of somebody who goes by `names`.
    pub(crate) fn check(&self, names: &[&str]) -> Result<(), PasswordError> {
        let weaknesses = self.strength(names).weaknesses;
        if weaknesses.is_empty() {
            Ok(())
        } else {
            Err(PasswordError::Weak(weaknesses))
        }
    }

    /// How strong it is for somebody who goes by `names`.
    #[must_use]
    pub(crate) fn strength(&self, names: &[&str]) -> Strength {
        let length = self.0.chars().count();
        let has = |kind: fn(char) -> bool| self.0.chars().any(kind);
        let inputs: Vec<&str> = names.iter().copied().chain(COMMON_HERE).collect();
        // The estimator's time grows with the length; what is too long is refused unseen.
        let score = if length > LONGEST {
            Score::Zero
        } else {
            zxcvbn(&self.0, &inputs).score()
        };
        let rules = [
            (length < SHORTEST, Weakness::TooShort),
            (length > LONGEST, Weakness::TooLong),
            (!has(char::is_uppercase), Weakness::NoUpper),
            (!has(char::is_lowercase), Weakness::NoLower),
            (!has(|character| character.is_ascii_digit()), Weakness::NoDigit),
            (!has(|character| !character.is_alphanumeric()), Weakness::NoSpecial),
            (length <= LONGEST && score < Score::Two, Weakness::Common),
            (self.is_like(names), Weakness::LikeName),
        ];
        let weaknesses = rules
            .into_iter()
            .filter_map(|(broken, weakness)| broken.then_some(weakness))
            .collect();
        Strength {
            score: u8::from(score),
            weaknesses,
        }
    }

    /// Whether a name, or a part of it, stands in the password forwards or backwards.
    fn is_like(&self, names: &[&str]) -> bool {
        let folded = self.0.to_lowercase();
        let backwards: String = folded.chars().rev().collect();
        names
            .iter()
            .flat_map(|name| {
                name.split(|character: char| !character.is_alphanumeric())
                    .chain([*name])
            })
            .filter(|part| part.chars().count() >= SHORTEST_NAME_PART)
            .map(str::to_lowercase)
            .any(|part| folded.contains(&part) || backwards.contains(&part))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["budi.contoh", "bcontoh@dinas.go.id", "Budi Contoh"];

    fn weaknesses(text: &str) -> Vec<Weakness> {
        Password::new(text.into()).strength(&NAMES).weaknesses
    }

    #[test]
    fn each_rule_is_named_when_it_is_broken() {
        use Weakness::{Common, LikeName, NoDigit, NoLower, NoSpecial, NoUpper, TooLong, TooShort};
        let table: [(&str, &[Weakness]); 12] = [
            ("Kopi-Gayo#27rasa", &[]),
            ("kopi-gayo#27rasa", &[NoUpper]),
            ("KOPI-GAYO#27RASA", &[NoLower]),
            ("Kopi-Gayo#duarasa", &[NoDigit]),
            ("KopiGayo27rasaManis", &[NoSpecial]),
            ("Kp#7xQz", &[TooShort]),
            ("", &[TooShort, NoUpper, NoLower, NoDigit, NoSpecial, Common]),
            ("Password1!", &[Common]),
            ("Indonesia1!", &[Common]),
            ("Qwerty123!", &[Common]),
            ("xBudi.Contoh#92x", &[LikeName]),
            ("htnocb#7Zq9-Wme", &[]),
        ];
        for (text, expected) in table {
            assert_eq!(weaknesses(text), expected, "{text:?}");
        }
        let long = format!("Aa1!{}", "x".repeat(200));
        assert_eq!(weaknesses(&long), [TooLong]);
        assert!(Password::new(long).is_oversized());
    }

    #[test]
    fn a_name_backwards_or_in_another_case_is_still_the_name() {
        for text in ["9#HTNOC-idub-x7Q", "zz9#CONTOH!kPw"] {
            let expected = text.to_lowercase().contains("contoh") || text.to_lowercase().contains("idub");
            assert_eq!(weaknesses(text).contains(&Weakness::LikeName), expected, "{text:?}");
        }
    }

    #[test]
    fn a_password_does_not_reach_a_log() {
        assert_eq!(format!("{:?}", Password::new("Kopi-Gayo#27rasa".into())), "Password");
    }
}
