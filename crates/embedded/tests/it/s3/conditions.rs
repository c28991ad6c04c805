//! Conditional requests.

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use tokio::task::JoinSet;

use super::{BUCKET, INLINE, both, get, in_memory, pattern, put, refusal, refused};
use crate::Folder;

#[tokio::test(flavor = "multi_thread")]
async fn of_forty_who_race_for_a_new_key_exactly_one_wins() {
    let folder = Folder::new();
    for (_server, s3) in both(&folder).await {
        for size in [100, INLINE + 100] {
            for round in 0..5 {
                let key = format!("{size}/{round}");
                let mut racers = JoinSet::new();
                for racer in 0..40_u8 {
                    let put = s3.put_object().bucket(BUCKET).key(&key).if_none_match("*");
                    let put = put.body(ByteStream::from(vec![racer; size]));
                    racers.spawn(async move { (racer, put.send().await) });
                }
                let mut winners = Vec::new();
                for (racer, result) in racers.join_all().await {
                    match result {
                        Ok(_) => winners.push(racer),
                        lost => assert_eq!(refusal(lost), refused(412, "PreconditionFailed")),
                    }
                }
                assert_eq!(winners.len(), 1);
                assert_eq!(get(&s3, &key).await, vec![winners[0]; size]);
            }
        }
    }
    // The losers' bytes are gone.
    assert_eq!(std::fs::read_dir(folder.path().join("blobs")).unwrap().count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_kept_with_if_match_loses_no_count() {
    let (_server, s3) = in_memory().await;
    put(&s3, "count", "0").await;
    let mut racers = JoinSet::new();
    for _ in 0..8 {
        let s3 = s3.clone();
        racers.spawn(async move {
            let mut counted = 0;
            while counted < 10 {
                let got = s3.get_object().bucket(BUCKET).key("count").send().await.unwrap();
                let etag = got.e_tag().unwrap().to_owned();
                let count: u32 = String::from_utf8(got.body.collect().await.unwrap().to_vec())
                    .unwrap()
                    .parse()
                    .unwrap();
                let next = ByteStream::from((count + 1).to_string().into_bytes());
                let put = s3
                    .put_object()
                    .bucket(BUCKET)
                    .key("count")
                    .if_match(etag)
                    .body(next)
                    .send()
                    .await;
                match put {
                    Ok(_) => counted += 1,
                    lost => assert_eq!(refusal(lost).0, 412),
                }
            }
        });
    }
    racers.join_all().await;
    assert_eq!(get(&s3, "count").await, b"80");
}

#[tokio::test]
async fn a_write_names_the_object_that_it_replaces() {
    let (_server, s3) = in_memory().await;
    let write = || {
        s3.put_object()
            .bucket(BUCKET)
            .key("k")
            .body(ByteStream::from_static(b"new"))
    };
    assert_eq!(
        refusal(write().if_match("\"x\"").send().await),
        refused(404, "NoSuchKey")
    );
    let etag = put(&s3, "k", "old").await;
    assert_eq!(
        refusal(write().if_match("\"x\"").send().await),
        refused(412, "PreconditionFailed")
    );
    assert_eq!(
        refusal(write().if_none_match("*").send().await),
        refused(412, "PreconditionFailed")
    );
    assert_eq!(
        refusal(write().if_none_match(&etag).send().await),
        refused(501, "NotImplemented")
    );
    write().if_match(etag).send().await.unwrap();
    assert_eq!(get(&s3, "k").await, b"new");
    // A key under it is another key.
    put(&s3, "k/below", "x").await;
    s3.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
    write().if_none_match("*").send().await.unwrap();
}

#[tokio::test]
async fn a_read_says_what_it_already_has() {
    let (_server, s3) = in_memory().await;
    let etag = put(&s3, "k", pattern(10)).await;
    let modified = *s3
        .head_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await
        .unwrap()
        .last_modified()
        .unwrap();
    let earlier = DateTime::from_secs(modified.secs() - 1);
    let read = || s3.get_object().bucket(BUCKET).key("k");

    read().if_match(&etag).send().await.unwrap();
    read().if_none_match("\"x\"").send().await.unwrap();
    read().if_modified_since(earlier).send().await.unwrap();
    read().if_unmodified_since(modified).send().await.unwrap();
    // The ETag goes before the date.
    read()
        .if_match(&etag)
        .if_unmodified_since(earlier)
        .send()
        .await
        .unwrap();
    read()
        .if_none_match("\"x\"")
        .if_modified_since(modified)
        .send()
        .await
        .unwrap();

    assert_eq!(
        refusal(read().if_match("\"x\"").send().await),
        refused(412, "PreconditionFailed")
    );
    assert_eq!(
        refusal(read().if_unmodified_since(earlier).send().await),
        refused(412, "PreconditionFailed")
    );
    for unchanged in [
        read().if_none_match(&etag),
        read().if_none_match("*"),
        read().if_modified_since(modified),
    ] {
        let error = unchanged.send().await.unwrap_err();
        let answer = error.raw_response().unwrap();
        assert_eq!(answer.status().as_u16(), 304);
        assert_eq!(answer.headers().get("etag"), Some(etag.as_str()));
    }
    let head = s3
        .head_object()
        .bucket(BUCKET)
        .key("k")
        .if_none_match(&etag)
        .send()
        .await;
    assert_eq!(refusal(head).0, 304);
}
