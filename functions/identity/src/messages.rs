//! What people read, in plain Indonesian. Nothing else.

use crate::password::Weakness;

pub(crate) const TRY_AGAIN: &str = "Layanan sedang sibuk. Silakan coba lagi sebentar lagi.";
pub(crate) const CONFLICT: &str = "Data ini baru saja diubah orang lain. Muat ulang lalu ulangi perubahan Anda.";
pub(crate) const FIELD: &str = "Kolom:";
pub(crate) const INVALID_FIELD: &str = "Salah satu isian tidak sah.";
pub(crate) const TAKEN: &str = "Isian ini sudah dipakai pengguna lain.";
pub(crate) const FILE: &str = "Berkas CSV tidak dapat dibaca. Periksa baris judul, jumlah baris, dan ukurannya.";
pub(crate) const PERSON_ONLY: &str = "Tindakan ini hanya untuk pengguna yang masuk dengan kata sandi.";

pub(crate) const WRONG_CREDENTIALS: &str = "Nama pengguna atau kata sandi salah.";
pub(crate) const LOCKED: &str = "Terlalu banyak percobaan masuk yang gagal.";
pub(crate) const SESSION_ENDED: &str = "Sesi Anda telah berakhir. Silakan masuk kembali.";
pub(crate) const RESET_VOID: &str = "Tautan ganti kata sandi sudah tidak berlaku. Silakan minta yang baru.";
pub(crate) const WEAK_PASSWORD: &str = "Kata sandi belum cukup kuat.";
pub(crate) const REUSED_PASSWORD: &str = "Kata sandi ini pernah Anda pakai. Pilih yang lain.";

pub(crate) const RT_WITHOUT_RW: &str = "Nomor RT harus disertai nomor RW.";
pub(crate) const TERRITORY_MISSING: &str = "Verifikator RT memerlukan RW dan RT; verifikator RW memerlukan RW.";
pub(crate) const ESCALATION: &str = "Anda tidak dapat memberi atau mengubah wewenang yang tidak Anda miliki.";
pub(crate) const ONESELF: &str = "Anda tidak dapat mengubah wewenang atau status akun Anda sendiri.";
pub(crate) const SYSTEM_ROLE: &str = "Peran bawaan tidak dapat diubah atau dihapus.";
pub(crate) const TOO_MANY_ROLES: &str = "Seorang pengguna memiliki paling banyak 10 peran.";
pub(crate) const UNKNOWN_ROLE: &str = "Peran tersebut tidak ada.";

pub(crate) const UNIT_TAKEN: &str = "Kode unit sudah dipakai.";
pub(crate) const UNKNOWN_PARENT: &str = "Unit induk tidak ada.";
pub(crate) const CIRCLE: &str = "Sebuah unit tidak dapat berada di bawah dirinya sendiri.";
pub(crate) const CHART_TOO_LARGE: &str = "Struktur organisasi terlalu besar atau terlalu dalam.";
pub(crate) const HAS_CHILDREN: &str = "Unit ini masih memiliki unit di bawahnya.";

pub(crate) const RESET_SUBJECT: &str = "Memilih kata sandi baru";
pub(crate) const DOCUMENT: &str = "Dokumen";
pub(crate) const LETTER: &str = "Surat";
const GREETING: &str = "Yth. Bapak/Ibu,";
const NO_REPLY: &str = "Surel ini dikirim otomatis. Mohon tidak dibalas.";

pub(crate) fn reset_mail(link: &str, minutes: u64) -> String {
    format!(
        "{GREETING}\n\n\
         Seseorang, mungkin Anda sendiri, meminta kata sandi baru untuk akun Anda. Untuk memilihnya, buka tautan ini:\n\n\
         {link}\n\n\
         Tautan ini berlaku {minutes} menit sejak diminta, dan hanya untuk satu kali.\n\n\
         Jika Anda tidak memintanya, abaikan surel ini: kata sandi Anda tidak berubah.\n\n\
         {NO_REPLY}\n"
    )
}

