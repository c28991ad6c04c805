//! Where a request comes from.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use kernel::Sha256Digest;
use serde::{Deserialize, Serialize};

/// Longer names of programs are cut.
const USER_AGENT_LIMIT: usize = 256;

/// Where a request comes from, as an extractor. An address is personal: it goes into audit entries, never into logs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The address of whoever connected; behind a proxy that proves itself, of whoever connected to that.
    pub ip: String,
    /// What the program calls itself, at most 256 characters.
    pub user_agent: String,
    /// What everything shares that is done for this request: `X-Correlation-Id` as it came, else the request's own id.
    pub correlation_id: String,
}

impl Origin {
    pub(crate) fn new(ip: String, headers: &HeaderMap, request_id: String) -> Self {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let plain = |id: &&str| {
            (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let agent = header("user-agent").unwrap_or_default();
        Self {
            ip,
            user_agent: agent.chars().take(USER_AGENT_LIMIT).collect(),
            correlation_id: header("x-correlation-id")
                .filter(plain)
                .map_or(request_id, str::to_owned),
        }
    }
}

impl Origin {
    /// Whom the address belongs to, as a digest: it is personal, and counters need not name it. Of IPv6 it is the /64,
    /// which one household or office has to itself.
    #[must_use]
    pub fn network(&self) -> String {
        // An IPv4 address that came through an IPv6 socket is its own, and in no /64.
        let network = match self.ip.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).to_string(),
            Ok(IpAddr::V4(address)) => address.to_string(),
            Err(_) => self.ip.clone(),
        };
        Sha256Digest::of(network.as_bytes()).to_string()
    }
}

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(ip: &str) -> String {
        let from = Origin {
            ip: ip.into(),
            ..Origin::default()
        };
        from.network()
    }

    #[test]
    fn an_office_has_one_count_however_many_addresses_it_has() {
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("203.0.113.7"), network("203.0.113.8"));
        assert_eq!(network("203.0.113.7"), network("::ffff:203.0.113.7"));
        assert_ne!(network("::ffff:203.0.113.7"), network("::ffff:203.0.113.8"));
        assert!(!network("203.0.113.7").contains("203"));
    }
}
