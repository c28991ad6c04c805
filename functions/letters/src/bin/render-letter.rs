//! The render-letter function as a Lambda process.

#[tokio::main]
async fn main() -> Result<(), platform::Exit> {
    platform::serve(letters::render_letter::function).await
}
