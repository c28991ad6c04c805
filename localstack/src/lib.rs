//! `absah`: the whole function set on one machine, wired by reading `template.yaml` and nothing else.

pub mod cli;

mod admin;
mod archive;
mod catalog;
mod demo;
mod front;
mod home;
mod journal;
mod pki;
mod progress;
mod redrive;
mod sources;
mod stack;
mod template;
mod token;

pub use admin::AdminError;
pub use archive::{ArchiveError, Summary, backup, restore};
pub use catalog::FUNCTIONS;
pub use home::{Home, HomeError};
pub use redrive::{Redrive, RedriveError, redrive};
pub use stack::{Stack, StackError, StackOptions};
pub use template::{Template, TemplateError};
pub use token::TokenError;
