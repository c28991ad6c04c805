//! Work on whole files: off the async threads, and a few at a time, because each may take a hundred megabytes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinHandle};

/// Files of the pipeline at work in one process. With the limits on each, this bounds the memory of a batch.
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

/// Places for the files of visitors, apart from the pipeline's: nobody holds up signing by uploading.
#[derive(Clone)]
pub(crate) struct VisitorPlaces(Arc<Semaphore>);

impl VisitorPlaces {
    /// As many as the pipeline has.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(2)))
    }

    /// None when all are taken. Nobody waits for one, because whoever waits keeps a whole file in memory.
    pub(crate) fn take(&self) -> Option<VisitorPlace> {
        let place = self.0.clone().try_acquire_owned().ok()?;
        Some(VisitorPlace(Arc::new(place)))
    }
}

/// One visitor's place. It is free again when this and all work begun in it have ended, whoever still waits for that.
#[derive(Clone)]
pub(crate) struct VisitorPlace(Arc<OwnedSemaphorePermit>);

impl VisitorPlace {
    /// Runs `work` here. An error if it panicked.
    pub(crate) async fn heavy<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let place = self.0.clone();
        tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_visitor_finds_no_place_until_the_work_in_one_has_ended_even_if_nobody_waits_for_it() {
        let places = VisitorPlaces::new();
        let (end, ended) = mpsc::channel::<()>();
        let place = places.take().unwrap();
        let forsaken = place.heavy(move || ended.recv());
        assert!(tokio::time::timeout(Duration::ZERO, forsaken).await.is_err());
        drop(place);
        let other = places.take().unwrap();
        assert!(places.take().is_none());

        end.send(()).unwrap();
        while places.0.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        drop((other, places.take().unwrap()));
        assert_eq!(places.0.available_permits(), 2);
    }

    #[tokio::test]
    async fn visitors_leave_the_pipeline_its_places() {
        let places = VisitorPlaces::new();
        let _taken = (places.take().unwrap(), places.take().unwrap());
        assert_eq!(heavy(|| 1).await.unwrap(), 1);
    }
}
