//! Letters: what residents ask their office for, from a draft to a signed PDF.
//!
//! Each step is one module, one binary and one function, all of the same name.

pub mod letters;
pub mod render;
pub mod render_letter;
pub mod track_letter;

mod events;
mod ids;
mod inbox;
mod letter;
mod letter_type;
mod letterhead;
mod messages;
mod numbering;
mod paper;
mod template;
mod text;

pub use ids::{LetterId, TypeCode};
pub use letter::{
    ActingFor, ActingKind, Approver, CurrentLevel, Heard, Issue, IssuedDocument, Kind, Letter, LetterError,
    LetterEvent, Level, LevelProgress, LevelState, News, Rendering, Requires, Resident, Ruling, Status, Verdict,
    Verification,
};
pub use letter_type::{
    AnswerProblem, Answers, Field, FieldKind, FieldSchema, LetterType, NumberFormat, NumberFormatError, Numbered,
    SchemaError, TypeDraft, TypeError, TypeVersion, Wording,
};
pub use letterhead::{Letterhead, LetterheadError, LetterheadText, LetterheadVersion, Official};
pub use template::{ParseTemplateError, Template, TemplateName};
