//! Bits that nobody can guess, and comparing without telling how far they agree.

use data_encoding::BASE64URL_NOPAD;
use kernel::Sha256Digest;

/// Random bytes from the operating system.
///
/// # Panics
/// When the operating system has none to give: no secret made then could be trusted.
#[allow(
    clippy::expect_used,
    reason = "going on without randomness would make secrets guessable"
)]
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut raw = [0; N];
    aws_lc_rs::rand::fill(&mut raw).expect("the operating system gives random numbers");
    raw
}

/// 256 random bits as 43 characters of base64url.
pub(crate) fn text() -> String {
    BASE64URL_NOPAD.encode(&bytes::<32>())
}

/// Whether `secret` is the one whose digest was kept. Secrets have 256 random bits, what they have in common 126, so a plain
/// digest is enough.
pub(crate) fn is_kept(secret: &str, digest: &Sha256Digest) -> bool {
    let presented = Sha256Digest::of(secret.as_bytes());
    aws_lc_rs::constant_time::verify_slices_are_equal(presented.as_bytes(), digest.as_bytes()).is_ok()
}

/// Four groups of four characters that nobody confuses: 80 random bits, to be typed once from paper.
pub(crate) fn one_time_password() -> String {
    let text = data_encoding::BASE32_NOPAD.encode(&bytes::<10>()).to_ascii_lowercase();
    let groups: Vec<String> = text
        .as_bytes()
        .chunks(4)
        .map(|group| String::from_utf8_lossy(group).into_owned())
        .collect();
    groups.join("-")
}
