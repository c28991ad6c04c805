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
/// Codes are stable, `context.reason` in snake case, and have a place in `infra/runbooks/`.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    /// The stable code, such as `import.too_large`.
    fn code(&self) -> &'static str;

    /// Whether trying again can help.
    fn disposition(&self) -> Disposition;
}

impl Fault for std::convert::Infallible {
    fn code(&self) -> &'static str {
        match *self {}
    }

    fn disposition(&self) -> Disposition {
        match *self {}
    }
}
