//! Files made to cost: time, memory, stack. None may take more than a few seconds or 512 MB, and none may panic.

use std::time::{Duration, Instant};

use kernel::Fault;
use pdf::{Limits, normalise, preflight, signed_revisions, verify};

use crate::build::{assemble, data, deflate, pdf, stream};
use crate::verifying::at;

/// The code with which `pdf` is refused, in bounded time and memory.
#[track_caller]
fn refused(pdf: &[u8]) -> &'static str {
    let begun = Instant::now();
    let error = preflight(pdf, &Limits::default()).unwrap_err();
    let _ = verify(pdf, &[data("root.der")], at(), &Limits::default());
    let _ = signed_revisions(pdf);
    // On a machine that does other things too. Normalising begins with the same preflight.
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    assert!(peak_kilobytes() < 512 << 10, "{} kB", peak_kilobytes());
    error.code()
}

/// The most memory that this process ever had, where the system tells.
fn peak_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

#[test]
fn nesting_of_a_hundred_thousand_levels_does_not_reach_the_end_of_the_stack() {
    for (open, close) in [("[", "]"), ("<</A", ">>"), ("[<</A", ">>]")] {
        let deep = [open.repeat(100_000), " 1 ".to_owned(), close.repeat(100_000)].concat();
        assert_eq!(refused(&pdf(&[&deep])), "pdf.too_deep");
        let endless = open.repeat(100_000);
        assert_eq!(refused(&pdf(&[&endless])), "pdf.too_deep");
    }
}

#[test]
fn object_streams_that_inflate_to_six_gigabytes_are_stopped_early() {
    let bomb = deflate([b"1 0 ".to_vec(), vec![b' '; 60 << 20]].concat());
    let plain = stream("/Type/ObjStm/N 1/First 4/Filter/FlateDecode", &bomb);
    assert_eq!(refused(&pdf(&vec![plain; 100])), "pdf.decompresses_too_large");
    let escaped = stream("/Ty#70e/Obj#53tm/N 1/First 4/Fil#74er[/Fl#61teDecode]", &bomb);
    assert_eq!(refused(&pdf(&vec![escaped; 3])), "pdf.decompresses_too_large");
    let twice = deflate(deflate(vec![b' '; 200 << 20]));
    let twice = stream("/Type/ObjStm/N 1/First 4/Filter[/FlateDecode/FlateDecode]", &twice);
    assert_eq!(refused(&pdf(&[twice])), "pdf.decompresses_too_large");
}

#[test]
fn ten_thousand_pages_are_over_the_limit() {
    let kids: String = (3..10_003).map(|number| format!("{number} 0 R ")).collect();
    let tree = format!("<</Type/Pages/Count 10000/Kids[{kids}]>>");
    let page: &[u8] = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>";
    let mut objects: Vec<&[u8]> = vec![b"<</Type/Catalog/Pages 2 0 R>>", tree.as_bytes()];
    objects.extend(std::iter::repeat_n(page, 10_000));
    assert_eq!(refused(&assemble(&objects)), "pdf.too_many_pages");
    let five: Vec<&[u8]> = objects.into_iter().take(5_002).collect();
    let kids: String = (3..5_003).map(|number| format!("{number} 0 R ")).collect();
    let tree = format!("<</Type/Pages/Count 5000/Kids[{kids}]>>");
    let mut objects = five;
    objects[1] = tree.as_bytes();
    assert_eq!(preflight(&assemble(&objects), &Limits::default()).unwrap().pages, 5_000);
}

#[test]
fn lists_of_millions_of_values_and_tables_of_millions_of_entries_are_refused() {
    let values = format!("[{}]", "0 ".repeat(12_000_000));
    assert_eq!(refused(&pdf(&[values])), "pdf.too_many_objects");
    let sound = pdf(&[] as &[&str]);
    let at = sound.windows(4).rposition(|window| window == b"xref").unwrap();
    let at = sound[..at].windows(5).rposition(|window| window == b"xref\n").unwrap();
    let lying = [&sound[..at], b"xref\n0 4294967295\n", &sound[at + 9..]].concat();
    let report = preflight(&lying, &Limits::default()).unwrap();
    assert_eq!(report.repairs, [pdf::Repair::Damaged]);
}

