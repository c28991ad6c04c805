//! Templates: Typst sources by name and version. A version never changes once letters were made with it.

use std::fmt;
use std::str::FromStr;

use kernel::serde_as_text;

/// The name and version of a template, such as `keterangan@1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateName {
    name: String,
    version: u32,
}

/// The text names no template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a template's name and version")]
pub struct ParseTemplateError;

/// A template with its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    name: TemplateName,
    source: &'static str,
}

/// The templates that come with Absah.
const BUILT_IN: [(&str, u32, &str); 1] = [("keterangan", 1, include_str!("render/templates/keterangan-1.typ"))];

impl Template {
    /// The built-in template of this name and version.
    #[must_use]
    pub fn built_in(name: &TemplateName) -> Option<Self> {
        let found = BUILT_IN
            .iter()
            .find(|(known, version, _)| *known == name.name && *version == name.version);
        found.map(|(_, _, source)| Self {
            name: name.clone(),
            source,
        })
    }

    /// Its name and version.
    #[must_use]
    pub fn name(&self) -> &TemplateName {
        &self.name
    }

    /// Its Typst source.
    #[must_use]
    pub fn source(&self) -> &str {
        self.source
    }

    /// A template of a test's own.
    #[cfg(test)]
    pub(crate) fn of_test(source: &'static str) -> Self {
        let name = TemplateName {
            name: "uji".to_owned(),
            version: 1,
        };
        Self { name, source }
    }
}

impl TemplateName {
    /// Whether there is such a template.
    #[must_use]
    pub fn is_known(&self) -> bool {
        Template::built_in(self).is_some()
    }
}

impl FromStr for TemplateName {
    type Err = ParseTemplateError;

    fn from_str(text: &str) -> Result<Self, ParseTemplateError> {
        let (name, version) = text.split_once('@').ok_or(ParseTemplateError)?;
        let word = |name: &str| {
            (1..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        };
        let digits = |text: &str| !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        if !word(name) || !digits(version) {
            return Err(ParseTemplateError);
        }
        Ok(Self {
            name: name.to_owned(),
            version: version.parse().map_err(|_| ParseTemplateError)?,
        })
    }
}

impl fmt::Display for TemplateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

serde_as_text!(TemplateName);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_templates_name_has_one_spelling_and_an_unknown_one_has_no_source() {
        let known: TemplateName = "keterangan@1".parse().unwrap();
        assert_eq!(known.to_string(), "keterangan@1");
        assert!(Template::built_in(&known).is_some());
        assert!(Template::built_in(&"keterangan@2".parse().unwrap()).is_none());
        for bad in [
            "",
            "keterangan",
            "keterangan@",
            "keterangan@01",
            "keterangan@+1",
            "../keterangan@1",
            "Keterangan@1",
            "keterangan@1@2",
            "keterangan@99999999999",
        ] {
            assert!(bad.parse::<TemplateName>().is_err(), "{bad}");
        }
    }
}
