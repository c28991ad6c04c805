//! A kind of letter that an office gives: who verifies it, what residents fill in, how it is numbered and worded.

mod fields;
mod formats;
mod number_format;

use std::collections::BTreeSet;

use kernel::TenantId;
use platform::{Key, Record};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::ids::TypeCode;
use crate::letter::Requires;
use crate::template::TemplateName;
use crate::text::is_printable;

pub use fields::{AnswerProblem, Answers, Field, FieldKind, FieldSchema, SchemaError};
pub(crate) use formats::Formats;
pub use number_format::{NumberFormat, NumberFormatError, Numbered};

/// The longest name of a type, in characters.
const NAME_LIMIT: usize = 120;
/// The longest paragraph, in characters.
const TEXT_LIMIT: usize = 2_000;
/// The most paragraphs after the data.
const STATEMENTS: usize = 8;
/// The longest a letter is in force.
const VALIDITY_LIMIT_DAYS: u16 = 3_660;

/// A kind of letter, in one of its versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LetterType {
    /// Whose.
    pub tenant: TenantId,
    /// Its code, for good.
    pub code: TypeCode,
    /// Counts its changes, from 1.
    pub version: u64,
    /// Its name, such as `Surat Keterangan Domisili`.
    pub name: String,
    /// Who verifies it before the office approves it.
    pub requires: Requires,
    /// What residents fill in.
    pub fields: FieldSchema,
    /// How it looks.
    pub template: TemplateName,
    /// How it is worded.
    pub wording: Wording,
    /// For how many days it is in force; none for good.
    pub validity_days: Option<u16>,
    /// How it is numbered.
    pub number_format: NumberFormat,
    /// Whether residents can ask for it.
    pub is_active: bool,
}

/// The paragraphs of a letter. `{field}` stands for what the resident filled in there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// Before the data.
    pub opening: String,
    /// After the data.
    #[serde(default)]
    pub statements: Vec<String>,
    /// At the end.
    pub closing: String,
}

/// A type as an official writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeDraft {
    /// Its name.
    pub name: String,
    /// Who verifies it.
    pub requires: Requires,
    /// What residents fill in, as JSON Schema.
    pub fields: Value,
    /// How it looks.
    pub template: String,
    /// How it is worded.
    pub wording: Wording,
    /// For how many days it is in force.
    pub validity_days: Option<u16>,
    /// How it is numbered.
    pub number_format: String,
    /// Whether residents can ask for it.
    pub is_active: bool,
}

/// A type cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// The name is empty or too long.
    #[error("the name is empty, longer than {NAME_LIMIT} characters or has unprintable ones")]
    Name,
    /// The fields are no schema of ours.
    #[error("the fields cannot be used")]
    Fields(#[source] SchemaError),
    /// There is no such template.
    #[error("there is no such template")]
    Template,
    /// A paragraph is empty or too long, or there are too many.
    #[error("a paragraph is empty or longer than {TEXT_LIMIT} characters, or there are more than {STATEMENTS}")]
    Wording,
    /// A paragraph stands for a field that there is not.
    #[error("a paragraph names the field {0}, which there is not")]
    Placeholder(String),
    /// In force for no day, or for too long.
    #[error("a letter is in force for 1 to {VALIDITY_LIMIT_DAYS} days")]
    Validity,
    /// The number has no usable format.
    #[error("the number format cannot be used")]
    NumberFormat(#[source] NumberFormatError),
    /// Letters of two types, or of two versions of this one, could have the same number.
    #[error("a letter could have the number of one of the type {0}")]
    NumberTaken(TypeCode),
    /// An office keeps all formats that its types ever had.
    #[error("the office has had too many number formats")]
    TooManyFormats,
}

impl LetterType {
    /// The first version of a type.
    pub fn new(tenant: TenantId, code: TypeCode, draft: TypeDraft) -> Result<Self, TypeError> {
        Self::at(tenant, code, 1, draft)
    }

    /// The next version of this type.
    pub fn change(self, draft: TypeDraft) -> Result<Self, TypeError> {
        Self::at(self.tenant, self.code, self.version.saturating_add(1), draft)
    }

    fn at(tenant: TenantId, code: TypeCode, version: u64, draft: TypeDraft) -> Result<Self, TypeError> {
        let name = draft.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > NAME_LIMIT || !name.chars().all(is_printable) {
            return Err(TypeError::Name);
        }
        let fields = FieldSchema::try_from(draft.fields).map_err(TypeError::Fields)?;
        let template: TemplateName = draft.template.parse().map_err(|_malformed| TypeError::Template)?;
        if !template.is_known() {
            return Err(TypeError::Template);
        }
        draft.wording.check(&fields)?;
        if draft
            .validity_days
            .is_some_and(|days| days == 0 || days > VALIDITY_LIMIT_DAYS)
        {
            return Err(TypeError::Validity);
        }
        Ok(Self {
            tenant,
            code,
            version,
            name,
            requires: draft.requires,
            fields,
            template,
            wording: draft.wording,
            validity_days: draft.validity_days,
            number_format: draft.number_format.parse().map_err(TypeError::NumberFormat)?,
            is_active: draft.is_active,
        })
    }

    /// The partition that lists the types of `tenant`.
    #[must_use]
    pub fn partition(tenant: &TenantId) -> String {
        format!("{tenant}#letter-types")
    }

    /// The key of the type `code` as it is now.
    #[must_use]
    pub fn key_of(tenant: &TenantId, code: &TypeCode) -> Key {
        Key {
            pk: Self::partition(tenant),
            sk: format!("type#{code}"),
        }
    }
}

impl Record for LetterType {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, &self.code)
    }
}

