//! Objects come back as they were sent.

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, Delete, MetadataDirective, ObjectIdentifier};

use super::{BUCKET, INLINE, both, get, in_memory, pattern, put, refusal, refused};
use crate::Folder;

#[tokio::test]
async fn an_object_of_any_size_comes_back_as_it_was_sent() {
    let folder = Folder::new();
    for (_server, s3) in both(&folder).await {
        for size in [0, 1, INLINE - 1, INLINE, INLINE + 1, 3 * 1024 * 1024 + 7] {
            let sent = pattern(size);
            put(&s3, "surat", sent.clone()).await;
            assert!(get(&s3, "surat").await == sent, "{size} bytes");
            let head = s3.head_object().bucket(BUCKET).key("surat").send().await.unwrap();
            assert_eq!(head.content_length, Some(i64::try_from(size).unwrap()));
        }
        // Each put replaced the one before.
        let list = s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
        assert_eq!(list.key_count, Some(1));
    }
}

#[tokio::test]
async fn the_etag_is_the_md5() {
    let (_server, s3) = in_memory().await;
    assert_eq!(put(&s3, "k", "").await, "\"d41d8cd98f00b204e9800998ecf8427e\"");
    assert_eq!(put(&s3, "k", "abc").await, "\"900150983cd24fb0d6963f7d28e17f72\"");
}

#[tokio::test]
async fn odd_keys_are_kept_apart_and_come_back_as_they_are() {
    let keys = [
        "a",
        "a/b",
        "a/b/c",
        "a/",
        "/a",
        "//a",
        "a//b",
        "a b",
        "a+b",
        "a%20b",
        "a%2Fb",
        "%",
        "a?b=c",
        "a#b",
        "a&b",
        "a=b",
        "surat izin é.pdf",
        "文書/印.pdf",
        "..",
        "./a",
        "a/../b",
        "~",
        "(1)*!'",
        "\"<>\\^`{|}",
        "a:b@c;d,e$f",
    ];
    let folder = Folder::new();
    for (_server, s3) in both(&folder).await {
        for key in keys {
            put(&s3, key, key.as_bytes()).await;
        }
        for key in keys {
            assert_eq!(String::from_utf8(get(&s3, key).await).unwrap(), key);
        }
        let list = s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
        let mut expected = keys.to_vec();
        expected.sort_unstable();
        let listed: Vec<_> = list.contents().iter().map(|object| object.key().unwrap()).collect();
        assert_eq!(listed, expected);
        let url = aws_sdk_s3::types::EncodingType::Url;
        let list = s3
            .list_objects_v2()
            .bucket(BUCKET)
            .prefix("a b")
            .encoding_type(url)
            .send()
            .await
            .unwrap();
        assert_eq!(list.contents()[0].key(), Some("a+b"));
        for key in keys {
            s3.delete_object().bucket(BUCKET).key(key).send().await.unwrap();
        }
        s3.delete_bucket().bucket(BUCKET).send().await.unwrap();
    }
}

#[tokio::test]
async fn a_key_has_at_most_1024_bytes() {
    let (_server, s3) = in_memory().await;
    let longest = "é".repeat(512);
    put(&s3, &longest, "x").await;
    assert_eq!(get(&s3, &longest).await, b"x");
    let put = s3.put_object().bucket(BUCKET).key(format!("{longest}x")).send().await;
    assert_eq!(refusal(put), refused(400, "KeyTooLongError"));
}

#[tokio::test]
async fn metadata_comes_back_and_is_not_all_ascii() {
    let (_server, s3) = in_memory().await;
    let expires = DateTime::from_secs(1_900_000_000);
    s3.put_object()
        .bucket(BUCKET)
        .key("k")
        .body(ByteStream::from_static(b"x"))
        .content_type("application/pdf")
        .cache_control("no-store")
        .content_disposition("attachment; filename=\"a.pdf\"")
        .content_language("id")
        .expires(expires)
        .metadata("nomor", "503/12/2026")
        .metadata("perihal", "=?UTF-8?B?SXppbiDDqQ==?=")
        .send()
        .await
        .unwrap();

    let head = s3.head_object().bucket(BUCKET).key("k").send().await.unwrap();
    assert_eq!(head.content_type(), Some("application/pdf"));
    assert_eq!(head.cache_control(), Some("no-store"));
    assert_eq!(head.content_disposition(), Some("attachment; filename=\"a.pdf\""));
    assert_eq!(head.content_language(), Some("id"));
    assert_eq!(head.expires_string(), Some("Sun, 17 Mar 2030 17:46:40 GMT"));
    let metadata = head.metadata().unwrap();
    assert_eq!(metadata["nomor"], "503/12/2026");
    assert_eq!(metadata["perihal"], "=?UTF-8?B?SXppbiDDqQ==?=");

    let long = "x".repeat(2048);
    let put = s3.put_object().bucket(BUCKET).key("k").metadata("m", long).send().await;
    assert_eq!(refusal(put), refused(400, "MetadataTooLarge"));
    put_plain_type(&s3).await;
}

