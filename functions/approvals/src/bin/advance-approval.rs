//! The advance-approval function as a Lambda process.

#[tokio::main]
async fn main() -> Result<(), platform::Exit> {
    platform::serve(approvals::advance_approval::function).await
}
