//! The address that QR codes and mailed links lead to. It is printed on paper for ever, so that nothing doubtful is let in.

use std::fmt;
use std::str::FromStr;

/// `http://` or `https://`, a host, perhaps a port and a path, without a slash at the end. Only characters that the
/// alphanumeric mode of QR codes holds in upper case, and that mean the same in either case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// The text is no address that a QR code can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not http:// or https:// with a host, and perhaps a port and a path of letters, digits, '.', '-' and '/'")]
pub struct PublicUrlError;

/// Longer addresses make a code that a phone cannot read from paper.
const LIMIT: usize = 100;

impl PublicUrl {
    /// The address as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without the scheme: what people read under a code.
    #[must_use]
    pub fn portal(&self) -> &str {
        self.0.split_once("://").map_or(&self.0, |(_, portal)| portal)
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        let text = text.trim_end_matches('/');
        let (scheme, rest) = text.split_once("://").ok_or(PublicUrlError)?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = authority
            .split_once(':')
            .map_or((authority, None), |(h, p)| (h, Some(p)));
        let letters = |text: &str, more: &[u8]| text.bytes().all(|c| c.is_ascii_alphanumeric() || more.contains(&c));
        let label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
        let usable = matches!(scheme, "http" | "https")
            && text.len() <= LIMIT
            && letters(host, b".-")
            && host.split('.').all(label)
            && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
            && letters(path, b".-/")
            && (path.is_empty() || !path.split('/').any(|part| matches!(part, "" | "." | "..")));
        usable.then(|| Self(text.to_owned())).ok_or(PublicUrlError)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn an_address_is_taken_without_its_last_slash() {
        let url: PublicUrl = "https://absah.example.go.id/cek/".parse().unwrap();
        assert_eq!(
            (url.as_str(), url.portal()),
            ("https://absah.example.go.id/cek", "absah.example.go.id/cek")
        );
        assert!("http://127.0.0.1:9000".parse::<PublicUrl>().is_ok());
    }

    #[test]
    fn what_a_code_cannot_hold_or_a_phone_cannot_open_is_refused() {
        let long = format!("https://{}.id", "a".repeat(100));
        for bad in [
            "",
            "foo",
            "ftp://a.id",
            "https://",
            "https://a b",
            "https://a.id/sub_dir",
            "https://a.id/?x=1",
            "https://a..id",
            "https://-a.id",
            "https://a.id:0",
            "https://a.id:99999",
            "https://a.id:",
            "https://u@a.id",
            "https://a.id//b",
            "https://a.id/../b",
            "javascript://a",
            "https://é.id",
            &long,
        ] {
            assert_eq!(bad.parse::<PublicUrl>(), Err(PublicUrlError), "{bad}");
        }
    }
}
