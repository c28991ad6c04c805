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
pub(crate) const BULK_SIZE: &str =
    "Kirim 1 sampai 100 keputusan sekaligus, masing-masing untuk permohonan yang berbeda.";
pub(crate) const DELEGATION_DAYS: &str = "Masa pendelegasian harus berurutan dan paling lama 366 hari.";
pub(crate) const DELEGATION_ONESELF: &str = "Pendelegasian kepada diri sendiri tidak dapat dibuat.";
pub(crate) const DELEGATION_TEXT: &str = "Nama, peran atau wilayah kosong atau terlalu panjang.";
pub(crate) const DELEGATION_RT: &str = "Nomor RT harus disertai nomor RW.";
pub(crate) const NOT_HOLDER: &str = "Orang tersebut tidak aktif atau tidak memegang jabatan yang didelegasikan.";
pub(crate) const NOT_ACTIVE: &str =
    "Orang yang ditunjuk tidak dikenal, tidak aktif, atau tidak memegang peran apa pun.";
pub(crate) const TOO_MANY_DELEGATIONS: &str =
    "Sudah ada 50 pendelegasian yang belum lewat, termasuk yang dicabut. Tunggu sampai ada yang berakhir.";
pub(crate) const NOT_YOUR_OFFICE: &str = "Anda hanya dapat mendelegasikan jabatan yang Anda pegang sendiri.";
pub(crate) const NO_DELEGATION: &str = "Pendelegasian tidak ditemukan.";

/// What a role is called on paper; of one that is not known here, the words of its code.
pub(crate) fn role_title(code: &str) -> String {
    let known = ROLE_TITLES.iter().find(|(known, _)| *known == code);
    known.map_or_else(|| spelled_out(code), |(_, title)| (*title).to_owned())
}

#[rustfmt::skip]
const ROLE_TITLES: &[(&str, &str)] = &[
    ("super_admin", "Super Admin"), ("examiner", "Pemeriksa"), ("head_of_office", "Kepala Dinas"),
    ("verifikator_rt", "Ketua RT"), ("verifikator_rw", "Ketua RW"), ("school_admin", "Admin Sekolah"),
    ("principal", "Kepala Sekolah"), ("factory_superadmin", "Super Admin Pabrik"), ("factory_manager", "Manajer Pabrik"),
    ("factory_finance_manager", "Manajer Keuangan"), ("ppic_manager", "Manajer PPIC"),
    ("purchasing_head", "Kepala Pembelian"), ("warehouse_admin", "Admin Gudang"), ("qc_lab", "Petugas Lab QC"),
    ("cutting_supervisor", "Pengawas Potong"), ("sewing_supervisor", "Pengawas Jahit"),
    ("finishing_supervisor", "Pengawas Finishing"),
];

fn spelled_out(code: &str) -> String {
    let words = code.split(['_', '-']).filter(|word| !word.is_empty());
    let capitalised = words.map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .chain(letters)
            .collect::<String>()
    });
    capitalised.collect::<Vec<_>>().join(" ")
}

/// Why a file of routes or item types is refused.
pub(crate) fn refused_route(code: &str) -> &'static str {
    match code {
        "route.too_large" => "Berkas terlalu besar. Batasnya 256 KB.",
        "route.malformed" | "item_types.malformed" => "Berkas bukan JSON yang sesuai skema.",
        "route.name" => "Nama rute atau label tidak sesuai pola.",
        "route.version" | "item_types.version" => "Versi harus berupa bilangan mulai dari 1.",
        "route.steps" => "Rute harus memiliki 1 sampai 20 tahap.",
        "route.names" => "Ada dua tahap dengan nama yang sama.",
        "route.word" => "Nama, label, peran, atau atribut suatu tahap tidak sesuai pola.",
        "route.quorum" => "Jumlah penyetuju suatu tahap harus 1 sampai 20.",
        "route.unreachable" => "Ada tahap yang tidak pernah dapat dicapai.",
        "route.unguarded" => "Harus ada sekurang-kurangnya satu tahap yang berlaku untuk semua permohonan.",
        "route.due" => "Batas waktu suatu tahap tidak dapat dibaca (contoh: P3D).",
        "route.placeless" => {
            "Ada tahap yang meminta wilayah atau unit kerja, padahal jenis permohonan tidak memilikinya."
        }
        "route.unknown_role" => "Rute menyebut peran yang tidak dikenal.",
        "route.misnamed" => "Nama atau versi rute tidak sama dengan nama berkasnya.",
        "route.changed" => "Versi ini sudah ada dengan isi lain. Naikkan versinya.",
        "item_types.too_many" => "Jenis permohonan terlalu banyak. Batasnya 1.000.",
        "item_types.text" => "Nama rute, jenis, atau jabatan kosong atau tidak sesuai pola.",
        "item_types.twice" => "Ada dua jenis yang hanya berbeda huruf besar atau spasi.",
        _ => "Berkas tidak dapat digunakan. Hubungi admin dengan menyebutkan kode ini.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_office_is_called_as_its_role_is_or_by_the_words_of_the_role() {
        assert_eq!(role_title("head_of_office"), "Kepala Dinas");
        assert_eq!(role_title("kepala_bidang-2"), "Kepala Bidang 2");
        assert_eq!(role_title("_"), "");
    }
}