/// What became of an item, by the event that tells of it.
pub(crate) fn did_not_pass(event_type: &str) -> &'static str {
    match event_type {
        "approval.rejected" => "ditolak",
        "approval.returned" => "dikembalikan untuk diperbaiki",
        "approval.reopened" => "dimulai lagi dari tahap pertama",
        _ => "dikembalikan ke tahap sebelumnya",
    }
}

/// The reason where nobody gave one.
pub(crate) fn why_again(event_type: &str) -> Option<&'static str> {
    (event_type == "approval.reopened")
        .then_some("keterangannya berubah, sehingga persetujuan yang sudah diberikan tidak berlaku lagi.")
}

pub(crate) fn not_passed_mail(
    thing: &str,
    id: &str,
    became: &str,
    official: Option<&str>,
    reason: Option<&str>,
) -> String {
    let by = official.map_or_else(String::new, |official| format!(" oleh {official}"));
    let reason = reason.map_or_else(String::new, |reason| format!("Alasan: {reason}\n\n"));
    format!(
        "{GREETING}\n\n\
         {thing} {id} {became}{by}.\n\n\
         {reason}\
         Anda menerima surel ini karena ikut menangani atau mengajukannya.\n\n\
         {NO_REPLY}\n"
    )
}

pub(crate) fn come_back_in(minutes: i64) -> String {
    format!("Silakan coba lagi dalam {minutes} menit.")
}

pub(crate) const fn weakness(weakness: Weakness) -> &'static str {
    match weakness {
        Weakness::TooShort => "Gunakan paling sedikit 8 karakter.",
        Weakness::TooLong => "Gunakan paling banyak 128 karakter.",
        Weakness::NoUpper => "Tambahkan huruf besar.",
        Weakness::NoLower => "Tambahkan huruf kecil.",
        Weakness::NoDigit => "Tambahkan angka.",
        Weakness::NoSpecial => "Tambahkan tanda baca atau simbol.",
        Weakness::Common => "Kata sandi ini mudah ditebak.",
        Weakness::LikeName => "Jangan memakai nama, nama pengguna, atau alamat surel Anda.",
    }
}

pub(crate) fn role_name(code: &str) -> Option<&'static str> {
    ROLE_NAMES
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, name)| *name)
}

#[rustfmt::skip]
const ROLE_NAMES: &[(&str, &str)] = &[
    ("super_admin", "Super Admin"),
    ("auditor", "Auditor"),
    ("system_operator", "Operator Sistem"),
    ("employee", "Pegawai Dinas"),
    ("examiner", "Pemeriksa"),
    ("head_of_office", "Kepala Dinas"),
    ("applicant", "Pemohon Izin"),
    ("admin", "Admin"),
    ("receptionist", "Resepsionis"),
    ("operator", "Operator"),
    ("warga", "Warga"),
    ("verifikator_rt", "Verifikator RT"),
    ("verifikator_rw", "Verifikator RW"),
    ("school_admin", "Admin Sekolah"),
    ("principal", "Kepala Sekolah"),
    ("teacher", "Guru"),
    ("student", "Siswa"),
    ("parent", "Orang Tua"),
    ("finance_staff", "Staf Keuangan"),
    ("admission_staff", "Staf PPDB"),
    ("factory_developer", "Pengembang Sistem"),
    ("factory_superadmin", "Super Admin Pabrik"),
    ("factory_manager", "Manajer Pabrik"),
    ("factory_finance_manager", "Manajer Keuangan"),
    ("factory_admin", "Admin Pabrik"),
    ("ppic_manager", "Manajer PPIC"),
    ("ppic_admin", "Admin PPIC"),
    ("purchasing_head", "Kepala Pembelian"),
    ("purchasing_staff", "Staf Pembelian"),
    ("warehouse_admin", "Admin Gudang"),
    ("warehouse_operator", "Operator Gudang"),
    ("qc_lab", "Petugas Lab QC"),
    ("qc_inspector", "Pemeriksa Mutu"),
    ("cutting_supervisor", "Pengawas Potong"),
    ("sewing_supervisor", "Pengawas Jahit"),
    ("finishing_supervisor", "Pengawas Finishing"),
    ("cutting_operator", "Operator Potong"),
    ("embroidery_operator", "Operator Bordir"),
    ("sewing_operator", "Operator Jahit"),
    ("finishing_operator", "Operator Finishing"),
    ("packing_operator", "Operator Pengepakan"),
    ("security_guard", "Petugas Keamanan"),
];

