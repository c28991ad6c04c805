//! S3.

mod access;
mod conditions;
mod durability;
mod listing;
mod multipart;
mod notifications;
mod objects;
mod speed;
mod versions;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;

use crate::{Folder, Server};

pub(crate) const BUCKET: &str = "arsip";

/// The most that is kept in the database itself.
pub(crate) const INLINE: usize = 128 * 1024;

/// An engine in memory and one in a folder, each with an empty bucket.
pub(crate) async fn both(folder: &Folder) -> [(Server, Client); 2] {
    [
        with_bucket(Server::in_memory().await).await,
        with_bucket(Server::on(folder).await).await,
    ]
}

pub(crate) async fn in_memory() -> (Server, Client) {
    with_bucket(Server::in_memory().await).await
}

async fn with_bucket(server: Server) -> (Server, Client) {
    let s3 = server.s3();
    s3.create_bucket().bucket(BUCKET).send().await.unwrap();
    (server, s3)
}

/// Bytes in which every position shows.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0_u32..).flat_map(u32::to_be_bytes).take(len).collect()
}

pub(crate) async fn put(s3: &Client, key: &str, body: impl Into<Vec<u8>>) -> String {
    let body = ByteStream::from(body.into());
    let put = s3.put_object().bucket(BUCKET).key(key).body(body).send().await.unwrap();
    put.e_tag.unwrap()
}

pub(crate) async fn get(s3: &Client, key: &str) -> Vec<u8> {
    let got = s3.get_object().bucket(BUCKET).key(key).send().await.unwrap();
    got.body.collect().await.unwrap().to_vec()
}

/// The HTTP status and the code of a refusal.
pub(crate) fn refusal<T, E>(result: Result<T, SdkError<E>>) -> (u16, String)
where
    E: ProvideErrorMetadata,
{
    match result {
        Ok(_) => panic!("it was not refused"),
        Err(error) => {
            let status = error.raw_response().expect("an answer").status().as_u16();
            (status, error.code().unwrap_or_default().to_owned())
        }
    }
}

/// As AWS's clients read it.
pub(crate) fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
