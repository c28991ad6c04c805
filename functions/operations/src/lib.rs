//! What watches over the others.

pub mod health;
