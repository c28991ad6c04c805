//! The audit function as a Lambda process.

#[tokio::main]
async fn main() -> Result<(), platform::Exit> {
    platform::serve(audit::audit::function).await
}
