//! Events of objects in queues.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    BucketVersioningStatus, CompletedMultipartUpload, CompletedPart, Event, FilterRule, FilterRuleName,
    NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter,
    VersioningConfiguration,
};
use serde_json::Value;

use super::{BUCKET, in_memory, pattern, put, refusal, refused};
use crate::{REGION, Server};

async fn queue(server: &Server, name: &str) -> String {
    server.sqs().create_queue().queue_name(name).send().await.unwrap();
    format!("arn:aws:sqs:{REGION}:000000000000:{name}")
}

/// The bodies of all messages that are there, in the order of their arrival.
async fn messages(server: &Server, name: &str) -> Vec<Value> {
    let sqs = server.sqs();
    let url = sqs
        .get_queue_url()
        .queue_name(name)
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    let mut bodies = Vec::new();
    loop {
        let received = sqs
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(10)
            .send()
            .await
            .unwrap();
        if received.messages().is_empty() {
            return bodies;
        }
        for message in received.messages() {
            bodies.push(serde_json::from_str(message.body().unwrap()).unwrap());
            let receipt = message.receipt_handle().unwrap();
            sqs.delete_message()
                .queue_url(&url)
                .receipt_handle(receipt)
                .send()
                .await
                .unwrap();
        }
    }
}

fn rule(id: &str, arn: &str, event: Event, prefix: &str, suffix: &str) -> QueueConfiguration {
    let filter = |name, value: &str| FilterRule::builder().name(name).value(value).build();
    let key = S3KeyFilter::builder()
        .filter_rules(filter(FilterRuleName::Prefix, prefix))
        .filter_rules(filter(FilterRuleName::Suffix, suffix))
        .build();
    let filter = NotificationConfigurationFilter::builder().key(key).build();
    QueueConfiguration::builder()
        .id(id)
        .queue_arn(arn)
        .events(event)
        .filter(filter)
        .build()
        .unwrap()
}

async fn configure(s3: &Client, rules: Vec<QueueConfiguration>) {
    let configuration = NotificationConfiguration::builder()
        .set_queue_configurations(Some(rules))
        .build();
    let put = s3.put_bucket_notification_configuration().bucket(BUCKET);
    put.notification_configuration(configuration).send().await.unwrap();
}

#[tokio::test]
async fn an_object_is_announced_in_the_format_of_aws() {
    let (server, s3) = in_memory().await;
    let arn = queue(&server, "inbox").await;
    configure(&s3, vec![rule("pdf", &arn, Event::S3ObjectCreated, "in/", ".pdf")]).await;
    let [test]: [Value; 1] = messages(&server, "inbox").await.try_into().unwrap();
    assert_eq!(test["Event"], "s3:TestEvent");
    assert_eq!(test["Service"], "Amazon S3");
    assert_eq!(test["Bucket"], BUCKET);

    put(&s3, "in/surat izin+é.pdf", "abc").await;
    put(&s3, "in/no.txt", "abc").await;
    put(&s3, "out/no.pdf", "abc").await;

    let [message]: [Value; 1] = messages(&server, "inbox").await.try_into().unwrap();
    let [record]: [Value; 1] = message["Records"].as_array().unwrap().clone().try_into().unwrap();
    assert_eq!(record["eventVersion"], "2.1");
    assert_eq!(record["eventSource"], "aws:s3");
    assert_eq!(record["awsRegion"], REGION);
    assert_eq!(record["eventName"], "ObjectCreated:Put");
    assert!(record["eventTime"].as_str().unwrap().ends_with('Z'));
    let s3 = &record["s3"];
    assert_eq!(s3["s3SchemaVersion"], "1.0");
    assert_eq!(s3["configurationId"], "pdf");
    assert_eq!(s3["bucket"]["name"], BUCKET);
    assert_eq!(s3["bucket"]["arn"], format!("arn:aws:s3:::{BUCKET}"));
    assert_eq!(s3["object"]["key"], "in/surat+izin%2B%C3%A9.pdf");
    assert_eq!(s3["object"]["size"], 3);
    assert_eq!(s3["object"]["eTag"], "900150983cd24fb0d6963f7d28e17f72");
    assert!(s3["object"].get("versionId").is_none());
    assert_eq!(s3["object"]["sequencer"].as_str().unwrap().len(), 18);
}

