//! Every error says two things to a machine: which error it is, and whether trying again can help.

/// Whether the same input may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// A timeout, a throttle, a lost race: deliver the same message again.
    Retry,
    /// Invalid, forbidden or in the wrong state: trying again cannot help, so park it.
    Reject,
}

/// An error that knows its own code and disposition.
///
/// Codes are stable: `context.reason` in snake case.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    /// The stable code, such as `import.too_large`.
    fn code(&self) -> &'static str;

    /// Whether trying again can help.
    fn disposition(&self) -> Disposition;
}

/// What failed and each reason below it, for the log: `outer: inner: innermost`.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// JSON that could not be read. Says where and how, and nothing of what stood there: that may be personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the expected JSON: a {category} error at line {line}, column {column}")]
pub struct MalformedJson {
    category: &'static str,
    line: usize,
    column: usize,
}

impl From<serde_json::Error> for MalformedJson {
    fn from(error: serde_json::Error) -> Self {
        let category = match error.classify() {
            serde_json::error::Category::Io => "reading",
            serde_json::error::Category::Syntax => "syntax",
            serde_json::error::Category::Data => "data",
            serde_json::error::Category::Eof => "premature end",
        };
        Self {
            category,
            line: error.line(),
            column: error.column(),
        }
    }
}

impl Fault for std::convert::Infallible {
    fn code(&self) -> &'static str {
        match *self {}
    }

    fn disposition(&self) -> Disposition {
        match *self {}
    }
}
