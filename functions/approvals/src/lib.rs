//! Approvals: whose turn it is, and what they decided. One engine; the routes are data.

pub mod advance_approval;
pub mod decide;
pub mod load_route;

mod actor;
mod approval;
mod configuration;
mod delegation;
mod desk;
mod events;
mod item;
mod item_types;
mod ledger;
mod messages;
mod official;
mod route;
mod routing;

pub use actor::{Actor, Reach, Scope};
pub use approval::{
    Approval, ApprovalEvent, DecideError, Decided, Decision, Moment, OpenError, Reading, Standing, Status, Verdict,
    WithdrawError,
};
pub use delegation::{ActingFor, Delegation, DelegationError, DelegationKind, Person};
pub use item::{AttributeValue, Attributes, AttributesError, Item, ItemId, ItemKind};
pub use item_types::{Authority, ItemType, ItemTypes, ItemTypesError, OfKind};
pub use official::Official;
pub use route::{
    BUILT_IN_LETTER, Condition, Due, Forbid, Labels, OnReject, Route, RouteError, RouteFileError, RouteStep,
};
