//! A letter with everything that a letter may have, for tests and the benchmark. Invented.

use jiff::civil::date;

use super::{Content, Heading, Logo, Row, Signatory};

const CREST: &[u8] = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 100">
    <path d="M5 5h80v50q0 30-40 42Q5 85 5 55Z" fill="#0b5d3b" stroke="#d8a21b" stroke-width="5"/>
    <circle cx="45" cy="45" r="20" fill="#fff"/><path d="M45 30l5 11 12 1-9 8 3 12-11-6-11 6 3-12-9-8 12-1z" fill="#d8a21b"/>
</svg>"##;

/// The letter.
pub(crate) fn content() -> Content {
    Content {
        heading: Heading {
            superiors: vec!["Pemerintah Kabupaten Contoh".into(), "Kecamatan Mawar".into()],
            office: "Kelurahan Melati".into(),
            address: vec![
                "Jalan Contoh Nomor 1, Melati, Mawar, Contoh 99999".into(),
                "Telepon (000) 000000, pos-el kelurahan@melati.example".into(),
            ],
            logo: Some(Logo(CREST.to_vec())),
        },
        title: "Surat Keterangan Domisili".into(),
        number: "470/12/SKD/XI/2026".into(),
        opening: "Yang bertanda tangan di bawah ini, Lurah Melati, Kecamatan Mawar, Kabupaten Contoh, menerangkan dengan \
            sebenarnya bahwa:"
            .into(),
        rows: vec![
            row("Nama lengkap", "Budi Contoh"),
            row("NIK", "9901010101900001"),
            row("Tempat, tanggal lahir", "Contoh, 1 Januari 1990"),
            row("Jenis kelamin", "Laki-laki"),
            row("Agama", "Islam"),
            row("Pekerjaan", "Karyawan swasta"),
            row("Alamat", "Jalan Kenanga Nomor 7, RT 001 RW 003,\nKelurahan Melati, Kecamatan Mawar"),
        ],
        statements: vec![
            "Nama tersebut di atas benar warga yang berdomisili di alamat tersebut sejak 1 Februari 2020, sebagaimana surat \
                pengantar dari RT 001 dan RW 003."
                .into(),
            "Surat ini berlaku sampai dengan tanggal 19 Februari 2027.".into(),
        ],
        closing: "Demikian surat keterangan ini dibuat dengan sebenarnya untuk dipergunakan sebagaimana mestinya.".into(),
        place: "Contoh".into(),
        date_text: "21 November 2026".into(),
        date: date(2026, 11, 21),
        signatory: Signatory {
            capacity: vec!["Plt. Lurah Melati".into()],
            name: "Siti Contoh, S.Sos.".into(),
            rank: Some("Penata Tingkat I (III/d)".into()),
            nip: Some("99750101 200001 2 001".into()),
        },
        footer: "Surat ini ditandatangani secara elektronik. Pindai kode QR untuk memeriksa keasliannya.".into(),
    }
}

pub(crate) fn row(label: &str, value: &str) -> Row {
    Row {
        label: label.into(),
        value: value.into(),
    }
}