/// What a permission allows, such as "membuat surat".
pub(crate) fn permission(resource: &str, action: &str) -> String {
    let find = |names: &'static [(&str, &str)], code: &str| {
        names
            .iter()
            .find(|(known, _)| *known == code)
            .map_or("", |(_, name)| *name)
    };
    format!("{} {}", find(ACTIONS, action), find(RESOURCES, resource))
}

#[rustfmt::skip]
const RESOURCES: &[(&str, &str)] = &[
    ("user", "pengguna"), ("role", "peran"), ("org_unit", "unit organisasi"), ("api_key", "kunci API"),
    ("audit", "jejak audit"), ("setting", "pengaturan"), ("document", "dokumen"), ("approval", "persetujuan"),
    ("route", "alur persetujuan"), ("notification", "pemberitahuan"), ("letter", "surat"),
    ("letter_type", "jenis surat"), ("visitor", "tamu"), ("case", "kasus"), ("invoice", "tagihan"),
    ("payment", "pembayaran"), ("school", "sekolah"), ("class", "kelas"), ("student", "siswa"),
    ("attendance", "presensi"), ("grade", "nilai"), ("report", "laporan"), ("admission", "pendaftaran siswa"),
    ("order", "pesanan produksi"), ("spk", "SPK"), ("material", "bahan"), ("stock", "stok"),
    ("transfer", "pemindahan barang"), ("purchase", "pembelian"), ("inspection", "pemeriksaan mutu"),
    ("gate", "gerbang"), ("health", "kesehatan sistem"),
];

#[rustfmt::skip]
const ACTIONS: &[(&str, &str)] = &[
    ("create", "membuat"), ("read", "melihat"), ("update", "mengubah"), ("delete", "menghapus"),
    ("activate", "mengaktifkan atau menonaktifkan"), ("assign_role", "memberi peran kepada"),
    ("import", "mengimpor"), ("revoke", "mencabut"), ("export", "mengekspor"), ("download", "mengunduh"),
    ("sign", "menandatangani"), ("decide", "memutuskan"), ("delegate", "melimpahkan"),
    ("withdraw", "menarik kembali"), ("manage", "mengelola"), ("send", "mengirim"), ("submit", "mengajukan"),
    ("verify_rt", "memverifikasi di tingkat RT"), ("verify_rw", "memverifikasi di tingkat RW"),
    ("approve", "menyetujui"), ("print", "mencetak"), ("assign", "menugaskan"), ("escalate", "mengeskalasi"),
    ("close", "menutup"), ("issue", "menerbitkan"), ("cancel", "membatalkan"), ("record", "mencatat"),
    ("reconcile", "merekonsiliasi"), ("assign_teacher", "menugaskan guru pada"), ("generate", "membuat"),
    ("review", "menyeleksi"), ("release", "merilis"), ("allocate", "mengalokasikan"),
    ("settle", "menyelesaikan utang"), ("move", "memindahkan"), ("adjust", "menyesuaikan"),
    ("receive", "menerima"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::CATALOGUE;

    #[test]
    fn every_permission_has_words_for_people() {
        for (resource, actions) in CATALOGUE {
            assert!(RESOURCES.iter().any(|(code, _)| code == resource), "{resource}");
            for action in *actions {
                assert!(ACTIONS.iter().any(|(code, _)| code == action), "{action}");
            }
        }
        assert_eq!(permission("letter", "create"), "membuat surat");
    }
}
