//! The health function as a Lambda process.

#[tokio::main]
async fn main() -> Result<(), platform::Exit> {
    platform::serve(operations::health::function).await
}
