//! The `absah` program, started as people start it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::support::{UNLIMITED, fetch, skipped_elsewhere};

/// The program that `cargo build --release` made beside this test.
pub(crate) fn absah() -> Command {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("absah");
    assert!(
        program.exists(),
        "{} is not built: run the tests with tests/run",
        program.display()
    );
    Command::new(program)
}

/// A running `absah`; killed when it is dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// `absah up` on a free port: the running program and its endpoint.
    pub(crate) fn up(data: &Path, public_url: &str) -> (Self, String) {
        Self::up_with(data, &["--public-url", public_url])
    }

    /// The same with other arguments.
    pub(crate) fn up_with(data: &Path, arguments: &[&str]) -> (Self, String) {
        let mut command = absah();
        command
            .args(["up", "--listen", "127.0.0.1:0", "--rate-limits", UNLIMITED])
            .args(arguments)
            .arg("--data")
            .arg(data);
        let mut running = Self::start(&mut command);
        let mut endpoint = None;
        for line in running.lines.by_ref() {
            let line = line.unwrap();
            if let Some(value) = line.strip_prefix("export AWS_ENDPOINT_URL=") {
                endpoint = Some(value.to_owned());
            }
            if line.starts_with("export AWS_DEFAULT_REGION=") {
                break;
            }
        }
        (running, endpoint.expect("absah up printed no endpoint"))
    }

    /// Reads JSON lines until `files` files have ended; their last lines.
    pub(crate) fn outcomes(&mut self, files: usize) -> Vec<Value> {
        let mut outcomes = Vec::new();
        while outcomes.len() < files {
            let line = self.lines.next().expect("absah ended early").unwrap();
            let line: Value = serde_json::from_str(&line).unwrap();
            if line.get("state").is_some() {
                outcomes.push(line);
            }
        }
        outcomes
    }

    /// The most memory that it has ever had, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Asks it to stop, as Ctrl-C does, and waits for its exit status.
    pub(crate) fn stop(mut self) -> std::process::ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

#[test]
fn the_demo_takes_a_sample_through_every_step_and_ends_with_a_line_for_machines() {
    if skipped_elsewhere("it starts the program `absah`, which is a site of its own") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let out = folder.path().join("out");
    let mut command = absah();
    command
        .args(["demo", "--json", "--exit", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .arg("--out")
        .arg(&out);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<Value> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let steps: Vec<_> = lines.iter().filter_map(|line| line["step"].as_str()).collect();
    assert_eq!(
        steps,
        [
            "inbox",
            "detect",
            "import",
            "advance-approval",
            "decide",
            "sign",
            "stamp",
            "verify"
        ]
    );
    let last = lines.last().unwrap();
    assert_eq!(
        (last["file"].as_str(), last["state"].as_str()),
        (Some("permit.pdf"), Some("issued"))
    );
    let final_file = PathBuf::from(last["final"].as_str().unwrap());
    assert_eq!(final_file, out.join("permit.final.pdf"));
    let digest = kernel::Sha256Digest::of(&std::fs::read(final_file).unwrap());
    assert_eq!(last["sha256"].as_str(), Some(digest.to_string().as_str()));
    assert!(last["verify_url"].as_str().unwrap().starts_with("HTTP://127.0.0.1:"));
    assert_eq!(last["code"], Value::Null);
}

#[test]
fn a_file_that_is_no_pdf_ends_in_quarantine_with_a_code_and_a_sentence() {
    if skipped_elsewhere("it starts the program `absah`, which is a site of its own") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bukan.pdf");
    std::fs::write(&file, "halo").unwrap();
    let mut command = absah();
    command
        .args(["demo", "--json", "--exit", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path().join("data"));
    let output = command.arg(&file).output().unwrap();
    assert!(output.status.success(), "quarantine is a good end");
    let last = String::from_utf8(output.stdout).unwrap();
    let last: Value = serde_json::from_str(last.lines().last().unwrap()).unwrap();
    assert_eq!(
        (last["state"].as_str(), last["code"].as_str()),
        (Some("quarantined"), Some("pdf.not_pdf"))
    );
    assert_eq!(last["message"].as_str(), Some("Berkas ini bukan PDF."));
}

#[test]
fn a_wrong_file_is_named_and_the_exit_status_is_one() {
    if skipped_elsewhere("it starts the program `absah`, which is a site of its own") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = absah();
    command
        .args(["demo", "--exit", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path().join("data"));
    let output = command.arg("tidak-ada.pdf").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("tidak-ada.pdf cannot be read"));
}

#[test]
fn up_serves_until_it_is_interrupted_and_its_roots_stay_the_same() {
    if skipped_elsewhere("it starts the program `absah`, which is a site of its own") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (running, endpoint) = Running::up(folder.path(), "http://127.0.0.1:9000");
    let (status, page) = fetch(&format!("{endpoint}/"));
    assert_eq!(status, 200);
    assert!(page.contains("Periksa keaslian dokumen"));
    assert_eq!(fetch(&format!("{endpoint}/lambda-url/tidak-ada/")).0, 404);
    let roots = || {
        let output = absah().arg("roots").arg("--data").arg(folder.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let before = roots();
    assert!(before.starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(running.stop().success());
    assert_eq!(roots(), before);
}
