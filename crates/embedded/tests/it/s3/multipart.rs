//! Uploads in parts.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use super::{BUCKET, both, get, in_memory, pattern, put, refusal, refused};
use crate::Folder;

const LEAST: usize = 5 * 1024 * 1024;

async fn begin(s3: &Client, key: &str) -> String {
    let begun = s3
        .create_multipart_upload()
        .bucket(BUCKET)
        .key(key)
        .content_type("application/pdf")
        .metadata("a", "1");
    begun.send().await.unwrap().upload_id.unwrap()
}

async fn upload(s3: &Client, key: &str, upload: &str, number: i32, bytes: Vec<u8>) -> CompletedPart {
    let part = s3
        .upload_part()
        .bucket(BUCKET)
        .key(key)
        .upload_id(upload)
        .part_number(number);
    let part = part.body(ByteStream::from(bytes)).send().await.unwrap();
    CompletedPart::builder()
        .part_number(number)
        .e_tag(part.e_tag().unwrap())
        .build()
}

fn of(parts: &[&CompletedPart]) -> CompletedMultipartUpload {
    CompletedMultipartUpload::builder()
        .set_parts(Some(parts.iter().map(|part| (*part).clone()).collect()))
        .build()
}

#[tokio::test]
async fn parts_become_one_object_in_the_order_of_their_numbers() {
    let folder = Folder::new();
    for (_server, s3) in both(&folder).await {
        let whole = pattern(2 * LEAST + 1000);
        let id = begin(&s3, "k").await;
        let third = upload(&s3, "k", &id, 7, whole[2 * LEAST..].to_vec()).await;
        let first = upload(&s3, "k", &id, 1, b"replaced".to_vec()).await;
        let second = upload(&s3, "k", &id, 3, whole[LEAST..2 * LEAST].to_vec()).await;
        upload(&s3, "k", &id, 9, pattern(LEAST)).await;
        let stale = first;
        let first = upload(&s3, "k", &id, 1, whole[..LEAST].to_vec()).await;

        let parts = s3
            .list_parts()
            .bucket(BUCKET)
            .key("k")
            .upload_id(&id)
            .max_parts(3)
            .send()
            .await
            .unwrap();
        assert_eq!(
            parts
                .parts()
                .iter()
                .map(|part| part.part_number().unwrap())
                .collect::<Vec<_>>(),
            [1, 3, 7]
        );
        assert_eq!(
            (parts.is_truncated(), parts.next_part_number_marker()),
            (Some(true), Some("7"))
        );
        let uploads = s3.list_multipart_uploads().bucket(BUCKET).send().await.unwrap();
        assert_eq!(uploads.uploads()[0].upload_id(), Some(id.as_str()));
        assert_eq!(
            refusal(s3.get_object().bucket(BUCKET).key("k").send().await),
            refused(404, "NoSuchKey")
        );

        let complete = |parts: &[&CompletedPart]| {
            s3.complete_multipart_upload()
                .bucket(BUCKET)
                .key("k")
                .upload_id(&id)
                .multipart_upload(of(parts))
                .send()
        };
        assert_eq!(refusal(complete(&[&stale, &second]).await), refused(400, "InvalidPart"));
        assert_eq!(
            refusal(complete(&[&second, &first]).await),
            refused(400, "InvalidPartOrder")
        );
        let done = complete(&[&first, &second, &third]).await.unwrap();
        assert!(done.e_tag().unwrap().ends_with("-3\""));

        assert!(get(&s3, "k").await == whole);
        let range = format!("bytes={}-{}", LEAST - 10, 2 * LEAST + 9);
        let middle = s3
            .get_object()
            .bucket(BUCKET)
            .key("k")
            .range(range)
            .send()
            .await
            .unwrap();
        assert!(middle.body.collect().await.unwrap().to_vec() == whole[LEAST - 10..2 * LEAST + 10]);
        let part = s3
            .get_object()
            .bucket(BUCKET)
            .key("k")
            .part_number(3)
            .send()
            .await
            .unwrap();
        assert_eq!(part.parts_count(), Some(3));
        assert!(part.body.collect().await.unwrap().to_vec() == whole[2 * LEAST..]);
        let head = s3.head_object().bucket(BUCKET).key("k").send().await.unwrap();
        assert_eq!(
            (head.content_type(), head.metadata().unwrap()["a"].as_str()),
            (Some("application/pdf"), "1")
        );

        assert_eq!(refusal(complete(&[&first]).await), refused(404, "NoSuchUpload"));
        s3.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
    }
    // The unused part and the replaced one are gone as well.
    assert_eq!(std::fs::read_dir(folder.path().join("blobs")).unwrap().count(), 0);
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let folder = Folder::new();
    for (_server, s3) in both(&folder).await {
        let id = begin(&s3, "k").await;
        let part = upload(&s3, "k", &id, 1, pattern(LEAST)).await;
        s3.abort_multipart_upload()
            .bucket(BUCKET)
            .key("k")
            .upload_id(&id)
            .send()
            .await
            .unwrap();
        let again = s3
            .abort_multipart_upload()
            .bucket(BUCKET)
            .key("k")
            .upload_id(&id)
            .send()
            .await;
        assert_eq!(refusal(again), refused(404, "NoSuchUpload"));
        let late = s3
            .upload_part()
            .bucket(BUCKET)
            .key("k")
            .upload_id(&id)
            .part_number(1)
            .send()
            .await;
        assert_eq!(refusal(late), refused(404, "NoSuchUpload"));
        let complete = s3.complete_multipart_upload().bucket(BUCKET).key("k").upload_id(&id);
        assert_eq!(
            refusal(complete.multipart_upload(of(&[&part])).send().await),
            refused(404, "NoSuchUpload")
        );
        // Nor does an unfinished one keep its bucket.
        let other = begin(&s3, "k").await;
        upload(&s3, "k", &other, 1, pattern(LEAST)).await;
        s3.delete_bucket().bucket(BUCKET).send().await.unwrap();
    }
    assert_eq!(std::fs::read_dir(folder.path().join("blobs")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_part_that_is_not_the_last_has_five_mebibytes() {
    let (_server, s3) = in_memory().await;
    let id = begin(&s3, "k").await;
    let first = upload(&s3, "k", &id, 1, pattern(LEAST - 1)).await;
    let second = upload(&s3, "k", &id, 2, pattern(1)).await;
    let complete = s3.complete_multipart_upload().bucket(BUCKET).key("k").upload_id(&id);
    let refusal = refusal(complete.multipart_upload(of(&[&first, &second])).send().await);
    assert_eq!(refusal, refused(400, "EntityTooSmall"));
}

#[tokio::test]
async fn an_upload_completes_only_if_its_key_is_free() {
    let (_server, s3) = in_memory().await;
    let id = begin(&s3, "k").await;
    let part = upload(&s3, "k", &id, 1, pattern(10)).await;
    put(&s3, "k", "taken").await;
    let complete = || {
        let complete = s3.complete_multipart_upload().bucket(BUCKET).key("k").upload_id(&id);
        complete.if_none_match("*").multipart_upload(of(&[&part])).send()
    };
    assert_eq!(refusal(complete().await), refused(412, "PreconditionFailed"));
    s3.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
    complete().await.unwrap();
    assert!(get(&s3, "k").await == pattern(10));
}

#[tokio::test]
async fn a_part_can_be_copied_from_an_object() {
    let folder = Folder::new();
    for (_server, s3) in both(&folder).await {
        let source = pattern(LEAST + 100);
        put(&s3, "source", source.clone()).await;
        let id = begin(&s3, "k").await;
        let copy = |number: i32, range: &str| {
            let part = s3
                .upload_part_copy()
                .bucket(BUCKET)
                .key("k")
                .upload_id(&id)
                .part_number(number);
            part.copy_source(format!("{BUCKET}/source"))
                .copy_source_range(range)
                .send()
        };
        let mut parts = Vec::new();
        for (number, range) in [(1, "bytes=100-5242979"), (2, "bytes=0-99")] {
            let copied = copy(number, range).await.unwrap().copy_part_result.unwrap();
            parts.push(
                CompletedPart::builder()
                    .part_number(number)
                    .e_tag(copied.e_tag.unwrap())
                    .build(),
            );
        }
        assert_eq!(
            refusal(copy(3, "bytes=0-5242980").await),
            refused(400, "InvalidArgument")
        );
        let complete = s3.complete_multipart_upload().bucket(BUCKET).key("k").upload_id(&id);
        complete
            .multipart_upload(of(&[&parts[0], &parts[1]]))
            .send()
            .await
            .unwrap();
        assert!(get(&s3, "k").await == [&source[100..], &source[..100]].concat());
    }
}
