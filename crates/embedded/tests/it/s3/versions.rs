//! Bucket versioning.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};

use super::{BUCKET, both, get, in_memory, put, refusal, refused};
use crate::Folder;

async fn set(s3: &Client, status: BucketVersioningStatus) {
    let configuration = VersioningConfiguration::builder().status(status).build();
    s3.put_bucket_versioning()
        .bucket(BUCKET)
        .versioning_configuration(configuration)
        .send()
        .await
        .unwrap();
}

async fn write(s3: &Client, key: &str, text: &'static str) -> Option<String> {
    let body = ByteStream::from_static(text.as_bytes());
    s3.put_object()
        .bucket(BUCKET)
        .key(key)
        .body(body)
        .send()
        .await
        .unwrap()
        .version_id
}

async fn read(s3: &Client, key: &str, version: &str) -> Vec<u8> {
    let got = s3
        .get_object()
        .bucket(BUCKET)
        .key(key)
        .version_id(version)
        .send()
        .await
        .unwrap();
    assert_eq!(got.version_id(), Some(version));
    got.body.collect().await.unwrap().to_vec()
}

/// One line for each version, sorted: key, version id, whether it is the latest, whether it is a delete marker.
async fn all(s3: &Client, page: i32) -> Vec<String> {
    let mut found = Vec::new();
    let (mut key, mut version) = (None, None);
    loop {
        let list = s3.list_object_versions().bucket(BUCKET).max_keys(page);
        let list = list
            .set_key_marker(key)
            .set_version_id_marker(version)
            .send()
            .await
            .unwrap();
        let line = |key: Option<&str>, id: Option<&str>, latest: Option<bool>, kind: &str| {
            let latest = if latest == Some(true) { "latest" } else { "older" };
            format!("{} {} {latest} {kind}", key.unwrap(), id.unwrap())
        };
        found.extend(
            list.versions()
                .iter()
                .map(|it| line(it.key(), it.version_id(), it.is_latest(), "object")),
        );
        found.extend(
            list.delete_markers()
                .iter()
                .map(|it| line(it.key(), it.version_id(), it.is_latest(), "marker")),
        );
        if list.is_truncated() != Some(true) {
            found.sort();
            return found;
        }
        key = list.next_key_marker().map(str::to_owned);
        version = list.next_version_id_marker().map(str::to_owned);
    }
}

#[tokio::test]
async fn every_version_is_kept_and_a_delete_only_hides() {
    let folder = Folder::new();
    for (_server, s3) in both(&folder).await {
        let versioning = s3.get_bucket_versioning().bucket(BUCKET).send().await.unwrap();
        assert_eq!(versioning.status(), None);
        assert_eq!(write(&s3, "k", "before").await, None);
        set(&s3, BucketVersioningStatus::Enabled).await;
        let versioning = s3.get_bucket_versioning().bucket(BUCKET).send().await.unwrap();
        assert_eq!(versioning.status(), Some(&BucketVersioningStatus::Enabled));

        let first = write(&s3, "k", "first").await.unwrap();
        let second = write(&s3, "k", "second").await.unwrap();
        assert_eq!(get(&s3, "k").await, b"second");
        assert_eq!(read(&s3, "k", &first).await, b"first");
        assert_eq!(read(&s3, "k", "null").await, b"before");

        let deleted = s3.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
        let marker = deleted.version_id().unwrap().to_owned();
        assert_eq!(deleted.delete_marker(), Some(true));
        let gone = s3.get_object().bucket(BUCKET).key("k").send().await;
        let raw = gone.as_ref().unwrap_err().raw_response().unwrap();
        assert_eq!(raw.headers().get("x-amz-delete-marker"), Some("true"));
        assert_eq!(refusal(gone), refused(404, "NoSuchKey"));
        let asked = s3.get_object().bucket(BUCKET).key("k").version_id(&marker).send().await;
        assert_eq!(refusal(asked), refused(405, "MethodNotAllowed"));
        assert_eq!(
            s3.list_objects_v2().bucket(BUCKET).send().await.unwrap().key_count(),
            Some(0)
        );

        let mut expected = vec![
            format!("k {marker} latest marker"),
            format!("k {second} older object"),
            format!("k {first} older object"),
            "k null older object".to_owned(),
        ];
        expected.sort();
        for page in [1, 2, 3, 1000] {
            assert_eq!(all(&s3, page).await, expected, "pages of {page}");
        }

        // Without its marker the object is back; without its newest version the one before is.
        s3.delete_object()
            .bucket(BUCKET)
            .key("k")
            .version_id(&marker)
            .send()
            .await
            .unwrap();
        assert_eq!(get(&s3, "k").await, b"second");
        s3.delete_object()
            .bucket(BUCKET)
            .key("k")
            .version_id(&second)
            .send()
            .await
            .unwrap();
        assert_eq!(get(&s3, "k").await, b"first");
        let absent = s3.get_object().bucket(BUCKET).key("k").version_id(&second).send().await;
        assert_eq!(refusal(absent), refused(404, "NoSuchVersion"));
        s3.delete_object()
            .bucket(BUCKET)
            .key("k")
            .version_id("null")
            .send()
            .await
            .unwrap();
        assert_eq!(all(&s3, 1000).await, [format!("k {first} latest object")]);
    }
}

#[tokio::test]
async fn a_condition_sees_no_object_under_a_delete_marker() {
    let (_server, s3) = in_memory().await;
    set(&s3, BucketVersioningStatus::Enabled).await;
    write(&s3, "k", "a").await;
    s3.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
    let fresh = s3
        .put_object()
        .bucket(BUCKET)
        .key("k")
        .if_none_match("*")
        .send()
        .await
        .unwrap();
    assert!(fresh.version_id().is_some());
    assert_eq!(all(&s3, 1000).await.len(), 3);
}

#[tokio::test]
async fn suspended_versioning_replaces_only_what_it_wrote_itself() {
    let (_server, s3) = in_memory().await;
    set(&s3, BucketVersioningStatus::Enabled).await;
    let kept = write(&s3, "k", "kept").await.unwrap();
    set(&s3, BucketVersioningStatus::Suspended).await;
    assert_eq!(write(&s3, "k", "one").await.as_deref(), Some("null"));
    write(&s3, "k", "two").await;
    let expected = [format!("k {kept} older object"), "k null latest object".to_owned()];
    assert_eq!(all(&s3, 1000).await, expected);

    s3.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
    let expected = [format!("k {kept} older object"), "k null latest marker".to_owned()];
    assert_eq!(all(&s3, 1000).await, expected);
    assert_eq!(read(&s3, "k", &kept).await, b"kept");
}

#[tokio::test]
async fn an_older_version_can_be_copied_back() {
    let (_server, s3) = in_memory().await;
    set(&s3, BucketVersioningStatus::Enabled).await;
    let old = write(&s3, "k", "old").await.unwrap();
    put(&s3, "k", "new").await;
    let source = format!("{BUCKET}/k?versionId={old}");
    let copied = s3
        .copy_object()
        .bucket(BUCKET)
        .key("k")
        .copy_source(source)
        .send()
        .await
        .unwrap();
    assert_eq!(copied.copy_source_version_id(), Some(old.as_str()));
    assert_eq!(get(&s3, "k").await, b"old");
}
