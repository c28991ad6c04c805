//! The title that a document gives itself.

use lopdf::{Dictionary, Object, decode_text_string};

use crate::StructureError;
use crate::structure::Loaded;

/// A longer title is cut.
const MAX_CHARACTERS: usize = 300;
/// Larger metadata is not looked at.
const MAX_METADATA: usize = 1 << 20;

/// `/Title` of the document information, else `dc:title` of the metadata.
pub(super) fn find(loaded: &Loaded<'_>, catalog: &Dictionary) -> Result<Option<String>, StructureError> {
    if let Some(information) = loaded.get_dict(&loaded.trailer, b"Info")?
        && let Ok(text) = decode_text_string(&loaded.get(&information, b"Title")?)
        && let Some(title) = tidy(&text)
    {
        return Ok(Some(title));
    }
    from_metadata(loaded, catalog)
}

/// `dc:title` of the metadata stream.
pub(crate) fn from_metadata(loaded: &Loaded<'_>, catalog: &Dictionary) -> Result<Option<String>, StructureError> {
    let Object::Stream(metadata) = loaded.get(catalog, b"Metadata")? else {
        return Ok(None);
    };
    let data = loaded.decoded(&metadata, MAX_METADATA);
    let text = data.and_then(|data| String::from_utf8(data).ok());
    Ok(text.as_deref().and_then(from_xmp).and_then(|title| tidy(&title)))
}

/// One line without control characters.
fn tidy(text: &str) -> Option<String> {
    let words = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    let cut: String = line.chars().take(MAX_CHARACTERS).collect();
    (!cut.is_empty()).then_some(cut)
}

/// The first alternative of `dc:title`. XMP is written by machines in one shape, so this reads no XML in general.
fn from_xmp(xmp: &str) -> Option<String> {
    let (_, rest) = xmp.split_once("<dc:title")?;
    let (title, _) = rest.split_once("</dc:title>")?;
    let (_, rest) = title.split_once("<rdf:li")?;
    let (_, rest) = rest.split_once('>')?;
    let (text, _) = rest.split_once("</rdf:li>")?;
    Some(unescape(text))
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let decoded = after
            .split_once(';')
            .filter(|(entity, _)| entity.len() <= 8)
            .and_then(|(entity, tail)| {
                let character = match entity {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "quot" => '"',
                    "apos" => '\'',
                    _ => {
                        let number = entity.strip_prefix('#')?;
                        let code = number
                            .strip_prefix('x')
                            .map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16));
                        char::from_u32(code.ok()?)?
                    }
                };
                Some((character, tail))
            });
        if let Some((character, tail)) = decoded {
            out.push(character);
            rest = tail;
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_read_from_xmp_with_its_entities() {
        let xmp = "<dc:title>\n<rdf:Alt><rdf:li xml:lang=\"x-default\">Izin &#x41;&amp;B &lt;C&gt; &x</rdf:li></rdf:Alt></dc:title>";
        assert_eq!(from_xmp(xmp).as_deref(), Some("Izin A&B <C> &x"));
    }

    #[test]
    fn a_title_is_one_line_of_bounded_length() {
        assert_eq!(
            tidy("  Izin\r\n\tMendirikan\0 Bangunan ").as_deref(),
            Some("Izin Mendirikan Bangunan")
        );
        assert_eq!(tidy("\u{0} \n"), None);
        assert_eq!(tidy(&"x".repeat(1000)).map(|t| t.len()), Some(300));
    }
}
