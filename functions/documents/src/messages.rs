//! What people read, in plain Indonesian. Nothing else.

use kernel::{DocumentId, PublicUrl};

pub(crate) const UNAUTHORIZED: &str = "Permintaan ini memerlukan token yang benar.";
pub(crate) const TRY_AGAIN: &str = "Layanan sedang sibuk. Silakan coba lagi sebentar lagi.";
pub(crate) const UNKNOWN_DOCUMENT: &str = "Dokumen dengan tautan ini tidak terdaftar.";
pub(crate) const MALFORMED_VERIFY: &str = "Kirim berkas PDF, atau JSON berisi \"sha256\" dengan 64 digit heksadesimal.";
pub(crate) const FILE_TOO_LARGE: &str = "Berkas terlalu besar. Kirim sidik jari SHA-256 berkas sebagai gantinya.";
/// Why a document came back whose submitter wanted it back.
pub(crate) const WITHDRAWN: &str = "Ditarik kembali oleh pengaju.";
/// What the signature fields are called in a PDF reader's list.
pub(crate) const SIGNATURE_FIELD: &str = "TandaTangan";
pub(crate) const SEAL_FIELD: &str = "Segel";
pub(crate) const SEALING_REASON: &str = "Segel instansi dengan kode QR verifikasi";

/// With the document's id no two signed files are the same, even of one PDF that came in twice within a second.
/// Whoever signs in another's office says so (`Plh. Kepala Dinas`).
pub(crate) fn signing_reason(id: DocumentId, capacity: Option<&str>) -> String {
    let by = capacity.map(|capacity| format!(" oleh {capacity}")).unwrap_or_default();
    format!("Disetujui dan ditandatangani secara elektronik{by} sebagai dokumen {id}")
}

/// The caption below the QR: what to do with it, and where it must lead.
pub(crate) fn seal_caption(public_url: &PublicUrl) -> Vec<String> {
    vec![
        "Ditandatangani secara elektronik.".to_owned(),
        "Pindai untuk memeriksa keaslian di".to_owned(),
        public_url.portal().to_owned(),
    ]
}

/// Why a file is in quarantine.
pub(crate) fn quarantined(code: &str) -> &'static str {
    match code {
        "pdf.empty" => "Berkas kosong.",
        "pdf.not_pdf" => "Berkas ini bukan PDF.",
        "pdf.too_large" | "inbox.too_large" => "Berkas terlalu besar. Batasnya 25 MB.",
        "inbox.replaced" => "Berkas diganti sebelum sempat dibaca. Unggahan yang baru diproses tersendiri.",
        "pdf.truncated" => "Berkas terpotong. Unggah ulang berkas yang utuh.",
        "pdf.password_required" => "Berkas dikunci dengan kata sandi. Unggah berkas tanpa kata sandi.",
        "pdf.unsupported_encryption" => "Berkas dikunci dengan cara yang tidak dikenal. Unggah berkas tanpa kunci.",
        "pdf.too_many_pages" => "Jumlah halaman melebihi batas.",
        "pdf.active_content" => "Berkas berisi skrip, perintah, atau lampiran yang tidak diizinkan.",
        "pdf.signed_but_damaged" | "pdf.append_damaged" => {
            "Berkas sudah bertanda tangan tetapi strukturnya rusak, sehingga tidak boleh diubah."
        }
        "pdf.signed_but_encrypted" | "pdf.append_encrypted" => {
            "Berkas sudah bertanda tangan dan terkunci, sehingga tidak dapat ditandatangani lagi."
        }
        "pdf.certified" | "pdf.append_certified" => {
            "Berkas dikunci oleh sertifikasi yang melarang tanda tangan tambahan."
        }
        "pdf.fields_locked" => "Berkas dikunci oleh tanda tangan sebelumnya, sehingga tidak dapat ditandatangani lagi.",
        "seal.no_room" => "Berkas sudah bertanda tangan dan tidak memiliki ruang kosong untuk kode QR.",
        "pdf.page_tree_cycle" | "pdf.malformed" | "pdf.append_malformed" => "Struktur berkas PDF rusak.",
        "pdf.too_deep"
        | "pdf.too_complex"
        | "pdf.too_many_objects"
        | "pdf.too_many_signatures"
        | "pdf.decompresses_too_large" => "Struktur berkas PDF melebihi batas yang wajar.",
        "import.bad_metadata" => "Tanggal akhir berlaku pada metadata berkas tidak dapat dibaca (tulis TTTT-BB-HH).",
        "import.broken_signature" => "Berkas memuat tanda tangan elektronik yang sudah rusak.",
        "import.too_slow" | "import.crashed" => "Berkas tidak dapat diperiksa dengan aman.",
        _ => "Berkas tidak dapat diproses. Hubungi petugas dengan menyebutkan kode ini.",
    }
}