/// A type as it was in one version; the row never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TypeVersion(pub LetterType);

impl TypeVersion {
    /// The key of one version of a type.
    #[must_use]
    pub fn key_of(tenant: &TenantId, code: &TypeCode, version: u64) -> Key {
        Key {
            pk: LetterType::partition(tenant),
            sk: format!("version#{code}#{version:08}"),
        }
    }
}

impl Record for TypeVersion {
    fn key(&self) -> Key {
        Self::key_of(&self.0.tenant, &self.0.code, self.0.version)
    }
}

impl Wording {
    /// All paragraphs, with what the resident filled in.
    #[must_use]
    pub fn filled(&self, fields: &FieldSchema, answers: &Answers) -> Self {
        let fill = |text: &String| {
            pieces(text)
                .map(|piece| match piece {
                    Piece::Text(text) => text.to_owned(),
                    Piece::Field(name) => fields.display(name, answers).unwrap_or_default(),
                })
                .collect::<String>()
        };
        Self {
            opening: fill(&self.opening),
            statements: self.statements.iter().map(fill).collect(),
            closing: fill(&self.closing),
        }
    }

    fn check(&self, fields: &FieldSchema) -> Result<(), TypeError> {
        let usable = |text: &String| {
            let stands = |c: char| is_printable(c) || c == '\n';
            !text.trim().is_empty() && text.chars().count() <= TEXT_LIMIT && text.chars().all(stands)
        };
        let mut texts = self.statements.iter().chain([&self.opening, &self.closing]);
        if self.statements.len() > STATEMENTS || !texts.clone().all(usable) {
            return Err(TypeError::Wording);
        }
        let names: BTreeSet<_> = fields.fields().iter().map(|field| field.name.as_str()).collect();
        let unknown = texts.find_map(|text| {
            pieces(text).find_map(|piece| match piece {
                Piece::Field(name) if !names.contains(name) => Some(name.to_owned()),
                Piece::Field(_) | Piece::Text(_) => None,
            })
        });
        unknown.map_or(Ok(()), |name| Err(TypeError::Placeholder(name)))
    }
}

/// A part of a paragraph.
enum Piece<'a> {
    Text(&'a str),
    Field(&'a str),
}

/// Splits a paragraph at its `{field}`s. A brace that is never closed is text.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    let mut waiting = None;
    std::iter::from_fn(move || {
        if let Some(name) = waiting.take() {
            return Some(Piece::Field(name));
        }
        if rest.is_empty() {
            return None;
        }
        let split = rest
            .split_once('{')
            .and_then(|(before, after)| after.split_once('}').map(|(name, after)| (before, name, after)));
        let Some((before, name, after)) = split else {
            return Some(Piece::Text(std::mem::take(&mut rest)));
        };
        rest = after;
        waiting = Some(name);
        Some(Piece::Text(before))
    })
}

#[cfg(test)]
pub(crate) mod tests;
