//! Uploads of which nobody was told.

use platform::{Created, Upload};

use super::{Reconcile, ReconcileError, Tally, together};
use crate::detect::{GRACE, Told};
use crate::inbox_name::InboxName;

impl Reconcile {
    /// Detects the uploads that were not seen before.
    pub(super) async fn look_at_uploads(&self, uploads: Vec<Upload>, tally: &mut Tally) {
        for caught_up in together(uploads.into_iter().map(|upload| self.catch_up(upload))).await {
            match caught_up {
                Ok(is_new) => tally.found += u32::from(is_new),
                Err(error) => tally.fail(&error),
            }
        }
    }

    /// Detects an upload unless it was seen before; whether it was not.
    async fn catch_up(&self, upload: Upload) -> Result<bool, ReconcileError> {
        if upload.at + GRACE > self.environment.now() {
            return Ok(false);
        }
        // What is not of the inbox's shape was refused when it was told of, or will be.
        let Ok(name) = InboxName::parse(&upload.object.key) else {
            return Ok(false);
        };
        let created = Created {
            object: upload.object,
            sequencer: None,
            at: Some(upload.at),
        };
        let told = Told::Listing {
            is_newest: upload.is_latest,
        };
        Ok(self.detect.record(name, created, told).await?)
    }
}
