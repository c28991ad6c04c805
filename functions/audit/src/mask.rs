//! Personal fields and secrets do not belong into a trail that is kept for good. Writers mask them; this is the second look.

use serde_json::Value;

/// What stands in place of a personal value.
const MASKED: &str = "***";
/// How many characters a writer may leave legible, such as the end of a number.
const LEGIBLE: usize = 4;
/// How many digits make a number of a person: a NIK has 16, a NIP 18.
const PERSONAL_DIGITS: usize = 16;
/// How deep a value is looked into. Below that it is replaced as a whole.
const DEPTH: usize = 16;

/// Words in the names of fields whose values are nobody's business.
const NAMES: [&str; 16] = [
    "nik",
    "nip",
    "npwp",
    "kk",
    "phone",
    "telepon",
    "hp",
    "email",
    "mail",
    "password",
    "passphrase",
    "sandi",
    "pin",
    "token",
    "secret",
    "otp",
];

/// The value without what belongs to a person: fields of known names, and numbers as long as a NIK anywhere.
pub(crate) fn masked(value: Value) -> Value {
    below(value, DEPTH)
}

fn below(value: Value, depth: usize) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value,
        Value::Number(ref number) => {
            let digits = number.to_string();
            if has_personal_digits(&digits) {
                MASKED.into()
            } else {
                value
            }
        }
        Value::String(text) => without_personal_digits(text).into(),
        Value::Array(_) | Value::Object(_) if depth == 0 => MASKED.into(),
        Value::Array(items) => items.into_iter().map(|item| below(item, depth - 1)).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                let value = if is_personal(&name) {
                    concealed(value)
                } else {
                    below(value, depth - 1)
                };
                (without_personal_digits(name), value)
            })
            .collect(),
    }
}

/// Whether a word of the name is one of [`NAMES`]: `nik`, `phone_number`, `refreshToken`, `e-mail`.
fn is_personal(name: &str) -> bool {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in name.chars() {
        let begins = letter.is_uppercase() && before.is_lowercase();
        if begins || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words
        .iter()
        .any(|word| NAMES.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit())))
}

/// Whether it is set stays; what it is does not, but for what a writer has masked already.
fn concealed(value: Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value,
        Value::String(text) if is_masked(&text) => Value::String(text),
        Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => MASKED.into(),
    }
}

fn is_masked(text: &str) -> bool {
    let stars = text.chars().filter(|letter| *letter == '*').count();
    stars >= MASKED.len() && text.chars().count() - stars <= LEGIBLE
}

fn has_personal_digits(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word.len() >= PERSONAL_DIGITS && word.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Digests have as many digits, but among letters.
fn without_personal_digits(text: String) -> String {
    if !has_personal_digits(&text) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for part in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if has_personal_digits(word) {
            out.push_str(MASKED);
            out.push_str(part.strip_prefix(word).unwrap_or_default());
        } else {
            out.push_str(part);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn known_fields_are_masked_at_any_depth_and_whatever_they_hold() {
        let value = json!({
            "name": "Contoh", "nik": "9900000000000001", "phone_number": 8_120_000_000_u64, "e-mail": "a@contoh.id",
            "users": [{ "refreshToken": "abc", "NIP": { "old": "9901" }, "password": ["x"], "kataSandi": "y", "token2": "z" }],
        });
        let expected = json!({
            "name": "Contoh", "nik": "***", "phone_number": "***", "e-mail": "***",
            "users": [{ "refreshToken": "***", "NIP": "***", "password": "***", "kataSandi": "***", "token2": "***" }],
        });
        assert_eq!(masked(value), expected);
    }

    #[test]
    fn whether_a_field_is_set_and_what_its_writer_left_legible_stays() {
        let value = json!({ "password": true, "email": null, "nik": "************0001", "phone": "*****" });
        assert_eq!(masked(value.clone()), value);
        assert_eq!(
            masked(json!({ "email": "ani.wati***@contoh.id" })),
            json!({ "email": "***" })
        );
        assert_eq!(masked(json!({ "pin": "12*4" })), json!({ "pin": "***" }));
    }

    #[test]
    fn names_that_only_contain_such_a_word_are_left_alone() {
        let value = json!({ "snippet": "a", "teknik": "b", "shipping": "c", "pinned": 1, "unik": "d" });
        assert_eq!(masked(value.clone()), value);
    }

    #[test]
    fn a_number_as_long_as_a_nik_is_masked_wherever_it_stands_and_a_digest_is_not() {
        let digest = "12345678901234567890abcdef12345678901234567890abcdef123456789012";
        let value = json!({ "note": "NIK 9900000000000001, lalu 990000000000000002.", "9900000000000001": [9_900_000_000_000_001_u64],
            "sha256": digest, "number": "503/0042/2026", "amount": 150_000 });
        let expected = json!({ "note": "NIK ***, lalu ***.", "***": ["***"], "sha256": digest,
            "number": "503/0042/2026", "amount": 150_000 });
        assert_eq!(masked(value), expected);
    }

    #[test]
    fn what_lies_deeper_than_anybody_reads_is_replaced() {
        let mut value = json!({ "nik": "9900000000000001" });
        for _ in 0..40 {
            value = json!([value]);
        }
        let text = masked(value).to_string();
        assert!(text.contains("***") && !text.contains("9900"));
    }
}
