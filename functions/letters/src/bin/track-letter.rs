//! The track-letter function as a Lambda process.

#[tokio::main]
async fn main() -> Result<(), platform::Exit> {
    platform::serve(letters::track_letter::function).await
}
