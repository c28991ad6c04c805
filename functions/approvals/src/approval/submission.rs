//! How an approval begins, begins again, and is taken back.

use jiff::Timestamp;
use kernel::{Disposition, Fault, TenantId, Traceparent};

use super::{Approval, ApprovalEvent, Decided, Status};
use crate::actor::Reach;
use crate::item::{Attributes, Item};
use crate::route::Route;

/// Submissions of one item; more are made by machines.
const SUBMISSIONS: u32 = 200;

/// An item cannot be put on its route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Nobody could ever decide: a step asks for the place of an item that has none.
    #[error("the step {step} asks for a territory or unit, and the item has none")]
    Nowhere {
        /// The step.
        step: String,
    },
    /// Its earlier submission still awaits a decision: a withdrawal or return may be on its way.
    #[error("an earlier submission of the item still awaits a decision")]
    StillOpen,
    /// The approval has ended for good.
    #[error("the approval has ended for good")]
    Ended,
    /// It was submitted too often.
    #[error("the item was submitted too often")]
    TooOften,
}

/// An item cannot be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WithdrawError {
    /// Somebody else's item.
    #[error("only who submitted an item may take it back")]
    NotSubmitter,
    /// It has been decided.
    #[error("the approval has ended")]
    Ended,
}

impl Fault for OpenError {
    fn code(&self) -> &'static str {
        match self {
            Self::Nowhere { .. } => "approvals.no_territory",
            Self::StillOpen => "approvals.still_open",
            Self::Ended => "approvals.ended",
            Self::TooOften => "approvals.too_many_submissions",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            // Events overtake each other.
            Self::StillOpen => Disposition::Retry,
            Self::Nowhere { .. } | Self::Ended | Self::TooOften => Disposition::Reject,
        }
    }
}

impl Fault for WithdrawError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotSubmitter => "approvals.not_submitter",
            Self::Ended => "approvals.not_awaiting",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::NotSubmitter | Self::Ended => Disposition::Reject,
        }
    }
}

impl Approval {
    /// Begins with the first step that counts for the item.
    pub fn open(
        item: Item,
        tenant: TenantId,
        route: Route,
        traceparent: Traceparent,
        at: Timestamp,
    ) -> Result<Self, OpenError> {
        let status = first(&route, &item.attributes, at)?;
        Ok(Self {
            item,
            tenant,
            route,
            authority: None,
            traceparent,
            status,
            history: Vec::new(),
            standing: Vec::new(),
        })
    }

    /// The approval of an item that another approval has already passed: by the same decision.
    #[must_use]
    pub fn already_approved(
        item: Item,
        tenant: TenantId,
        route: Route,
        traceparent: Traceparent,
        decided: Decided,
    ) -> Self {
        Self {
            item,
            tenant,
            route,
            authority: None,
            traceparent,
            status: Status::Approved,
            history: vec![decided],
            standing: Vec::new(),
        }
    }

    /// Begins again with the item as it is now, at the first step that counts for it.
    pub fn resubmit(mut self, item: Item, at: Timestamp) -> Result<(Self, ApprovalEvent), OpenError> {
        match self.status {
            Status::Returned { .. } | Status::Withdrawn => {}
            Status::Awaiting { .. } => return Err(OpenError::StillOpen),
            Status::Rejected | Status::Approved => return Err(OpenError::Ended),
        }
        if item.revision > SUBMISSIONS {
            return Err(OpenError::TooOften);
        }
        let status = first(&self.route, &item.attributes, at)?;
        self.standing.clear();
        // Nobody takes an item over by submitting it again.
        let submitted_by = self.item.submitted_by.clone();
        let item = Item { submitted_by, ..item };
        Ok((Self { item, status, ..self }, ApprovalEvent::Reopened))
    }

    /// Whether it may be described anew: it has not ended, and nothing newer is known.
    #[must_use]
    pub fn takes_description(&self, item: &Item) -> bool {
        let is_open = match self.status {
            Status::Awaiting { .. } => true,
            Status::Returned { .. } | Status::Withdrawn | Status::Rejected | Status::Approved => false,
        };
        is_open && item.revision > self.item.revision
    }

    /// The same item of the same type, with other words about it. Whoever approved it did so with the words before: where
    /// an approval stands, it begins again at the first step, else it goes on where it is. The same words once more change
    /// nothing but the revision.
    pub fn describe(self, item: Item, at: Timestamp) -> Result<(Self, Option<ApprovalEvent>), OpenError> {
        let says_nothing_new = item.description.is_some() && item.description == self.item.description;
        let described = self.with_words_of(item);
        if says_nothing_new || described.standing.is_empty() {
            return Ok((described, None));
        }
        let status = first(&described.route, &described.item.attributes, at)?;
        let again = Self {
            status,
            standing: Vec::new(),
            ..described
        };
        Ok((again, Some(ApprovalEvent::Reopened)))
    }

    /// The same item with other words: what its type says of it stays, and so does who submitted it.
    fn with_words_of(self, item: Item) -> Self {
        let before = self.item;
        let item = Item {
            submitted_by: before.submitted_by.or(item.submitted_by),
            attributes: before.attributes,
            ..item
        };
        Self { item, ..self }
    }

    /// The same item of another type, for which another route may count: it begins again, and what was approved of the other
    /// type counts no longer.
    pub fn reroute(self, item: Item, route: Route, at: Timestamp) -> Result<(Self, ApprovalEvent), OpenError> {
        let status = first(&route, &item.attributes, at)?;
        let attributes = item.attributes.clone();
        let described = self.with_words_of(item);
        let item = Item {
            attributes,
            ..described.item
        };
        let rerouted = Self {
            item,
            route,
            status,
            standing: Vec::new(),
            ..described
        };
        Ok((rerouted, ApprovalEvent::Reopened))
    }

    /// Takes it back, in the name of `by`.
    pub fn withdraw(mut self, by: &str) -> Result<(Self, ApprovalEvent), WithdrawError> {
        if self.item.submitted_by.as_deref() != Some(by) {
            return Err(WithdrawError::NotSubmitter);
        }
        match self.status {
            Status::Awaiting { .. } | Status::Returned { .. } => {}
            Status::Withdrawn | Status::Rejected | Status::Approved => return Err(WithdrawError::Ended),
        }
        self.standing.clear();
        let status = Status::Withdrawn;
        Ok((Self { status, ..self }, ApprovalEvent::Withdrawn))
    }
}

/// The first step that counts; an error if any step that counts could never be decided.
fn first(route: &Route, attributes: &Attributes, since: Timestamp) -> Result<Status, OpenError> {
    let asked = Reach::asked_by(attributes);
    let mut first = None;
    for index in route.required(attributes) {
        if let Some(step) = route.step(index)
            && step.scope.place(&asked).is_none()
        {
            let step = step.name.clone();
            return Err(OpenError::Nowhere { step });
        }
        first = first.or(Some(index));
    }
    // A route has a step that counts for every item.
    let step = first.unwrap_or_default();
    Ok(Status::Awaiting { step, since })
}
