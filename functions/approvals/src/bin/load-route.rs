//! The load-route function as a Lambda process.

#[tokio::main]
async fn main() -> Result<(), platform::Exit> {
    platform::serve(approvals::load_route::function).await
}
