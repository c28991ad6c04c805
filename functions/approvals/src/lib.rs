//! Approvals: whose turn it is, and what they decided. One engine; the routes are data.

pub mod advance_approval;
pub mod decide;

mod approval;
mod events;
mod messages;
mod route;
mod token;

pub use approval::{Approval, ApprovalEvent, DecideError, Decision, Status, Verdict};
pub use route::{OnReject, Route, RouteError, RouteStep};
pub use token::{Actor, Claims};
