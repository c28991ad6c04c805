//! The `absah` program.

use clap::Parser;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    localstack::cli::run(localstack::cli::Arguments::parse()).await
}
