//! What people read, in plain Indonesian. Nothing else.

use jiff::civil::Date;
use platform::long_date;

use crate::ids::TypeCode;

pub(crate) const YES: &str = "Ya";
pub(crate) const NO: &str = "Tidak";
pub(crate) const FOOTER: &str =
    "Surat ini ditandatangani secara elektronik. Pindai kode QR untuk memeriksa keasliannya.";
pub(crate) const MASKED: &str = "***";
pub(crate) const MASKED_AND_CHANGED: &str = "*** (diubah)";
pub(crate) const ACTING: &str = "Plt.";
pub(crate) const STANDING_IN: &str = "Plh.";
pub(crate) const ON_BEHALF: &str = "a.n.";

pub(crate) const UNKNOWN_TYPE: &str = "Jenis surat tidak ditemukan atau sedang tidak dilayani.";
pub(crate) const TYPE_EXISTS: &str = "Jenis surat dengan kode ini sudah ada.";
pub(crate) const TYPE_UNUSABLE: &str = "Jenis surat ini belum dapat disimpan. Perbaiki isinya.";
pub(crate) const TOO_MANY_FORMATS: &str = "number_format (bentuk nomor yang pernah dipakai sudah terlalu banyak)";
pub(crate) const LETTERHEAD_UNUSABLE: &str = "Kop surat ini belum dapat disimpan. Perbaiki isinya.";
pub(crate) const NO_LETTERHEAD: &str = "Kop surat belum diatur.";
pub(crate) const ANSWERS_WRONG: &str = "Isian surat belum lengkap atau belum benar.";
pub(crate) const NOT_EDITABLE: &str = "Surat ini sedang diproses atau sudah selesai, sehingga tidak dapat diubah.";
pub(crate) const NOT_WAITING: &str = "Surat ini tidak sedang menunggu verifikasi, sehingga tidak dapat ditarik.";
pub(crate) const NO_TERRITORY: &str =
    "RT/RW Anda belum tercatat. Hubungi kantor kelurahan agar surat ini dapat diverifikasi.";
pub(crate) const TOO_OFTEN: &str =
    "Surat ini sudah terlalu sering diajukan. Buat surat baru atau hubungi kantor kelurahan.";
pub(crate) const CONTRADICTS: &str = "Keadaan surat ini tidak sesuai dengan permintaan.";
pub(crate) const NOT_APPROVED: &str = "Surat ini belum disetujui.";
pub(crate) const NOT_FINISHED: &str = "Surat ini belum selesai, sehingga belum dapat diunduh.";
pub(crate) const CONFLICT: &str = "Surat ini baru saja berubah. Muat ulang lalu periksa kembali.";
pub(crate) const TRY_AGAIN: &str = "Layanan sedang sibuk. Silakan coba lagi sebentar lagi.";

/// How long a letter is in force.
pub(crate) fn valid_until(date: Date) -> String {
    format!("Surat ini berlaku sampai dengan tanggal {}.", long_date(date))
}

/// Which answers to correct, by the titles of their fields.
pub(crate) fn answers_to_correct(fields: &[String]) -> String {
    format!("Periksa kembali isian: {}.", fields.join(", "))
}

/// What of a type or letterhead cannot be used.
pub(crate) fn part_to_correct(part: &str) -> String {
    format!("Bagian yang perlu diperbaiki: {part}.")
}

/// Whose numbers a type's format could repeat.
pub(crate) fn number_taken(code: &TypeCode) -> String {
    format!("number_format (nomor surat bisa sama dengan nomor surat jenis {code})")
}
