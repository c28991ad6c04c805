//! Whose rows are whose: what a function writes beyond its own would be rights that nobody gave, or a record that nobody made.

use std::collections::BTreeSet;

use serde_yaml_ng::Value;

use super::rights::ids;
use super::{functions, text};
use crate::edges::OWN;
use crate::support::skipped_elsewhere;

/// Functions that count requests.
const COUNT: &[&str] = &["decide", "audit", "session", "users", "letters", "health"];

/// A partition of every kind that there is, and the steps that write its rows.
const ROWS: &[(&str, &[&str])] = &[
    // Who may do what.
    ("system#api-key#AAAAAAAAAAAAAAAA", &["users"]),
    ("karo#maker#u1", &["users"]),
    ("karo#grants#petugas_arsip", &["users"]),
    ("system#grants#roles", &["session", "users"]),
    ("karo#role#petugas_arsip", &["users"]),
    ("karo#org-chart#units", &["users"]),
    ("karo#user#u1", &["session", "users"]),
    ("karo#holding#username#budi", &["users"]),
    ("karo#tenant#karo", &[]),
    // Who is who.
    ("system#token-keys", &["session"]),
    ("karo#session#f1", &["session"]),
    ("karo#password-reset#p1", &["session"]),
    ("karo#reset-mails#s1", &["session"]),
    ("system#lockout#s1", &["session"]),
    ("system#familiar#s1", &["session"]),
    ("system#nothing#n1", &["session"]),
    ("karo#mail#e1#u1", &["send-mail"]),
    // Whose turn it is, and who decided.
    ("karo#route#izin", &["load-route"]),
    ("karo#item-types#item-types", &["load-route"]),
    ("karo#refused-route#v1", &["load-route"]),
    ("karo#official#u1", &["advance-approval"]),
    ("karo#delegations-to#u1", &["decide"]),
    ("karo#approval#d1", &["advance-approval", "decide"]),
    ("karo#decisions#u1", &["advance-approval", "decide"]),
    ("karo#letter-file#l1", &["advance-approval"]),
    // What came in, and what became of it.
    ("karo#object#karo/loket/izin.pdf#version#1", &["detect", "reconcile"]),
    ("karo#newest#loket/izin", &["detect", "reconcile"]),
    ("karo#sidecar#loket/izin", &["import"]),
    (
        "karo#document#d1",
        &["detect", "import", "track-approval", "sign", "stamp", "reconcile"],
    ),
    ("public#document#d1", &["stamp"]),
    ("public#sha256#00", &["stamp"]),
    ("system#reconcile#progress", &["reconcile"]),
    // Letters.
    ("karo#letter#l1", &["letters", "track-letter", "render-letter"]),
    ("karo#letter-types", &["letters"]),
    ("karo#letterhead", &["letters"]),
    ("karo#letter-sequence#SKD#2026", &["track-letter"]),
    // What was done.
    ("karo#audit#2026-01", &["record-audit"]),
    ("karo#audit-head", &["record-audit"]),
    ("karo#audit-seen#e1", &["record-audit"]),
    (
        "karo#action#e1",
        &[
            "advance-approval",
            "decide",
            "load-route",
            "audit",
            "session",
            "users",
            "letters",
            "health",
        ],
    ),
    ("karo#idempotency#users#u1#k1", &["decide", "users", "letters"]),
    ("karo#rate#read#u1", COUNT),
    ("system#rate#auth#203.0.113.7", COUNT),
];

#[test]
fn every_row_is_written_by_the_steps_whose_it_is_and_by_no_other() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let functions = functions();
    for (partition, steps) in ROWS {
        assert_eq!(writers(&functions, partition), ids(steps), "{partition}");
    }
    for (step, _) in OWN {
        let partition = format!("system#parked#{step}");
        assert_eq!(writers(&functions, &partition), ids(&[step]), "{partition}");
    }
    for partition in ["system#parked#", "system#something-new#1", "karo#something-new#1"] {
        let nobody = BTreeSet::new();
        assert_eq!(writers(&functions, partition), nobody, "{partition}");
    }
}

#[test]
fn a_pattern_of_rows_fits_as_iam_reads_it() {
    for (pattern, partition, expected) in [
        ("public#*", "public#document#d1", true),
        ("public#*", "karo#public#d1", false),
        ("*#audit-head", "karo#audit-head", true),
        ("*#audit-head", "karo#audit-head#1", false),
        ("*#user#*", "karo#user#u1", true),
        ("*#user#*", "karo#users", false),
        ("*#user#*", "karo#maker#user#", true),
        ("system#token-keys", "system#token-keys", true),
        ("system#token-keys", "system#token-keys#", false),
        ("*", "", true),
    ] {
        assert_eq!(fits(pattern, partition), expected, "{pattern} {partition}");
    }
}

/// The functions that may put, change or remove rows of a partition.
fn writers(functions: &[(String, Value)], partition: &str) -> BTreeSet<String> {
    let writing = functions.iter().filter(|(_, function)| {
        let mut statements = function["Policies"][0]["Statement"].as_sequence().unwrap().iter();
        statements.any(|statement| writes(statement) && admits(&statement["Condition"], partition))
    });
    writing.map(|(id, _)| id.clone()).collect()
}

fn writes(statement: &Value) -> bool {
    let actions = statement["Action"].as_sequence().unwrap();
    let reads = [
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:Query",
        "dynamodb:Scan",
    ];
    actions
        .iter()
        .map(text)
        .any(|action| action.starts_with("dynamodb:") && !reads.contains(&action))
}

/// Whether a statement's condition lets it reach a partition. Without one it reaches all.
fn admits(condition: &Value, partition: &str) -> bool {
    let tests = condition.as_mapping().into_iter().flatten();
    let mut outcomes = tests.map(|(operator, keys)| {
        let patterns = keys["dynamodb:LeadingKeys"].as_sequence().unwrap();
        let listed = patterns.iter().any(|pattern| fits(text(pattern), partition));
        match text(operator) {
            "ForAllValues:StringLike" => listed,
            "ForAllValues:StringNotLike" => !listed,
            other => panic!("{other} is not known here"),
        }
    });
    outcomes.all(|fulfilled| fulfilled)
}

/// `*` stands for any text, also for none.
fn fits(pattern: &str, partition: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else {
        return pattern == partition;
    };
    partition
        .strip_prefix(begin)
        .is_some_and(|end| (0..=end.len()).any(|at| end.get(at..).is_some_and(|end| fits(rest, end))))
}
