#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use serde_json::json;

use super::*;

pub(crate) fn type_draft() -> TypeDraft {
    TypeDraft {
        name: "Surat Keterangan Domisili".into(),
        requires: Requires { rt: true, rw: true },
        fields: fields(),
        template: "keterangan@1".into(),
        wording: Wording {
            opening: "Yang bertanda tangan di bawah ini menerangkan bahwa:".into(),
            statements: vec!["Nama tersebut di atas berdomisili di {alamat} sejak {sejak}.".into()],
            closing: "Demikian surat keterangan ini dibuat untuk dipergunakan sebagaimana mestinya.".into(),
        },
        validity_days: Some(90),
        number_format: "470/{number}/{code}/{roman_month}/{year}".into(),
        is_active: true,
    }
}

pub(crate) fn with(change: impl FnOnce(&mut TypeDraft)) -> LetterType {
    let mut draft = type_draft();
    change(&mut draft);
    LetterType::new("karo".parse().unwrap(), "SKD".parse().unwrap(), draft).unwrap()
}

pub(crate) fn letter_type() -> LetterType {
    with(|_| {})
}

fn fields() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["nama", "nik", "alamat"],
        "x-order": ["nama", "nik"],
        "properties": {
            "alamat": { "type": "string", "title": "Alamat", "minLength": 1, "maxLength": 300 },
            "menikah": { "type": "boolean", "title": "Sudah menikah" },
            "nama": { "type": "string", "title": "Nama lengkap", "minLength": 1 },
            "nik": { "type": "string", "title": "NIK", "pattern": "^99[0-9]{14}$" },
            "penghuni": { "type": "integer", "title": "Jumlah penghuni", "minimum": 1, "maximum": 30 },
            "sejak": { "type": "string", "title": "Sejak tanggal", "format": "date" }
        }
    })
}

fn answers(value: &Value) -> Answers {
    value.as_object().unwrap().clone()
}

fn good() -> Value {
    json!({ "nama": "Budi Contoh", "nik": "9901010101900001", "alamat": "Jalan Contoh 1", "sejak": "2020-02-01" })
}

#[test]
fn answers_that_fit_are_taken_and_each_that_does_not_is_named_by_its_title() {
    let of = letter_type();
    assert_eq!(of.fields.check(&answers(&good())), Ok(()));
    let long = "a".repeat(2_001);
    for (name, answer, title) in [
        ("nama", json!(""), "Nama lengkap"),
        ("nama", json!("a\u{0}b"), "Nama lengkap"),
        ("nama", json!("Budi \u{202e}hotnoC"), "Nama lengkap"),
        ("nama", json!("Budi\u{200b}"), "Nama lengkap"),
        ("nama", json!(long), "Nama lengkap"),
        ("nama", json!({ "a": 1 }), "Nama lengkap"),
        ("nik", json!("12345"), "NIK"),
        ("nik", json!(9_901_010_101_900_001_u64), "NIK"),
        ("penghuni", json!(0), "Jumlah penghuni"),
        ("penghuni", json!("3"), "Jumlah penghuni"),
        ("menikah", json!("ya"), "Sudah menikah"),
        ("sejak", json!("2020-02-30"), "Sejak tanggal"),
        ("peran", json!("admin"), "peran"),
    ] {
        let mut given = good();
        given[name] = answer;
        let problems = of.fields.check(&answers(&given)).unwrap_err();
        let titles: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(titles, [title], "{name}");
    }
    let missing = of.fields.check(&Answers::new()).unwrap_err();
    let titles: Vec<_> = missing.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(titles, ["Alamat", "Nama lengkap", "NIK"]);
}

#[test]
fn fields_stand_in_the_order_that_the_schema_gives_and_then_by_name() {
    let of = letter_type();
    let names: Vec<_> = of.fields.fields().iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["nama", "nik", "alamat", "menikah", "penghuni", "sejak"]);
}

#[test]
fn answers_are_shown_as_people_write_them() {
    let of = letter_type();
    let mut given = good();
    (given["menikah"], given["penghuni"]) = (json!(true), json!(4));
    let shown = |name| of.fields.display(name, &answers(&given));
    assert_eq!(shown("sejak").as_deref(), Some("1 Februari 2020"));
    assert_eq!(shown("menikah").as_deref(), Some("Ya"));
    assert_eq!(shown("penghuni").as_deref(), Some("4"));
    assert_eq!(of.fields.display("penghuni", &answers(&good())), None);
    let filled = of.wording.filled(&of.fields, &answers(&good()));
    assert_eq!(
        filled.statements,
        ["Nama tersebut di atas berdomisili di Jalan Contoh 1 sejak 1 Februari 2020."]
    );
}

