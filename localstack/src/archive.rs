//! Backup and restore of a data folder: one tar file with every file of the folder, and first of all a manifest of their
//! digests.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;
use kernel::Sha256Digest;
use serde::{Deserialize, Serialize};

/// What the manifest is called in the archive.
const MANIFEST: &str = "absah-backup.json";
const VERSION: u32 = 1;
/// More than any data folder has by far; a manifest of that many files is read into memory.
const MAX_MANIFEST_BYTES: u64 = 512 * 1024 * 1024;
/// The log tells of what was, and is no state.
const LEFT_OUT: [&str; 1] = ["absah.log"];

/// A backup could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file could not be read or written.
    #[error("{0} cannot be read or written")]
    File(PathBuf, #[source] io::Error),
    /// Somebody is writing to the folder.
    #[error("{0} is in use; stop absah first")]
    InUse(PathBuf),
    /// There is something already.
    #[error("{0} is not empty; a backup is restored into a new folder")]
    NotEmpty(PathBuf),
    /// Not an archive of ours, or damaged.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// Below the data folder, with `/`.
    path: String,
    bytes: u64,
    sha256: Sha256Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    version: u32,
    at: Timestamp,
    /// By path.
    files: Vec<Entry>,
}

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Files.
    pub files: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// SHA-256 over the paths and digests of all files: two folders with the same state have the same.
    pub state: Sha256Digest,
}

impl Manifest {
    fn summary(&self) -> Summary {
        let mut listed = String::new();
        for entry in &self.files {
            listed.push_str(&entry.sha256.to_string());
            listed.push_str(&entry.path);
            listed.push('\n');
        }
        Summary {
            files: self.files.len(),
            bytes: self.files.iter().map(|entry| entry.bytes).sum(),
            state: Sha256Digest::of(listed.as_bytes()),
        }
    }
}

/// Writes everything that the folder holds into `target`, which must not be there yet. Nobody may be serving from the
/// folder meanwhile.
pub fn backup(folder: &Path, target: &Path) -> Result<Summary, ArchiveError> {
    let _lock = lock(&folder.join("engine"))?;
    let manifest = Manifest {
        version: VERSION,
        at: Timestamp::now(),
        files: survey(folder)?,
    };
    let failed = |error| ArchiveError::File(target.to_owned(), error);
    let partial = target.with_extension("partial");
    let file = private(&partial)?;
    let mut archive = tar::Builder::new(BufWriter::new(file));
    let json = serde_json::to_vec(&manifest).map_err(|error| failed(error.into()))?;
    append(&mut archive, MANIFEST, json.len() as u64, json.as_slice()).map_err(failed)?;
    for entry in &manifest.files {
        let path = folder.join(&entry.path);
        let file = File::open(&path).map_err(|error| ArchiveError::File(path, error))?;
        append(&mut archive, &entry.path, entry.bytes, file).map_err(failed)?;
    }
    let file = archive
        .into_inner()
        .and_then(|buffered| buffered.into_inner().map_err(io::IntoInnerError::into_error));
    file.and_then(|file| file.sync_all()).map_err(failed)?;
    if target.exists() {
        return Err(ArchiveError::NotEmpty(target.to_owned()));
    }
    fs::rename(&partial, target).map_err(failed)?;
    Ok(manifest.summary())
}

/// Makes the data folder that a backup was made of. It must be missing or empty, and is there whole or not at all.
pub fn restore(source: &Path, folder: &Path) -> Result<Summary, ArchiveError> {
    let unusable = |error| ArchiveError::File(source.to_owned(), error);
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(ArchiveError::NotEmpty(folder.to_owned()));
    }
    let scratch = folder.with_extension("restoring");
    // What an interrupted restore has left.
    match fs::remove_dir_all(&scratch) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(ArchiveError::File(scratch, error)),
        _ => {}
    }
    let file = File::open(source).map_err(unusable)?;
    let mut archive = tar::Archive::new(BufReader::new(file));
    let mut entries = archive.entries().map_err(unusable)?;
    let manifest = match entries.next() {
        Some(entry) => read_manifest(&mut entry.map_err(unusable)?)?,
        None => return Err(ArchiveError::Damaged("it is empty".to_owned())),
    };
    let mut expected = manifest.files.iter();
    for entry in entries {
        let mut entry = entry.map_err(unusable)?;
        let path = entry.path().map_err(unusable)?.to_string_lossy().into_owned();
        let Some(known) = expected.next().filter(|known| known.path == path) else {
            return Err(ArchiveError::Damaged(format!(
                "{path} is not where the manifest has it"
            )));
        };
        let target = inside(&scratch, &path)?;
        copy(&mut entry, &target, known)?;
    }
    if let Some(missing) = expected.next() {
        return Err(ArchiveError::Damaged(format!("{} is missing", missing.path)));
    }
    // An empty folder gives way to the restored one.
    if folder.exists() {
        fs::remove_dir(folder).map_err(|error| ArchiveError::File(folder.to_owned(), error))?;
    }
    fs::rename(&scratch, folder).map_err(|error| ArchiveError::File(folder.to_owned(), error))?;
    Ok(manifest.summary())
}

