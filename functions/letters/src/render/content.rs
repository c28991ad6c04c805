//! What stands in a letter, as the JSON that a template reads from `/data.json`.

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use crate::letterhead::is_png;

/// What stands in one letter. Texts are plain; a line break within one is a line break in the letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Content {
    /// The head of the paper.
    pub heading: Heading,
    /// What kind of letter it is, such as `Surat Keterangan Domisili`.
    pub title: String,
    /// Its number.
    pub number: String,
    /// The paragraph before the data.
    pub opening: String,
    /// The resident's data.
    pub rows: Vec<Row>,
    /// The paragraphs after the data.
    pub statements: Vec<String>,
    /// The last paragraph.
    pub closing: String,
    /// Where it is signed.
    pub place: String,
    /// When, as people write it.
    pub date_text: String,
    /// The same for the file.
    #[serde(skip)]
    pub date: Date,
    /// Who signs.
    pub signatory: Signatory,
    /// What the foot of each page says.
    pub footer: String,
}

/// The head of an office's paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Heading {
    /// The bodies above the office, the highest first.
    pub superiors: Vec<String>,
    /// The office.
    pub office: String,
    /// Address and contacts, a line each.
    pub address: Vec<String>,
    /// The crest.
    pub logo: Option<Logo>,
}

/// One line of the data table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What it is.
    pub label: String,
    /// What the resident said.
    pub value: String,
}

/// Who signs, and in what capacity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signatory {
    /// The lines above the signature, such as `Plt. Lurah Melati` or `a.n. Lurah Melati` and `Sekretaris`.
    pub capacity: Vec<String>,
    /// The official's name.
    pub name: String,
    /// Rank and class.
    pub rank: Option<String>,
    /// The civil servant's number.
    pub nip: Option<String>,
}

/// A drawing, as SVG or PNG. A template sees its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo(pub Vec<u8>);

/// The content of a letter cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// A date that no calendar has.
    #[error("the letter's date cannot be used")]
    Date,
    /// The data have no JSON form.
    #[error("the letter's data cannot be written as JSON")]
    Data,
}

impl Logo {
    /// Where a template finds it.
    pub(super) fn path(&self) -> &'static str {
        if is_png(&self.0) { "/logo.png" } else { "/logo.svg" }
    }
}

impl Serialize for Logo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.path())
    }
}
