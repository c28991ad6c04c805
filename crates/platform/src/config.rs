//! Configuration: environment variables, read once, with every missing one reported together.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// What a function was configured with, as names and values.
///
/// In Lambda this is the process environment; the local runner builds one per function from `template.yaml`.
#[derive(Clone, Default)]
pub struct Settings(BTreeMap<String, String>);

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Variables that must be set and are not, all of them.
    #[error("these environment variables are not set: {}", .0.join(", "))]
    Missing(Vec<&'static str>),
    /// A variable's value cannot be read. The value is not repeated: it may be a secret.
    #[error("environment variable {name} cannot be read")]
    Invalid {
        /// Which variable.
        name: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Settings {
    /// The process environment. The only place that reads it.
    #[must_use]
    pub fn from_process() -> Self {
        Self(std::env::vars().collect())
    }

    /// The value of an optional variable. An empty value counts as absent.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The same with `value` for `name`.
    #[must_use]
    pub fn with(mut self, name: &str, value: String) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// Checks that every variable of `names` is set, and reports all that are not.
    pub fn require(&self, names: &[&'static str]) -> Result<Variables<'_>, ConfigError> {
        let missing: Vec<_> = names
            .iter()
            .copied()
            .filter(|name| self.optional(name).is_none())
            .collect();
        if missing.is_empty() {
            Ok(Variables(self))
        } else {
            Err(ConfigError::Missing(missing))
        }
    }
}

impl FromIterator<(String, String)> for Settings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Settings of which the required part is known to be there.
#[derive(Debug, Clone, Copy)]
pub struct Variables<'a>(&'a Settings);

impl Variables<'_> {
    /// The text of a variable.
    pub fn text(&self, name: &'static str) -> Result<String, ConfigError> {
        self.0
            .optional(name)
            .map(str::to_owned)
            .ok_or_else(|| ConfigError::Missing(vec![name]))
    }

    /// A variable read as `T`.
    pub fn parse<T>(&self, name: &'static str) -> Result<T, ConfigError>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        self.text(name)?
            .parse()
            .map_err(|error| ConfigError::invalid(name, error))
    }

    /// A variable that holds JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self, name: &'static str) -> Result<T, ConfigError> {
        serde_json::from_str(&self.text(name)?).map_err(|error| ConfigError::invalid(name, error))
    }
}

impl ConfigError {
    /// The value of `name` was read and found unusable.
    pub fn invalid(name: &'static str, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Invalid {
            name,
            source: Box::new(source),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn every_missing_variable_is_named_at_once_and_no_value_is_shown() {
        let settings: Settings = [
            ("TABLE_NAME".into(), "absah-main-table".into()),
            ("EMPTY".into(), String::new()),
        ]
        .into_iter()
        .collect();
        let error = settings.require(&["TABLE_NAME", "VAULT_BUCKET", "EMPTY"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "these environment variables are not set: VAULT_BUCKET, EMPTY"
        );
        assert!(!format!("{settings:?}").contains("absah-main-table"));
    }

    #[test]
    fn a_value_that_cannot_be_read_is_named_but_not_repeated() {
        let settings: Settings = [("LIMIT".into(), "s3cret".into())].into_iter().collect();
        let error = settings.require(&["LIMIT"]).unwrap().parse::<u32>("LIMIT").unwrap_err();
        assert_eq!(error.to_string(), "environment variable LIMIT cannot be read");
    }
}
