//! One spelling for each JSON value (RFC 8785), so that a digest of it can be computed again, by anybody.

use std::fmt::Write as _;

use kernel::MalformedJson;
use serde::Serialize;
use serde_json::{Number, Value};

/// The largest integer that every reader of JSON keeps exactly (RFC 8785 appendix D).
const EXACT: u64 = (1 << 53) - 1;

/// The canonical text of `value`. A number that some reader would round, one with a fraction among them, becomes a string
/// of its digits: a trail must not depend on how anybody reads them.
pub(crate) fn text(value: &impl Serialize) -> Result<String, MalformedJson> {
    let mut out = String::new();
    write(&mut out, &serde_json::to_value(value)?);
    Ok(out)
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) if is_exact(number) => out.push_str(&number.to_string()),
        Value::Number(number) => quote(out, &number.to_string()),
        Value::String(text) => quote(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(out, index);
                write(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            out.push('{');
            for (index, (name, value)) in members.into_iter().enumerate() {
                separate(out, index);
                quote(out, name);
                out.push(':');
                write(out, value);
            }
            out.push('}');
        }
    }
}

fn is_exact(number: &Number) -> bool {
    number.as_i64().is_some_and(|integer| integer.unsigned_abs() <= EXACT)
}

fn separate(out: &mut String, index: usize) {
    if index > 0 {
        out.push(',');
    }
}

/// Escapes what section 3.2.2.2 names, and nothing else.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            // Writing to a String does not fail.
            '\0'..='\u{1f}' => drop(write!(out, "\\u{:04x}", u32::from(letter))),
            letter => out.push(letter),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn strings_and_literals_of_the_example_of_rfc_8785_have_its_text() {
        let value: Value = serde_json::from_str(
            r#"{"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
        )
        .unwrap();
        let expected = r#"{"literals":[null,true,false],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
        assert_eq!(text(&value).unwrap(), expected);
    }

    #[test]
    fn names_are_sorted_by_their_utf_16_code_units() {
        let value = json!({ "\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7 });
        let expected = "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}";
        assert_eq!(text(&value).unwrap(), expected);
    }

    #[test]
    fn numbers_that_some_readers_would_round_are_kept_as_their_digits() {
        let numbers = "[9007199254740991,9007199254740992,-9007199254740993,18446744073709551615,0.11,-2.5,0,-7]";
        let value: Value = serde_json::from_str(numbers).unwrap();
        let expected =
            r#"[9007199254740991,"9007199254740992","-9007199254740993","18446744073709551615","0.11","-2.5",0,-7]"#;
        assert_eq!(text(&value).unwrap(), expected);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..4)
                    .prop_map(|members| members.into_iter().collect::<Value>()),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_text_of_what_was_read_back_is_the_same_text(value in any_json()) {
            let once = text(&value).unwrap();
            let again: Value = serde_json::from_str(&once).unwrap();
            prop_assert_eq!(text(&again).unwrap(), once);
        }
    }
}
