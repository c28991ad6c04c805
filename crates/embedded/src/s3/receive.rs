//! Takes in a body: to memory while it is small, then to disk; counts and checks it on the way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http::HeaderMap;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use s3s::dto::ChecksumAlgorithm;
use s3s::{StdError, TrailingHeaders};

use super::contents::{Content, INLINE_LIMIT};
use super::description::Checksums;
use super::error::ObjectError;
use crate::blobs::{Blobs, Writer};

/// What the client says of the body.
#[derive(Debug, Default)]
pub(super) struct Announced {
    pub(super) length: Option<i64>,
    /// Base64.
    pub(super) md5: Option<String>,
    pub(super) checksums: Checksums,
    /// A checksum that comes in a trailer.
    pub(super) algorithm: Option<ChecksumAlgorithm>,
    pub(super) trailers: Option<TrailingHeaders>,
}

/// A body that arrived whole.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) content: Content,
    pub(super) md5: [u8; 16],
    /// Those that the client asked for.
    pub(super) checksums: Checksums,
}

impl Received {
    /// The MD5 in hexadecimal, as S3 does for objects that came in one piece.
    pub(super) fn etag(&self) -> String {
        hex::encode(self.md5)
    }
}

/// Reads `body` to its end. Nothing is left behind on an error.
pub(super) async fn receive<S>(
    blobs: &Blobs,
    mut body: S,
    announced: Announced,
    limit: u64,
) -> Result<Received, ObjectError>
where
    S: Stream<Item = Result<Bytes, StdError>> + Unpin,
{
    let length = announced.length.and_then(|length| u64::try_from(length).ok());
    if length.is_some_and(|length| length > limit) {
        return Err(ObjectError::TooLarge { limit });
    }
    let mut digests = Digests::of(&announced);
    let mut buffer = Vec::with_capacity(
        length
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(0)
            .min(INLINE_LIMIT),
    );
    let mut file: Option<Writer> = None;
    let mut size = 0_u64;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(ObjectError::Body)?;
        size += chunk.len() as u64;
        if size > limit {
            return Err(ObjectError::TooLarge { limit });
        }
        digests.update(&chunk);
        match &mut file {
            Some(file) => file.write(chunk).await?,
            None if buffer.len() + chunk.len() <= INLINE_LIMIT => buffer.extend_from_slice(&chunk),
            None => {
                let mut writer = blobs.create().await?;
                writer.write(std::mem::take(&mut buffer).into()).await?;
                writer.write(chunk).await?;
                file = Some(writer);
            }
        }
    }
    if length.is_some_and(|length| length != size) {
        return Err(ObjectError::IncompleteBody);
    }
    let (md5, checksums) = digests.finish();
    check(&announced, md5, &checksums)?;
    let content = match file {
        Some(file) => Content::Blob {
            staged: file.finish().await?,
            size,
        },
        None => Content::Inline(buffer),
    };
    Ok(Received {
        content,
        md5,
        checksums,
    })
}

fn check(announced: &Announced, md5: [u8; 16], computed: &Checksums) -> Result<(), ObjectError> {
    if let Some(claimed) = &announced.md5 {
        match STANDARD.decode(claimed) {
            Ok(claimed) if claimed == md5 => {}
            Ok(claimed) if claimed.len() == md5.len() => return Err(ObjectError::BadDigest("Content-MD5")),
            Ok(_) | Err(_) => return Err(ObjectError::InvalidDigest("Content-MD5")),
        }
    }
    let trailing = announced
        .trailers
        .as_ref()
        .and_then(|trailers| trailers.read(in_trailers))
        .unwrap_or_default();
    if announced.checksums.agree_with(computed) && trailing.agree_with(computed) {
        Ok(())
    } else {
        Err(ObjectError::BadDigest("checksum"))
    }
}

fn in_trailers(trailers: &HeaderMap) -> Checksums {
    let value = |name: &str| {
        trailers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    Checksums {
        crc32: value("x-amz-checksum-crc32"),
        crc32c: value("x-amz-checksum-crc32c"),
        crc64nvme: value("x-amz-checksum-crc64nvme"),
        sha1: value("x-amz-checksum-sha1"),
        sha256: value("x-amz-checksum-sha256"),
    }
}

struct Digests {
    md5: Md5,
    crc32: Option<Crc32>,
    crc32c: Option<Crc32c>,
    crc64nvme: Option<Crc64Nvme>,
    sha1: Option<Sha1>,
    sha256: Option<Sha256>,
}

impl Digests {
    fn of(announced: &Announced) -> Self {
        let named = announced.algorithm.as_ref().map(ChecksumAlgorithm::as_str);
        let wanted = |claimed: &Option<String>, name| claimed.is_some() || named == Some(name);
        let claimed = &announced.checksums;
        Self {
            md5: Md5::new(),
            crc32: wanted(&claimed.crc32, ChecksumAlgorithm::CRC32).then(Crc32::new),
            crc32c: wanted(&claimed.crc32c, ChecksumAlgorithm::CRC32C).then(Crc32c::new),
            crc64nvme: wanted(&claimed.crc64nvme, ChecksumAlgorithm::CRC64NVME).then(Crc64Nvme::new),
            sha1: wanted(&claimed.sha1, ChecksumAlgorithm::SHA1).then(Sha1::new),
            sha256: wanted(&claimed.sha256, ChecksumAlgorithm::SHA256).then(Sha256::new),
        }
    }

    fn update(&mut self, chunk: &[u8]) {
        fn feed<C: s3s::crypto::Checksum>(digest: &mut Option<C>, chunk: &[u8]) {
            if let Some(digest) = digest {
                digest.update(chunk);
            }
        }
        self.md5.update(chunk);
        feed(&mut self.crc32, chunk);
        feed(&mut self.crc32c, chunk);
        feed(&mut self.crc64nvme, chunk);
        feed(&mut self.sha1, chunk);
        feed(&mut self.sha256, chunk);
    }

    fn finish(self) -> ([u8; 16], Checksums) {
        fn text<C: s3s::crypto::Checksum>(digest: Option<C>) -> Option<String> {
            digest.map(|digest| STANDARD.encode(digest.finalize()))
        }
        let mut md5 = [0; 16];
        md5.copy_from_slice(self.md5.finalize().as_ref());
        let checksums = Checksums {
            crc32: text(self.crc32),
            crc32c: text(self.crc32c),
            crc64nvme: text(self.crc64nvme),
            sha1: text(self.sha1),
            sha256: text(self.sha256),
        };
        (md5, checksums)
    }
}
