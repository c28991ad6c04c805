//! Reading `template.yaml`: the resources that the local runner understands, with their references resolved.

mod resolve;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_yaml_ng::Value;

pub(crate) use resolve::Names;

use crate::sources::QueueSource;

/// The template that this program was built with.
const SOURCE: &str = include_str!("../../template.yaml");

/// The template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Not YAML of the shape of a template.
    #[error("the template cannot be read")]
    Malformed(#[source] serde_yaml_ng::Error),
    /// A reference to nothing.
    #[error("the template refers to {0}, which is not there")]
    Dangling(String),
    /// An intrinsic function that this program does not know.
    #[error("the template uses {0}, which this program does not know")]
    Intrinsic(String),
    /// A resource lacks something.
    #[error("resource {id} has no usable {property}")]
    Property {
        /// Its logical id.
        id: String,
        /// What is missing.
        property: &'static str,
    },
    /// A trigger has a property that the runner would have to ignore.
    #[error("a trigger of {id} has {property}, which this program does not play")]
    NotPlayed {
        /// The logical id of its function.
        id: String,
        /// The property.
        property: String,
    },
}

/// A SAM template.
#[derive(Debug, Clone, Deserialize)]
pub struct Template {
    #[serde(rename = "Parameters", default)]
    parameters: BTreeMap<String, Parameter>,
    #[serde(rename = "Globals", default)]
    globals: Value,
    #[serde(rename = "Resources")]
    resources: BTreeMap<String, Resource>,
}

#[derive(Debug, Clone, Deserialize)]
struct Parameter {
    #[serde(rename = "Default", default)]
    default: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Resource {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Properties", default)]
    properties: Value,
}

/// A queue to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Queue {
    pub(crate) id: String,
    pub(crate) name: String,
    /// By their AWS names, as SQS takes them.
    pub(crate) attributes: Vec<(String, String)>,
}

/// A bucket to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) versioned: bool,
    pub(crate) announcements: Vec<platform::Announcement>,
}

/// A table to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) ttl_attribute: Option<String>,
}

/// A function to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) id: String,
    pub(crate) variables: BTreeMap<String, String>,
    /// Whether it answers HTTP.
    pub(crate) has_url: bool,
    pub(crate) triggers: Vec<Trigger>,
}

/// What sets a function off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// Messages of a queue.
    Queue(QueueSource),
    /// Changes of the table with this stream ARN.
    Stream { arn: String, batch_size: i32 },
    /// The clock.
    Schedule { every: Duration },
}

impl Template {
    /// The template that this program was built with.
    pub fn bundled() -> Result<Self, TemplateError> {
        Self::parse(SOURCE)
    }

    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        serde_yaml_ng::from_str(text).map_err(TemplateError::Malformed)
    }

    /// The logical ids of the template's functions.
    #[must_use]
    pub fn function_ids(&self) -> Vec<&str> {
        self.of_type("AWS::Serverless::Function").map(|(id, _)| id).collect()
    }

    /// The queues, dead-letter queues before those that use them.
    pub(crate) fn queues(&self, names: &Names<'_>) -> Result<Vec<Queue>, TemplateError> {
        const PASSED_ON: [&str; 4] = [
            "VisibilityTimeout",
            "MessageRetentionPeriod",
            "DelaySeconds",
            "ReceiveMessageWaitTimeSeconds",
        ];
        let mut queues = Vec::new();
        for (id, properties) in self.of_type("AWS::SQS::Queue") {
            let mut attributes = Vec::new();
            for name in PASSED_ON {
                if let Some(value) = properties.get(name) {
                    attributes.push((name.to_owned(), names.text(value)?));
                }
            }
            if let Some(policy) = properties.get("RedrivePolicy") {
                let policy = names.json(policy)?;
                attributes.push(("RedrivePolicy".to_owned(), policy.to_string()));
            }
            queues.push(Queue {
                id: id.to_owned(),
                name: names.of(id)?.to_owned(),
                attributes,
            });
        }
        queues.sort_by_key(|queue| queue.attributes.iter().any(|(name, _)| name == "RedrivePolicy"));
        Ok(queues)
    }

    /// The buckets.
    pub(crate) fn buckets(&self, names: &Names<'_>) -> Result<Vec<Bucket>, TemplateError> {
        let bucket = |(id, properties): (&str, &Value)| {
            let status = properties
                .get("VersioningConfiguration")
                .and_then(|versioning| versioning.get("Status"));
            let configurations = properties
                .get("NotificationConfiguration")
                .and_then(|all| all.get("QueueConfigurations"));
            let configurations = configurations.and_then(Value::as_sequence).into_iter().flatten();
            let announcements = configurations.map(|configuration| announcement(id, configuration, names));
            Ok(Bucket {
                name: names.of(id)?.to_owned(),
                versioned: status.and_then(Value::as_str) == Some("Enabled"),
                announcements: announcements.collect::<Result<_, _>>()?,
            })
        };
        self.of_type("AWS::S3::Bucket").map(bucket).collect()
    }

    /// The tables.
    pub(crate) fn tables(&self, names: &Names<'_>) -> Result<Vec<Table>, TemplateError> {
        let table = |(id, properties): (&str, &Value)| {
            let ttl = properties
                .get("TimeToLiveSpecification")
                .and_then(|ttl| ttl.get("AttributeName"));
            let ttl_attribute = ttl.and_then(Value::as_str).map(str::to_owned);
            Ok(Table {
                name: names.of(id)?.to_owned(),
                ttl_attribute,
            })
        };
        self.of_type("AWS::DynamoDB::Table").map(table).collect()
    }

    /// The functions with their variables, those of `Globals` included.
    pub(crate) fn functions(&self, names: &Names<'_>) -> Result<Vec<Function>, TemplateError> {
        let shared = self.globals.get("Function").and_then(variables_of);
        let function = |(id, properties): (&str, &Value)| {
            let mut variables = BTreeMap::new();
            for (name, value) in [shared, variables_of(properties)].into_iter().flatten().flatten() {
                let name = name.as_str().ok_or_else(|| missing(id, "variable name"))?;
                variables.insert(name.to_owned(), names.text(value)?);
            }
            let events = properties
                .get("Events")
                .and_then(Value::as_mapping)
                .into_iter()
                .flatten();
            let triggers = events
                .map(|(_, event)| trigger(id, event, names))
                .collect::<Result<_, _>>()?;
            let has_url = properties.get("FunctionUrlConfig").is_some();
            Ok(Function {
                id: id.to_owned(),
                variables,
                has_url,
                triggers,
            })
        };
        self.of_type("AWS::Serverless::Function").map(function).collect()
    }

    fn of_type(&self, kind: &'static str) -> impl Iterator<Item = (&str, &Value)> {
        let wanted = self.resources.iter().filter(move |(_, resource)| resource.kind == kind);
        wanted.map(|(id, resource)| (id.as_str(), &resource.properties))
    }
}

