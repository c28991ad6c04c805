//! One spelling for each JSON value (RFC 8785), so that a digest of it can be computed again, by anybody.

use kernel::MalformedJson;
use serde::Serialize;
use serde_json::{Number, Value};

/// The largest integer that every reader of JSON keeps exactly (RFC 8785 appendix D).
const EXACT: u64 = (1 << 53) - 1;
/// The same limit for numbers with a fraction, of which larger ones have none.
const TOO_LARGE: f64 = 9_007_199_254_740_992.0;

/// The canonical text of `value`.
pub(crate) fn text(value: &impl Serialize) -> Result<String, MalformedJson> {
    serde_json_canonicalizer::to_string(value).map_err(MalformedJson::from)
}

/// The value with each number that some readers would round as a string of its digits.
pub(crate) fn exact(value: Value) -> Value {
    match value {
        Value::Number(number) if !is_exact(&number) => Value::String(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
        Value::Array(items) => items.into_iter().map(exact).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, exact(value))).collect(),
    }
}

fn is_exact(number: &Number) -> bool {
    match (number.as_i64(), number.as_u64()) {
        (Some(integer), _) => integer.unsigned_abs() <= EXACT,
        (None, Some(_)) => false,
        // Without a finite value, or an integer that is too large for both.
        (None, None) => number.as_f64().is_some_and(|float| float.abs() < TOO_LARGE),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_example_of_rfc_8785_has_its_text() {
        let value: Value = serde_json::from_str(
            r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
                "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
        )
        .unwrap();
        let expected = concat!(
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
            r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
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
        let value: Value = serde_json::from_str(
            "[9007199254740991,9007199254740992,-9007199254740993,18446744073709551615,0.11,1e30,0]",
        )
        .unwrap();
        let kept = text(&exact(value)).unwrap();
        let expected =
            r#"[9007199254740991,"9007199254740992","-9007199254740993","18446744073709551615",0.11,"1e30",0]"#;
        assert_eq!(kept.replace("1e+30", "1e30"), expected);
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
                prop::collection::btree_map(".{0,4}", inner, 0..4).prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_text_of_what_was_read_back_is_the_same_text(value in any_json()) {
            let once = text(&exact(value)).unwrap();
            let again: Value = serde_json::from_str(&once).unwrap();
            prop_assert_eq!(text(&exact(again)).unwrap(), once);
        }
    }
}
