//! Where the PDF of a letter is kept, and where it enters the documents' inbox: `<tenant>/letters/<letter id>.pdf`.

use kernel::TenantId;

use crate::ids::LetterId;

/// The key of a letter's PDF.
pub(crate) fn key_of(tenant: &TenantId, id: LetterId) -> String {
    format!("{tenant}/letters/{id}.pdf")
}

/// The letter that a key of `tenant` is of; none for what came another way.
pub(crate) fn letter_of(tenant: &TenantId, key: &str) -> Option<LetterId> {
    let name = key.strip_prefix(tenant.as_str())?.strip_prefix("/letters/")?;
    let id: LetterId = name.strip_suffix(".pdf")?.parse().ok()?;
    // Another spelling of the id is another object.
    (key_of(tenant, id) == key).then_some(id)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn only_a_letters_own_key_is_of_the_letter() {
        let (karo, id) = ("karo".parse().unwrap(), "AAAQEAYEAUDAOCAJBIFQYDIOB4");
        let letter = id.parse().unwrap();
        assert_eq!(key_of(&karo, letter), format!("karo/letters/{id}.pdf"));
        assert_eq!(letter_of(&karo, &key_of(&karo, letter)), Some(letter));
        for other in [
            format!("dairi/letters/{id}.pdf"),
            format!("karo/sicantik/{id}.pdf"),
            format!("karo/letters/{}.pdf", id.to_lowercase()),
            format!("karo/letters/sub/{id}.pdf"),
            format!("karo/letters/{id}.json"),
            format!("karo-2/letters/{id}.pdf"),
            "karo/letters/surat.pdf".to_owned(),
            String::new(),
        ] {
            assert_eq!(letter_of(&karo, &other), None, "{other}");
        }
    }
}
