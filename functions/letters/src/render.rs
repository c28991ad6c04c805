//! Rendering: a template and a letter's content in, the bytes of a PDF out.
//!
//! Pure: no file system, no network, no packages, no clock. The same template and content give the same bytes. Content is
//! data: the template reads it as JSON, so nothing that somebody wrote into a form is ever a part of the source.

mod content;
mod desk;
mod fonts;

pub use content::{Content, ContentError, Heading, Logo, Row, Signatory};

use kernel::{Disposition, Fault};
use typst::comemo;
use typst::diag::SourceDiagnostic;
use typst::ecow::EcoVec;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, Timestamp};

use crate::template::Template;
use desk::Desk;

/// A letter of more pages is a mistake in its template.
const PAGE_LIMIT: usize = 20;
/// What a citizen's phone takes without trouble, and what the function of letters can still hand out when it is signed.
pub(crate) const BYTE_LIMIT: u64 = 3 * 1024 * 1024;
/// Renderings for which the typesetter keeps what it worked out, such as the shapes of words.
const KEPT_RENDERINGS: usize = 8;

/// A letter could not be rendered. Says nothing of the content: that is personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The content cannot be used.
    #[error("the letter's content cannot be used")]
    Content(#[from] ContentError),
    /// The template does not work with the content.
    #[error("the template {template} fails at line {line}")]
    Template {
        /// Which template.
        template: String,
        /// The line, counted from 1; 0 when it is not known.
        line: usize,
    },
    /// Too many pages.
    #[error("the letter has {pages} pages, over the limit of {PAGE_LIMIT}")]
    TooLong {
        /// How many.
        pages: usize,
    },
    /// Too many bytes.
    #[error("the letter has {bytes} bytes, over the limit of {BYTE_LIMIT}")]
    TooLarge {
        /// How many.
        bytes: u64,
    },
}

impl Fault for RenderError {
    fn code(&self) -> &'static str {
        match self {
            Self::Content(_) => "render_letter.content",
            Self::Template { .. } => "render_letter.template",
            Self::TooLong { .. } => "render_letter.too_long",
            Self::TooLarge { .. } => "render_letter.too_large",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Content(_) | Self::Template { .. } | Self::TooLong { .. } | Self::TooLarge { .. } => {
                Disposition::Reject
            }
        }
    }
}

/// Renders `content` with `template`. `identity` names the letter for good; the PDF's own id is made from it.
pub fn render(template: &Template, content: &Content, identity: &str) -> Result<Vec<u8>, RenderError> {
    let date = datetime(content)?;
    let desk = Desk::new(template, content, date)?;
    let rendered = lay_out(template, &desk, date, identity);
    comemo::evict(KEPT_RENDERINGS);
    rendered
}

fn lay_out(template: &Template, desk: &Desk, date: Datetime, identity: &str) -> Result<Vec<u8>, RenderError> {
    let failed = |errors: EcoVec<SourceDiagnostic>| RenderError::Template {
        template: template.name().to_string(),
        line: errors.first().map(|error| desk.line(error.span)).unwrap_or_default(),
    };
    let document: PagedDocument = typst::compile(desk).output.map_err(failed)?;
    let pages = document.pages().len();
    if pages > PAGE_LIMIT {
        return Err(RenderError::TooLong { pages });
    }
    let options = PdfOptions {
        ident: Smart::Custom(identity.to_owned()),
        creator: Smart::Custom(Some("Absah".to_owned())),
        timestamp: Some(Timestamp::new_utc(date)),
        ..PdfOptions::default()
    };
    let bytes = typst_pdf::pdf(&document, &options).map_err(failed)?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if length > BYTE_LIMIT {
        return Err(RenderError::TooLarge { bytes: length });
    }
    Ok(bytes)
}

/// The letter's date as the typesetter's "today" and as the PDF's creation date.
fn datetime(content: &Content) -> Result<Datetime, ContentError> {
    let date = content.date;
    let (month, day) = (u8::try_from(date.month()), u8::try_from(date.day()));
    let (Ok(month), Ok(day)) = (month, day) else {
        return Err(ContentError::Date);
    };
    Datetime::from_ymd(i32::from(date.year()), month, day).ok_or(ContentError::Date)
}

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
