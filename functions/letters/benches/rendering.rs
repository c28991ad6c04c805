//! How fast letters are set: forty of them, each of another resident. Prints figures; asserts nothing about time.
//!
//! `cargo bench --workspace --bench rendering` runs it; with `-- FOLDER` behind it, the letters are written there, to be looked at.

#![allow(clippy::print_stdout, reason = "its figures are its result")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement that went wrong has no figure to show"
)]

#[path = "../src/render/sample.rs"]
mod sample;

use std::path::PathBuf;
use std::time::Instant;

use letters::Template;
use letters::render::{Content, Heading, Logo, Row, Signatory, render};

const LETTERS: usize = 40;
/// What an office would hardly notice.
const AIM_MS: f64 = 2_000.0;

fn main() {
    // Cargo puts `--bench` behind whatever else it was given.
    let folder = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'))
        .map(PathBuf::from);
    let template = Template::built_in(&"keterangan@1".parse().unwrap()).unwrap();
    let mut times_ms = Vec::new();
    let mut bytes = 0;
    for index in 1..=LETTERS {
        let content = letter(index);
        let begun = Instant::now();
        let pdf = render(&template, &content, &format!("contoh/{index}")).unwrap();
        times_ms.push(begun.elapsed().as_secs_f64() * 1_000.0);
        bytes += pdf.len();
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(folder.join(format!("{index:02}.pdf")), pdf).unwrap();
        }
    }
    let first_ms = times_ms[0];
    let all_ms: f64 = times_ms.iter().sum();
    times_ms.sort_by(f64::total_cmp);
    println!("| letters | in all, ms | aim, ms | first, ms | p50, ms | slowest, ms | KiB each |");
    println!("|---|---|---|---|---|---|---|");
    println!(
        "| {LETTERS} | {all_ms:.0} | {AIM_MS:.0} | {first_ms:.1} | {:.1} | {:.1} | {} |",
        times_ms[LETTERS / 2],
        times_ms[LETTERS - 1],
        bytes / LETTERS / 1024,
    );
}

/// The letter of one resident: no two share more than the office's paper.
fn letter(index: usize) -> Content {
    let mut content = sample::content();
    content.number = format!("470/{index}/SKD/XI/2026");
    content.rows[0] = sample::row("Nama lengkap", &format!("Warga Contoh ke-{index}"));
    content.rows[1] = sample::row("NIK", &format!("990101{:010}", index * 7_919));
    content.statements[0] =
        format!("Nama tersebut di atas benar warga RT {index:03} yang berdomisili di alamat tersebut.");
    content
}