/// Keeps the engine from being opened while the guard lives.
fn lock(engine: &Path) -> Result<Option<File>, ArchiveError> {
    let path = engine.join("store.lock");
    let file = match File::open(&path) {
        Ok(file) => file,
        // Nobody has ever served from this folder.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ArchiveError::File(path, error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(ArchiveError::InUse(engine.to_owned())),
        Err(TryLockError::Error(error)) => Err(ArchiveError::File(path, error)),
    }
}

/// Every file below a folder with its digest, by path.
fn survey(folder: &Path) -> Result<Vec<Entry>, ArchiveError> {
    let mut files = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(inner) = waiting.pop() {
        let failed = |error| ArchiveError::File(inner.clone(), error);
        for entry in fs::read_dir(&inner).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            if entry.file_type().map_err(failed)?.is_dir() {
                waiting.push(path);
                continue;
            }
            let below = path
                .strip_prefix(folder)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            if LEFT_OUT.contains(&below.as_str()) {
                continue;
            }
            let (bytes, sha256) = digest(&path)?;
            files.push(Entry {
                path: below,
                bytes,
                sha256,
            });
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

fn digest(path: &Path) -> Result<(u64, Sha256Digest), ArchiveError> {
    let failed = |error| ArchiveError::File(path.to_owned(), error);
    let mut file = File::open(path).map_err(failed)?;
    let mut hasher = Hasher::new(io::sink());
    io::copy(&mut file, &mut hasher).map_err(failed)?;
    Ok(hasher.finish())
}

/// Hashes what passes through.
struct Hasher<W> {
    into: W,
    bytes: u64,
    state: aws_lc_rs::digest::Context,
}

impl<W: Write> Hasher<W> {
    fn new(into: W) -> Self {
        Self {
            into,
            bytes: 0,
            state: aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256),
        }
    }

    fn finish(self) -> (u64, Sha256Digest) {
        let mut raw = [0; 32];
        raw.copy_from_slice(self.state.finish().as_ref());
        (self.bytes, Sha256Digest::from_bytes(raw))
    }
}

impl<W: Write> Write for Hasher<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.into.write(bytes)?;
        let taken = bytes.get(..written).unwrap_or(bytes);
        self.state.update(taken);
        self.bytes += taken.len() as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

fn append(archive: &mut tar::Builder<impl Write>, path: &str, bytes: u64, data: impl Read) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_entry_type(tar::EntryType::Regular);
    archive.append_data(&mut header, path, data)
}

fn read_manifest(entry: &mut tar::Entry<'_, impl Read>) -> Result<Manifest, ArchiveError> {
    let damaged = |why: &str| ArchiveError::Damaged(why.to_owned());
    if entry.path().ok().as_deref() != Some(Path::new(MANIFEST)) {
        return Err(damaged("it does not begin with a manifest"));
    }
    let read = serde_json::from_reader(entry.take(MAX_MANIFEST_BYTES));
    let manifest: Manifest = read.map_err(|_| damaged("its manifest cannot be read"))?;
    if manifest.version == VERSION {
        Ok(manifest)
    } else {
        Err(damaged("it was made by another version of absah"))
    }
}

/// A path below `folder`, never outside it.
fn inside(folder: &Path, path: &str) -> Result<PathBuf, ArchiveError> {
    let relative = Path::new(path);
    if relative.components().all(|part| matches!(part, Component::Normal(_))) {
        Ok(folder.join(relative))
    } else {
        Err(ArchiveError::Damaged(format!("{path} leads out of the folder")))
    }
}

fn copy(from: &mut impl Read, target: &Path, known: &Entry) -> Result<(), ArchiveError> {
    let failed = |error| ArchiveError::File(target.to_owned(), error);
    if let Some(parent) = target.parent() {
        use std::os::unix::fs::DirBuilderExt;
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(parent);
        made.map_err(failed)?;
    }
    let mut hasher = Hasher::new(private(target)?);
    io::copy(from, &mut hasher).map_err(failed)?;
    hasher.into.sync_all().map_err(failed)?;
    let (bytes, sha256) = hasher.finish();
    if (bytes, sha256) == (known.bytes, known.sha256) {
        Ok(())
    } else {
        Err(ArchiveError::Damaged(format!("{} was changed", known.path)))
    }
}

/// A new file that only its owner reads.
fn private(path: &Path) -> Result<File, ArchiveError> {
    use std::os::unix::fs::OpenOptionsExt;
    let opened = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path);
    opened.map_err(|error| ArchiveError::File(path.to_owned(), error))
}
