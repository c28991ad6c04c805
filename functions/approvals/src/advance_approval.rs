//! advance-approval: opens the approvals of documents and letters, carries out the commands that come by queue, and keeps
//! in mind who holds which office.

use kernel::Envelope;
use platform::{ConfigError, Environment, Function, Step};
use serde::Deserialize;

use crate::desk::Desk;
use crate::events::{
    DocumentDescribed, DocumentImported, LetterRendered, LetterSubmitted, LetterWithdrawn, UserChanged,
};

pub use crate::desk::{AdvanceError, DecideCommand, WithdrawCommand};
pub use crate::routing::RoutingError;

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    Function::queue(environment, AdvanceApproval(Desk::connect(environment)?))
}

/// The step's context.
struct AdvanceApproval(Desk);

/// What the step is triggered by.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Message {
    /// `document.imported`.
    Imported(Envelope<DocumentImported>),
    /// `document.described`.
    Described(Envelope<DocumentDescribed>),
    /// `letter.submitted` or `letter.resubmitted`.
    Submitted(Envelope<LetterSubmitted>),
    /// `letter.withdrawn`.
    Withdrawn(Envelope<LetterWithdrawn>),
    /// `letter.rendered`.
    Rendered(Envelope<LetterRendered>),
    /// `user.changed`.
    User(Envelope<UserChanged>),
    /// A command: take this decision.
    Decide(DecideCommand),
    /// A command: take this item back.
    Withdraw(WithdrawCommand),
}

impl Step for AdvanceApproval {
    const NAME: &'static str = "advance-approval";
    type Message = Message;
    type Error = AdvanceError;

    async fn handle(&self, message: Message) -> Result<(), AdvanceError> {
        let Self(desk) = self;
        match message {
            Message::Imported(imported) => desk.import(imported).await,
            Message::Described(described) => desk.describe(described).await,
            Message::Submitted(submitted) => desk.submit(submitted).await,
            Message::Withdrawn(withdrawn) => desk.withdraw_letter(withdrawn).await,
            Message::Rendered(rendered) => desk.rendered(rendered).await,
            Message::User(changed) => Ok(desk.hear_of(changed).await?),
            Message::Decide(command) => desk.decide(command, None).await.map(drop),
            Message::Withdraw(command) => desk.withdraw(command, None).await.map(drop),
        }
    }
}