#[test]
fn objects_that_make_others_be_read_again_and_again_are_stopped() {
    // Every dictionary asks for the kind of its action, which is a long list.
    let list = format!("[{}]", "1 ".repeat(400_000));
    let asking = format!("[{}]", "<</S 4 0 R>>".repeat(100_000));
    assert_eq!(refused(&pdf(&[list, asking])), "pdf.too_complex");
    // Every object begins a string that never ends.
    let strings: String = (1..300_000).map(|number| format!("{number} 0 obj (")).collect();
    assert_eq!(
        refused(format!("%PDF-1.7\n{strings}\n%%EOF").as_bytes()),
        "pdf.too_complex"
    );
    let trailers = format!("%PDF-1.7\n{}\n%%EOF", "trailer(\n".repeat(500_000));
    assert_eq!(refused(trailers.as_bytes()), "pdf.too_complex");
}

#[test]
fn signature_containers_made_to_be_sorted_cost_nothing() {
    // A SET of a hundred thousand algorithms, in descending order.
    let algorithms: Vec<u8> = (0..100_000_u32)
        .rev()
        .flat_map(|n| {
            let [_, a, b, c] = n.to_be_bytes();
            [0x30, 5, 6, 3, a & 0x7f, b & 0x7f, c & 0x7f]
        })
        .collect();
    let tlv = |tag: u8, value: &[u8]| {
        let [_, a, b, c] = u32::try_from(value.len()).unwrap().to_be_bytes();
        [&[tag, 0x83, a, b, c], value].concat()
    };
    let oid = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    let data_of = [
        vec![2, 1, 1],
        tlv(0x31, &algorithms),
        tlv(0x30, &[6, 1, 0]),
        tlv(0x31, &algorithms),
    ]
    .concat();
    let container = tlv(0x30, &[oid.to_vec(), tlv(0xa0, &tlv(0x30, &data_of))].concat());
    let hex: String = container.iter().map(|byte| format!("{byte:02x}")).collect();
    let body = |range: &str| {
        format!("<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[{range}]/Contents<{hex}>>>")
    };
    let make = |range: &str| {
        crate::build::pdf_with(
            "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/SigFlags 3>>>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
            &["<</FT/Sig/T(X)/V 5 0 R>>".to_owned(), body(range)],
        )
    };
    let draft = make("0 0000000000 0000000000 0000000000");
    let open = draft.windows(10).position(|window| window == b"/Contents<").unwrap() + 9;
    let close = open + hex.len() + 2;
    let file = make(&format!("0 {open:010} {close:010} {:010}", draft.len() - close));
    let begun = Instant::now();
    let reports = verify(&file, &[data("root.der")], at(), &Limits::default()).unwrap();
    assert_eq!(
        reports[0].integrity,
        pdf::Integrity::Broken {
            why: "the signature container is not readable"
        }
    );
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn no_mutation_of_a_file_makes_anything_panic_or_hang() {
    let mut random = Random(0x5eed);
    let tokens: [&[u8]; 12] = [
        b"<<",
        b">>",
        b"[",
        b"]",
        b"(",
        b")",
        b" R",
        b"obj",
        b"stream",
        b"/Kids",
        b"-1",
        b"99999999999",
    ];
    let root = [data("root.der")];
    for file in [
        "permit.pdf",
        "object-streams.pdf",
        "linearized.pdf",
        "aes256-objstm.pdf",
        "aes128.pdf",
        "rc4-40.pdf",
        "signed-and-sealed.pdf",
        "timestamped.pdf",
        "rsa-pkcs7.pdf",
    ] {
        let original = data(file);
        for round in 0..400 {
            let mut mutated = original.clone();
            for _ in 0..=random.below(4) {
                let at = random.below(mutated.len());
                match random.below(5) {
                    0 => mutated[at] ^= 1 << random.below(8),
                    1 => mutated[at] = u8::try_from(random.below(256)).unwrap(),
                    2 => drop(
                        mutated
                            .drain(at..(at + random.below(30)).min(original.len()).max(at))
                            .count(),
                    ),
                    3 => drop(mutated.splice(at..at, tokens[random.below(tokens.len())].iter().copied())),
                    _ => {
                        let copy = mutated[at..(at + random.below(200)).min(mutated.len())].to_vec();
                        let to = random.below(mutated.len());
                        drop(mutated.splice(to..to, copy));
                    }
                }
            }
            let begun = Instant::now();
            let _ = preflight(&mutated, &Limits::default());
            if let Ok(normal) = normalise(&mutated, &Limits::default()) {
                assert_eq!(
                    preflight(&normal, &Limits::default()).unwrap().repairs,
                    [],
                    "{file} {round}"
                );
            }
            let _ = verify(&mutated, &root, at(), &Limits::default());
            let _ = signed_revisions(&mutated);
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "{file} {round}: {:?}",
                begun.elapsed()
            );
        }
    }
}

/// xorshift64: the same mutations in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}
