//! What people read when a request fails before it comes to anything, and what of their language contexts share, in plain
//! Indonesian. Nothing else.

mod dates;

pub use dates::long_date;

pub(crate) const UNAUTHORIZED: &str = "Permintaan ini memerlukan token yang masih berlaku.";
pub(crate) const FORBIDDEN: &str = "Anda tidak berwenang melakukan tindakan ini.";
pub(crate) const UNKNOWN: &str = "Data yang diminta tidak ditemukan.";
pub(crate) const METHOD: &str = "Metode ini tidak berlaku untuk alamat tersebut.";
pub(crate) const MALFORMED: &str = "Isi permintaan tidak dapat dibaca.";
pub(crate) const MALFORMED_QUERY: &str = "Parameter pada alamat tidak dapat dibaca.";
pub(crate) const NOT_JSON: &str = "Isi permintaan harus berupa JSON (Content-Type: application/json).";
pub(crate) const TOO_LARGE: &str = "Isi permintaan terlalu besar.";
pub(crate) const TOO_MANY: &str = "Terlalu banyak permintaan. Silakan coba lagi sebentar lagi.";
pub(crate) const TRY_AGAIN: &str = "Layanan sedang sibuk. Silakan coba lagi sebentar lagi.";
pub(crate) const KEY_MISSING: &str = "Sertakan header Idempotency-Key (1–64 huruf, angka, atau tanda hubung).";
pub(crate) const KEY_REUSED: &str = "Idempotency-Key ini sudah dipakai untuk permintaan lain.";
pub(crate) const IN_PROGRESS: &str = "Permintaan yang sama sedang diproses.";
pub(crate) const VERSION_MISSING: &str = "Sertakan header If-Match dengan ETag data yang diubah.";
pub(crate) const VERSION_STALE: &str = "Data ini baru saja diubah orang lain. Muat ulang lalu ulangi perubahan Anda.";
pub(crate) const PAGING: &str = "Parameter limit (1–100) atau cursor tidak berlaku.";