async fn put_plain_type(s3: &aws_sdk_s3::Client) {
    put(s3, "plain", "x").await;
    let got = s3
        .get_object()
        .bucket(BUCKET)
        .key("plain")
        .response_content_type("text/plain")
        .send()
        .await
        .unwrap();
    assert_eq!(got.content_type(), Some("text/plain"));
}

#[tokio::test]
async fn every_checksum_is_checked_kept_and_given_back() {
    let (_server, s3) = in_memory().await;
    for algorithm in [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ] {
        let body = ByteStream::from(pattern(100_000));
        let put = s3
            .put_object()
            .bucket(BUCKET)
            .key("k")
            .body(body)
            .checksum_algorithm(algorithm.clone())
            .send();
        put.await.unwrap();
        let head = s3
            .head_object()
            .bucket(BUCKET)
            .key("k")
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await
            .unwrap();
        let kept = [
            head.checksum_crc32(),
            head.checksum_crc32_c(),
            head.checksum_crc64_nvme(),
            head.checksum_sha1(),
            head.checksum_sha256(),
        ];
        assert_eq!(kept.iter().flatten().count(), 1, "{algorithm:?}");
        // The client checks it again.
        assert!(get(&s3, "k").await == pattern(100_000));
    }
}

#[tokio::test]
async fn a_wrong_checksum_is_refused_and_nothing_is_stored() {
    let folder = Folder::new();
    for (_server, s3) in both(&folder).await {
        for size in [10, INLINE + 10] {
            let put = || {
                s3.put_object()
                    .bucket(BUCKET)
                    .key("k")
                    .body(ByteStream::from(pattern(size)))
            };
            let wrong = put().checksum_crc32("AAAAAA==").send().await;
            assert_eq!(refusal(wrong), refused(400, "BadDigest"));
            let wrong = put().content_md5("AAAAAAAAAAAAAAAAAAAAAA==").send().await;
            assert_eq!(refusal(wrong), refused(400, "BadDigest"));
            let broken = put().content_md5("not base64").send().await;
            assert_eq!(refusal(broken), refused(400, "InvalidDigest"));
        }
        let list = s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
        assert_eq!(list.key_count, Some(0));
    }
    let left = std::fs::read_dir(folder.path().join("blobs")).unwrap().count();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn ranges_give_parts_and_refuse_what_is_not_there() {
    let folder = Folder::new();
    for (_server, s3) in both(&folder).await {
        for size in [1000, INLINE + 1000] {
            let sent = pattern(size);
            put(&s3, "k", sent.clone()).await;
            for (range, expected) in [
                ("bytes=0-0".to_owned(), 0..1),
                ("bytes=0-".to_owned(), 0..size),
                ("bytes=10-19".to_owned(), 10..20),
                (format!("bytes={}-", size - 1), size - 1..size),
                ("bytes=-1".to_owned(), size - 1..size),
                ("bytes=-100".to_owned(), size - 100..size),
                ("bytes=-99999999".to_owned(), 0..size),
                (format!("bytes=500-{}", size + 500), 500..size),
            ] {
                let got = s3
                    .get_object()
                    .bucket(BUCKET)
                    .key("k")
                    .range(&range)
                    .send()
                    .await
                    .unwrap();
                let shown = format!("bytes {}-{}/{size}", expected.start, expected.end - 1);
                assert_eq!(got.content_range(), Some(shown.as_str()), "{range}");
                assert_eq!(got.content_length(), Some(i64::try_from(expected.len()).unwrap()));
                assert!(got.body.collect().await.unwrap().to_vec() == sent[expected], "{range}");
            }
            for range in [format!("bytes={size}-"), "bytes=-0".to_owned()] {
                let got = s3.get_object().bucket(BUCKET).key("k").range(&range).send().await;
                assert_eq!(refusal(got), refused(416, "InvalidRange"), "{range}");
            }
        }
        put(&s3, "empty", "").await;
        for range in ["bytes=0-0", "bytes=-5"] {
            let got = s3.get_object().bucket(BUCKET).key("empty").range(range).send().await;
            assert_eq!(refusal(got), refused(416, "InvalidRange"), "{range}");
        }
    }
}

#[tokio::test]
async fn a_copy_shares_bytes_and_outlives_its_source() {
    let folder = Folder::new();
    for (_server, s3) in both(&folder).await {
        for size in [10, INLINE + 10] {
            let put = s3
                .put_object()
                .bucket(BUCKET)
                .key("dari sini+é")
                .body(ByteStream::from(pattern(size)));
            put.metadata("a", "1").content_type("text/plain").send().await.unwrap();
            let source = format!("{BUCKET}/dari%20sini%2B%C3%A9");
            s3.copy_object()
                .bucket(BUCKET)
                .key("same")
                .copy_source(&source)
                .send()
                .await
                .unwrap();
            s3.copy_object()
                .bucket(BUCKET)
                .key("other")
                .copy_source(&source)
                .metadata_directive(MetadataDirective::Replace)
                .metadata("b", "2")
                .send()
                .await
                .unwrap();
            s3.delete_object()
                .bucket(BUCKET)
                .key("dari sini+é")
                .send()
                .await
                .unwrap();

            assert!(get(&s3, "same").await == pattern(size));
            assert!(get(&s3, "other").await == pattern(size));
            let same = s3.head_object().bucket(BUCKET).key("same").send().await.unwrap();
            assert_eq!(
                (same.content_type(), same.metadata().unwrap()["a"].as_str()),
                (Some("text/plain"), "1")
            );
            let other = s3.head_object().bucket(BUCKET).key("other").send().await.unwrap();
            assert_eq!(other.metadata().unwrap().len(), 1);
        }
        let to_itself = s3
            .copy_object()
            .bucket(BUCKET)
            .key("same")
            .copy_source(format!("{BUCKET}/same"))
            .send()
            .await;
        assert_eq!(refusal(to_itself), refused(400, "InvalidRequest"));
        let changed = s3
            .copy_object()
            .bucket(BUCKET)
            .key("same")
            .copy_source(format!("{BUCKET}/same"));
        changed
            .metadata_directive(MetadataDirective::Replace)
            .send()
            .await
            .unwrap();
        assert!(get(&s3, "same").await == pattern(INLINE + 10));
        let absent = s3
            .copy_object()
            .bucket(BUCKET)
            .key("x")
            .copy_source(format!("{BUCKET}/absent"))
            .send()
            .await;
        assert_eq!(refusal(absent), refused(404, "NoSuchKey"));
    }
}

#[tokio::test]
async fn deleting_is_repeatable_and_takes_many_at_once() {
    let (_server, s3) = in_memory().await;
    for key in ["a", "b", "c"] {
        put(&s3, key, "x").await;
    }
    for _ in 0..2 {
        s3.delete_object().bucket(BUCKET).key("a").send().await.unwrap();
    }
    let named = |key: &str| ObjectIdentifier::builder().key(key).build().unwrap();
    let delete = Delete::builder()
        .objects(named("b"))
        .objects(named("absent"))
        .build()
        .unwrap();
    let deleted = s3.delete_objects().bucket(BUCKET).delete(delete).send().await.unwrap();
    assert_eq!(deleted.deleted().len(), 2);
    assert!(deleted.errors().is_empty());
    let list = s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    assert_eq!(list.contents().len(), 1);

    let full = s3.delete_bucket().bucket(BUCKET).send().await;
    assert_eq!(refusal(full), refused(409, "BucketNotEmpty"));
}

#[tokio::test]
async fn buckets_are_made_once_found_and_listed() {
    let (_server, s3) = in_memory().await;
    s3.create_bucket().bucket("vault").send().await.unwrap();
    let again = s3.create_bucket().bucket("vault").send().await;
    assert_eq!(refusal(again), refused(409, "BucketAlreadyOwnedByYou"));
    let bad = s3.create_bucket().bucket("Not_A_Bucket").send().await;
    assert_eq!(refusal(bad).0, 400);
    let head = s3.head_bucket().bucket("vault").send().await.unwrap();
    assert_eq!(head.bucket_region(), Some(crate::REGION));
    let location = s3.get_bucket_location().bucket("vault").send().await.unwrap();
    assert_eq!(
        location
            .location_constraint()
            .map(aws_sdk_s3::types::BucketLocationConstraint::as_str),
        Some(crate::REGION)
    );
    assert_eq!(refusal(s3.head_bucket().bucket("absent").send().await).0, 404);
    assert_eq!(
        refusal(s3.list_objects_v2().bucket("absent").send().await),
        refused(404, "NoSuchBucket")
    );
    let first = s3.list_buckets().max_buckets(1).send().await.unwrap();
    assert_eq!(first.buckets()[0].name(), Some(BUCKET));
    let rest = s3
        .list_buckets()
        .continuation_token(first.continuation_token().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(rest.buckets()[0].name(), Some("vault"));
    assert!(rest.continuation_token().is_none());
}
