//! What the demo shows: JSON lines for machines, live lines on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::demo::file::Outcome;

/// More files than this share one bar.
const LINES: usize = 15;
/// The steps that a document passes, in order.
const STEPS: [&str; 8] = [
    "inbox",
    "detect",
    "import",
    "advance-approval",
    "decide",
    "sign",
    "stamp",
    "verify",
];

/// Shows how the files get on.
pub(crate) struct Progress {
    display: Display,
    /// What is said once the display stands still.
    results: Vec<String>,
}

enum Display {
    /// One JSON object a line.
    Json,
    /// A line per file, redrawn in place.
    Live {
        lines: BTreeMap<String, ProgressBar>,
        _all: MultiProgress,
    },
    /// One bar for all files.
    Bar(ProgressBar),
    /// A line per step.
    Plain,
}

#[derive(Serialize)]
struct StepLine<'a> {
    file: &'a str,
    step: &'a str,
    id: Option<&'a str>,
    at: jiff::Timestamp,
}

impl Progress {
    pub(crate) fn new(json: bool, files: &[String]) -> Self {
        Self {
            display: Display::new(json, files),
            results: Vec::new(),
        }
    }

    /// A file has passed a step.
    pub(crate) fn step(&mut self, file: &str, step: &'static str, id: Option<&str>) -> std::io::Result<()> {
        match &self.display {
            Display::Json => json_line(&StepLine {
                file,
                step,
                id,
                at: jiff::Timestamp::now(),
            }),
            Display::Live { lines, .. } => {
                if let Some(line) = lines.get(file) {
                    let reached = STEPS
                        .iter()
                        .position(|name| *name == step)
                        .map_or(0, |index| index as u64 + 1);
                    line.set_position(line.position().max(reached));
                    line.set_message(step);
                }
                Ok(())
            }
            Display::Bar(bar) => {
                bar.set_message(format!("{file}: {step}"));
                Ok(())
            }
            Display::Plain => {
                let id = id.unwrap_or("");
                writeln!(std::io::stderr(), "{file:<24} {step:<17} {id}")
            }
        }
    }

    /// A file has ended.
    pub(crate) fn end(&mut self, outcome: &Outcome) -> std::io::Result<()> {
        let result = format!("{:<24} {}", outcome.file, sentence(outcome));
        match &self.display {
            Display::Json => return json_line(outcome),
            Display::Live { lines, .. } => {
                if let Some(line) = lines.get(&outcome.file) {
                    line.finish_with_message(outcome.state);
                }
            }
            Display::Bar(bar) => bar.inc(1),
            Display::Plain => {}
        }
        self.results.push(result);
        Ok(())
    }

    /// Leaves the display as it is, and says below it what became of each file. Nothing of that is cut to the terminal's width.
    pub(crate) fn close(self) -> std::io::Result<()> {
        if let Display::Bar(bar) = &self.display {
            bar.finish();
        }
        let mut out = std::io::stdout().lock();
        for result in self.results {
            writeln!(out, "{result}")?;
        }
        out.flush()
    }
}

impl Display {
    fn new(json: bool, files: &[String]) -> Self {
        if json {
            return Self::Json;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Plain;
        }
        if files.len() > LINES {
            let bar = ProgressBar::new(files.len() as u64);
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} dokumen  {per_sec}  {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            return Self::Bar(bar);
        }
        let all = MultiProgress::new();
        let style = ProgressStyle::with_template("{spinner} {prefix:<24!} {bar:16} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let line = |name: &String| {
            let line = all.add(ProgressBar::new(STEPS.len() as u64).with_style(style.clone()));
            line.set_prefix(name.clone());
            line.enable_steady_tick(std::time::Duration::from_millis(120));
            (name.clone(), line)
        };
        Self::Live {
            lines: files.iter().map(line).collect(),
            _all: all,
        }
    }
}

fn sentence(outcome: &Outcome) -> String {
    let code = outcome.code.as_deref().unwrap_or_default();
    let message = outcome.message.as_deref().unwrap_or_default();
    match (&outcome.verify_url, outcome.is_issued()) {
        (Some(link), true) => format!("terbit dan terverifikasi: {link}"),
        (Some(_) | None, _) => format!("{}: {message} ({code})", outcome.state),
    }
}

fn json_line(value: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    std::io::stdout().write_all(&line)
}
