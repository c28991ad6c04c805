//! The vault beside the documents.

use documents::{Document, File, InboxName, Sealed, Signed, State};
use jiff::Timestamp;
use kernel::{DocumentId, Sha256Digest, Traceparent};
use platform::{ObjectVersion, Put};

use super::{INBOX, reconcile, tally};
use crate::support::{TENANT, sample, skipped_elsewhere, stack, tenant};

fn document(id: DocumentId, state: State) -> Document {
    let key = format!("{TENANT}/loket/izin-{id}.pdf");
    let object = ObjectVersion {
        bucket: INBOX.into(),
        key: key.clone(),
        etag: "e".into(),
        version_id: Some("v".into()),
    };
    let traceparent: Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        .parse()
        .unwrap();
    let document = Document::detected(
        id,
        InboxName::parse(&key).unwrap(),
        object,
        Timestamp::UNIX_EPOCH,
        traceparent,
    );
    Document { state, ..document }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_nobodys_and_documents_without_their_files_are_reported_and_no_name_is_told() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    let signed = Signed {
        sha256: Sha256Digest::of(b"F1"),
        length: 2,
        signer: "Contoh Pejabat".into(),
        office: None,
        at: Timestamp::UNIX_EPOCH,
    };
    let sealed = Sealed {
        sha256: Sha256Digest::of(b"F2"),
        length: 2,
        at: Timestamp::UNIX_EPOCH,
    };
    let file = File {
        original_sha256: Sha256Digest::of(b"F0"),
        prepared: true,
        pages: 1,
    };
    let ids: [DocumentId; 4] = std::array::from_fn(|_| stack.environment.ids.document_id());
    let [whole, half, gone, orphan] = ids;
    let issued = State::Issued {
        signed: signed.clone(),
        sealed,
    };
    for (id, state) in [
        (whole, State::AwaitingApproval { file }),
        (half, State::Signed { signed }),
        (gone, issued),
    ] {
        let table = stack.table().unwrap();
        let transaction = table.transaction().insert(&document(id, state)).unwrap();
        transaction.commit().await.unwrap();
    }
    let foreign = "surat Budi Contoh 9900112233445566.pdf".to_owned();
    let of = |id: DocumentId, stage: &str| format!("{}/documents/{id}/{stage}.pdf", tenant());
    let kept = [
        foreign.clone(),
        of(whole, "original"),
        of(whole, "prepared"),
        of(half, "original"),
        of(orphan, "original"),
    ];
    for key in &kept {
        let put = stack.vault().put_once(key, "application/pdf", sample()).await;
        assert_eq!(put.unwrap(), Put::Stored);
    }

    let log = reconcile(&stack, INBOX, 0).await;
    let mut reported: Vec<_> = log
        .lines()
        .iter()
        .filter(|line| line["level"] == "ERROR")
        .map(|line| {
            let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
            let about = text("document.id") + &text("vault.key_sha256");
            (text("error.code"), about, text("vault.stage"))
        })
        .collect();
    reported.sort();
    let report = |code: &str, whose: String, stage: &str| (format!("reconcile.{code}"), whose, stage.to_owned());
    let mut expected = vec![
        report("file_missing", half.to_string(), "signed"),
        report("file_missing", gone.to_string(), "original"),
        report("file_missing", gone.to_string(), "signed"),
        report("file_missing", gone.to_string(), "final"),
        report("foreign_file", Sha256Digest::of(foreign.as_bytes()).to_string(), ""),
        report("orphan_file", orphan.to_string(), ""),
    ];
    expected.sort();
    assert_eq!(reported, expected);
    assert_eq!(tally(&log), [0, 6, 0]);
    assert!(!log.text().contains("Budi") && !log.text().contains("99001122"));
    stack.stop().await;
}