#[test]
fn what_an_answer_says_is_no_placeholder() {
    let of = letter_type();
    let mut given = good();
    given["alamat"] = json!("{nik}");
    let filled = of.wording.filled(&of.fields, &answers(&given));
    assert!(filled.statements[0].contains("di {nik} sejak"));
}

type Change = fn(&mut Value);

#[test]
fn a_schema_that_no_form_can_show_is_refused() {
    let refused = |change: fn(&mut Value)| {
        let mut schema = fields();
        change(&mut schema);
        FieldSchema::try_from(schema).unwrap_err()
    };
    let cases: [(Change, SchemaError); 12] = [
        (|schema| *schema = json!([]), SchemaError::Shape),
        (|schema| schema["type"] = json!("array"), SchemaError::Shape),
        (
            |schema| schema["additionalProperties"] = json!(true),
            SchemaError::Shape,
        ),
        (|schema| schema["properties"] = json!({}), SchemaError::Shape),
        (|schema| schema["allOf"] = json!([]), SchemaError::Shape),
        (|schema| schema["required"] = json!(["umur"]), SchemaError::Names),
        (|schema| schema["x-order"] = json!(["nama", "nama"]), SchemaError::Names),
        (
            |schema| schema["properties"]["nama"]["$ref"] = json!("http://127.0.0.1/schema"),
            SchemaError::Field("nama".into()),
        ),
        (
            |schema| schema["properties"]["nama"]["type"] = json!("object"),
            SchemaError::Field("nama".into()),
        ),
        (
            |schema| schema["properties"]["nama"]["title"] = json!(" "),
            SchemaError::Field("nama".into()),
        ),
        (
            |schema| schema["properties"]["Nama!"] = json!({ "type": "string", "title": "a" }),
            SchemaError::Field("Nama!".into()),
        ),
        (
            |schema| schema["properties"]["nik"]["pattern"] = json!("("),
            SchemaError::Invalid,
        ),
    ];
    for (index, (change, error)) in cases.into_iter().enumerate() {
        assert_eq!(refused(change), error, "case {index}");
    }
    let mut many = fields();
    for index in 0..60 {
        many["properties"][format!("f{index}")] = json!({ "type": "string", "title": "a" });
    }
    assert_eq!(FieldSchema::try_from(many), Err(SchemaError::Shape));
    let mut large = fields();
    large["description"] = json!("a".repeat(40_000));
    assert_eq!(FieldSchema::try_from(large), Err(SchemaError::TooLarge));
}

#[test]
fn each_part_of_a_type_that_cannot_be_used_is_named() {
    let refused = |change: fn(&mut TypeDraft)| {
        let mut draft = type_draft();
        change(&mut draft);
        LetterType::new("karo".parse().unwrap(), "SKD".parse().unwrap(), draft).unwrap_err()
    };
    assert_eq!(refused(|draft| draft.name = " ".into()), TypeError::Name);
    assert_eq!(refused(|draft| draft.name = "Surat\u{200b}".into()), TypeError::Name);
    assert_eq!(
        refused(|draft| draft.wording.opening = "Lurah \u{2066}menerangkan:".into()),
        TypeError::Wording
    );
    assert_eq!(
        refused(|draft| draft.template = "keterangan@9".into()),
        TypeError::Template
    );
    assert_eq!(refused(|draft| draft.template = "../1".into()), TypeError::Template);
    assert_eq!(
        refused(|draft| draft.wording.opening = String::new()),
        TypeError::Wording
    );
    assert_eq!(
        refused(|draft| draft.wording.statements = vec!["a".into(); 9]),
        TypeError::Wording
    );
    assert_eq!(
        refused(|draft| draft.wording.closing = "Demikian {umur}.".into()),
        TypeError::Placeholder("umur".into())
    );
    assert_eq!(refused(|draft| draft.validity_days = Some(0)), TypeError::Validity);
    assert_eq!(
        refused(|draft| draft.number_format = "{number}".into()),
        TypeError::NumberFormat(NumberFormatError::Ambiguous)
    );
}

#[test]
fn a_change_is_a_new_version_and_a_type_reads_back_from_its_row() {
    let of = letter_type();
    let json = serde_json::to_value(&of).unwrap();
    assert_eq!(serde_json::from_value::<LetterType>(json).unwrap(), of);
    let mut draft = type_draft();
    draft.requires.rw = false;
    let changed = of.clone().change(draft).unwrap();
    assert_eq!((of.version, changed.version, &changed.code), (1, 2, &of.code));
    assert_ne!(TypeVersion(of).key(), TypeVersion(changed).key());
}

proptest! {
    #[test]
    fn any_wording_without_fields_reads_as_it_was_written(text in "[a-z {]{1,60}") {
        let of = letter_type();
        let wording = Wording { opening: text.clone(), statements: vec![], closing: "Demikian.".into() };
        prop_assert_eq!(wording.filled(&of.fields, &Answers::new()).opening, text);
    }
}
