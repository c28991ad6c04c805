//! The requests that set and show where a bucket's events go.

use s3s::dto::{
    Event as EventName, FilterRule, FilterRuleName, GetBucketNotificationConfigurationInput,
    GetBucketNotificationConfigurationOutput, NotificationConfiguration, NotificationConfigurationFilter,
    PutBucketNotificationConfigurationInput, QueueConfiguration, S3KeyFilter,
};

use super::Objects;
use super::buckets;
use super::error::ObjectError;
use super::notify::{self, Event, Rule};
use crate::blobs::random_id;

/// AWS's limit for one bucket.
const MAX_RULES: usize = 100;

pub(super) async fn put(objects: &Objects, input: PutBucketNotificationConfigurationInput) -> Result<(), ObjectError> {
    let rules = rules(input.notification_configuration)?;
    let (at, region) = (objects.now_ms(), objects.region.clone());
    let unchecked = input.skip_destination_validation == Some(true);
    objects
        .store
        .write(move |tx| {
            let bucket = buckets::find(tx, &input.bucket)?;
            notify::greet(tx, &region, &bucket, &rules, unchecked, at)?;
            buckets::set_rules(tx, bucket.id, &rules)
        })
        .await
}

pub(super) async fn get(
    objects: &Objects,
    input: GetBucketNotificationConfigurationInput,
) -> Result<GetBucketNotificationConfigurationOutput, ObjectError> {
    let bucket = objects.store.read(move |db| buckets::find(db, &input.bucket)).await?;
    Ok(GetBucketNotificationConfigurationOutput {
        queue_configurations: Some(bucket.rules.into_iter().map(shown).collect()),
        ..GetBucketNotificationConfigurationOutput::default()
    })
}

fn rules(configuration: NotificationConfiguration) -> Result<Vec<Rule>, ObjectError> {
    let others = configuration.event_bridge_configuration.is_some()
        || configuration
            .lambda_function_configurations
            .is_some_and(|list| !list.is_empty())
        || configuration.topic_configurations.is_some_and(|list| !list.is_empty());
    if others {
        return Err(ObjectError::NotSupported("A destination that is not a queue"));
    }
    let queues = configuration.queue_configurations.unwrap_or_default();
    if queues.len() > MAX_RULES {
        return Err(ObjectError::InvalidArgument(format!(
            "More than {MAX_RULES} notification configurations"
        )));
    }
    queues.into_iter().map(rule).collect()
}

fn rule(configuration: QueueConfiguration) -> Result<Rule, ObjectError> {
    let mut rule = Rule {
        id: configuration.id.filter(|id| !id.is_empty()).unwrap_or_else(random_id),
        queue: configuration.queue_arn,
        events: Vec::new(),
        prefix: String::new(),
        suffix: String::new(),
    };
    for event in configuration.events {
        let event = event.as_ref().to_owned();
        if !Event::is_known(&event) {
            return Err(ObjectError::InvalidArgument(format!(
                "The event '{event}' is not supported for notifications"
            )));
        }
        rule.events.push(event);
    }
    if rule.events.is_empty() {
        return Err(ObjectError::InvalidArgument(
            "A notification configuration names no event".to_owned(),
        ));
    }
    let filters = configuration
        .filter
        .and_then(|filter| filter.key)
        .and_then(|key| key.filter_rules);
    for filter in filters.unwrap_or_default() {
        let name = filter
            .name
            .as_ref()
            .map(|name| name.as_str().to_ascii_lowercase())
            .unwrap_or_default();
        let value = filter.value.unwrap_or_default();
        match name.as_str() {
            FilterRuleName::PREFIX => rule.prefix = value,
            FilterRuleName::SUFFIX => rule.suffix = value,
            other => {
                return Err(ObjectError::InvalidArgument(format!(
                    "filter rule name must be either prefix or suffix, not '{other}'"
                )));
            }
        }
    }
    Ok(rule)
}

fn shown(rule: Rule) -> QueueConfiguration {
    let filter = |name: &'static str, value: String| {
        (!value.is_empty()).then(|| FilterRule {
            name: Some(FilterRuleName::from_static(name)),
            value: Some(value),
        })
    };
    let filters: Vec<FilterRule> = [
        filter(FilterRuleName::PREFIX, rule.prefix),
        filter(FilterRuleName::SUFFIX, rule.suffix),
    ]
    .into_iter()
    .flatten()
    .collect();
    QueueConfiguration {
        id: Some(rule.id),
        queue_arn: rule.queue,
        events: rule.events.into_iter().map(EventName::from).collect(),
        filter: (!filters.is_empty()).then_some(NotificationConfigurationFilter {
            key: Some(S3KeyFilter {
                filter_rules: Some(filters),
            }),
        }),
    }
}
