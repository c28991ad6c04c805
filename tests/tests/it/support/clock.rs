//! A clock for tests.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use kernel::Clock;

/// The machine's clock, which can be moved on.
#[derive(Default)]
pub(crate) struct MovingClock(Mutex<SignedDuration>);

impl MovingClock {
    pub(crate) fn move_on(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for MovingClock {
    fn now(&self) -> Timestamp {
        Timestamp::now() + *self.0.lock().unwrap()
    }
}
