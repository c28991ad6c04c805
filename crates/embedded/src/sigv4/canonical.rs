//! A request written in the one way that both sides sign.

use std::fmt::Write as _;

use http::request::Parts;

use super::sha256_hex;

/// The text whose hash is signed.
pub(super) fn canonical_request(parts: &Parts, body: &[u8], signed_headers: &str) -> String {
    let mut text = format!(
        "{}\n{}\n{}\n",
        parts.method,
        path(parts.uri.path()),
        query(parts.uri.query())
    );
    for name in signed_headers.split(';') {
        let values: Vec<String> = if name == "host" && !parts.headers.contains_key("host") {
            parts.uri.authority().map(ToString::to_string).into_iter().collect()
        } else {
            let values = parts.headers.get_all(name).iter();
            values
                .map(|value| squeeze(&String::from_utf8_lossy(value.as_bytes())))
                .collect()
        };
        text.push_str(name);
        text.push(':');
        text.push_str(&values.join(","));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(signed_headers);
    text.push('\n');
    text.push_str(&sha256_hex(body));
    text
}

/// Encodes what is already encoded once more: only S3 signs its paths as they are.
fn path(raw: &str) -> String {
    let mut encoded = String::with_capacity(raw.len());
    for byte in raw.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    if encoded.is_empty() { "/".to_owned() } else { encoded }
}

fn query(raw: Option<&str>) -> String {
    let mut pairs: Vec<(&str, &str)> = raw
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn squeeze(value: &str) -> String {
    value
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
