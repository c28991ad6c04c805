//! The tables of S3.

/// Runs at every start.
///
/// An object version is a row of `s3_objects`; the higher its id, the newer it is. Its bytes are the blobs that
/// `s3_segments` lists, in order. A blob is in the row itself (`bytes`) or a file (`name`), and counts who refers to it,
/// so that copies and completed uploads share bytes.
pub(crate) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS s3_buckets (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL UNIQUE,
    created_ms      INTEGER NOT NULL,
    versioning      TEXT,
    notifications   TEXT NOT NULL DEFAULT '[]'
) STRICT;

CREATE TABLE IF NOT EXISTS s3_objects (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket          INTEGER NOT NULL,
    key             TEXT NOT NULL,
    version         TEXT NOT NULL,
    latest          INTEGER NOT NULL,
    marker          INTEGER NOT NULL,
    size            INTEGER NOT NULL,
    etag            TEXT NOT NULL,
    modified_ms     INTEGER NOT NULL,
    description     TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS s3_objects_latest ON s3_objects (bucket, key) WHERE latest = 1;
CREATE INDEX IF NOT EXISTS s3_objects_versions ON s3_objects (bucket, key, id DESC);

CREATE TABLE IF NOT EXISTS s3_segments (
    object          INTEGER NOT NULL,
    position        INTEGER NOT NULL,
    blob            INTEGER NOT NULL,
    PRIMARY KEY (object, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS s3_blobs (
    id              INTEGER PRIMARY KEY,
    size            INTEGER NOT NULL,
    refs            INTEGER NOT NULL,
    name            TEXT,
    bytes           BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS s3_blobs_name ON s3_blobs (name) WHERE name IS NOT NULL;

CREATE TABLE IF NOT EXISTS s3_uploads (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    upload          TEXT NOT NULL UNIQUE,
    bucket          INTEGER NOT NULL,
    key             TEXT NOT NULL,
    started_ms      INTEGER NOT NULL,
    description     TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS s3_uploads_key ON s3_uploads (bucket, key, id);

CREATE TABLE IF NOT EXISTS s3_parts (
    upload          INTEGER NOT NULL,
    number          INTEGER NOT NULL,
    blob            INTEGER,
    size            INTEGER NOT NULL,
    etag            TEXT NOT NULL,
    modified_ms     INTEGER NOT NULL,
    checksums       TEXT NOT NULL,
    PRIMARY KEY (upload, number)
) STRICT, WITHOUT ROWID;
";
