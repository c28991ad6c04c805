//! Removal waits for readers: what was discarded while somebody read goes when the last who came before has left.
//!
//! Readers hold the epoch in which they came. A discard closes the epoch, leaves the work with it and links it to the
//! next, so that an epoch ends only when every earlier one has.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

type Work = Box<dyn FnOnce() + Send>;

/// The current epoch.
#[derive(Debug, Default)]
pub(super) struct Epochs(Mutex<Arc<Epoch>>);

/// Keeps what exists now.
#[derive(Debug)]
pub(crate) struct Reading(#[allow(dead_code, reason = "held for its drop")] Arc<Epoch>);

#[derive(Default)]
struct Epoch {
    work: Mutex<Vec<Work>>,
    next: OnceLock<Arc<Epoch>>,
}

impl Epochs {
    pub(super) fn enter(&self) -> Reading {
        Reading(Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Runs `work` when every reader that came before has left: at once if there is none.
    pub(super) fn after_readers(&self, work: Work) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        current.work.lock().unwrap_or_else(PoisonError::into_inner).push(work);
        let next = Arc::new(Epoch::default());
        // An epoch is linked once, here, before it stops being the current one.
        drop(current.next.set(Arc::clone(&next)));
        let ended = std::mem::replace(&mut *current, next);
        drop(current);
        // Outside the lock, since it may be the last holder and then does the work.
        drop(ended);
    }
}

impl Drop for Epoch {
    fn drop(&mut self) {
        let mut next = self.next.take();
        finish(self);
        // One after another: a long download can leave a chain that is too deep for nested drops.
        while let Some(mut epoch) = next.and_then(Arc::into_inner) {
            next = epoch.next.take();
            finish(&mut epoch);
        }
    }
}

fn finish(epoch: &mut Epoch) {
    for work in std::mem::take(epoch.work.get_mut().unwrap_or_else(PoisonError::into_inner)) {
        work();
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Epoch").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_waits_for_earlier_readers_only() {
        let epochs = Epochs::default();
        let done = Arc::new(Mutex::new(Vec::new()));
        let note = |name: &'static str| -> Work {
            let done = Arc::clone(&done);
            Box::new(move || done.lock().unwrap_or_else(PoisonError::into_inner).push(name))
        };
        let seen = || done.lock().unwrap_or_else(PoisonError::into_inner).clone();

        epochs.after_readers(note("nobody reads"));
        assert_eq!(seen(), ["nobody reads"]);

        let first = epochs.enter();
        epochs.after_readers(note("after first"));
        let second = epochs.enter();
        epochs.after_readers(note("after both"));
        let third = epochs.enter();
        drop(second);
        assert_eq!(seen(), ["nobody reads"]);
        drop(first);
        assert_eq!(seen(), ["nobody reads", "after first", "after both"]);
        drop(third);
    }

    #[test]
    fn a_long_download_during_many_removals_ends_well() {
        let epochs = Epochs::default();
        let reader = epochs.enter();
        for _ in 0..200_000 {
            epochs.after_readers(Box::new(|| ()));
        }
        drop(reader);
    }
}
