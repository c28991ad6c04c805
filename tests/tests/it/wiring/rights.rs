//! What each function may do, and to which rows, buckets and queues.

use std::collections::BTreeSet;

use serde_yaml_ng::Value;

use super::{function_id, functions, text};
use crate::support::skipped_elsewhere;

/// Every right that the template gives: function, action, and the resource as it is written.
pub(super) fn rights() -> Vec<(String, String, String)> {
    let mut rights = Vec::new();
    for (id, function) in functions() {
        assert!(function.get("Role").is_none(), "{id} shares a role");
        let policies = function["Policies"]
            .as_sequence()
            .unwrap_or_else(|| panic!("{id} has no policy"));
        for policy in policies {
            let statements = policy["Statement"].as_sequence();
            let statements = statements.unwrap_or_else(|| panic!("{id} takes the policy {policy:?} from elsewhere"));
            for statement in statements {
                assert_eq!(statement["Effect"].as_str(), Some("Allow"), "{id}");
                let list = |value: &Value| match value.as_sequence() {
                    Some(several) => several.iter().map(|one| text(one).to_owned()).collect::<Vec<_>>(),
                    None => vec![text(value).to_owned()],
                };
                for action in list(&statement["Action"]) {
                    let resources = list(&statement["Resource"]).into_iter();
                    rights.extend(resources.map(|resource| (id.clone(), action.clone(), resource)));
                }
            }
        }
    }
    rights
}

/// The steps that may do one of `actions` to a resource whose text ends with `resource`.
pub(super) fn who_may(actions: &[&str], resource: &str) -> BTreeSet<String> {
    let rights = rights().into_iter();
    let wanted = rights.filter(|(_, action, on)| actions.contains(&action.as_str()) && on.ends_with(resource));
    wanted.map(|(id, ..)| id).collect()
}

pub(super) fn ids(steps: &[&str]) -> BTreeSet<String> {
    steps.iter().map(|step| function_id(step)).collect()
}

const READS: [&str; 3] = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"];
/// Everybody's rows.
const SCANS: [&str; 1] = ["dynamodb:Scan"];
/// Of the key that table and buckets are encrypted with.
const KEY: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];
const WRITES: [&str; 4] = [
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:ConditionCheckItem",
];

#[test]
fn every_function_has_a_policy_of_its_own_with_the_rights_that_its_step_needs_and_no_other() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let others = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "sqs:SendMessage"];
    let looks = ["s3:ListBucket", "s3:ListBucketVersions", "sqs:GetQueueAttributes"];
    let known = [&READS[..], &SCANS, &WRITES, &others, &looks, &KEY].concat();
    for (id, action, resource) in rights() {
        assert!(known.contains(&action.as_str()), "{id} may {action}");
        let table = action.starts_with("dynamodb:") && resource == "MainTable.Arn";
        let index = action == "dynamodb:Query" && resource == "${MainTable.Arn}/index/*";
        let config = action.starts_with("s3:Get") && resource.ends_with(":s3:::${BucketPrefix}config/*");
        let queue = action.starts_with("sqs:") && resource.ends_with("Queue.Arn");
        let inbox = action.starts_with("s3:Get") && resource.ends_with(":s3:::${BucketPrefix}inbox/*");
        let vault = action.starts_with("s3:") && resource.ends_with(":s3:::${BucketPrefix}vault/*");
        let drop = action == "s3:PutObject" && resource.ends_with(":s3:::${BucketPrefix}inbox/*/letters/*");
        let keep = ["s3:GetObject", "s3:PutObject"].contains(&action.as_str())
            && resource.ends_with(":s3:::${BucketPrefix}vault/*/letters/*");
        let fetch =
            action == "s3:GetObject" && resource.ends_with(":s3:::${BucketPrefix}vault/*/documents/*/final.pdf");
        let bucket = action.starts_with("s3:List") && resource.contains(":s3:::${BucketPrefix}");
        let key = action.starts_with("kms:") && resource == "DataKey.Arn";
        assert!(
            table || index || queue || inbox || drop || keep || config || vault || fetch || bucket || key,
            "{id} may {action} on {resource}"
        );
    }
    let with_policy: BTreeSet<_> = rights().into_iter().map(|(id, ..)| id).collect();
    assert_eq!(with_policy, functions().into_iter().map(|(id, _)| id).collect());

    let keepers = ids(&[
        "detect",
        "import",
        "advance-approval",
        "decide",
        "load-route",
        "track-approval",
        "sign",
        "stamp",
        "reconcile",
        "record-audit",
        "audit",
        "session",
        "users",
        "letters",
        "track-letter",
        "render-letter",
        "send-mail",
        "health",
    ]);
    assert_eq!(who_may(&WRITES, "MainTable.Arn"), keepers);
    let readers = &keepers | &ids(&["verify"]);
    assert_eq!(
        who_may(&READS, "MainTable.Arn"),
        readers,
        "the relay reads the stream only"
    );
    assert_eq!(who_may(&SCANS, "MainTable.Arn"), ids(&["reconcile"]));
    assert_eq!(who_may(&others, "inbox/*"), ids(&["import"]));
    assert_eq!(who_may(&others, "inbox/*/letters/*"), ids(&["render-letter"]));
    assert_eq!(who_may(&others, "vault/*/letters/*"), ids(&["render-letter"]));
    assert_eq!(who_may(&others, "config/*"), ids(&["load-route"]));
    assert_eq!(
        who_may(&["s3:GetObject"], "vault/*"),
        ids(&["import", "sign", "stamp", "reconcile"])
    );
    assert_eq!(who_may(&others, "vault/*/documents/*/final.pdf"), ids(&["letters"]));
    assert_eq!(who_may(&["s3:PutObject"], "vault/*"), ids(&["import", "sign", "stamp"]));
    assert_eq!(who_may(&others, "Queue.Arn"), ids(&["relay"]));
    assert_eq!(who_may(&looks, "inbox"), ids(&["reconcile", "health"]));
    assert_eq!(
        who_may(&looks, "vault"),
        ids(&["import", "sign", "stamp", "reconcile", "health"]),
        "whoever reads must be told that a file is missing"
    );
    assert_eq!(who_may(&looks, "Queue.Arn"), ids(&["health"]));
    assert_eq!(
        who_may(&["kms:GenerateDataKey"], "DataKey.Arn"),
        keepers,
        "who writes encrypts"
    );
}

