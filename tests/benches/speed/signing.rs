//! Sign + stamp on one thread, beside pyHanko doing the same: an approval signature, then a visible one with a QR.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use kernel::Sha256Digest;
use pdf::{Hashed, Limits, LocalKey, SealFace, SealRequest, SignatureRequest};
use serde::Deserialize;

use crate::statistics::time_ms;

const FILES: [(&str, f64); 3] = [("permit", 100.0), ("2000-pages", 10.0), ("12-mb", 8.0)];
const PORTAL: &str = "HTTP://127.0.0.1:9000";
const AT_MOST: Duration = Duration::from_secs(20);

/// Prints one row for each file.
pub(crate) fn measure(inputs: &Path, venv: &Path) {
    let keys = inputs.join("keys");
    let (official, seal) = (key(&keys, "pejabat"), key(&keys, "segel"));
    let paths = FILES.map(|(name, _)| inputs.join(format!("{name}.pdf")).display().to_string());
    let message = [7; 300];
    let rsa = time_ms(300, AT_MOST, || {
        black_box(official.sign(black_box(&message)).unwrap());
    });
    let ours = paths.each_ref().map(|path| run(path, &official, &seal));
    let shipped = pyhanko(venv, &keys, &paths, false);
    let kept = pyhanko(venv, &keys, &paths, true);

    println!("\nsign + stamp, one thread, RSA-2048 (one private operation: {rsa:.2} ms); medians");
    println!(
        "pyHanko {}: as shipped, and with its keys read once instead of at every signature",
        shipped.version
    );
    println!(
        "{:<12} {:>11} {:>10} {:>7} {:>11} {:>11} {:>8} {:>8} {:>6}",
        "file", "bytes", "absah", "floor", "pyHanko", "keys once", "ratio", "ratio", "aim"
    );
    for (index, (name, aim)) in FILES.iter().enumerate() {
        let (Some(ours), Some(shipped), Some(kept)) =
            (ours.get(index), shipped.results.get(index), kept.results.get(index))
        else {
            panic!("the peer did not time {name}");
        };
        let floor = 2.0 * rsa + ours.hashing;
        println!(
            "{name:<12} {:>11} {:>7.2} ms {:>6.0}% {:>8.1} ms {:>8.1} ms {:>7.0}x {:>7.0}x {:>5.0}x",
            shipped.bytes,
            ours.total,
            100.0 * floor / ours.total,
            shipped.total_ms.median,
            kept.total_ms.median,
            shipped.total_ms.median / ours.total,
            kept.total_ms.median / ours.total,
            aim
        );
    }
    println!("floor: the share of two RSA operations and SHA-256 over the bytes of both files");
}

struct Ours {
    total: f64,
    hashing: f64,
}

fn run(path: &str, official: &LocalKey, seal: &LocalKey) -> Ours {
    let file = fs::read(path).unwrap();
    let signed = sign(&file, official);
    let sealed = stamp(&signed, seal);
    // What is timed must be what it says.
    let now = Timestamp::now();
    let reports = pdf::verify(&sealed, &[[0_u8; 0]; 0], now, &Limits::default()).unwrap();
    assert_eq!(reports.len(), 2, "both signatures are there");
    assert!(reports.iter().all(|report| report.integrity == pdf::Integrity::Intact));
    let total = time_ms(200, AT_MOST, || {
        black_box(stamp(&sign(black_box(&file), official), seal));
    });
    let hashing = time_ms(50, AT_MOST, || {
        black_box((Sha256Digest::of(&signed), Sha256Digest::of(&sealed)));
    });
    Ours { total, hashing }
}

/// As the step does it, from bytes to bytes.
fn sign(file: &[u8], official: &LocalKey) -> Vec<u8> {
    let request = SignatureRequest {
        field_prefix: "TandaTangan".into(),
        reason: None,
        location: None,
        signed_at: Timestamp::now(),
    };
    let pending = pdf::prepare_signature(&Hashed::new(file), &request, official.chain(), &Limits::default()).unwrap();
    let signature = official.sign(pending.to_be_signed()).unwrap();
    pending.embed(&signature).unwrap().into_bytes()
}

fn stamp(signed: &[u8], seal: &LocalKey) -> Vec<u8> {
    let signed = Hashed::new(signed);
    let h = signed.sha256().to_base32();
    let request = SealRequest {
        field_prefix: "Segel".into(),
        face: SealFace {
            qr_text: format!("{PORTAL}/V/1ABCDEFGHIJKLMNOPQRSTUVWXYZ/{h}"),
            caption: vec!["Pindai untuk memeriksa keaslian di".into(), "127.0.0.1:9000".into()],
        },
        reason: None,
        location: None,
        signed_at: Timestamp::now(),
    };
    let pending = pdf::prepare_seal(&signed, &request, seal.chain(), &Limits::default()).unwrap();
    let signature = seal.sign(pending.to_be_signed()).unwrap();
    pending.embed(&signature).unwrap().into_bytes()
}

fn key(folder: &Path, name: &str) -> LocalKey {
    let read = |kind: &str| fs::read_to_string(folder.join(format!("{name}.{kind}.pem"))).unwrap();
    LocalKey::from_pem(&read("key"), &read("chain")).unwrap()
}

#[derive(Deserialize)]
struct Peer {
    version: String,
    results: Vec<PeerResult>,
}

#[derive(Deserialize)]
struct PeerResult {
    bytes: u64,
    total_ms: PeerTimes,
}

#[derive(Deserialize)]
struct PeerTimes {
    median: f64,
}

/// The peer's times, in the order of `files`.
fn pyhanko(venv: &Path, keys: &Path, files: &[String], keep_key: bool) -> Peer {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/pyhanko_peer.py");
    let mut command = Command::new(venv.join("bin/python"));
    command.arg(script).args(files).arg("--keys").arg(keys);
    if keep_key {
        command.arg("--keep-key");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