fn variables_of(function: &Value) -> Option<&serde_yaml_ng::Mapping> {
    function.get("Environment")?.get("Variables")?.as_mapping()
}

fn announcement(id: &str, configuration: &Value, names: &Names<'_>) -> Result<platform::Announcement, TemplateError> {
    let event = configuration
        .get("Event")
        .and_then(Value::as_str)
        .ok_or_else(|| missing(id, "Event"))?;
    let queue = configuration.get("Queue").ok_or_else(|| missing(id, "Queue"))?;
    let rules = configuration
        .get("Filter")
        .and_then(|filter| filter.get("S3Key")?.get("Rules")?.as_sequence());
    let rules = rules.into_iter().flatten().filter_map(|rule| {
        Some((
            rule.get("Name")?.as_str()?.to_owned(),
            rule.get("Value")?.as_str()?.to_owned(),
        ))
    });
    Ok(platform::Announcement {
        queue_arn: names.text(queue)?,
        event: event.to_owned(),
        rules: rules.collect(),
    })
}

fn trigger(id: &str, event: &Value, names: &Names<'_>) -> Result<Trigger, TemplateError> {
    let property = |name: &'static str| {
        event
            .get("Properties")
            .and_then(|all| all.get(name))
            .ok_or_else(|| missing(id, name))
    };
    let batch_size = || {
        let size = property("BatchSize")?
            .as_i64()
            .and_then(|size| i32::try_from(size).ok());
        size.ok_or_else(|| missing(id, "BatchSize"))
    };
    match event.get("Type").and_then(Value::as_str) {
        Some("SQS") => {
            only(id, event, &QUEUE_PROPERTIES)?;
            Ok(Trigger::Queue(QueueSource {
                arn: names.text(property("Queue")?)?,
                batch_size: batch_size()?,
            }))
        }
        Some("DynamoDB") => {
            only(id, event, &STREAM_PROPERTIES)?;
            let batch_size = batch_size()?;
            Ok(Trigger::Stream {
                arn: names.text(property("Stream")?)?,
                batch_size,
            })
        }
        Some("Schedule") => {
            only(id, event, &SCHEDULE_PROPERTIES)?;
            let every = property("Schedule")?.as_str().and_then(rate);
            Ok(Trigger::Schedule {
                every: every.ok_or_else(|| missing(id, "Schedule"))?,
            })
        }
        Some(_) | None => Err(missing(id, "event type")),
    }
}

/// What the runner plays of a queue's trigger.
const QUEUE_PROPERTIES: [&str; 3] = ["Queue", "BatchSize", "FunctionResponseTypes"];
/// What the runner plays of a stream's trigger. It delivers every record until it is taken: a filter, a last attempt and
/// splitting a batch only spare work in AWS.
const STREAM_PROPERTIES: [&str; 8] = [
    "Stream",
    "StartingPosition",
    "BatchSize",
    "FunctionResponseTypes",
    "MaximumRetryAttempts",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "FilterCriteria",
];

/// What the runner plays of a schedule.
const SCHEDULE_PROPERTIES: [&str; 2] = ["Schedule", "Description"];

/// `rate(15 minutes)`, as `EventBridge` writes it. Cron expressions are not played.
fn rate(expression: &str) -> Option<Duration> {
    let (number, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let minutes = match unit {
        "minute" | "minutes" => 1,
        "hour" | "hours" => 60,
        "day" | "days" => 24 * 60,
        _ => return None,
    };
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    Some(Duration::from_secs(number.checked_mul(minutes * 60)?))
}

/// An error for a property that the runner would ignore.
fn only(id: &str, event: &Value, played: &[&str]) -> Result<(), TemplateError> {
    let properties = event.get("Properties").and_then(Value::as_mapping);
    let names = properties.into_iter().flatten().filter_map(|(name, _)| name.as_str());
    for name in names {
        if !played.contains(&name) {
            return Err(TemplateError::NotPlayed {
                id: id.to_owned(),
                property: name.to_owned(),
            });
        }
    }
    Ok(())
}

fn missing(id: &str, property: &'static str) -> TemplateError {
    TemplateError::Property {
        id: id.to_owned(),
        property,
    }
}

#[cfg(test)]
mod tests;
