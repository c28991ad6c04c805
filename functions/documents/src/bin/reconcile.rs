//! The reconcile function as a Lambda process.

#[tokio::main]
async fn main() -> Result<(), platform::Exit> {
    platform::serve(documents::reconcile::function).await
}
