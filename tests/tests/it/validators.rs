//! Validators that are not ours, on documents of many producers: pyHanko, pdfsig, qpdf, and a scan of the printed page.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::program::{Running, absah};
use crate::support::{fetch, python, root, run, skipped_elsewhere};

#[test]
fn what_is_issued_from_any_producers_pdf_satisfies_pyhanko_pdfsig_qpdf_and_a_scanner() {
    if skipped_elsewhere("it starts the program `absah`, which is a site of its own") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let corpus = folder.path().join("corpus");
    run(
        python(),
        &[
            root().join("tests/corpus/make.py").to_str().unwrap(),
            corpus.to_str().unwrap(),
        ],
    );
    let manifest: Vec<Value> = serde_json::from_slice(&std::fs::read(corpus.join("manifest.json")).unwrap()).unwrap();
    assert!(manifest.len() >= 20);
    let files: Vec<_> = manifest
        .iter()
        .map(|entry| corpus.join(entry["file"].as_str().unwrap()))
        .collect();

    let (data, out) = (folder.path().join("data"), folder.path().join("out"));
    let mut command = absah();
    command
        .args(["demo", "--json", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .arg("--out")
        .arg(&out)
        .args(&files);
    let mut running = Running::start(&mut command);
    let outcomes = running.outcomes(files.len());
    for outcome in &outcomes {
        assert_eq!(outcome["state"], "issued", "{outcome}");
    }

    let refused = refused(folder.path(), &data, &outcomes);
    assert!(refused.is_empty(), "{}", refused.join("\n"));

    for outcome in &outcomes {
        let (status, page) = fetch(outcome["verify_url"].as_str().unwrap());
        assert!(status == 200 && page.contains("Dokumen asli"), "{outcome}");
    }
    assert!(running.stop().success());
}

/// Asks the validators about the final files of issued documents, under the roots of the data folder; what they object
/// to, by file.
pub(crate) fn refused(scratch: &Path, data: &Path, outcomes: &[Value]) -> Vec<String> {
    let roots = absah().arg("roots").arg("--data").arg(data).output().unwrap().stdout;
    let roots_file = scratch.join("roots.pem");
    std::fs::write(&roots_file, roots).unwrap();
    let job = |outcome: &Value| json!({ "file": outcome["final"], "roots": roots_file, "expect_link_prefix": outcome["verify_url"] });
    let jobs: Vec<_> = outcomes.iter().map(job).collect();
    let list = scratch.join("list.json");
    std::fs::write(&list, serde_json::to_vec(&jobs).unwrap()).unwrap();
    let script = root().join("tests/validate/validate.py");
    let output = Command::new(python())
        .arg(script)
        .arg("--batch")
        .arg(&list)
        .output()
        .unwrap();
    let opinion: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let results = opinion["results"].as_array().unwrap();
    assert_eq!(results.len(), outcomes.len());
    let refused = results.iter().filter(|result| result["ok"] != true);
    refused
        .map(|result| format!("{}: {}", result["file"], result["problems"]))
        .collect()
}
