//! Finds what makes a document act: scripts, actions that leave the document, attachments, media (ISO 32000-2, 12.6).

use std::fmt;

use lopdf::{Dictionary, Object};

use crate::StructureError;
use crate::structure::Loaded;

/// Something in a file that acts, or could be made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActiveContent {
    /// A script.
    JavaScript,
    /// An action that starts a program.
    Launch,
    /// A file inside the file, or an attachment.
    EmbeddedFile,
    /// An action that opens another file.
    ExternalFile,
    /// An action that sends a form, or fills one from a file.
    FormTransfer,
    /// Sound, film, 3D, rich media.
    Multimedia,
    /// A form of the XML Forms Architecture, which replaces the pages.
    Xfa,
}

impl fmt::Display for ActiveContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::JavaScript => "JavaScript",
            Self::Launch => "an action that starts a program",
            Self::EmbeddedFile => "an embedded file",
            Self::ExternalFile => "an action that opens another file",
            Self::FormTransfer => "an action that transfers a form",
            Self::Multimedia => "multimedia",
            Self::Xfa => "an XFA form",
        })
    }
}

/// What the search came across.
#[derive(Debug, Default)]
pub(super) struct Traces {
    pub(super) active: Option<ActiveContent>,
    /// A signature dictionary, wherever it is.
    pub(super) signature: bool,
}

/// Looks at every object, whether anything leads to it or not, so that nothing can hide in an unusual place.
pub(super) fn search(loaded: &Loaded<'_>) -> Result<Traces, StructureError> {
    let mut traces = Traces::default();
    loaded.each(|number, parsed| {
        visit(loaded, &parsed.object, &mut traces)?;
        // An object stream that no entry leads to is inflated all the same, so that it counts towards the limit.
        if let Object::Dictionary(dictionary) = &parsed.object
            && parsed.stream.is_some()
            && dictionary.has_type(b"ObjStm")
        {
            loaded.count_object_stream(number)?;
        }
        Ok(())
    })?;
    Ok(traces)
}

/// Recursion is bounded: the reader has refused deep nesting, and references are not followed.
fn visit(loaded: &Loaded<'_>, object: &Object, traces: &mut Traces) -> Result<(), StructureError> {
    match object {
        Object::Array(items) => {
            for item in items {
                visit(loaded, item, traces)?;
            }
        }
        Object::Dictionary(dictionary) => {
            if traces.active.is_none() {
                traces.active = acts(loaded, dictionary)?;
            }
            traces.signature |= dictionary.has(b"ByteRange") && dictionary.has(b"Contents");
            for (_, value) in dictionary {
                if matches!(value, Object::Array(_) | Object::Dictionary(_)) {
                    visit(loaded, value, traces)?;
                }
            }
        }
        Object::Null
        | Object::Boolean(_)
        | Object::Integer(_)
        | Object::Real(_)
        | Object::Name(_)
        | Object::String(..)
        | Object::Stream(_)
        | Object::Reference(_) => {}
    }
    Ok(())
}

fn acts(loaded: &Loaded<'_>, dictionary: &Dictionary) -> Result<Option<ActiveContent>, StructureError> {
    for (key, value) in dictionary {
        let found = match key.as_slice() {
            b"S" => kind(loaded, value)?.and_then(|name| action(&name)),
            b"Subtype" => kind(loaded, value)?.and_then(|name| annotation(&name)),
            b"Type" => kind(loaded, value)?
                .filter(|name| name == b"EmbeddedFile")
                .map(|_| ActiveContent::EmbeddedFile),
            b"EmbeddedFiles" | b"EF" => Some(ActiveContent::EmbeddedFile),
            b"JavaScript" => Some(ActiveContent::JavaScript),
            b"XFA" => Some(ActiveContent::Xfa),
            _ => None,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// A name, which may be hidden in another object.
fn kind(loaded: &Loaded<'_>, value: &Object) -> Result<Option<Vec<u8>>, StructureError> {
    Ok(match value {
        Object::Name(name) => Some(name.clone()),
        Object::Reference(_) => match loaded.resolve(value)? {
            Object::Name(name) => Some(name),
            _ => None,
        },
        _ => None,
    })
}

fn action(name: &[u8]) -> Option<ActiveContent> {
    Some(match name {
        b"JavaScript" => ActiveContent::JavaScript,
        b"Launch" => ActiveContent::Launch,
        b"GoToE" => ActiveContent::EmbeddedFile,
        b"GoToR" => ActiveContent::ExternalFile,
        b"SubmitForm" | b"ImportData" => ActiveContent::FormTransfer,
        b"Rendition" | b"Movie" | b"Sound" | b"RichMediaExecute" | b"GoTo3DView" => ActiveContent::Multimedia,
        _ => return None,
    })
}

fn annotation(name: &[u8]) -> Option<ActiveContent> {
    Some(match name {
        b"FileAttachment" => ActiveContent::EmbeddedFile,
        b"RichMedia" | b"Movie" | b"Sound" | b"Screen" | b"3D" => ActiveContent::Multimedia,
        _ => return None,
    })
}
