//! Work on whole files: off the async threads, and a few at a time, because each may take a hundred megabytes.

use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinHandle};

/// Files at work in one process. With the limits on each, this bounds the memory of a batch.
static PLACES: Semaphore = Semaphore::const_new(2);

/// Runs `work` when there is a place for it. An error if it panicked.
pub(crate) async fn heavy<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    start(work).await.await
}

/// As [`heavy`], for at most `limit` once it has a place; none when that is over. The work then still holds its place
/// until it ends.
pub(crate) async fn heavy_within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<Result<T, JoinError>> {
    let running = start(work).await;
    tokio::time::timeout(limit, running).await.ok()
}

async fn start<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    // Nobody closes the semaphore, so this always waits for a place.
    let place = PLACES.acquire().await.ok();
    tokio::task::spawn_blocking(move || {
        let _place = place;
        work()
    })
}
