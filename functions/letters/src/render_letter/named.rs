//! What a letter's page calls its office and the office of whom it was approved for. A letterhead may change as soon as the page
//! is set, so both are kept with the PDF.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::letter::Letter;
use crate::letterhead::Letterhead;
use crate::paper::{self, PaperError};

const ISSUING_UNIT: &str = "issuing-unit";
const OFFICE: &str = "office";

/// The names that stand on one letter's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// The office on the letterhead.
    pub(super) issuing_unit: String,
    /// The office in which the letter was approved, where that is another's.
    pub(super) office: Option<String>,
}

impl Named {
    /// As the letter is set on this letterhead.
    pub(super) fn on(letter: &Letter, head: &Letterhead) -> Result<Self, PaperError> {
        Ok(Self {
            issuing_unit: head.text.office.clone(),
            office: paper::office_of_another(letter, head)?,
        })
    }

    /// As it was kept with a PDF; none where nothing was, or nothing that can be read.
    pub(super) fn kept(metadata: &BTreeMap<String, String>) -> Option<Self> {
        Some(Self {
            issuing_unit: text(metadata.get(ISSUING_UNIT)?)?,
            office: match metadata.get(OFFICE) {
                Some(office) => Some(text(office)?),
                None => None,
            },
        })
    }

    /// The metadata that it is kept as: whole, and in ASCII, as headers are.
    pub(super) fn metadata(&self) -> BTreeMap<String, String> {
        let texts = [(ISSUING_UNIT, Some(&self.issuing_unit)), (OFFICE, self.office.as_ref())];
        let given = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), BASE64_STANDARD.encode(text?))));
        given.collect()
    }
}

fn text(encoded: &str) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_names_fit_into_the_metadata_of_an_object_and_read_back_as_they_were() {
        let wide = "\u{1d400}".repeat(160);
        for office in [None, Some(wide.clone())] {
            let named = Named {
                issuing_unit: wide.clone(),
                office,
            };
            let metadata = named.metadata();
            let bytes: usize = metadata
                .iter()
                .map(|(name, value)| "x-amz-meta-".len() + name.len() + value.len())
                .sum();
            assert!(bytes <= 2_048, "{bytes}");
            assert_eq!(Named::kept(&metadata), Some(named));
        }
    }

    #[test]
    fn a_file_with_which_no_names_were_kept_has_none() {
        let with = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        for metadata in [
            BTreeMap::new(),
            with(OFFICE, "TA=="),
            with(ISSUING_UNIT, "%"),
            with(ISSUING_UNIT, "/w=="),
        ] {
            assert_eq!(Named::kept(&metadata), None, "{metadata:?}");
        }
    }
}
