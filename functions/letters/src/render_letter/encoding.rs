//! Texts in headers: plain where they are ASCII, else as encoded words (RFC 2047).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// The longest text, in characters: all metadata of an object together may have 2 KB.
const TEXT_LIMIT: usize = 160;
/// Bytes in one encoded word, which may have 75 characters with all that is around them.
const WORD_BYTES: usize = 45;

/// `text` as it can stand in a header.
pub(super) fn encoded(text: &str) -> String {
    let text: String = text.trim().chars().take(TEXT_LIMIT).collect();
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text;
    }
    let mut words: Vec<String> = Vec::new();
    for character in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + character.len_utf8() <= WORD_BYTES => word.push(character),
            Some(_) | None => words.push(character.to_string()),
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
        assert!(long.split(' ').count() == 8 && long.split(' ').all(|word| word.len() <= 75));
    }
}
