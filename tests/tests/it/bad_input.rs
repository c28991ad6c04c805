//! Files that mean harm: each ends as documented, with a code and a sentence, within bounds, and nothing is held up.

use serde_json::Value;

use crate::program::{Running, absah};
use crate::support::{python, root, run};

/// The most memory that the whole program may take.
const MEMORY: u64 = 512 * 1024 * 1024;

#[test]
fn every_hostile_file_ends_as_documented_and_the_queue_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = folder.path().join("hostile");
    run(
        python(),
        &[
            root().join("tests/corpus/hostile.py").to_str().unwrap(),
            hostile.to_str().unwrap(),
        ],
    );
    let manifest: Vec<Value> = serde_json::from_slice(&std::fs::read(hostile.join("manifest.json")).unwrap()).unwrap();
    assert!(manifest.len() >= 20);
    let mut files: Vec<_> = manifest
        .iter()
        .map(|entry| hostile.join(entry["file"].as_str().unwrap()))
        .collect();
    // A good file at the end: nothing before it may hold it up.
    files.push(root().join("events/samples/permit.pdf"));

    let mut command = absah();
    command
        .args(["demo", "--json", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path().join("data"))
        .args(&files);
    let mut running = Running::start(&mut command);
    let outcomes = running.outcomes(files.len());
    let peak = running.peak_memory();

    let of = |file: &str| {
        outcomes
            .iter()
            .find(|outcome| outcome["file"] == file)
            .unwrap_or_else(|| panic!("no {file}"))
    };
    let mut wrong = Vec::new();
    for entry in &manifest {
        let outcome = of(entry["file"].as_str().unwrap());
        let (state, expected) = (outcome["state"].as_str().unwrap(), entry["expect"].as_str().unwrap());
        let as_expected = match expected {
            "either" => matches!(state, "quarantined" | "issued"),
            expected => state == expected,
        };
        if !as_expected {
            wrong.push(format!("{} should be {expected}: {outcome}", entry["file"]));
        }
        if state == "quarantined" {
            let code = outcome["code"].as_str().unwrap_or_default();
            let sentence = outcome["message"].as_str().unwrap_or_default();
            if !code.contains('.') || !sentence.ends_with('.') || sentence.starts_with("Berkas tidak dapat diproses") {
                wrong.push(format!("{} has no sentence of its own: {outcome}", entry["file"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let ends = manifest.iter().map(|entry| {
        let outcome = of(entry["file"].as_str().unwrap());
        let code = outcome["code"].as_str().unwrap_or_default();
        format!(
            "{} {} {code}",
            outcome["file"].as_str().unwrap(),
            outcome["state"].as_str().unwrap()
        )
    });
    // Each with its own reason: a file that is refused for another one has lost its case.
    insta::assert_snapshot!(ends.map(|end| end.trim_end().to_owned()).collect::<Vec<_>>().join("\n"));
    assert_eq!(of("permit.pdf")["state"], "issued");
    assert!(peak < MEMORY, "peak memory {} MiB", peak / 1024 / 1024);
    assert!(running.stop().success());
}
