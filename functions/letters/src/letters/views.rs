//! What callers see of types and letters, and what they send.

use jiff::Timestamp;
use jiff::civil::Date;
use platform::Page;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::letter::{CurrentLevel, Letter, LevelProgress, Requires, Status};
use crate::letter_type::{LetterType, TypeDraft, Wording};

const USUAL_TEMPLATE: &str = "keterangan@1";
const USUAL_NUMBER: &str = "470/{number}/{code}/{roman_month}/{year}";

/// A kind of letter.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct TypeView {
    /// Its code, such as `SKD`.
    code: String,
    /// Counts its changes, from 1.
    version: u64,
    #[serde(flatten)]
    content: TypeContent,
}

/// A new kind of letter.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct NewType {
    /// Its code: 1 to 16 of `A-Z`, `0-9`, `-` and `.`, beginning with a letter.
    #[schema(pattern = "^[A-Z][A-Z0-9.-]{0,15}$")]
    pub(super) code: String,
    #[serde(flatten)]
    pub(super) content: TypeContent,
}

/// What can be changed of a kind of letter.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct TypeContent {
    /// Its name, such as `Surat Keterangan Domisili`.
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// Whether the RT has to verify it; it does where nothing is said.
    #[serde(default = "yes")]
    require_rt: bool,
    /// Whether the RW has to verify it; it does where nothing is said.
    #[serde(default = "yes")]
    require_rw: bool,
    /// What residents fill in: JSON Schema of one flat object. `x-order` lists the fields in their order on paper.
    #[schema(value_type = Object)]
    fields: Value,
    /// How it looks: the name and version of a template.
    #[serde(default = "usual_template")]
    template: String,
    /// How it is worded.
    wording: Wording,
    /// For how many days it is in force; without, for good.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3660)]
    validity_days: Option<u16>,
    /// How it is numbered: `{number}` (or `{number:3}`) and `{year}`, and where the office likes `{code}`, `{month}` and
    /// `{roman_month}`, with `/` between those that vary. No letter of another type may get the same number.
    #[serde(default = "usual_number")]
    number_format: String,
    /// Whether residents can ask for it.
    #[serde(default = "yes")]
    is_active: bool,
}

/// All kinds of letters, a page of them.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct TypeList {
    items: Vec<TypeView>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A new letter.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLetter {
    /// The code of its type.
    #[serde(rename = "type")]
    pub(super) letter_type: String,
    /// What the resident filled in, by the names of the type's fields.
    #[schema(value_type = Object)]
    pub(super) answers: Map<String, Value>,
}

/// New answers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAnswers {
    /// What the resident filled in, by the names of the type's fields.
    #[schema(value_type = Object)]
    pub(super) answers: Map<String, Value>,
}

/// A letter with everything that its resident may know.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct LetterView {
    #[serde(flatten)]
    summary: LetterSummary,
    /// The resident's name.
    applicant: String,
    /// The resident's ward, whose RW verifies it.
    #[schema(required = false)]
    rw: Option<String>,
    /// The resident's neighbourhood, whose RT verifies it.
    #[schema(required = false)]
    rt: Option<String>,
    /// What the resident filled in: for the resident, and for those whom it has come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    answers: Option<Map<String, Value>>,
    /// The levels that have to decide, in order.
    progress: Vec<LevelProgress>,
    /// The last day on which it is in force.
    #[schema(required = false)]
    valid_until: Option<Date>,
    /// Where anybody can verify it, once it is finished.
    #[schema(required = false)]
    verify_url: Option<String>,
}

/// A letter in a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct LetterSummary {
    id: String,
    /// The code of its type.
    #[serde(rename = "type")]
    letter_type: String,
    /// The name of its type.
    title: String,
    /// Where it stands.
    status: Status,
    /// The level that has to decide, or will have to first; `completed` when none has to any more.
    current_verification_level: CurrentLevel,
    /// The resident wants it back, and the approval has not yet ended.
    is_withdrawing: bool,
    created_at: Timestamp,
    /// When it last came to another state.
    moved_at: Timestamp,
    /// Its number, once it is approved.
    #[schema(required = false)]
    number: Option<String>,
    /// The date on it.
    #[schema(required = false)]
    date: Option<Date>,
}

/// The letters of a resident, the newest first, a page of them.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct LetterList {
    items: Vec<LetterSummary>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

fn usual_template() -> String {
    USUAL_TEMPLATE.to_owned()
}

fn usual_number() -> String {
    USUAL_NUMBER.to_owned()
}

fn yes() -> bool {
    true
}

impl From<TypeContent> for TypeDraft {
    fn from(content: TypeContent) -> Self {
        Self {
            name: content.name,
            requires: Requires {
                rt: content.require_rt,
                rw: content.require_rw,
            },
            fields: content.fields,
            template: content.template,
            wording: content.wording,
            validity_days: content.validity_days,
            number_format: content.number_format,
            is_active: content.is_active,
        }
    }
}

impl From<LetterType> for TypeView {
    fn from(of: LetterType) -> Self {
        let content = TypeContent {
            name: of.name,
            require_rt: of.requires.rt,
            require_rw: of.requires.rw,
            fields: of.fields.into(),
            template: of.template.to_string(),
            wording: of.wording,
            validity_days: of.validity_days,
            number_format: of.number_format.as_str().to_owned(),
            is_active: of.is_active,
        };
        Self {
            code: of.code.to_string(),
            version: of.version,
            content,
        }
    }
}

impl TypeList {
    /// The types that a caller may see: others than officials only those that can be asked for.
    pub(super) fn new(page: Page<LetterType>, all: bool) -> Self {
        let types = page.items.into_iter().map(|stored| stored.value);
        Self {
            items: types.filter(|of| all || of.is_active).map(TypeView::from).collect(),
            next: page.next,
        }
    }
}

impl LetterView {
    pub(super) fn new(letter: &Letter, answers: Option<Map<String, Value>>) -> Self {
        Self {
            summary: LetterSummary::from(letter),
            applicant: letter.resident.name.clone(),
            rw: letter.resident.rw.clone(),
            rt: letter.resident.rt.clone(),
            answers,
            progress: letter.progress(),
            valid_until: letter.issue.as_ref().and_then(|issue| issue.valid_until),
            verify_url: letter.document.as_ref().map(|document| document.verify_url.clone()),
        }
    }
}

impl From<&Letter> for LetterSummary {
    fn from(letter: &Letter) -> Self {
        Self {
            id: letter.id.to_string(),
            letter_type: letter.kind.code.to_string(),
            title: letter.kind.name.clone(),
            status: letter.status,
            current_verification_level: letter.current_level(),
            is_withdrawing: letter.is_withdrawing,
            created_at: letter.created_at,
            moved_at: letter.moved_at,
            number: letter.issue.as_ref().map(|issue| issue.number.clone()),
            date: letter.issue.as_ref().map(|issue| issue.date),
        }
    }
}

impl From<Page<Letter>> for LetterList {
    fn from(page: Page<Letter>) -> Self {
        Self {
            items: page
                .items
                .iter()
                .map(|stored| LetterSummary::from(&stored.value))
                .collect(),
            next: page.next,
        }
    }
}