#[test]
fn whoever_verifies_reads_public_rows_only() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let verify = functions()
        .into_iter()
        .find(|(id, _)| id == "VerifyFunction")
        .unwrap()
        .1;
    let statements = verify["Policies"][0]["Statement"].as_sequence().unwrap();
    let on_the_table = |statement: &&Value| text(&statement["Resource"]) == "MainTable.Arn";
    assert_eq!(statements.iter().filter(on_the_table).count(), 1);
    for statement in statements.iter().filter(on_the_table) {
        let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
        assert_eq!(
            keys.as_sequence().unwrap().iter().map(text).collect::<Vec<_>>(),
            ["public#*"]
        );
    }
}

#[test]
fn whoever_may_read_keys_of_programs_may_read_what_their_makers_may_do() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let mut narrow = BTreeSet::new();
    for (id, function) in functions() {
        for statement in function["Policies"][0]["Statement"].as_sequence().unwrap() {
            let actions = statement["Action"].as_sequence().unwrap();
            if !actions.iter().any(|action| text(action) == "dynamodb:GetItem") {
                continue;
            }
            let keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"].as_sequence();
            let keys: Vec<_> = keys.into_iter().flatten().map(text).collect();
            if keys.contains(&"system#api-key#*") {
                for besides in ["system#token-keys", "*#maker#*", "*#grants#*"] {
                    assert!(keys.contains(&besides), "{id} {besides}");
                }
                narrow.insert(id.clone());
            }
        }
    }
    assert_eq!(narrow, ids(&["audit", "health", "letters"]));
}

#[test]
fn rows_of_the_audit_are_added_by_one_step_and_changed_by_none() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let adds = [
        "*#audit#*",
        "*#audit-head",
        "*#audit-seen#*",
        "system#parked#record-audit",
    ];
    assert_eq!(keys("RecordAuditFunction", "dynamodb:PutItem"), adds);
    assert_eq!(keys("RecordAuditFunction", "dynamodb:UpdateItem"), [""; 0]);
    assert_eq!(keys("AuditFunction", "dynamodb:PutItem"), ["*#action#*"]);
    assert_eq!(keys("AuditFunction", "dynamodb:UpdateItem"), ["*#rate#*"]);
}

/// The rows that a function may do something to, by the patterns of their partitions.
fn keys(id: &str, action: &str) -> Vec<String> {
    let function = functions().into_iter().find(|(name, _)| name == id).unwrap().1;
    let statements = function["Policies"][0]["Statement"].as_sequence().unwrap().iter();
    let wanted = statements.filter(|statement| {
        let actions = statement["Action"].as_sequence().unwrap();
        actions.iter().any(|one| text(one) == action)
    });
    let keys = |statement: &Value| {
        let keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"].as_sequence();
        keys.unwrap().iter().map(|key| text(key).to_owned()).collect::<Vec<_>>()
    };
    wanted.flat_map(keys).collect()
}

#[test]
fn letters_add_to_their_own_rows_count_requests_and_remove_nothing() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let adds = [
        "*#letter#*",
        "*#letter-types",
        "*#letterhead",
        "*#idempotency#*",
        "*#action#*",
    ];
    assert_eq!(keys("LettersFunction", "dynamodb:PutItem"), adds);
    assert_eq!(keys("LettersFunction", "dynamodb:UpdateItem"), ["*#rate#*"]);
    for id in ["LettersFunction", "TrackLetterFunction", "RenderLetterFunction"] {
        assert_eq!(keys(id, "dynamodb:DeleteItem"), [""; 0]);
    }
}
