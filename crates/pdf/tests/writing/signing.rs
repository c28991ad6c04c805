use data_encoding::HEXLOWER;
use kernel::Fault;
use pdf::{AppendError, EmbedError, Hashed, SignError, check_appendable, prepare_signature};

use crate::support::{assemble, limits, official, permit, seal, sign, signature_request, update};

#[test]
fn an_approval_signature_appends_this_and_nothing_else() {
    let permit = permit();
    insta::assert_snapshot!(update(&permit, sign(&permit).bytes()));
}

#[test]
fn the_same_bytes_and_key_give_the_same_file() {
    let permit = permit();
    let (one, other) = (sign(&permit), sign(&permit));
    assert_eq!(one.bytes(), other.bytes());
    insta::assert_snapshot!(one.sha256(), @"32ea59c29521fa609bd9f6d90ddef33fc070e1fda3d091a52607c73cb102d3e4");
}

#[test]
fn the_digest_that_comes_for_free_is_the_digest_of_the_file() {
    let signed = sign(&permit());
    assert_eq!(signed.sha256(), Hashed::new(signed.bytes()).sha256());
}

#[test]
fn the_signed_attributes_are_a_der_set_without_a_signing_time() {
    let (permit, key) = (permit(), official());
    let pending = prepare_signature(&Hashed::new(&permit[..]), &signature_request(), key.chain(), &limits()).unwrap();
    let attributes = pending.to_be_signed();
    assert_eq!(attributes[0], 0x31);
    let hex = HEXLOWER.encode(attributes);
    let time = "2a864886f70d010905";
    assert!(!hex.contains(time));
    // SigningCertificateV2 with one ESSCertIDv2 that names no hash algorithm: the default, SHA-256.
    let leaf = kernel::Sha256Digest::of(key.chain().der().next().unwrap());
    assert!(
        hex.contains(&format!("2a864886f70d010910022f312830263024302204 20{leaf}").replace(' ', "")),
        "{hex}"
    );
    insta::assert_snapshot!(hex);
}

#[test]
fn what_is_hashed_is_everything_but_the_contents() {
    let permit = permit();
    let signed = sign(&permit);
    let text = String::from_utf8_lossy(signed.bytes()).into_owned();
    let range = text.rsplit("/ByteRange [").next().unwrap().split(']').next().unwrap();
    let range: Vec<usize> = range.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let [start, open, close, rest] = range[..] else {
        panic!("{range:?}")
    };
    assert_eq!((start, close + rest), (0, signed.bytes().len()));
    assert_eq!((signed.bytes()[open], signed.bytes()[close - 1]), (b'<', b'>'));
    assert!(open > permit.len(), "both gaps are in the appended part");

    let key = official();
    let pending = prepare_signature(&Hashed::new(&permit[..]), &signature_request(), key.chain(), &limits()).unwrap();
    let covered = [&signed.bytes()[..open], &signed.bytes()[close..]].concat();
    let digest = HEXLOWER.encode(kernel::Sha256Digest::of(&covered).as_bytes());
    assert!(HEXLOWER.encode(pending.to_be_signed()).contains(&digest));
}

#[test]
fn a_signature_by_another_key_or_over_other_bytes_is_not_embedded() {
    let (permit, key) = (permit(), official());
    let prepare =
        || prepare_signature(&Hashed::new(&permit[..]), &signature_request(), key.chain(), &limits()).unwrap();
    let pending = prepare();
    let by_another = seal().sign(pending.to_be_signed()).unwrap();
    assert!(matches!(pending.embed(&by_another), Err(EmbedError::WrongSignature)));
    let over_other = key.sign(b"other bytes").unwrap();
    assert!(matches!(prepare().embed(&over_other), Err(EmbedError::WrongSignature)));
    assert!(matches!(prepare().embed(&[]), Err(EmbedError::WrongSignature)));
}

#[test]
fn a_file_may_be_signed_again_and_each_field_has_its_own_name() {
    let twice = sign(sign(&permit()).bytes());
    let text = String::from_utf8_lossy(twice.bytes()).into_owned();
    assert!(text.contains("/T (TandaTangan1)") && text.contains("/T (TandaTangan2)"));
    assert_eq!(text.matches("/SubFilter /ETSI.CAdES.detached").count(), 2);
}

#[test]
fn a_damaged_table_an_encrypted_file_and_a_certified_one_are_refused() {
    let mut moved = permit();
    let entry = memchr::memmem::rfind(&moved, b" 00000 n").unwrap();
    moved[entry - 1] ^= 1;
    let certified = assemble(&[
        "<</Type/Catalog/Pages 2 0 R/Perms<</DocMDP 4 0 R>>>>",
        "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        "<</Type/Sig>>",
    ]);
    let encrypted = std::fs::read(format!("{}/tests/data/aes256.pdf", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let codes = [&moved, &certified, &encrypted].map(|pdf| {
        let key = official();
        let refused = prepare_signature(&Hashed::new(&pdf[..]), &signature_request(), key.chain(), &limits());
        let Err(SignError::Append(error)) = refused.map(|_| ()) else {
            panic!("it was signed")
        };
        assert_eq!(check_appendable(pdf, &limits()).unwrap_err(), error);
        error.code()
    });
    assert_eq!(
        codes,
        ["pdf.append_damaged", "pdf.append_certified", "pdf.append_encrypted"]
    );
    assert!(matches!(
        check_appendable(b"", &limits()),
        Err(AppendError::Structure(_))
    ));
}

#[test]
fn text_for_the_reader_is_escaped_or_written_in_utf_16() {
    let mut request = signature_request();
    request.reason = Some("Izin (sementara) \\ 5%".to_owned());
    request.location = Some("Dusun é".to_owned());
    let (permit, key) = (permit(), official());
    let pending = prepare_signature(&Hashed::new(&permit[..]), &request, key.chain(), &limits()).unwrap();
    let signature = key.sign(pending.to_be_signed()).unwrap();
    let text = String::from_utf8_lossy(pending.embed(&signature).unwrap().bytes()).into_owned();
    assert!(text.contains("/Reason (Izin \\(sementara\\) \\\\ 5%)"));
    assert!(text.contains("/Location <FEFF0044007500730075006E002000E9>"));
}
