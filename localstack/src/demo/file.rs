//! One file of the demo, and what became of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Serialize;

use super::DemoError;
use crate::stack::Stack;

/// The sample that is built in.
const SAMPLE: (&str, &[u8], &[u8]) = (
    "permit.pdf",
    include_bytes!("../../../events/samples/permit.pdf"),
    include_bytes!("../../../events/samples/permit.json"),
);

/// Above what importing takes, so that the demo shows how it refuses.
const FILE_LIMIT: u64 = 64 << 20;

/// A file to drive through.
#[derive(Debug)]
pub(crate) struct DemoFile {
    pub(crate) name: String,
    pub(crate) key: String,
    bytes: Bytes,
    sidecar: Option<Bytes>,
}

/// What became of a file; with `--json` the last line about it.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) file: String,
    pub(crate) id: Option<String>,
    pub(crate) state: &'static str,
    pub(crate) verify_url: Option<String>,
    #[serde(rename = "final")]
    pub(crate) final_file: Option<PathBuf>,
    pub(crate) sha256: Option<String>,
    pub(crate) code: Option<String>,
    /// For people, in Indonesian.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
}

/// Reads the files, with the sidecars beside them.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<DemoFile>, DemoError> {
    if paths.is_empty() {
        let (name, bytes, sidecar) = SAMPLE;
        let (bytes, sidecar) = (Bytes::from_static(bytes), Some(Bytes::from_static(sidecar)));
        return Ok(vec![DemoFile {
            name: name.into(),
            key: String::new(),
            bytes,
            sidecar,
        }]);
    }
    let mut names = BTreeSet::new();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if !Path::new(&name)
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("pdf"))
        {
            return Err(DemoError::NotPdf(path.display().to_string()));
        }
        // `a.pdf` and `a.PDF` would have one sidecar and one final file.
        if !names.insert(name.to_ascii_lowercase()) {
            return Err(DemoError::SameName(name));
        }
        let failed = |path: &Path| {
            let path = path.display().to_string();
            move |error| DemoError::File(path, error)
        };
        let bytes = read_capped(path).map_err(failed(path))?;
        let beside = path.with_extension("json");
        let sidecar = match read_capped(&beside) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(&beside)(error)),
        };
        files.push(DemoFile {
            name,
            key: String::new(),
            bytes,
            sidecar,
        });
    }
    Ok(files)
}

/// Reads a file, but never more than any document may have; what is larger is refused by importing all the same.
fn read_capped(path: &Path) -> std::io::Result<Bytes> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(FILE_LIMIT + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(std::io::Error::other(format!(
            "it is larger than {} MiB",
            FILE_LIMIT >> 20
        )));
    }
    Ok(Bytes::from(bytes))
}

impl DemoFile {
    /// The name without `.pdf`.
    pub(crate) fn stem(&self) -> &str {
        self.name.get(..self.name.len().saturating_sub(4)).unwrap_or(&self.name)
    }

    /// Drops the file into a folder of the inbox, with what the demo knows of it as metadata.
    pub(crate) async fn drop_into(&mut self, stack: &Stack, folder: &str) -> Result<(), DemoError> {
        self.key = format!("{folder}/{}", self.name);
        let inbox = stack.inbox();
        let filled = [
            ("number", format!("DEMO/{}", ulid::Ulid::new())),
            ("type", "Dokumen contoh".to_owned()),
            ("date", jiff::Zoned::now().date().to_string()),
            ("holder", "Contoh Pemohon".to_owned()),
            ("issuing-unit", "Pemerintah Kabupaten Contoh".to_owned()),
        ];
        let metadata: BTreeMap<_, _> = filled.map(|(name, value)| (name.to_owned(), value)).into();
        if let Some(sidecar) = self.sidecar.clone() {
            let key = format!("{folder}/{}.json", self.stem());
            let dropped = inbox
                .drop_off(&stack.inbox_bucket, &key, "application/json", BTreeMap::new(), sidecar)
                .await;
            dropped.map_err(DemoError::Inbox)?;
        }
        let dropped = inbox
            .drop_off(
                &stack.inbox_bucket,
                &self.key,
                "application/pdf",
                metadata,
                self.bytes.clone(),
            )
            .await;
        dropped.map_err(DemoError::Inbox)
    }
}

impl Outcome {
    pub(crate) fn issued(
        file: &DemoFile,
        id: &str,
        link: String,
        final_file: Option<PathBuf>,
        sha256: Option<String>,
        verdict: &str,
    ) -> Self {
        let authentic = verdict == "authentic";
        Self {
            file: file.name.clone(),
            id: Some(id.to_owned()),
            state: if authentic { "issued" } else { "unverified" },
            verify_url: Some(link),
            final_file,
            sha256,
            code: (!authentic).then(|| "demo.not_authentic".to_owned()),
            message: None,
        }
    }

    /// A file that was not issued: `state` says what became of it instead.
    pub(crate) fn refused(
        file: &DemoFile,
        id: &str,
        state: &'static str,
        code: Option<String>,
        message: Option<String>,
    ) -> Self {
        Self {
            file: file.name.clone(),
            id: Some(id.to_owned()),
            state,
            verify_url: None,
            final_file: None,
            sha256: None,
            code,
            message,
        }
    }

    pub(crate) fn stuck(file: DemoFile) -> Self {
        Self {
            file: file.name,
            id: None,
            state: "stuck",
            verify_url: None,
            final_file: None,
            sha256: None,
            code: Some("demo.stuck".to_owned()),
            message: Some("Tidak ada kemajuan. Lihat absah.log di folder data.".to_owned()),
        }
    }

    pub(crate) fn is_issued(&self) -> bool {
        self.state == "issued"
    }

    pub(crate) fn is_good(&self) -> bool {
        matches!(self.state, "issued" | "quarantined")
    }
}
