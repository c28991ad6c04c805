//! The organisation's seal: one update with a visible signature field whose appearance is the QR code.
//!
//! The QR code is the field's appearance and nothing else. Drawn as an annotation or as page content after the official
//! signed, strict validators would call the official's signature broken.

use jiff::Timestamp;
use kernel::{Disposition, Fault};

use crate::Limits;
use crate::chain::CertificateChain;
use crate::face::{self, FONT, Face};
use crate::geometry::Rect;
use crate::hashed::Hashed;
use crate::incremental::{AppendError, Base, Update};
use crate::pending::{Details, ExpectedQr, Pending, write_signature};
use crate::placement;
use crate::qr::Symbol;
use crate::read_qr::Known;
use crate::sign::buffer;
use crate::signature_field::{self, NewField};
use crate::target_page::{End, Page, pages};
use crate::text::number;

/// Pages that are looked at for room, counted from the last; then the first one.
const PAGES: usize = 10;

/// What a seal shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealFace {
    /// What the QR code says: digits, capital letters and ` $%*+-./:` only, as of a link in capitals.
    pub qr_text: String,
    /// Lines for people, in Indonesian, which name the portal. Broken where they are too long.
    pub caption: Vec<String>,
}

/// What a seal says and shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealRequest {
    /// The field's name without its number, such as `Segel`. No dots.
    pub field_prefix: String,
    /// What is seen.
    pub face: SealFace,
    /// Why it was sealed, for the reader.
    pub reason: Option<String>,
    /// Where it was sealed, for the reader.
    pub location: Option<String>,
    /// When: goes into `/M`, to the second.
    pub signed_at: Timestamp,
}

/// Why a seal could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Nothing may be appended to the file.
    #[error("the document cannot be sealed")]
    Append(#[from] AppendError),
    /// The text does not fit into a QR code's alphanumeric mode.
    #[error("the text of the QR code has other characters than an alphanumeric QR code can hold, or too many")]
    QrText,
    /// No page has a free place, and appending a page would break a signature.
    #[error("no page has room for the QR code, and the document is already signed")]
    NoRoom,
    /// The signed attributes cannot be encoded.
    #[error("the seal cannot be encoded")]
    Encoding(#[source] der::Error),
}

impl Fault for SealError {
    fn code(&self) -> &'static str {
        match self {
            Self::Append(error) => error.code(),
            Self::QrText => "seal.qr_text",
            Self::NoRoom => "seal.no_room",
            Self::Encoding(_) => "seal.encoding",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Append(error) => error.disposition(),
            Self::QrText | Self::NoRoom | Self::Encoding(_) => Disposition::Reject,
        }
    }
}

/// Appends everything of a seal but its signature. `pdf` stays a byte prefix, so its hash may be in the QR code.
///
/// The QR code goes where nothing is: on the last page, else on one of those before it, else on the first.
/// [`crate::ensure_room_for_seal`], called before the first signature, makes sure that there is such a place.
pub fn prepare_seal(
    pdf: &Hashed<'_>,
    request: &SealRequest,
    chain: &CertificateChain,
    limits: &Limits,
) -> Result<Pending, SealError> {
    let base = Base::open(pdf.bytes(), limits)?;
    let (symbol, faces) = faces(&request.face)?;
    let (bytes, room) = find_room(&base, &faces, buffer(pdf.bytes()))?;
    let Room {
        page,
        arrangement,
        rect,
    } = room.ok_or(SealError::NoRoom)?;
    let face = faces.get(arrangement).ok_or(SealError::NoRoom)?;

    let mut update = Update::new(&base, bytes);
    let value = update.reserve();
    let details = Details {
        signed_at: request.signed_at,
        reason: request.reason.as_deref(),
        location: request.location.as_deref(),
    };
    let gaps = write_signature(&mut update, value, chain, &details);
    let appearance = update.reserve();
    let dict = format!(
        "/Type /XObject /Subtype /Form /BBox [0 0 {} {}] /Matrix {} /Resources << /Font << /F1 {FONT} >> >>",
        number(face.width),
        number(face.height),
        page.view.rotation.matrix(),
    );
    update.write_stream(appearance, &dict, &face.content(&symbol));
    let field = NewField {
        prefix: &request.field_prefix,
        page: &page,
        rect: page.view.to_user(rect).to_pdf(),
        appearance: Some(appearance),
        value,
    };
    signature_field::add(&base, &mut update, &field)?;
    let unit = page.view.user_unit;
    let in_field = Rect {
        x0: face.symbol.x0 / unit,
        y0: face.symbol.y0 / unit,
        x1: face.symbol.x1 / unit,
        y1: face.symbol.y1 / unit,
    };
    let known = Known {
        symbol: in_field,
        size: symbol.size,
    };
    let expected = ExpectedQr {
        text: request.face.qr_text.clone(),
        known,
        limits: *limits,
    };
    Pending::new(update.finish(), gaps, pdf, chain, Some(expected)).map_err(SealError::Encoding)
}

/// A free place and the page it is on.
pub(crate) struct Room {
    page: Page,
    arrangement: usize,
    /// In view coordinates.
    rect: Rect,
}

/// The symbol of a seal and its arrangements.
pub(crate) fn faces(face: &SealFace) -> Result<(Symbol, [Face; 2]), SealError> {
    let symbol = Symbol::encode(&face.qr_text).ok_or(SealError::QrText)?;
    let faces = face::arrangements(&symbol, &face.caption);
    Ok((symbol, faces))
}

/// The first page with a free place that every reader shows. `bytes` are the file and come back.
pub(crate) fn find_room(
    base: &Base<'_>,
    faces: &[Face],
    mut bytes: Vec<u8>,
) -> Result<(Vec<u8>, Option<Room>), AppendError> {
    let mut seen = Vec::new();
    // Most documents have room on their last page, so the others are looked up only when it has none.
    for (end, count) in [(End::Last, 1), (End::Last, PAGES), (End::First, 1)] {
        for page in pages(base, end, count)? {
            if seen.contains(&page.id) {
                continue;
            }
            seen.push(page.id);
            // What one reader shows, another may not.
            if !page.unambiguous {
                continue;
            }
            let (back, place) = placement::find(base, &page, faces, bytes)?;
            bytes = back;
            if let Some(place) = place {
                return Ok((
                    bytes,
                    Some(Room {
                        page,
                        arrangement: place.arrangement,
                        rect: place.rect,
                    }),
                ));
            }
        }
    }
    Ok((bytes, None))
}