#[tokio::test]
async fn each_way_to_change_an_object_has_its_own_event() {
    let (server, s3) = in_memory().await;
    let arn = queue(&server, "events").await;
    let all = QueueConfiguration::builder()
        .queue_arn(&arn)
        .events(Event::S3ObjectCreated)
        .events(Event::S3ObjectRemoved);
    configure(&s3, vec![all.build().unwrap()]).await;
    messages(&server, "events").await;
    let enabled = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Enabled)
        .build();
    s3.put_bucket_versioning()
        .bucket(BUCKET)
        .versioning_configuration(enabled)
        .send()
        .await
        .unwrap();

    put(&s3, "a", "x").await;
    s3.copy_object()
        .bucket(BUCKET)
        .key("b")
        .copy_source(format!("{BUCKET}/a"))
        .send()
        .await
        .unwrap();
    let id = s3
        .create_multipart_upload()
        .bucket(BUCKET)
        .key("c")
        .send()
        .await
        .unwrap()
        .upload_id
        .unwrap();
    let part = s3
        .upload_part()
        .bucket(BUCKET)
        .key("c")
        .upload_id(&id)
        .part_number(1)
        .body(pattern(9).into());
    let part = CompletedPart::builder()
        .part_number(1)
        .e_tag(part.send().await.unwrap().e_tag.unwrap())
        .build();
    let complete = s3.complete_multipart_upload().bucket(BUCKET).key("c").upload_id(&id);
    let complete = complete.multipart_upload(CompletedMultipartUpload::builder().parts(part).build());
    let version = complete.send().await.unwrap().version_id.unwrap();
    s3.delete_object().bucket(BUCKET).key("c").send().await.unwrap();
    s3.delete_object()
        .bucket(BUCKET)
        .key("c")
        .version_id(&version)
        .send()
        .await
        .unwrap();

    let events: Vec<(String, String)> = messages(&server, "events")
        .await
        .iter()
        .map(|message| {
            let record = &message["Records"][0];
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            assert!(record["s3"]["object"]["versionId"].is_string());
            (text(&record["eventName"]), text(&record["s3"]["object"]["key"]))
        })
        .collect();
    let expected = [
        ("ObjectCreated:Put", "a"),
        ("ObjectCreated:Copy", "b"),
        ("ObjectCreated:CompleteMultipartUpload", "c"),
        ("ObjectRemoved:DeleteMarkerCreated", "c"),
        ("ObjectRemoved:Delete", "c"),
    ];
    assert_eq!(events, expected.map(|(event, key)| (event.to_owned(), key.to_owned())));
}

#[tokio::test]
async fn a_refused_write_announces_nothing_and_each_write_once() {
    let (server, s3) = in_memory().await;
    let arn = queue(&server, "events").await;
    configure(&s3, vec![rule("all", &arn, Event::S3ObjectCreatedPut, "", "")]).await;
    messages(&server, "events").await;
    for n in 0..20 {
        put(&s3, &format!("k{n}"), "x").await;
        let again = s3
            .put_object()
            .bucket(BUCKET)
            .key(format!("k{n}"))
            .if_none_match("*")
            .send()
            .await;
        assert_eq!(refusal(again).0, 412);
    }
    let mut keys: Vec<String> = messages(&server, "events")
        .await
        .iter()
        .map(|message| {
            message["Records"][0]["s3"]["object"]["key"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    keys.sort_by_key(|key| key[1..].parse::<u32>().unwrap());
    assert_eq!(keys, (0..20).map(|n| format!("k{n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_waiting_receiver_wakes_when_an_object_arrives() {
    let (server, s3) = in_memory().await;
    let arn = queue(&server, "events").await;
    configure(&s3, vec![rule("all", &arn, Event::S3ObjectCreated, "", "")]).await;
    messages(&server, "events").await;
    let sqs = server.sqs();
    let url = sqs
        .get_queue_url()
        .queue_name("events")
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    let waiting = tokio::spawn(sqs.receive_message().queue_url(url).wait_time_seconds(20).send());
    let begun = std::time::Instant::now();
    put(&s3, "k", "x").await;
    assert_eq!(waiting.await.unwrap().unwrap().messages().len(), 1);
    assert!(begun.elapsed().as_secs() < 10);
}

#[tokio::test]
async fn a_configuration_reads_back_and_bad_ones_are_refused() {
    let (server, s3) = in_memory().await;
    let arn = queue(&server, "inbox").await;
    configure(&s3, vec![rule("pdf", &arn, Event::S3ObjectCreatedPut, "in/", ".pdf")]).await;
    let read = || s3.get_bucket_notification_configuration().bucket(BUCKET).send();
    let expected = vec![rule("pdf", &arn, Event::S3ObjectCreatedPut, "in/", ".pdf")];
    assert_eq!(read().await.unwrap().queue_configurations(), expected);

    for bad in [
        rule(
            "x",
            &format!("arn:aws:sqs:{REGION}:000000000000:absent"),
            Event::S3ObjectCreated,
            "",
            "",
        ),
        rule(
            "x",
            "arn:aws:sqs:us-east-1:000000000000:inbox",
            Event::S3ObjectCreated,
            "",
            "",
        ),
        rule("x", &arn, Event::from("s3:ObjectTagging:*"), "", ""),
    ] {
        let configuration = NotificationConfiguration::builder().queue_configurations(bad).build();
        let put = s3.put_bucket_notification_configuration().bucket(BUCKET);
        let refusal = refusal(put.notification_configuration(configuration).send().await);
        assert_eq!(refusal, refused(400, "InvalidArgument"));
    }
    assert_eq!(read().await.unwrap().queue_configurations(), expected);
    configure(&s3, Vec::new()).await;
    assert!(read().await.unwrap().queue_configurations().is_empty());
}
