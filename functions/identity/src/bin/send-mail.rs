//! The send-mail function as a Lambda process.

#[tokio::main]
async fn main() -> Result<(), platform::Exit> {
    platform::serve(identity::send_mail::function).await
}
