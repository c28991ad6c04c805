//! How fast Absah is, beside a named peer in the same run. Prints tables; asserts nothing about time.
//!
//! `tests/bench/run` installs what it needs and starts it.

#![allow(clippy::print_stdout, reason = "its tables are its result")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement that went wrong has no figure to show"
)]
#![allow(clippy::cast_precision_loss, reason = "counts and sizes here are far below 2^52")]

mod load;
mod pipeline;
mod process;
mod signing;
mod statistics;
mod verification;

use std::path::PathBuf;

/// What to measure, in this order.
const PARTS: [&str; 3] = ["signing", "pipeline", "verification"];

fn main() {
    // Cargo itself adds `--bench`.
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    if let Some(unknown) = wanted.iter().find(|part| !PARTS.contains(&part.as_str())) {
        println!(
            "{unknown}: not a part of this benchmark, which are {}",
            PARTS.join(", ")
        );
        std::process::exit(2);
    }
    for part in PARTS {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == part) {
            continue;
        }
        match part {
            "signing" => signing::measure(&variable("ABSAH_BENCH_INPUTS"), &variable("ABSAH_VENV")),
            "pipeline" => pipeline::measure(),
            _ => verification::measure(),
        }
    }
}

fn variable(name: &str) -> PathBuf {
    let value = std::env::var_os(name);
    value
        .unwrap_or_else(|| panic!("{name} is not set: start this with tests/bench/run"))
        .into()
}
