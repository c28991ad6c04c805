//! Lists of objects.

use aws_sdk_s3::Client;

use super::{BUCKET, in_memory, put, refusal, refused};

/// Keys and common prefixes of a page, and how the next one is asked for.
struct Page {
    names: Vec<String>,
    next: Option<String>,
}

async fn v2(s3: &Client, prefix: &str, delimiter: &str, size: i32, token: Option<String>) -> Page {
    let list = s3
        .list_objects_v2()
        .bucket(BUCKET)
        .prefix(prefix)
        .delimiter(delimiter)
        .max_keys(size);
    let list = list.set_continuation_token(token).send().await.unwrap();
    let mut names: Vec<String> = list
        .contents()
        .iter()
        .map(|object| object.key().unwrap().to_owned())
        .collect();
    names.extend(
        list.common_prefixes()
            .iter()
            .map(|common| common.prefix().unwrap().to_owned()),
    );
    assert_eq!(list.key_count(), Some(i32::try_from(names.len()).unwrap()));
    assert_eq!(list.is_truncated(), Some(list.next_continuation_token().is_some()));
    Page {
        names,
        next: list.next_continuation_token().map(str::to_owned),
    }
}

async fn v1(s3: &Client, prefix: &str, delimiter: &str, size: i32, marker: Option<String>) -> Page {
    let list = s3
        .list_objects()
        .bucket(BUCKET)
        .prefix(prefix)
        .delimiter(delimiter)
        .max_keys(size);
    let list = list.set_marker(marker).send().await.unwrap();
    let mut names: Vec<String> = list
        .contents()
        .iter()
        .map(|object| object.key().unwrap().to_owned())
        .collect();
    names.extend(
        list.common_prefixes()
            .iter()
            .map(|common| common.prefix().unwrap().to_owned()),
    );
    let last_key = list
        .contents()
        .last()
        .and_then(|object| object.key())
        .map(str::to_owned);
    let next = list
        .next_marker()
        .map(str::to_owned)
        .or(last_key)
        .filter(|_| list.is_truncated() == Some(true));
    Page { names, next }
}

#[tokio::test]
async fn pages_of_any_size_list_every_key_and_prefix_once() {
    let (_server, s3) = in_memory().await;
    for key in ["a", "a/1", "a/2", "a/b/3", "b", "b-1", "b/4", "b/5", "c/6", "é", "文/7"] {
        put(&s3, key, "x").await;
    }
    for (prefix, delimiter, expected) in [
        ("", "/", vec!["a", "a/", "b", "b-1", "b/", "c/", "é", "文/"]),
        ("a/", "/", vec!["a/1", "a/2", "a/b/"]),
        ("b", "/", vec!["b", "b-1", "b/"]),
        ("b", "", vec!["b", "b-1", "b/4", "b/5"]),
        ("z", "/", vec![]),
        ("a/", "", vec!["a/1", "a/2", "a/b/3"]),
    ] {
        for size in [1, 2, 3, 1000] {
            let mut names = [Vec::new(), Vec::new()];
            let mut token = None;
            loop {
                let page = v2(&s3, prefix, delimiter, size, token).await;
                names[0].extend(page.names);
                token = page.next;
                if token.is_none() {
                    break;
                }
            }
            let mut marker = None;
            loop {
                let page = v1(&s3, prefix, delimiter, size, marker).await;
                names[1].extend(page.names);
                marker = page.next;
                if marker.is_none() {
                    break;
                }
            }
            for mut names in names {
                names.sort();
                assert_eq!(
                    names, expected,
                    "prefix {prefix:?} delimiter {delimiter:?} pages of {size}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_list_begins_after_a_key_and_knows_its_limits() {
    let (_server, s3) = in_memory().await;
    for n in 0..5 {
        put(&s3, &format!("k{n}"), "x").await;
    }
    let after = s3
        .list_objects_v2()
        .bucket(BUCKET)
        .start_after("k2")
        .send()
        .await
        .unwrap();
    assert_eq!(
        after
            .contents()
            .iter()
            .map(|object| object.key().unwrap())
            .collect::<Vec<_>>(),
        ["k3", "k4"]
    );
    let none = s3.list_objects_v2().bucket(BUCKET).max_keys(0).send().await.unwrap();
    assert_eq!((none.key_count(), none.is_truncated()), (Some(0), Some(false)));
    let negative = s3.list_objects_v2().bucket(BUCKET).max_keys(-1).send().await;
    assert_eq!(refusal(negative), refused(400, "InvalidArgument"));
    let forged = s3
        .list_objects_v2()
        .bucket(BUCKET)
        .continuation_token("zz")
        .send()
        .await;
    assert_eq!(refusal(forged), refused(400, "InvalidArgument"));
}
