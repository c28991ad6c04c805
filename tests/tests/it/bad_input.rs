//! Files that mean harm: each ends as documented, with a code and a sentence, within bounds, and nothing is held up.

use serde_json::Value;

use crate::program::{Running, absah};
use crate::support::{python, root, run, skipped_elsewhere};
use crate::validators::refused;

/// The most memory that the whole program may take.
const MEMORY: u64 = 640 * 1024 * 1024;

#[test]
fn every_hostile_file_ends_as_documented_and_the_queue_goes_on() {
    if skipped_elsewhere("it measures the memory of the program `absah`") {
        return;
    }
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

    let data = folder.path().join("data");
    let mut command = absah();
    command
        .args(["demo", "--json", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .arg("--out")
        .arg(folder.path().join("out"))
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
    let mut judged = Vec::new();
    for entry in &manifest {
        let outcome = of(entry["file"].as_str().unwrap());
        let (state, code) = (outcome["state"].as_str().unwrap(), outcome["code"].as_str());
        let as_expected = state == entry["expect"] && (state == "issued" || code == entry["code"].as_str());
        if !as_expected {
            wrong.push(format!("should be {} {}: {outcome}", entry["expect"], entry["code"]));
        }
        if state == "quarantined" {
            let sentence = outcome["message"].as_str().unwrap_or_default();
            if code.is_none() || !sentence.ends_with('.') || sentence.starts_with("Berkas tidak dapat diproses") {
                wrong.push(format!("has no sentence of its own: {outcome}"));
            }
        } else if entry["judge"] == true {
            judged.push(outcome.clone());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let refused = refused(folder.path(), &data, &judged);
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert_eq!(of("permit.pdf")["state"], "issued");
    assert!(peak < MEMORY, "peak memory {} MiB", peak / 1024 / 1024);
    assert!(running.stop().success());
}
