//! The pages, in Indonesian, for a phone first.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use platform::long_date;

use super::verdict::Standing;
use crate::registry::Entry;

const STYLE: &str = "
:root{color-scheme:light;--ink:#1b2733;--soft:#5a6875;--line:#dde3e8;--good:#0b6b3a;--bad:#a3161a;--warn:#8a5300}
*{box-sizing:border-box}body{margin:0;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:#f3f5f7}
header{background:#12324f;color:#fff;padding:.9rem 1rem}header b{font-size:1.05rem}header span{display:block;font-size:.85rem;opacity:.85}
main{max-width:40rem;margin:0 auto;padding:1rem}.card{background:#fff;border:1px solid var(--line);border-radius:.7rem;padding:1rem;margin:0 0 1rem}
.card h1,.card h2{margin:.1rem 0 .4rem;font-size:1.35rem;line-height:1.25}.good{border-top:.4rem solid var(--good)}.good h1,.good h2{color:var(--good)}
.bad{border-top:.4rem solid var(--bad)}.bad h1,.bad h2{color:var(--bad)}.warn{border-top:.4rem solid var(--warn)}.warn h1,.warn h2{color:var(--warn)}
dl{margin:0}dt{color:var(--soft);font-size:.85rem;margin-top:.7rem}dd{margin:0;font-weight:600;overflow-wrap:anywhere}
.hash{font:.8rem/1.4 ui-monospace,monospace;font-weight:400}p{margin:.4rem 0}small,.soft{color:var(--soft)}
input[type=file]{width:100%;padding:1rem;border:2px dashed var(--line);border-radius:.6rem;background:#fafbfc}
";

fn layout(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="id" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) " – Absah" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { b { "Absah" } span { "Pemeriksaan keaslian dokumen" } }
                main { (body) }
            }
        }
    }
}

/// The front page.
pub(super) fn home() -> Markup {
    layout(
        "Periksa dokumen",
        &html! {
            section.card {
                h1 { "Periksa keaslian dokumen" }
                p { "Pindai kode QR pada dokumen dengan kamera ponsel. Pastikan alamat yang terbuka sama dengan alamat situs ini." }
            }
            section.card {
                h2 { "Punya berkas PDF-nya?" }
                p { label for="file" { "Pilih berkas untuk diperiksa." } }
                // Which of the two is true depends on the browser; the script shows it before a file can be chosen.
                p #digested hidden { "Sidik jari berkas dihitung di perangkat Anda. Berkasnya hanya dikirim ke situs ini bila sidik jarinya tidak terdaftar dan ukurannya tidak lebih dari 4 MB." }
                p #uploaded hidden { "Peramban ini tidak dapat menghitung sidik jari berkas, sehingga berkas yang Anda pilih dikirim ke situs ini untuk diperiksa." }
                input #file type="file" accept="application/pdf" disabled;
            }
            section #result.card hidden aria-live="polite" {}
            noscript { section.card { p { "Pemeriksaan berkas memerlukan JavaScript. Kode QR tetap dapat dipindai." } } }
            script src="/verify.js" defer {}
        },
    )
}

/// An issued document.
pub(super) fn document(entry: &Entry, standing: Standing, zone: &TimeZone) -> Markup {
    let (class, heading, sentence) = match standing {
        Standing::InForce => (
            "card good",
            "Dokumen asli dan berlaku",
            "Dokumen ini tercatat diterbitkan dan ditandatangani secara elektronik.",
        ),
        Standing::Expired => (
            "card warn",
            "Dokumen asli, tetapi sudah tidak berlaku",
            "Dokumen ini tercatat diterbitkan secara resmi, tetapi masa berlakunya sudah habis.",
        ),
    };
    layout(
        heading,
        &html! {
            section class=(class) {
                h1 { (heading) }
                p { (sentence) }
                p.soft { "Cocokkan data berikut dengan dokumen di tangan Anda. Bila ada yang berbeda, dokumen di tangan Anda bukan dokumen ini." }
            }
            section.card {
                dl {
                    (row("Nomor", entry.number.as_deref()))
                    (row("Jenis", entry.document_type.as_deref()))
                    (row("Tanggal", entry.date.map(long_date).as_deref()))
                    (row("Diterbitkan oleh", entry.issuing_unit.as_deref()))
                    (row("Ditandatangani oleh", Some(&entry.signer)))
                    (row("Jabatan", entry.office.as_deref()))
                    (row("Waktu tanda tangan", Some(&long_time(entry.signed_at, zone))))
                    (row("Berlaku sampai", entry.valid_until.map(long_date).as_deref()))
                    dt { "Sidik jari berkas (SHA-256)" }
                    dd.hash { (entry.final_sha256) }
                }
            }
            section.card { p { "Punya berkas PDF-nya? " a href="/" { "Periksa berkas" } " untuk memastikan isinya tidak diubah." } }
        },
    )
}

/// A QR whose digest is not the registered one.
pub(super) fn forged_qr(entry: &Entry) -> Markup {
    layout(
        "Kode QR palsu",
        &html! {
            section.card.bad {
                h1 { "Kode QR palsu" }
                p { "Kode QR ini tidak sesuai dengan catatan kami. Jangan percayai dokumen yang memuatnya." }
                @if let Some(number) = &entry.number {
                    p.soft { "Kode ini meniru dokumen bernomor " (number) "." }
                }
            }
        },
    )
}

/// The register cannot be asked at the moment.
pub(super) fn busy() -> Markup {
    layout(
        "Layanan sedang sibuk",
        &html! {
            section.card.warn {
                h1 { "Layanan sedang sibuk" }
                p { "Dokumen ini belum dapat diperiksa. Silakan muat ulang halaman ini sebentar lagi." }
                p.soft { "Pesan ini tidak berarti bahwa dokumen di tangan Anda tidak asli." }
            }
        },
    )
}

/// Any id that names no issued document.
pub(super) fn unknown() -> Markup {
    layout(
        "Tidak terdaftar",
        &html! {
            section.card.bad {
                h1 { "Dokumen tidak terdaftar" }
                p { "Tidak ada dokumen yang diterbitkan dengan tautan ini. Periksa kembali tautannya, atau pindai ulang kode QR." }
                p { "Bila tautan ini berasal dari kode QR pada sebuah dokumen, dokumen itu tidak dapat dipastikan asli." }
            }
        },
    )
}

fn row(label: &str, value: Option<&str>) -> Markup {
    html! {
        @if let Some(value) = value {
            dt { (label) }
            dd { (value) }
        }
    }
}

/// `5 Januari 2026 pukul 09.30 WIB`.
fn long_time(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    let abbreviation = local.strftime("%Z").to_string();
    format!(
        "{} pukul {:02}.{:02} {abbreviation}",
        long_date(local.date()),
        local.hour(),
        local.minute()
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn times_read_as_in_an_indonesian_letter() {
        let zone = TimeZone::get("Asia/Jakarta").unwrap();
        let at = "2026-12-31T18:05:00Z".parse().unwrap();
        assert_eq!(long_time(at, &zone), "1 Januari 2027 pukul 01.05 WIB");
    }
}
