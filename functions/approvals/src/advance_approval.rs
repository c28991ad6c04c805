//! advance-approval: opens the approvals of documents and letters, and carries out the commands that come by queue.

use kernel::Envelope;
use platform::{ConfigError, Environment, Function, Step};
use serde::Deserialize;

use crate::desk::Desk;
use crate::events::{DocumentImported, LetterRendered, LetterSubmitted, LetterWithdrawn};

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
    /// `letter.submitted` or `letter.resubmitted`.
    Submitted(Envelope<LetterSubmitted>),
    /// `letter.withdrawn`.
    Withdrawn(Envelope<LetterWithdrawn>),
    /// `letter.rendered`.
    Rendered(Envelope<LetterRendered>),
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
            Message::Submitted(submitted) => desk.submit(submitted).await,
            Message::Withdrawn(withdrawn) => desk.withdraw_letter(withdrawn).await,
            Message::Rendered(rendered) => desk.rendered(rendered).await,
            Message::Decide(command) => desk.decide(command, None).await.map(drop),
            Message::Withdraw(command) => desk.withdraw(command, None).await.map(drop),
        }
    }
}
