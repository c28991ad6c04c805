//! The track-approval function as a Lambda process.

#[tokio::main]
async fn main() -> Result<(), platform::Exit> {
    platform::serve(documents::track_approval::function).await
}
