//! Identity: who works here, who lives here, what they may do, and how they prove who they are.

pub mod send_mail;
pub mod session;
pub mod users;

mod accounts;
mod docs;
mod error;
mod familiar;
mod family;
mod first_administrator;
mod hashing;
mod lockout;
mod messages;
mod names;
mod org_chart;
mod password;
mod permission;
mod published_roles;
mod random;
mod reset;
mod role;
mod system_roles;
mod ticket;
mod token_keys;
mod user;
mod user_changed;

pub use error::IdentityError;
pub use first_administrator::first_administrator;
pub use names::{Email, NameError, UserId, Username};
pub use permission::{CATALOGUE, Permission};
pub use reset::PasswordResetRequested;
pub use system_roles::{SYSTEM_ROLES, SystemRole};
pub use ticket::TicketId;
