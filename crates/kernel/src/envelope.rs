//! The envelope around every domain event: `CloudEvents` 1.0 in its JSON format, with `tenant` and `traceparent` as extensions.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::serde_as_text;
use crate::{EventId, ParseIdError, TenantId};

/// One domain event on its way between contexts (`CloudEvents` 1.0, JSON format).
///
/// `data` is the event's own payload; its JSON Schema stands in `events/schemas/<type>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<T> {
    /// Always `1.0`.
    pub specversion: SpecVersion,
    /// Unique per event; a repeated delivery carries the same id.
    pub id: EventId,
    /// The context that recorded the event, such as `absah/documents`.
    pub source: String,
    /// What happened, such as `document.signed`.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The id of the aggregate that it happened to.
    pub subject: String,
    /// When it happened (RFC 3339, UTC).
    pub time: Timestamp,
    /// Whose event it is.
    pub tenant: TenantId,
    /// W3C trace context, handed on from event to event.
    pub traceparent: Traceparent,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// The payload.
    pub data: T,
}

/// The only `CloudEvents` version we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpecVersion {
    /// `CloudEvents` 1.0.
    #[serde(rename = "1.0")]
    V1,
}

/// `aggregate.past_tense`: lower-case letters, digits and `_` around one dot, at most 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventType(Cow<'static, str>);

impl EventType {
    /// A type that is written in the program. The golden events keep such names valid.
    #[must_use]
    pub const fn known(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The text of the type.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }
}

impl FromStr for EventType {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
        };
        match text.split_once('.') {
            Some((aggregate, verb)) if text.len() <= 64 && word(aggregate) && word(verb) => {
                Ok(Self(Cow::Owned(text.to_owned())))
            }
            _ => Err(ParseIdError { kind: "event type" }),
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The W3C `traceparent` of one flow, version 00: `00-<trace id>-<parent id>-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traceparent {
    trace: [u8; 16],
    parent: [u8; 8],
}

impl Traceparent {
    /// Begins a flow with its first event.
    #[must_use]
    pub fn begin(event: EventId) -> Self {
        Self {
            trace: event.to_bytes(),
            parent: event.span_bytes(),
        }
    }

    /// The next event of the same flow.
    #[must_use]
    pub fn child(self, event: EventId) -> Self {
        Self {
            parent: event.span_bytes(),
            ..self
        }
    }

    /// The id that all events of one flow share, as 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        HEXLOWER.encode(&self.trace)
    }
}

impl FromStr for Traceparent {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = ParseIdError { kind: "traceparent" };
        let mut parts = text.split('-');
        let (Some("00"), Some(trace), Some(parent), Some(_flags), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(error);
        };
        let bytes = |text: &str| HEXLOWER.decode(text.as_bytes()).map_err(|_| error);
        Ok(Self {
            trace: bytes(trace)?.try_into().map_err(|_| error)?,
            parent: bytes(parent)?.try_into().map_err(|_| error)?,
        })
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "00-{}-{}-01",
            HEXLOWER.encode(&self.trace),
            HEXLOWER.encode(&self.parent)
        )
    }
}

serde_as_text!(EventType, Traceparent);
