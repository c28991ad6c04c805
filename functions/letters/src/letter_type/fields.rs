//! What residents fill in: a JSON Schema (2020-12) of one flat object, in the part of the language that a form can show.

use std::collections::BTreeSet;
use std::sync::Arc;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, Validator};
use platform::long_date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::messages;
use crate::text::is_printable;

/// The most fields of a form.
const FIELDS: usize = 60;
/// The longest title of a field, in characters.
const TITLE_LIMIT: usize = 80;
/// The longest answer, in characters.
const ANSWER_LIMIT: usize = 2_000;
/// The largest schema as JSON, in bytes.
const SCHEMA_LIMIT: usize = 32 * 1024;
/// The longest pattern, in bytes.
const PATTERN_LIMIT: usize = 200;
/// What an object of ours may say.
const KEYWORDS: [&str; 8] = [
    "$schema",
    "type",
    "title",
    "description",
    "properties",
    "required",
    "additionalProperties",
    "x-order",
];
/// What a field of ours may say.
const FIELD_KEYWORDS: [&str; 13] = [
    "type",
    "title",
    "description",
    "enum",
    "const",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "examples",
    "default",
];

/// What a resident filled in, by the names of the fields.
pub type Answers = Map<String, Value>;

/// The schema of a form. `x-order` lists the fields in their order on paper; those that it leaves out follow by name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct FieldSchema {
    schema: Value,
    fields: Vec<Field>,
    /// Made once, when the schema is read: without it there is no schema.
    validator: Arc<Validator>,
}

impl PartialEq for FieldSchema {
    /// All else is made from the schema.
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema
    }
}

/// One field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What people read.
    pub title: String,
    /// What it holds.
    pub kind: FieldKind,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text.
    Text,
    /// A day, as `2026-11-21`.
    Date,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
}

/// A schema cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Not the flat object that we can show.
    #[error(
        "the fields are no JSON Schema of one flat object with additionalProperties false, at most {FIELDS} fields"
    )]
    Shape,
    /// A field says what we cannot show.
    #[error("the field {0} cannot be used")]
    Field(String),
    /// The schema is too large.
    #[error("the schema is over the limit of {SCHEMA_LIMIT} bytes")]
    TooLarge,
    /// `required` or `x-order` names what is no field.
    #[error("the schema names a field that there is not")]
    Names,
    /// Not valid as JSON Schema.
    #[error("the fields are not valid as JSON Schema")]
    Invalid,
}

/// What is wrong with an answer. Never says what was answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnswerProblem {
    /// The title of the field, or the name of what is no field.
    pub field: String,
}

