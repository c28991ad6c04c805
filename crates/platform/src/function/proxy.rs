//! A proxy in front of the functions: whoever it passes on keeps the address that it saw.

use std::net::IpAddr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use kernel::Sha256Digest;

use crate::config::{ConfigError, Settings};
use crate::origin::Origin;

/// The secret by which the proxy proves itself.
const SECRET: HeaderName = HeaderName::from_static("x-absah-proxy");
/// Whom it passes on. Not `X-Forwarded-For`: a function URL cuts that down to its first address, which the client may
/// have written.
const CLIENT: HeaderName = HeaderName::from_static("x-absah-client");
/// A shorter secret could be guessed, and whoever does may be anybody.
const SHORTEST: usize = 16;

/// The secret is too short to keep anybody out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("fewer than {SHORTEST} characters")]
struct TooShort;

/// The proxy that is believed: who knows the secret. Nobody where none is configured.
#[derive(Clone)]
pub(super) struct Proxy(Option<Sha256Digest>);

/// What a request says of a proxy, taken out of its headers, so that nothing that answers it reads the secret.
#[derive(Clone)]
pub(super) struct PassedOn {
    secret: Sha256Digest,
    client: IpAddr,
}

impl Proxy {
    /// Reads `PROXY_SECRET` (optional), which has 16 characters or more.
    pub(super) fn connect(settings: &Settings) -> Result<Self, ConfigError> {
        let secret = settings.optional("PROXY_SECRET");
        if secret.is_some_and(|secret| secret.chars().count() < SHORTEST) {
            return Err(ConfigError::invalid("PROXY_SECRET", TooShort));
        }
        Ok(Self(secret.map(|secret| Sha256Digest::of(secret.as_bytes()))))
    }

    /// The address of whoever was passed on, if it was the proxy that did.
    fn client(&self, passed_on: &PassedOn) -> Option<IpAddr> {
        let secret = self.0?;
        verify_slices_are_equal(secret.as_bytes(), passed_on.secret.as_bytes()).ok()?;
        Some(passed_on.client)
    }
}

impl PassedOn {
    /// Takes it out; none unless both headers say something.
    pub(super) fn take(headers: &mut HeaderMap) -> Option<Self> {
        let (secret, client) = (headers.remove(SECRET), headers.remove(CLIENT));
        Some(Self {
            secret: Sha256Digest::of(secret?.as_bytes()),
            client: last_hop(&client?)?,
        })
    }
}

/// Lets a request come from whom the proxy says, for all that is within.
pub(super) async fn locate(State(proxy): State<Proxy>, mut request: Request, next: Next) -> Response {
    let passed_on = request.extensions_mut().remove::<PassedOn>();
    let client = passed_on.and_then(|passed_on| proxy.client(&passed_on));
    if let (Some(client), Some(origin)) = (client, request.extensions_mut().get_mut::<Origin>()) {
        origin.ip = client.to_string();
    }
    next.run(request).await
}

/// Of several addresses the last: that one the proxy saw itself, of the others it was told.
fn last_hop(client: &HeaderValue) -> Option<IpAddr> {
    let hop = client.to_str().ok()?.rsplit(',').next()?;
    let address: IpAddr = hop.trim().parse().ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn client(text: &str) -> Option<String> {
        let header = HeaderValue::from_bytes(text.as_bytes()).unwrap();
        last_hop(&header).map(|address| address.to_string())
    }

    fn passed_on(secret: &str) -> PassedOn {
        let mut headers = HeaderMap::new();
        headers.insert(SECRET, HeaderValue::from_str(secret).unwrap());
        headers.insert(CLIENT, HeaderValue::from_static("198.51.100.9"));
        let passed_on = PassedOn::take(&mut headers).unwrap();
        assert!(headers.is_empty());
        passed_on
    }

    fn believes(proxy: &Proxy, secret: &str) -> bool {
        proxy.client(&passed_on(secret)).is_some()
    }

    #[test]
    fn of_the_addresses_in_the_header_the_last_one_counts_which_the_proxy_saw() {
        for (text, expected) in [
            ("198.51.100.9", "198.51.100.9"),
            ("2001:DB8::0:9", "2001:db8::9"),
            ("::ffff:198.51.100.9", "198.51.100.9"),
            ("203.0.113.1, 198.51.100.9", "198.51.100.9"),
            ("203.0.113.1,2001:db8::1 ,\t2001:db8::9 ", "2001:db8::9"),
            ("unknown, 198.51.100.9", "198.51.100.9"),
        ] {
            assert_eq!(client(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_does_not_end_with_an_address_names_nobody() {
        for text in [
            "",
            ",",
            "198.51.100.9,",
            "198.51.100.9, unknown",
            "198.51.100",
            "198.51.100.9:443",
            "[2001:db8::9]",
            "2001:db8::9%eth0",
            "for=198.51.100.9",
            "198.51.100.9 203.0.113.1",
            "\u{b9}98.51.100.9",
        ] {
            assert_eq!(client(text), None, "{text}");
        }
    }

    #[test]
    fn only_who_knows_the_secret_is_believed_and_nobody_where_there_is_none() {
        let secret = "rahasia-untuk-pengujian";
        let settings = Settings::default().with("PROXY_SECRET", secret.into());
        let proxy = Proxy::connect(&settings).unwrap();
        assert!(believes(&proxy, secret));
        for wrong in ["", "rahasia", "rahasia-untuk-pengujian2", "rahasia-untuk-pengujian,x"] {
            assert!(!believes(&proxy, wrong), "{wrong}");
        }
        for settings in [
            Settings::default(),
            Settings::default().with("PROXY_SECRET", String::new()),
        ] {
            let nobody = Proxy::connect(&settings).unwrap();
            assert!(!believes(&nobody, secret) && !believes(&nobody, ""));
        }
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused_at_the_start_and_not_repeated() {
        for (secret, accepted) in [("p", false), ("rahasia-pendek-", false), ("rahasia-pendek-0", true)] {
            let settings = Settings::default().with("PROXY_SECRET", secret.into());
            let refused = Proxy::connect(&settings).err().map(|error| error.to_string());
            let expected = (!accepted).then(|| "environment variable PROXY_SECRET cannot be read".to_owned());
            assert_eq!(refused, expected, "{secret}");
        }
    }

    #[test]
    fn a_request_that_lacks_either_header_was_passed_on_by_nobody_and_keeps_neither() {
        for name in [SECRET, CLIENT] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static("198.51.100.9"));
            assert!(PassedOn::take(&mut headers).is_none());
            assert!(headers.is_empty());
        }
    }
}
