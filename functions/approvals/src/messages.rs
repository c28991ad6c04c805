//! What people read, in plain Indonesian. Nothing else.

pub(crate) const UNKNOWN: &str = "Persetujuan tidak ditemukan.";
pub(crate) const KEY_REUSED: &str = "Idempotency-Key ini sudah dipakai untuk keputusan lain.";
pub(crate) const NOT_AWAITING: &str = "Persetujuan ini sudah selesai, sehingga tidak menunggu keputusan.";
pub(crate) const TOO_MANY_DECISIONS: &str = "Persetujuan ini sudah terlalu sering bolak-balik. Hubungi admin.";
pub(crate) const OUT_OF_TURN: &str = "Bukan giliran Anda untuk memutuskan.";
pub(crate) const OUT_OF_SCOPE: &str = "Permohonan ini berada di luar wilayah atau unit kerja Anda.";
pub(crate) const OWN_SUBMISSION: &str = "Anda tidak boleh memutuskan permohonan yang Anda ajukan sendiri.";
pub(crate) const DECIDED_TWICE: &str = "Anda sudah menyetujui permohonan ini. Orang lain yang harus memutuskan.";
pub(crate) const MAY_NOT_REFUSE: &str = "Pada tahap ini permohonan hanya dapat disetujui atau dikembalikan.";
pub(crate) const NOTE_MISSING: &str = "Pengembalian atau penolakan harus disertai alasan.";
pub(crate) const NOTE_TOO_LONG: &str = "Alasan terlalu panjang.";
pub(crate) const CONFLICT: &str = "Persetujuan ini baru saja diputuskan orang lain. Muat ulang lalu periksa kembali.";
pub(crate) const NOT_SUBMITTER: &str = "Hanya pemohon yang dapat menarik kembali permohonannya.";
pub(crate) const TRY_AGAIN: &str = "Layanan sedang sibuk. Silakan coba lagi sebentar lagi.";
pub(crate) const BULK_SIZE: &str = "Kirim 1 sampai 100 keputusan sekaligus, masing-masing untuk permohonan yang berbeda.";
pub(crate) const DELEGATION_DAYS: &str = "Masa pendelegasian harus berurutan dan paling lama 366 hari.";
pub(crate) const DELEGATION_ONESELF: &str = "Pendelegasian kepada diri sendiri tidak dapat dibuat.";
pub(crate) const DELEGATION_TEXT: &str = "Nama, jabatan, atau peran kosong atau terlalu panjang.";
pub(crate) const NOT_YOUR_OFFICE: &str = "Anda hanya dapat mendelegasikan jabatan yang Anda pegang sendiri.";
pub(crate) const NO_DELEGATION: &str = "Pendelegasian tidak ditemukan.";
