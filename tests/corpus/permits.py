"""The text of the test permits: invented people, businesses and numbers under an example letterhead."""

from dataclasses import dataclass, field

GOVERNMENT = "PEMERINTAH KABUPATEN KARO"
OFFICE = "DINAS PENANAMAN MODAL DAN PELAYANAN TERPADU SATU PINTU"
ADDRESS = "Jalan Contoh Nomor 17, Kabanjahe 22111, Sumatera Utara"
CONTACT = "Telepon (0628) 00 00 17    Pos-el dpmptsp@karo.example    Laman dpmptsp.karo.example"
CITY = "Kabanjahe"
UNIT = "DPMPTSP Kabupaten Karo"


@dataclass(frozen=True)
class Official:
    """Who signs: the office held, the name, the rank and the civil-servant number."""

    office: str = "Kepala Dinas Penanaman Modal dan\nPelayanan Terpadu Satu Pintu\nKabupaten Karo,"
    name: str = "Drs. TERANG GINTING, M.Si."
    rank: str = "Pembina Utama Muda (IV/c)"
    number: str = "99680417 199303 1 000"


@dataclass(frozen=True)
class Permit:
    """One permit, as its text."""

    kind: str
    number: str
    date: str
    iso_date: str
    subject: str
    holder: str
    rows: tuple[tuple[str, str], ...]
    basis: tuple[str, ...]
    clauses: tuple[str, ...]
    signer: Official = field(default_factory=Official)

    @property
    def title(self) -> str:
        """The document's title, as it stands in the file's metadata."""
        return f"{self.kind} {self.number}"

    def sidecar(self) -> dict[str, str]:
        """The description that travels beside the file."""
        return {
            "number": self.number,
            "type": self.kind.title(),
            "date": self.iso_date,
            "subject": self.subject,
            "holder": self.holder,
            "issuing_unit": UNIT,
        }


_OBLIGATIONS = (
    "Surat izin ini berlaku sepanjang pemegang izin memenuhi peraturan perundang-undangan.",
    "Pemegang izin wajib memasang salinan surat ini di tempat yang mudah dilihat masyarakat.",
    "Surat izin ini tidak dapat dipindahtangankan tanpa persetujuan tertulis pejabat yang menerbitkannya.",
    "Apabila di kemudian hari terdapat kekeliruan, surat izin ini akan diperbaiki sebagaimana mestinya.",
)
_BASIS = (
    "Undang-Undang Nomor 23 Tahun 2014 tentang Pemerintahan Daerah;",
    "Peraturan Pemerintah Nomor 5 Tahun 2021 tentang Penyelenggaraan Perizinan Berusaha Berbasis Risiko;",
    "Peraturan Bupati Karo tentang Pendelegasian Wewenang Perizinan kepada Kepala Dinas.",
)

PRACTICE = Permit(
    kind="SURAT IZIN PRAKTIK DOKTER",
    number="503/0147/SIP-D/DPMPTSP/2026",
    date="9 Januari 2026",
    iso_date="2026-01-09",
    subject="Izin praktik dokter umum",
    holder="dr. Melati Br. Tarigan",
    rows=(
        ("Nama", "dr. Melati Br. Tarigan"),
        ("Tempat, tanggal lahir", "Berastagi, 14 Maret 1988"),
        ("Alamat", "Jalan Mawar Nomor 8, Kelurahan Lau Cimba, Kabanjahe"),
        ("Nomor STR", "00 1 1 100 2 26 000147"),
        ("Untuk berpraktik sebagai", "Dokter umum"),
        ("Tempat praktik", "Klinik Pratama Sehat Contoh"),
        ("Alamat praktik", "Jalan Melur Nomor 21, Kabanjahe"),
        ("Berlaku sampai dengan", "14 Maret 2031"),
    ),
    basis=(
        "Undang-Undang Nomor 17 Tahun 2023 tentang Kesehatan;",
        "Peraturan Pemerintah Nomor 28 Tahun 2024 tentang Peraturan Pelaksanaan Undang-Undang Kesehatan;",
        "Rekomendasi Dinas Kesehatan Kabupaten Karo Nomor 440/0089/Dinkes/2026.",
    ),
    clauses=_OBLIGATIONS,
)

