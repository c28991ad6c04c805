#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;

fn given() -> BTreeMap<String, String> {
    ["PublicUrl", "TokenPublicKey", "WebhookToken"]
        .map(|name| (name.to_owned(), format!("<{name}>")))
        .into()
}

#[test]
fn references_resolve_as_cloudformation_resolves_them() {
    let template = Template::bundled().unwrap();
    let mut names = Names::new(&template, &given(), "ap-southeast-3", "000000000000").unwrap();
    assert_eq!(names.of("InboxBucket").unwrap(), "inbox");
    assert_eq!(names.of("MainTable").unwrap(), "absah-main-table");

    let queues = template.queues(&names).unwrap();
    let import = queues.iter().find(|queue| queue.id == "ImportQueue").unwrap();
    let (_, policy) = import
        .attributes
        .iter()
        .find(|(name, _)| name == "RedrivePolicy")
        .unwrap();
    assert_eq!(
        policy,
        r#"{"deadLetterTargetArn":"arn:aws:sqs:ap-southeast-3:000000000000:absah-import-dead","maxReceiveCount":5}"#
    );
    let first_with_policy = queues
        .iter()
        .position(|queue| queue.attributes.iter().any(|(name, _)| name == "RedrivePolicy"));
    let last_without = queues
        .iter()
        .rposition(|queue| queue.attributes.iter().all(|(name, _)| name != "RedrivePolicy"));
    assert!(last_without < first_with_policy);

    for queue in &queues {
        names.queue_is_at(&queue.id, format!("http://queue/{}", queue.name));
    }
    let functions = template.functions(&names).unwrap();
    let relay = functions
        .iter()
        .find(|function| function.id == "RelayFunction")
        .unwrap();
    let routes: BTreeMap<String, Vec<String>> = serde_json::from_str(&relay.variables["EVENT_ROUTES"]).unwrap();
    assert_eq!(routes["http://queue/absah-stamp"], ["document.signed"]);
    assert_eq!(relay.variables["TABLE_NAME"], "absah-main-table");
    assert_eq!(
        relay.triggers,
        [Trigger::Stream {
            arn: "absah-main-table".into(),
            batch_size: 100
        }]
    );
    let stamp = functions
        .iter()
        .find(|function| function.id == "StampFunction")
        .unwrap();
    assert_eq!(stamp.variables["PUBLIC_URL"], "<PublicUrl>");
}

#[test]
fn a_parameter_without_value_and_a_reference_to_nothing_are_named() {
    let template = Template::bundled().unwrap();
    let error = Names::new(&template, &BTreeMap::new(), "r", "a").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the template refers to parameter PublicUrl without a value, which is not there"
    );

    let template = Template::parse(
        "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q, RedrivePolicy: {deadLetterTargetArn: !GetAtt Gone.Arn}}}}",
    );
    let template = template.unwrap();
    let names = Names::new(&template, &BTreeMap::new(), "r", "a").unwrap();
    let error = template.queues(&names).unwrap_err();
    assert_eq!(error.to_string(), "the template refers to Gone.Arn, which is not there");
}

#[test]
fn a_trigger_with_a_property_that_the_runner_would_ignore_is_refused() {
    let event: Value = serde_yaml_ng::from_str(
        "{Type: SQS, Properties: {Queue: q, BatchSize: 10, MaximumBatchingWindowInSeconds: 5}}",
    )
    .unwrap();
    let refused = only("ImportFunction", &event, &QUEUE_PROPERTIES).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a trigger of ImportFunction has MaximumBatchingWindowInSeconds, which this program does not play"
    );
}
