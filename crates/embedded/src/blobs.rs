//! The bytes of objects that are too large for the database: one file each, named by chance, never changed.
//!
//! The database decides which blobs exist. A file is complete and synced before the transaction that names it commits,
//! and is removed after the transaction that forgets it; what a crash leaves in between is swept at the next start.

mod epoch;
mod writer;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures::Stream;
use futures::stream;
use kernel::{Disposition, Fault};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, BufWriter};

use epoch::Epochs;
use writer::Sink;

pub(crate) use epoch::Reading;
pub(crate) use writer::{Staged, Writer};

/// Bytes in memory per upload and per download.
const BUFFER: usize = 256 * 1024;

/// Bytes on their way out.
pub(crate) type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send + Sync>>;

/// Where the blobs are. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    place: Arc<Place>,
    epochs: Arc<Epochs>,
}

#[derive(Debug)]
enum Place {
    Folder(PathBuf),
    Memory(Mutex<HashMap<String, Vec<Bytes>>>),
}

/// Why a blob could not be written.
#[derive(Debug, thiserror::Error)]
#[error("blob folder {folder} cannot be used")]
pub struct BlobError {
    folder: PathBuf,
    #[source]
    source: io::Error,
}

impl Fault for BlobError {
    fn code(&self) -> &'static str {
        "blobs.folder"
    }

    fn disposition(&self) -> Disposition {
        Disposition::Retry
    }
}

impl Blobs {
    /// Blobs as files of `folder`, which is made if it is not there. Nothing else may be kept in it.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, BlobError> {
        let unusable = |source| BlobError {
            folder: folder.to_owned(),
            source,
        };
        fs::create_dir_all(folder).map_err(unusable)?;
        // So that the folder itself survives a power loss.
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::File::open(parent)
                .and_then(|parent| parent.sync_all())
                .map_err(unusable)?;
        }
        Ok(Self::at(Place::Folder(folder.to_owned())))
    }

    /// Blobs that live as long as the last clone.
    pub(crate) fn in_memory() -> Self {
        Self::at(Place::Memory(Mutex::default()))
    }

    /// Removes every file that `known` does not name, and gives their number. Only before the first write.
    pub(crate) fn sweep(&self, known: &HashSet<String>) -> Result<usize, BlobError> {
        let Place::Folder(folder) = &*self.place else {
            return Ok(0);
        };
        let unusable = |source| BlobError {
            folder: folder.clone(),
            source,
        };
        let mut swept = 0;
        for entry in fs::read_dir(folder).map_err(unusable)? {
            let entry = entry.map_err(unusable)?;
            if entry.file_name().to_str().is_none_or(|name| !known.contains(name)) {
                fs::remove_file(entry.path()).map_err(unusable)?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    /// Begins a new blob.
    pub(crate) async fn create(&self) -> Result<Writer, BlobError> {
        let name = random_id();
        let sink = match &*self.place {
            Place::Folder(folder) => {
                let file = tokio::fs::File::create_new(folder.join(&name)).await;
                let file = file.map_err(|source| BlobError {
                    folder: folder.clone(),
                    source,
                })?;
                Sink::File(BufWriter::with_capacity(BUFFER, file))
            }
            Place::Memory(_) => Sink::Memory(Vec::new()),
        };
        Ok(Writer::new(sink, Staged::new(name, self.clone())))
    }

    /// Keeps every blob that exists now until the guard is dropped. Take it before looking into the index.
    pub(crate) fn reading(&self) -> Reading {
        self.epochs.enter()
    }

    /// The bytes of `range` of one blob; it must be within the blob.
    pub(crate) fn read(&self, name: &str, range: Range<u64>) -> ByteStream {
        match &*self.place {
            Place::Folder(folder) => Box::pin(read_file(folder.join(name), range)),
            Place::Memory(blobs) => {
                let blobs = blobs.lock().unwrap_or_else(PoisonError::into_inner);
                let chunks = blobs.get(name).map(|chunks| cut(chunks, &range));
                Box::pin(match chunks {
                    Some(chunks) => stream::iter(chunks.into_iter().map(Ok).collect::<Vec<_>>()),
                    None => stream::iter(vec![Err(io::ErrorKind::NotFound.into())]),
                })
            }
        }
    }

    /// Removes blobs that the index no longer names, once nobody reads them.
    pub(crate) fn discard(&self, names: Vec<String>) {
        let place = Arc::clone(&self.place);
        self.epochs.after_readers(Box::new(move || {
            for name in names {
                place.remove(&name);
            }
        }));
    }

    fn at(place: Place) -> Self {
        Self {
            place: Arc::new(place),
            epochs: Arc::default(),
        }
    }
}

impl Place {
    fn remove(&self, name: &str) {
        match self {
            Self::Folder(folder) => {
                if let Err(error) = fs::remove_file(folder.join(name)) {
                    tracing::warn!(blob.name = name, error = %error, "a blob stays until the next start");
                }
            }
            Self::Memory(blobs) => {
                blobs.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
            }
        }
    }
}

/// 128 random bits in 32 hexadecimal digits.
///
/// # Panics
/// When the operating system has no random numbers to give: names made then could collide.
#[allow(
    clippy::expect_used,
    reason = "going on without randomness could overwrite an object"
)]
pub(crate) fn random_id() -> String {
    let mut raw = [0; 16];
    aws_lc_rs::rand::fill(&mut raw).expect("the operating system gives random numbers");
    hex::encode(raw)
}