BUILDING = Permit(
    kind="PERSETUJUAN BANGUNAN GEDUNG",
    number="SK-PBG-120601-05012026-001",
    date="5 Januari 2026",
    iso_date="2026-01-05",
    subject="Persetujuan bangunan gedung rumah tinggal dua lantai",
    holder="Ropita Br. Sembiring",
    rows=(
        ("Nama pemilik", "Ropita Br. Sembiring"),
        ("Fungsi bangunan", "Hunian, rumah tinggal tunggal"),
        ("Luas bangunan", "184,50 m² (dua lantai)"),
        ("Luas tanah", "312,00 m²"),
        ("Lokasi", "Desa Raya, Kecamatan Berastagi, Kabupaten Karo"),
        ("Nomor bukti hak atas tanah", "SHM Nomor 000 Tahun 2019"),
        ("Retribusi", "Rp2.467.500,00 (lunas)"),
    ),
    basis=("Undang-Undang Nomor 28 Tahun 2002 tentang Bangunan Gedung;", *_BASIS),
    clauses=_OBLIGATIONS,
)

BUSINESS = Permit(
    kind="IZIN USAHA PERDAGANGAN HASIL PERTANIAN",
    number="510/0032/IUP/DPMPTSP/2026",
    date="12 Januari 2026",
    iso_date="2026-01-12",
    subject="Izin usaha perdagangan hasil pertanian",
    holder="CV Jeruk Contoh Sejahtera",
    rows=(
        ("Nama perusahaan", "CV Jeruk Contoh Sejahtera"),
        ("Penanggung jawab", "Budiman Perangin-angin"),
        ("Bidang usaha", "Perdagangan besar buah dan sayuran (KBLI 46313)"),
        ("Modal", "Rp750.000.000,00"),
        ("Jumlah tenaga kerja", "24 orang"),
        ("Alamat usaha", "Pusat Pasar Blok C Nomor 11, Berastagi"),
    ),
    basis=_BASIS,
    clauses=_OBLIGATIONS,
)

EVENT = Permit(
    kind="IZIN PENYELENGGARAAN KERAMAIAN",
    number="300/0009/IPK/DPMPTSP/2026",
    date="20 Januari 2026",
    iso_date="2026-01-20",
    subject="Izin penyelenggaraan pesta bunga dan buah",
    holder="Panitia Pesta Bunga dan Buah “Mejuah-juah”",
    rows=(
        ("Penyelenggara", "Panitia Pesta Bunga dan Buah “Mejuah-juah”"),
        ("Acara", "Pawai kendaraan hias, pentas seni dan pameran"),
        ("Tempat", "Taman Mejuah-juah, Berastagi"),
        ("Waktu", "3–5 Juli 2026, pukul 08.00–22.00 WIB"),
        ("Perkiraan pengunjung", "± 6.000 orang per hari"),
    ),
    basis=_BASIS,
    clauses=_OBLIGATIONS,
)

ADVERT = Permit(
    kind="IZIN PEMASANGAN REKLAME",
    number="510.1/0211/REK/DPMPTSP/2026",
    date="2 Februari 2026",
    iso_date="2026-02-02",
    subject="Izin pemasangan reklame papan nama",
    holder="Toko Roti Contoh",
    rows=(
        ("Pemohon", "Toko Roti Contoh"),
        ("Jenis reklame", "Papan nama (neon box)"),
        ("Ukuran", "3 m × 1,5 m, satu sisi"),
        ("Lokasi", "Jalan Veteran Nomor 45, Kabanjahe"),
        ("Masa berlaku", "2 Februari 2026 s.d. 1 Februari 2027"),
    ),
    basis=_BASIS,
    clauses=_OBLIGATIONS,
)

ALL = (PRACTICE, BUILDING, BUSINESS, EVENT, ADVERT)
