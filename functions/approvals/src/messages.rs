//! What people read, in plain Indonesian. Nothing else.

pub(crate) const UNAUTHORIZED: &str = "Permintaan ini memerlukan token yang masih berlaku.";
pub(crate) const UNKNOWN: &str = "Persetujuan tidak ditemukan.";
pub(crate) const MALFORMED: &str = "Isi permintaan tidak dapat dibaca.";
pub(crate) const KEY_MISSING: &str = "Sertakan header Idempotency-Key (1–64 huruf, angka, atau tanda hubung).";
pub(crate) const KEY_REUSED: &str = "Idempotency-Key ini sudah dipakai untuk keputusan lain.";
pub(crate) const IN_PROGRESS: &str = "Keputusan yang sama sedang diproses.";
pub(crate) const NOT_AWAITING: &str = "Persetujuan ini sudah selesai, sehingga tidak menunggu keputusan.";
pub(crate) const OUT_OF_TURN: &str = "Bukan giliran Anda untuk memutuskan.";
pub(crate) const NOTE_MISSING: &str = "Pengembalian atau penolakan harus disertai alasan.";
pub(crate) const NOTE_TOO_LONG: &str = "Alasan terlalu panjang.";
pub(crate) const CONFLICT: &str = "Persetujuan ini baru saja diputuskan orang lain. Muat ulang lalu periksa kembali.";
pub(crate) const TRY_AGAIN: &str = "Layanan sedang sibuk. Silakan coba lagi sebentar lagi.";
