//! Texts in headers: plain where they are ASCII, else as encoded words (RFC 2047).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// The longest text in a header, in bytes. All metadata of an object together may have 2 KB, and a letter says four texts of
/// people's own in them; numbers and dates are short.
const VALUE_LIMIT: usize = 400;
/// Bytes in one encoded word, which may have 75 characters with all that is around them.
const WORD_BYTES: usize = 45;
/// An encoded word with the space before it.
const WORD_LENGTH: usize = WORD_BYTES.div_ceil(3) * 4 + " =?UTF-8?B??=".len();
const WORDS: usize = VALUE_LIMIT / WORD_LENGTH;

/// `text` as it can stand in a header, cut off where it is too long.
pub(super) fn encoded(text: &str) -> String {
    let text = text.trim();
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.chars().take(VALUE_LIMIT).collect();
    }
    let mut words: Vec<String> = Vec::new();
    for character in text.chars() {
        let has_room = |word: &String| word.len() + character.len_utf8() <= WORD_BYTES;
        if !words.last().is_some_and(has_room) {
            if words.len() == WORDS {
                break;
            }
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    let words = words
        .iter()
        .map(|word| format!("=?UTF-8?B?{}?=", BASE64_STANDARD.encode(word)));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_stays_readable_and_other_texts_become_encoded_words() {
        assert_eq!(encoded("470/12/SKD/XI/2026"), "470/12/SKD/XI/2026");
        assert_eq!(encoded("Café"), "=?UTF-8?B?Q2Fmw6k=?=");
        let long = encoded(&"é".repeat(300));
        assert!(long.split(' ').count() == 5 && long.split(' ').all(|word| word.len() <= 75));
        for text in ["a", "é", "漢", "\u{1d400}"] {
            assert!(encoded(&text.repeat(1_000)).len() <= VALUE_LIMIT, "{text}");
        }
    }
}
