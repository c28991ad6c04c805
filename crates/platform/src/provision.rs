//! Creating what a template declares on an endpoint that starts empty. Doing it again changes nothing.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, Event, FilterRule, FilterRuleName,
    NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter,
    VersioningConfiguration,
};
use aws_sdk_sqs::types::QueueAttributeName;
use std::collections::HashMap;

use crate::aws::Aws;
use crate::table::Index;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Something could not be created.
#[derive(Debug, thiserror::Error)]
#[error("{what} could not be created")]
pub struct ProvisionError {
    what: String,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// Objects that are announced on a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The queue's ARN.
    pub queue_arn: String,
    /// An event such as `s3:ObjectCreated:*`.
    pub event: String,
    /// Filter rules, `prefix` or `suffix` with a value.
    pub rules: Vec<(String, String)>,
}

/// Creates queues, buckets and tables.
#[derive(Debug, Clone)]
pub struct Provision(Aws);

impl Provision {
    /// Uses the given connection.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self(aws.clone())
    }

    /// Creates a queue with attributes by their AWS names, and returns its URL.
    pub async fn queue(&self, name: &str, attributes: &[(String, String)]) -> Result<String, ProvisionError> {
        let attributes: HashMap<_, _> = attributes
            .iter()
            .map(|(name, value)| (QueueAttributeName::from(name.as_str()), value.clone()))
            .collect();
        let created = self
            .0
            .sqs
            .create_queue()
            .queue_name(name)
            .set_attributes(Some(attributes))
            .send()
            .await;
        let created = created.map_err(|error| failed("queue", name, error))?;
        Ok(created.queue_url.unwrap_or_default())
    }

    /// Creates a bucket.
    pub async fn bucket(&self, name: &str, versioned: bool) -> Result<(), ProvisionError> {
        let region = self
            .0
            .s3
            .config()
            .region()
            .map(|region| region.as_ref().to_owned())
            .unwrap_or_default();
        let location = (region != "us-east-1").then(|| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region.as_str()))
                .build()
        });
        let created = self
            .0
            .s3
            .create_bucket()
            .bucket(name)
            .set_create_bucket_configuration(location)
            .send()
            .await;
        match created {
            Ok(_) => {}
            Err(error) if error.code() == Some("BucketAlreadyOwnedByYou") => {}
            Err(error) => return Err(failed("bucket", name, error)),
        }
        if versioned {
            let enabled = VersioningConfiguration::builder()
                .status(BucketVersioningStatus::Enabled)
                .build();
            let request = self
                .0
                .s3
                .put_bucket_versioning()
                .bucket(name)
                .versioning_configuration(enabled);
            request
                .send()
                .await
                .map_err(|error| failed("versioning of bucket", name, error))?;
        }
        Ok(())
    }

    /// Announces a bucket's objects on queues. Replaces what was announced before.
    pub async fn announce(&self, bucket: &str, announcements: &[Announcement]) -> Result<(), ProvisionError> {
        let wrong = |error: BoxError| failed("notifications of bucket", bucket, error);
        let mut queues = Vec::new();
        for announcement in announcements {
            let rules = announcement.rules.iter().map(|(name, value)| {
                FilterRule::builder()
                    .name(FilterRuleName::from(name.as_str()))
                    .value(value)
                    .build()
            });
            let filter = S3KeyFilter::builder().set_filter_rules(Some(rules.collect())).build();
            let configuration = QueueConfiguration::builder()
                .queue_arn(&announcement.queue_arn)
                .events(Event::from(announcement.event.as_str()))
                .filter(NotificationConfigurationFilter::builder().key(filter).build())
                .build()
                .map_err(|error| wrong(error.into()))?;
            queues.push(configuration);
        }
        let configuration = NotificationConfiguration::builder()
            .set_queue_configurations(Some(queues))
            .build();
        let request = self
            .0
            .s3
            .put_bucket_notification_configuration()
            .bucket(bucket)
            .notification_configuration(configuration);
        request.send().await.map(drop).map_err(|error| wrong(error.into()))
    }

    /// Creates a table with string keys `pk` and `sk`, the indexes `gsi1` and `gsi2`, a stream of new images, and TTL on
    /// `ttl_attribute`.
    pub async fn table(&self, name: &str, ttl_attribute: Option<&str>) -> Result<(), ProvisionError> {
        let wrong = |error: BoxError| failed("table", name, error);
        let mut request = self
            .0
            .dynamodb
            .create_table()
            .table_name(name)
            .billing_mode(BillingMode::PayPerRequest)
            .stream_specification(
                StreamSpecification::builder()
                    .stream_enabled(true)
                    .stream_view_type(StreamViewType::NewImage)
                    .build()
                    .map_err(|error| wrong(error.into()))?,
            );
        for index in [Index::Main, Index::Gsi1, Index::Gsi2] {
            let (pk, sk) = index.attributes();
            for attribute in [pk, sk] {
                let definition = AttributeDefinition::builder()
                    .attribute_name(attribute)
                    .attribute_type(ScalarAttributeType::S)
                    .build();
                request = request.attribute_definitions(definition.map_err(|error| wrong(error.into()))?);
            }
            let keys = keys(pk, sk).map_err(|error| wrong(error.into()))?;
            request = match index.name() {
                None => request.set_key_schema(Some(keys)),
                Some(name) => {
                    let everything = Projection::builder().projection_type(ProjectionType::All).build();
                    let index = GlobalSecondaryIndex::builder()
                        .index_name(name)
                        .set_key_schema(Some(keys))
                        .projection(everything)
                        .build();
                    request.global_secondary_indexes(index.map_err(|error| wrong(error.into()))?)
                }
            };
        }
        match request.send().await {
            Ok(_) => {}
            Err(error) if error.code() == Some("ResourceInUseException") => return Ok(()),
            Err(error) => return Err(wrong(error.into())),
        }
        if let Some(attribute) = ttl_attribute {
            let ttl = TimeToLiveSpecification::builder()
                .enabled(true)
                .attribute_name(attribute)
                .build();
            let ttl = ttl.map_err(|error| wrong(error.into()))?;
            let request = self
                .0
                .dynamodb
                .update_time_to_live()
                .table_name(name)
                .time_to_live_specification(ttl);
            request.send().await.map_err(|error| wrong(error.into()))?;
        }
        Ok(())
    }
}

fn keys(pk: &str, sk: &str) -> Result<Vec<KeySchemaElement>, BuildError> {
    let parts = [(pk, KeyType::Hash), (sk, KeyType::Range)].into_iter();
    let parts = parts.map(|(name, kind)| KeySchemaElement::builder().attribute_name(name).key_type(kind).build());
    parts.collect()
}

fn failed(kind: &str, name: &str, source: impl Into<BoxError>) -> ProvisionError {
    ProvisionError {
        what: format!("{kind} {name}"),
        source: source.into(),
    }
}
