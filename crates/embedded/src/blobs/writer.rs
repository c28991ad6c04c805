//! Blobs on their way in.

use std::fs;
use std::io;
use std::sync::PoisonError;

use bytes::Bytes;
use tokio::io::{AsyncWriteExt as _, BufWriter};

use super::{Blobs, Place};

/// A blob that is being written. Dropping it removes what is there.
#[derive(Debug)]
pub(crate) struct Writer {
    sink: Sink,
    staged: Staged,
}

#[derive(Debug)]
pub(super) enum Sink {
    File(BufWriter<tokio::fs::File>),
    Memory(Vec<Bytes>),
}

impl Writer {
    pub(super) fn new(sink: Sink, staged: Staged) -> Self {
        Self { sink, staged }
    }

    pub(crate) async fn write(&mut self, chunk: Bytes) -> io::Result<()> {
        match &mut self.sink {
            Sink::File(file) => file.write_all(&chunk).await,
            Sink::Memory(chunks) => {
                chunks.push(chunk);
                Ok(())
            }
        }
    }

    /// Makes the blob durable.
    pub(crate) async fn finish(self) -> io::Result<Staged> {
        let Self { sink, staged } = self;
        match (sink, staged.place()) {
            (Sink::File(mut file), Some(Place::Folder(folder))) => {
                file.flush().await?;
                let file = file.into_inner().into_std().await;
                let folder = folder.clone();
                let sync = move || {
                    file.sync_all()?;
                    fs::File::open(folder)?.sync_all()
                };
                tokio::task::spawn_blocking(sync).await.map_err(io::Error::other)??;
            }
            (Sink::Memory(chunks), Some(Place::Memory(blobs))) => {
                let mut blobs = blobs.lock().unwrap_or_else(PoisonError::into_inner);
                blobs.insert(staged.name.clone(), chunks);
            }
            (Sink::File(_) | Sink::Memory(_), _) => return Err(io::ErrorKind::Unsupported.into()),
        }
        Ok(staged)
    }
}

/// A durable blob that no transaction has named yet. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Staged {
    name: String,
    blobs: Option<Blobs>,
}

impl Staged {
    pub(super) fn new(name: String, blobs: Blobs) -> Self {
        Self {
            name,
            blobs: Some(blobs),
        }
    }

    /// Leaves the blob to the transaction that names it. Should that fail after all, the next start sweeps it.
    pub(crate) fn keep(mut self) -> String {
        self.blobs = None;
        std::mem::take(&mut self.name)
    }

    fn place(&self) -> Option<&Place> {
        self.blobs.as_ref().map(|blobs| &*blobs.place)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(place) = self.place() {
            place.remove(&self.name);
        }
    }
}
