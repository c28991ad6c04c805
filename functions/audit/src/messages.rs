//! What people read, in plain Indonesian. Nothing else.

pub(crate) const MALFORMED_RESOURCE: &str = "Parameter resource harus berbentuk jenis:id, misalnya user:01HXYZ.";
pub(crate) const MALFORMED_ACTION: &str =
    "Parameter action harus berupa nama tindakan, misalnya user.created atau user.*";
pub(crate) const FROM_AFTER_UNTIL: &str = "Parameter from harus lebih awal daripada until.";
pub(crate) const TOO_LONG: &str = "Parameter pencarian terlalu panjang.";
pub(crate) const FILTER: &str = "Pencarian ini tidak dapat dilakukan.";
pub(crate) const TRY_AGAIN: &str = "Layanan sedang sibuk. Silakan coba lagi sebentar lagi.";
