//! The record-audit function as a Lambda process.

#[tokio::main]
async fn main() -> Result<(), platform::Exit> {
    platform::serve(audit::record_audit::function).await
}
