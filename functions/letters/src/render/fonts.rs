//! The fonts that letters are set in: Libertinus Serif (SIL Open Font License), a book face that is read easily and that
//! every office may embed.

use std::sync::LazyLock;

use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

/// The one family.
const FAMILY: &str = "Libertinus Serif";

static FONTS: LazyLock<Vec<Font>> = LazyLock::new(|| {
    let all = typst_assets::fonts().flat_map(|data| Font::iter(Bytes::new(data)));
    all.filter(|font| font.info().family == FAMILY).collect()
});

static BOOK: LazyLock<LazyHash<FontBook>> = LazyLock::new(|| LazyHash::new(FontBook::from_fonts(FONTS.iter())));

pub(super) fn book() -> &'static LazyHash<FontBook> {
    &BOOK
}

pub(super) fn font(index: usize) -> Option<Font> {
    FONTS.get(index).cloned()
}
