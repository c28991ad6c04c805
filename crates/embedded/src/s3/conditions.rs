//! Conditional requests (RFC 9110, section 13, as far as S3 follows it).

use s3s::dto::{ETag, ETagCondition, Timestamp};

use super::error::ObjectError;
use super::objects::Version;

/// What must hold for a write. It is decided inside the transaction that writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WriteCondition {
    /// Any state will do.
    Always,
    /// No object has the key.
    Absent,
    /// An object has the key.
    Present,
    /// The object that has the key has this `ETag`.
    Matches(String),
}

impl WriteCondition {
    /// Reads `If-Match` and `If-None-Match`.
    pub(super) fn of(
        if_match: Option<ETagCondition>,
        if_none_match: Option<ETagCondition>,
    ) -> Result<Self, ObjectError> {
        match (if_match, if_none_match) {
            (None, None) => Ok(Self::Always),
            (None, Some(ETagCondition::Any)) => Ok(Self::Absent),
            (Some(ETagCondition::Any), None) => Ok(Self::Present),
            (Some(ETagCondition::ETag(etag)), None) => Ok(Self::Matches(etag.into_value())),
            (None, Some(ETagCondition::ETag(_))) => Err(ObjectError::NotSupported("If-None-Match with an ETag")),
            (Some(_), Some(_)) => Err(ObjectError::NotSupported("If-Match together with If-None-Match")),
        }
    }

    /// `current` is the object that has the key now.
    pub(super) fn check(&self, current: Option<&Version>) -> Result<(), ObjectError> {
        match (self, current) {
            (Self::Always, _) | (Self::Absent, None) | (Self::Present, Some(_)) => Ok(()),
            (Self::Matches(etag), Some(current)) if *etag == current.etag => Ok(()),
            (Self::Absent | Self::Matches(_), Some(_)) => Err(ObjectError::PreconditionFailed),
            (Self::Present | Self::Matches(_), None) => Err(ObjectError::NoSuchKey),
        }
    }
}

/// What must hold for a read.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_field_names, reason = "the protocol's names")]
pub(super) struct ReadCondition {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

impl ReadCondition {
    /// Each `ETag` condition goes before the date that stands for it (RFC 9110, section 13.2.2).
    pub(super) fn check(&self, version: &Version) -> Result<(), ObjectError> {
        let named = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(ETag::Strong(etag) | ETag::Weak(etag)) => *etag == version.etag,
        };
        let changed_after = |date: &Timestamp| seconds(version.modified_ms) > unix_seconds(date);

        let wanted = match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) => named(condition),
            (None, Some(date)) => !changed_after(date),
            (None, None) => true,
        };
        if !wanted {
            return Err(ObjectError::PreconditionFailed);
        }
        let news = match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => !named(condition),
            (None, Some(date)) => changed_after(date),
            (None, None) => true,
        };
        if news {
            Ok(())
        } else {
            Err(ObjectError::NotModified {
                etag: version.etag.clone(),
            })
        }
    }
}

/// HTTP dates have no fractions.
fn seconds(ms: i64) -> i64 {
    ms.div_euclid(1000)
}

fn unix_seconds(date: &Timestamp) -> i64 {
    let mut text = Vec::new();
    let formatted = date.format(s3s::dto::TimestampFormat::EpochSeconds, &mut text);
    let text = formatted
        .ok()
        .and_then(|()| String::from_utf8(text).ok())
        .unwrap_or_default();
    text.split('.')
        .next()
        .and_then(|whole| whole.parse().ok())
        .unwrap_or_default()
}
