//! Ids and receipts that nobody can guess.

/// 128 bits from the operating system.
///
/// # Panics
/// When the operating system has no random numbers to give: a receipt made then could be guessed.
#[allow(
    clippy::expect_used,
    reason = "going on without randomness would make receipts guessable"
)]
pub(super) fn bits() -> [u8; 16] {
    let mut raw = [0; 16];
    aws_lc_rs::rand::fill(&mut raw).expect("the operating system gives random numbers");
    raw
}

/// A version 4 UUID (RFC 9562), as AWS names its messages.
pub(super) fn uuid() -> String {
    let mut raw = u128::from_be_bytes(bits());
    raw = raw & !(0xF << 76) | (0x4 << 76);
    raw = raw & !(0b11 << 62) | (0b10 << 62);
    let text = format!("{raw:032x}");
    let part = |range| text.get(range).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32)
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_message_id_is_a_version_4_uuid() {
        let id = super::uuid();
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(id.as_bytes().get(14), Some(&b'4'), "{id}");
        assert!(matches!(id.as_bytes().get(19), Some(b'8' | b'9' | b'a' | b'b')), "{id}");
    }
}