fn read_file(path: PathBuf, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync {
    stream::try_unfold((None, range), move |(file, rest)| {
        let path = path.clone();
        async move {
            if rest.is_empty() {
                return Ok(None);
            }
            let mut file = if let Some(file) = file {
                file
            } else {
                let mut file = tokio::fs::File::open(path).await?;
                if rest.start > 0 {
                    file.seek(io::SeekFrom::Start(rest.start)).await?;
                }
                file
            };
            let wanted = usize::try_from(rest.end - rest.start).unwrap_or(BUFFER).min(BUFFER);
            let mut buffer = BytesMut::with_capacity(wanted);
            let read = (&mut file).take(wanted as u64).read_buf(&mut buffer).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(Some((
                buffer.freeze(),
                (Some(file), rest.start + read as u64..rest.end),
            )))
        }
    })
}

/// The parts of `chunks`, laid end to end, that are within `range`.
fn cut(chunks: &[Bytes], range: &Range<u64>) -> Vec<Bytes> {
    let mut at = 0;
    let mut within = Vec::new();
    for chunk in chunks {
        let end = at + chunk.len() as u64;
        let from = range.start.clamp(at, end) - at;
        let to = range.end.clamp(at, end) - at;
        if let (Ok(from), Ok(to)) = (usize::try_from(from), usize::try_from(to))
            && from < to
        {
            within.push(chunk.slice(from..to));
        }
        at = end;
    }
    within
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use futures::TryStreamExt as _;
    use proptest::prelude::*;

    use super::*;

    async fn stored(blobs: &Blobs, chunks: &[&'static [u8]]) -> String {
        let mut writer = blobs.create().await.unwrap();
        for chunk in chunks {
            writer.write(Bytes::from_static(chunk)).await.unwrap();
        }
        writer.finish().await.unwrap().keep()
    }

    async fn bytes(blobs: &Blobs, name: &str, range: Range<u64>) -> io::Result<Vec<u8>> {
        blobs
            .read(name, range)
            .try_fold(Vec::new(), |mut all, chunk| async move {
                all.extend_from_slice(&chunk);
                Ok(all)
            })
            .await
    }

    #[tokio::test]
    async fn what_is_written_reads_back_in_any_range() {
        let folder = tempfile::tempdir().unwrap();
        for blobs in [Blobs::in_memory(), Blobs::in_folder(folder.path()).unwrap()] {
            let name = stored(&blobs, &[b"Surat ", b"", b"izin"]).await;
            assert_eq!(bytes(&blobs, &name, 0..10).await.unwrap(), b"Surat izin");
            assert_eq!(bytes(&blobs, &name, 4..8).await.unwrap(), b"t iz");
            assert_eq!(bytes(&blobs, &name, 3..3).await.unwrap(), b"");
        }
    }

    #[tokio::test]
    async fn a_blob_that_no_transaction_named_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_folder(folder.path()).unwrap();
        let mut writer = blobs.create().await.unwrap();
        writer.write(Bytes::from_static(b"half")).await.unwrap();
        drop(writer);
        drop(blobs.create().await.unwrap().finish().await.unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_start_sweeps_what_a_crash_left() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_folder(folder.path()).unwrap();
        let known = stored(&blobs, &[b"named"]).await;
        let orphan = stored(&blobs, &[b"orphan"]).await;

        assert_eq!(blobs.sweep(&HashSet::from([known.clone()])).unwrap(), 1);

        assert_eq!(bytes(&blobs, &known, 0..5).await.unwrap(), b"named");
        assert_eq!(
            bytes(&blobs, &orphan, 0..6).await.unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }

    #[tokio::test]
    async fn a_discarded_blob_stays_until_its_readers_are_done() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_folder(folder.path()).unwrap();
        let name = stored(&blobs, &[b"in use"]).await;
        let early = blobs.reading();
        blobs.discard(vec![name.clone()]);
        let late = blobs.reading();

        assert_eq!(bytes(&blobs, &name, 0..6).await.unwrap(), b"in use");
        drop(early);
        assert_eq!(
            bytes(&blobs, &name, 0..6).await.unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        drop(late);
    }

    proptest! {
        #[test]
        fn cutting_chunks_equals_cutting_the_whole(chunks: Vec<Vec<u8>>, a: u16, b: u16) {
            let whole: Vec<u8> = chunks.concat();
            let (a, b) = (usize::from(a) % (whole.len() + 1), usize::from(b) % (whole.len() + 1));
            let range = a.min(b)..a.max(b);
            let chunks: Vec<Bytes> = chunks.into_iter().map(Bytes::from).collect();
            let parts = cut(&chunks, &(range.start as u64..range.end as u64));
            prop_assert_eq!(parts.concat(), whole.get(range).unwrap());
        }
    }
}
