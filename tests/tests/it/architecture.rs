//! The invariants of ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::site::SKIPPED_ELSEWHERE;
use crate::support::{root, skipped_elsewhere};
use crate::wiring::{function_id, resources};

fn metadata() -> Value {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn packages() -> BTreeMap<String, Value> {
    let packages = metadata()["packages"].as_array().unwrap().clone();
    packages
        .into_iter()
        .map(|package| (package["name"].as_str().unwrap().to_owned(), package))
        .collect()
}

fn sources(under: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn the_binaries_are_the_functions_of_the_template_and_the_functions_that_the_runner_knows() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let mut binaries = BTreeSet::new();
    for package in packages().values() {
        let path = package["manifest_path"].as_str().unwrap();
        if path.contains("/functions/") {
            let targets = package["targets"].as_array().unwrap().iter();
            let bins = targets.filter(|target| target["kind"][0] == "bin");
            binaries.extend(bins.map(|target| function_id(target["name"].as_str().unwrap())));
        }
    }
    let declared: BTreeSet<String> = resources("AWS::Serverless::Function")
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    let known: BTreeSet<String> = localstack::FUNCTIONS.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert!(binaries.len() >= 9);
    assert_eq!(binaries, declared);
    assert_eq!(known, declared);
}

#[test]
fn each_binary_serves_the_step_of_its_name_and_decides_nothing() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    for file in sources(&root().join("functions"))
        .into_iter()
        .filter(|path| path.parent().unwrap().ends_with("bin"))
    {
        let text = std::fs::read_to_string(&file).unwrap();
        let step = file.file_stem().unwrap().to_str().unwrap().replace('-', "_");
        assert!(
            text.contains(&format!("{step}::function).await")),
            "{} serves another step",
            file.display()
        );
        assert!(
            !text.contains("if ") && text.lines().count() <= 20,
            "{} does too much",
            file.display()
        );
    }
}

#[test]
fn only_platform_and_embedded_depend_on_the_aws_sdk() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    for (name, package) in packages() {
        let uses = package["dependencies"].as_array().unwrap().iter().any(|dependency| {
            let dependency = dependency["name"].as_str().unwrap();
            dependency.starts_with("aws-sdk-") || dependency.starts_with("aws-smithy-") || dependency == "aws-config"
        });
        assert!(
            !uses || name == "platform" || name == "embedded",
            "{name} depends on the AWS SDK"
        );
    }
}

#[test]
fn no_context_depends_on_another_and_dependencies_point_one_way() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let packages = packages();
    let in_folder = |folder: &str| -> BTreeSet<String> {
        let matching = packages
            .iter()
            .filter(|(_, p)| p["manifest_path"].as_str().unwrap().contains(folder));
        matching.map(|(name, _)| name.clone()).collect()
    };
    let contexts = in_folder("/functions/");
    assert!(contexts.len() >= 3);
    let needs = |name: &str| -> BTreeSet<String> {
        let all = packages[name]["dependencies"].as_array().unwrap().iter();
        let normal = all.filter(|dependency| dependency["kind"].is_null());
        normal
            .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
            .collect()
    };
    for context in &contexts {
        let others = &contexts - &BTreeSet::from([context.clone()]);
        assert!(
            needs(context).is_disjoint(&others),
            "{context} depends on another context"
        );
        assert!(
            !needs(context).contains("embedded"),
            "{context} links the embedded engine"
        );
    }
    let ours = &(&contexts | &in_folder("/crates/")) | &in_folder("/localstack/");
    let of_ours = |name: &str| &needs(name) & &ours;
    assert_eq!(of_ours("kernel"), BTreeSet::new());
    assert_eq!(of_ours("pdf"), BTreeSet::from(["kernel".to_owned()]));
    assert_eq!(of_ours("platform"), BTreeSet::from(["kernel".to_owned()]));
    assert!(of_ours("embedded").is_subset(&BTreeSet::from(["kernel".to_owned()])));
}

#[test]
fn environment_variables_are_read_in_one_place() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let mut readers = Vec::new();
    for folder in ["crates", "functions", "localstack"] {
        for file in sources(&root().join(folder)) {
            let text = std::fs::read_to_string(&file).unwrap();
            if ["env::var", "env::vars", "var_os("]
                .iter()
                .any(|reading| text.contains(reading))
            {
                readers.push(file.strip_prefix(root()).unwrap().display().to_string());
            }
        }
    }
    readers.retain(|file| !file.contains("/tests/"));
    assert_eq!(readers, ["crates/platform/src/config.rs"]);
}

#[test]
fn every_package_takes_the_lints_that_forbid_unsafe_code() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let root_manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(root_manifest.contains("unsafe_code = \"forbid\""));
    for (name, package) in packages() {
        let manifest = std::fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{name} has lints of its own"
        );
    }
}

/// The tests that ask whether they are skipped, as the test harness names them.
fn skipping() -> BTreeSet<String> {
    let folder = root().join("tests/tests/it");
    let mut named = BTreeSet::new();
    for path in sources(&folder) {
        let module = path.strip_prefix(&folder).unwrap().with_extension("");
        let module: Vec<_> = module.iter().map(|part| part.to_str().unwrap()).collect();
        let text = std::fs::read_to_string(&path).unwrap();
        for test in text.split("\n#[test]").chain(text.split("\n#[tokio::test")).skip(1) {
            let body = test.split("\n#[").next().unwrap();
            let name = body.split("fn ").nth(1).and_then(|rest| rest.split('(').next());
            if let (Some(name), true) = (name, body.contains("if skipped_elsewhere(")) {
                named.insert(format!("{}::{name}", module.join("::")));
            }
        }
    }
    named
}

#[test]
fn the_tests_that_are_skipped_elsewhere_are_those_that_are_expected_to_be() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let expected = SKIPPED_ELSEWHERE.lines().map(|line| line.split_once(": ").unwrap().0);
    assert_eq!(skipping(), expected.map(str::to_owned).collect());
}
