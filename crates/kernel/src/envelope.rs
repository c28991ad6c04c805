//! The envelope around every domain event: `CloudEvents` 1.0 in its JSON format, with `tenant` and `traceparent` as extensions.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{EventId, ParseIdError, TenantId, serde_as_text};

/// One domain event on its way between contexts (`CloudEvents` 1.0, JSON format).
///
/// `data` is the event's own payload; its JSON Schema stands in `events/schemas/<type>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de> + Payload"))]
pub struct Envelope<T> {
    /// Always `1.0`.
    pub specversion: SpecVersion,
    /// Unique per event; a repeated delivery carries the same id.
    pub id: EventId,
    /// The context that recorded the event, such as `absah/documents`.
    pub source: String,
    /// What happened, such as `document.signed`.
    #[serde(rename = "type", deserialize_with = "type_of::<T, _>")]
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

/// What events carry. An envelope is only read as one of `T` when its type is among these.
pub trait Payload {
    /// The types of the events that carry it, such as `document.signed`; empty for a payload of any event.
    const TYPES: &'static [&'static str];
}

/// Whoever only looks on takes every event.
impl Payload for serde_json::Value {
    const TYPES: &'static [&'static str] = &[];
}

/// Reads a type that is one of those that carry `T`.
fn type_of<'de, T: Payload, D: Deserializer<'de>>(deserializer: D) -> Result<EventType, D::Error> {
    let read = EventType::deserialize(deserializer)?;
    if T::TYPES.is_empty() || T::TYPES.contains(&read.as_str()) {
        Ok(read)
    } else {
        Err(D::Error::custom(format_args!(
            "an event of type {read} was not expected"
        )))
    }
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
        let (Some("00"), Some(trace), Some(parent), Some(flags), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(error);
        };
        let bytes = |text: &str| HEXLOWER.decode(text.as_bytes()).map_err(|_| error);
        let trace: [u8; 16] = bytes(trace)?.try_into().map_err(|_| error)?;
        let parent: [u8; 8] = bytes(parent)?.try_into().map_err(|_| error)?;
        // The standard forbids ids that are all zero.
        if bytes(flags)?.len() != 1 || trace == [0; 16] || parent == [0; 8] {
            return Err(error);
        }
        Ok(Self { trace, parent })
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    struct Sealed {
        pages: u32,
    }

    impl Payload for Sealed {
        const TYPES: &'static [&'static str] = &["document.sealed"];
    }

    fn envelope(event_type: &str) -> String {
        format!(
            r#"{{"specversion":"1.0","id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","source":"absah/documents","type":"{event_type}","subject":"x",
            "time":"2026-01-05T01:02:03Z","tenant":"karo","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "datacontenttype":"application/json","data":{{"pages":1}}}}"#
        )
    }

    #[test]
    fn an_event_is_only_read_by_whoever_knows_its_type() {
        let read = |event_type: &str| serde_json::from_str::<Envelope<Sealed>>(&envelope(event_type));
        assert_eq!(read("document.sealed").unwrap().data, Sealed { pages: 1 });
        assert!(
            read("document.opened")
                .unwrap_err()
                .to_string()
                .contains("document.opened")
        );
        assert!(serde_json::from_str::<Envelope<serde_json::Value>>(&envelope("document.opened")).is_ok());
    }

    #[test]
    fn a_traceparent_that_the_standard_forbids_is_refused() {
        let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        assert!(format!("00-{trace}-{parent}-01").parse::<Traceparent>().is_ok());
        for bad in [
            format!("00-{trace}-{parent}-x"),
            format!("00-{trace}-{parent}"),
            format!("00-{trace}-{parent}-01-02"),
            format!("ff-{trace}-{parent}-01"),
            format!("00-{}-{parent}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{}-{parent}-01", trace.to_uppercase()),
        ] {
            assert!(bad.parse::<Traceparent>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_traceparent_that_prints_its_ids_or_is_refused(text in "[0-9a-f-]{0,60}|.{0,60}") {
            if let Ok(read) = text.parse::<Traceparent>() {
                prop_assert_eq!(&read.to_string()[..53], &text[..53]);
            }
        }

        #[test]
        fn any_text_is_an_event_type_that_prints_as_it_was_or_is_refused(text in "[a-z_.]{0,70}|.{0,70}") {
            if let Ok(read) = text.parse::<EventType>() {
                prop_assert_eq!(read.to_string(), text);
            }
        }
    }
}