impl FieldSchema {
    /// The fields, in their order on paper.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The schema as it was given.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        &self.schema
    }

    /// Every field whose answer is missing or wrong.
    pub fn check(&self, answers: &Answers) -> Result<(), Vec<AnswerProblem>> {
        let mut wrong: BTreeSet<String> = answers
            .iter()
            .filter(|(_, answer)| !is_plain(answer))
            .map(|(name, _)| name.clone())
            .collect();
        let instance = Value::Object(answers.clone());
        for error in self.validator.iter_errors(&instance) {
            match error.kind() {
                ValidationErrorKind::Required { property } => {
                    wrong.insert(property.as_str().unwrap_or_default().to_owned());
                }
                ValidationErrorKind::AdditionalProperties { unexpected } => {
                    wrong.extend(unexpected.iter().cloned());
                }
                _ => {
                    let path = error.instance_path().to_string();
                    wrong.insert(path.split('/').nth(1).unwrap_or_default().to_owned());
                }
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        Err(wrong.into_iter().map(|name| self.problem(name)).collect())
    }

    /// What stands in the letter for a field; none where it was left empty.
    #[must_use]
    pub fn display(&self, name: &str, answers: &Answers) -> Option<String> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        let text = match (answers.get(name)?, field.kind) {
            (Value::String(text), FieldKind::Date) => text.parse().map_or_else(|_| text.clone(), long_date),
            (Value::String(text), FieldKind::Text | FieldKind::Number | FieldKind::Flag) => text.trim().to_owned(),
            (Value::Bool(yes), _) => if *yes { messages::YES } else { messages::NO }.to_owned(),
            (Value::Number(number), _) => number.to_string(),
            (Value::Null | Value::Array(_) | Value::Object(_), _) => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }

    fn problem(&self, name: String) -> AnswerProblem {
        let known = self.fields.iter().find(|field| field.name == name);
        let short = |name: String| name.chars().take(TITLE_LIMIT).collect();
        AnswerProblem {
            field: known.map_or_else(|| short(name), |field| field.title.clone()),
        }
    }
}

impl TryFrom<Value> for FieldSchema {
    type Error = SchemaError;

    fn try_from(schema: Value) -> Result<Self, SchemaError> {
        if schema.to_string().len() > SCHEMA_LIMIT {
            return Err(SchemaError::TooLarge);
        }
        let object = schema.as_object().ok_or(SchemaError::Shape)?;
        let properties = object.get("properties").and_then(Value::as_object);
        let properties = properties.ok_or(SchemaError::Shape)?;
        let is_flat = object.keys().all(|key| KEYWORDS.contains(&key.as_str()))
            && object.get("type").and_then(Value::as_str) == Some("object")
            && object.get("additionalProperties") == Some(&Value::Bool(false))
            && (1..=FIELDS).contains(&properties.len());
        if !is_flat {
            return Err(SchemaError::Shape);
        }
        let mut fields = Vec::with_capacity(properties.len());
        for name in order(object, properties)? {
            let property = properties.get(&name).ok_or(SchemaError::Names)?;
            fields.push(Field::read(name, property)?);
        }
        let validator = validator(&schema).map_err(|_invalid| SchemaError::Invalid)?;
        Ok(Self {
            schema,
            fields,
            validator: validator.into(),
        })
    }
}

impl From<FieldSchema> for Value {
    fn from(fields: FieldSchema) -> Self {
        fields.schema
    }
}

impl Field {
    fn read(name: String, property: &Value) -> Result<Self, SchemaError> {
        let bad = || SchemaError::Field(name.chars().take(TITLE_LIMIT).collect());
        let object = property.as_object().ok_or_else(bad)?;
        let text = |keyword: &str| object.get(keyword).and_then(Value::as_str);
        let title = text("title").map(str::trim).unwrap_or_default();
        let kind = match (text("type"), text("format")) {
            (Some("string"), None) => FieldKind::Text,
            (Some("string"), Some("date")) => FieldKind::Date,
            (Some("integer" | "number"), None) => FieldKind::Number,
            (Some("boolean"), None) => FieldKind::Flag,
            (Some(_) | None, _) => return Err(bad()),
        };
        let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let is_usable = (1..=40).contains(&name.len())
            && name.bytes().all(word)
            && !title.is_empty()
            && title.chars().count() <= TITLE_LIMIT
            && title.chars().all(is_printable)
            && object.keys().all(|keyword| FIELD_KEYWORDS.contains(&keyword.as_str()))
            && text("pattern").is_none_or(|pattern| pattern.len() <= PATTERN_LIMIT);
        if !is_usable {
            return Err(bad());
        }
        let title = title.to_owned();
        Ok(Self { name, title, kind })
    }
}

/// The names of all fields: those of `x-order`, then the others by name.
fn order(object: &Map<String, Value>, properties: &Map<String, Value>) -> Result<Vec<String>, SchemaError> {
    let list = |keyword: &str| -> Result<Vec<String>, SchemaError> {
        let Some(value) = object.get(keyword) else {
            return Ok(Vec::new());
        };
        let names = value.as_array().ok_or(SchemaError::Shape)?.iter();
        let names: Option<Vec<_>> = names.map(|name| name.as_str().map(str::to_owned)).collect();
        names.ok_or(SchemaError::Shape)
    };
    let (mut ordered, required) = (list("x-order")?, list("required")?);
    let distinct: BTreeSet<_> = ordered.iter().collect();
    let known = ordered
        .iter()
        .chain(&required)
        .all(|name| properties.contains_key(name));
    if !known || distinct.len() < ordered.len() {
        return Err(SchemaError::Names);
    }
    let rest: BTreeSet<_> = properties
        .keys()
        .filter(|name| !ordered.contains(name))
        .cloned()
        .collect();
    ordered.extend(rest);
    Ok(ordered)
}

/// Formats are checked, and patterns take time in proportion to the text.
fn validator(schema: &Value) -> Result<Validator, Box<jsonschema::ValidationError<'static>>> {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .map_err(Box::new)
}

/// Short, and of characters that can stand on paper.
fn is_plain(answer: &Value) -> bool {
    match answer {
        Value::String(text) => {
            let stands = |c: char| is_printable(c) || c == '\n';
            text.chars().count() <= ANSWER_LIMIT && text.chars().all(stands)
        }
        Value::Number(_) | Value::Bool(_) => true,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}
