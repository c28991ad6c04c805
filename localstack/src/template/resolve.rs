//! `!Ref`, `!GetAtt` and `!Sub`, as CloudFormation resolves them.

use std::collections::BTreeMap;

use serde_yaml_ng::Value;

use super::{Template, TemplateError, missing};

/// What references in a template resolve to.
#[derive(Debug, Clone)]
pub(crate) struct Names<'a> {
    template: &'a Template,
    /// Parameters and pseudo parameters, by name.
    parameters: BTreeMap<String, String>,
    /// The physical names of resources, by logical id.
    physical: BTreeMap<String, String>,
    /// What `!Ref` of a queue gives, by logical id; known once the queues are there.
    queue_urls: BTreeMap<String, String>,
}

impl<'a> Names<'a> {
    /// Resolves the physical names of all resources. `given` overrides the parameters' defaults.
    pub(crate) fn new(
        template: &'a Template,
        given: &BTreeMap<String, String>,
        region: &str,
        account: &str,
    ) -> Result<Self, TemplateError> {
        let mut parameters = BTreeMap::new();
        for (name, parameter) in &template.parameters {
            let value = given.get(name).or(parameter.default.as_ref());
            let value = value.ok_or_else(|| TemplateError::Dangling(format!("parameter {name} without a value")))?;
            parameters.insert(name.clone(), value.clone());
        }
        let pseudo = [
            ("AWS::Region", region),
            ("AWS::AccountId", account),
            ("AWS::Partition", "aws"),
            ("AWS::StackName", "absah"),
        ];
        parameters.extend(pseudo.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let mut names = Self {
            template,
            parameters,
            physical: BTreeMap::new(),
            queue_urls: BTreeMap::new(),
        };
        for (id, resource) in &template.resources {
            let property = match resource.kind.as_str() {
                "AWS::SQS::Queue" => "QueueName",
                "AWS::S3::Bucket" => "BucketName",
                "AWS::DynamoDB::Table" => "TableName",
                _ => continue,
            };
            let name = resource.properties.get(property).ok_or_else(|| missing(id, "name"))?;
            let name = names.text(name)?;
            names.physical.insert(id.clone(), name);
        }
        Ok(names)
    }

    /// Tells where a queue is.
    pub(crate) fn queue_is_at(&mut self, id: &str, url: String) {
        self.queue_urls.insert(id.to_owned(), url);
    }

    /// The physical name of a resource.
    pub(crate) fn of(&self, id: &str) -> Result<&str, TemplateError> {
        self.physical
            .get(id)
            .map(String::as_str)
            .ok_or_else(|| TemplateError::Dangling(id.to_owned()))
    }

    /// The URL of the queue with this ARN.
    pub(crate) fn queue_url(&self, arn: &str) -> Result<&str, TemplateError> {
        let name = arn.rsplit(':').next().unwrap_or_default();
        let found = self
            .physical
            .iter()
            .find(|(id, physical)| *physical == name && self.queue_urls.contains_key(*id));
        let url = found.and_then(|(id, _)| self.queue_urls.get(id));
        url.map(String::as_str)
            .ok_or_else(|| TemplateError::Dangling(arn.to_owned()))
    }

    /// Resolves a value to text.
    pub(crate) fn text(&self, value: &Value) -> Result<String, TemplateError> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(flag) => Ok(flag.to_string()),
            Value::Tagged(tagged) => match (tagged.tag.to_string().as_str(), tagged.value.as_str()) {
                ("!Ref", Some(id)) => self.reference(id),
                ("!GetAtt", Some(path)) => self.attribute(path),
                ("!Sub", Some(text)) => self.substitute(text),
                (tag, _) => Err(TemplateError::Intrinsic(tag.to_owned())),
            },
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => Err(TemplateError::Intrinsic(format!("{value:?}"))),
        }
    }

    /// Resolves a mapping whose values are texts or numbers.
    pub(crate) fn json(&self, value: &Value) -> Result<serde_json::Value, TemplateError> {
        let mut object = serde_json::Map::new();
        for (name, value) in value.as_mapping().into_iter().flatten() {
            let name = name.as_str().unwrap_or_default().to_owned();
            let value = match value.as_i64() {
                Some(number) => number.into(),
                None => self.text(value)?.into(),
            };
            object.insert(name, value);
        }
        Ok(object.into())
    }

    fn reference(&self, id: &str) -> Result<String, TemplateError> {
        let found = self.parameters.get(id).or_else(|| self.queue_urls.get(id));
        // The reference to a queue is its URL, never its name.
        let is_queue = self
            .template
            .resources
            .get(id)
            .is_some_and(|resource| resource.kind == "AWS::SQS::Queue");
        let found = found.or_else(|| self.physical.get(id).filter(|_| !is_queue));
        found.cloned().ok_or_else(|| TemplateError::Dangling(id.to_owned()))
    }

    fn attribute(&self, path: &str) -> Result<String, TemplateError> {
        let dangling = || TemplateError::Dangling(path.to_owned());
        let (id, attribute) = path.split_once('.').ok_or_else(dangling)?;
        let kind = self
            .template
            .resources
            .get(id)
            .map(|resource| resource.kind.as_str())
            .ok_or_else(dangling)?;
        let name = self.of(id)?;
        let parameter = |name: &str| self.parameters.get(name).map(String::as_str).unwrap_or_default();
        let (region, account) = (parameter("AWS::Region"), parameter("AWS::AccountId"));
        match (kind, attribute) {
            ("AWS::SQS::Queue", "Arn") => Ok(format!("arn:aws:sqs:{region}:{account}:{name}")),
            ("AWS::S3::Bucket", "Arn") => Ok(format!("arn:aws:s3:::{name}")),
            ("AWS::DynamoDB::Table", "Arn") => Ok(format!("arn:aws:dynamodb:{region}:{account}:table/{name}")),
            // The real one carries the time of its making; the table's name is all that the runner needs.
            ("AWS::DynamoDB::Table", "StreamArn") => Ok(name.to_owned()),
            (_, _) => Err(dangling()),
        }
    }

    fn substitute(&self, text: &str) -> Result<String, TemplateError> {
        let mut resolved = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            resolved.push_str(before);
            let (name, tail) = after
                .split_once('}')
                .ok_or_else(|| TemplateError::Dangling(after.to_owned()))?;
            let value = if name.contains('.') {
                self.attribute(name)?
            } else {
                self.reference(name)?
            };
            resolved.push_str(&value);
            rest = tail;
        }
        resolved.push_str(rest);
        Ok(resolved)
    }
}
