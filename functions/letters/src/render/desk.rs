//! What the typesetter finds on its desk: one template, its data, a logo, the fonts, and a calendar that stands still.

use std::sync::LazyLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{DiagSpan, FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World, WorldExt};

use super::content::{Content, ContentError};
use super::fonts;
use crate::template::Template;

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));

/// Everything there is. Asking for anything else, such as a package, is refused.
pub(super) struct Desk {
    source: Source,
    files: Vec<(FileId, Bytes)>,
    today: Datetime,
}

impl Desk {
    pub(super) fn new(template: &Template, content: &Content, today: Datetime) -> Result<Self, ContentError> {
        let data = serde_json::to_vec(content).map_err(|_| ContentError::Data)?;
        let mut files = vec![(file("/data.json")?, Bytes::new(data))];
        if let Some(logo) = &content.heading.logo {
            files.push((file(logo.path())?, Bytes::new(logo.0.clone())));
        }
        Ok(Self {
            source: Source::new(file("/letter.typ")?, template.source().to_owned()),
            files,
            today,
        })
    }

    /// The line of the template that a message is about, counted from 1; 0 when it is about none.
    pub(super) fn line(&self, span: DiagSpan) -> usize {
        let start = (span.id() == Some(self.source.id()))
            .then(|| self.range(span))
            .flatten();
        let line = start.and_then(|range| self.source.lines().byte_to_line(range.start));
        line.map(|line| line + 1).unwrap_or_default()
    }
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        fonts::book()
    }

    fn main(&self) -> FileId {
        self.source.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.source.id() {
            Ok(self.source.clone())
        } else {
            Err(FileError::AccessDenied)
        }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let found = self.files.iter().find(|(file, _)| *file == id);
        found.map(|(_, bytes)| bytes.clone()).ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        fonts::font(index)
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        Some(self.today)
    }
}

fn file(path: &'static str) -> Result<FileId, ContentError> {
    let path = VirtualPath::new(path).map_err(|_| ContentError::Data)?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}
