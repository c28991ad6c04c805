//! The wiring in template.yaml: one name per step, dead letters for every queue, and no right that a step does not need.

mod rights;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml_ng::Value;

use crate::edges::OWN;
use crate::support::{root, skipped_elsewhere};
use rights::rights;

/// The properties of the template's resources of a kind, with intrinsic functions left as they are.
pub(crate) fn resources(kind: &str) -> Vec<(String, Value)> {
    let template: Value = serde_yaml_ng::from_str(&template()).unwrap();
    let all = template["Resources"].as_mapping().unwrap().iter();
    let wanted = all.filter(|(_, resource)| resource["Type"].as_str() == Some(kind));
    wanted
        .map(|(id, resource)| (id.as_str().unwrap().to_owned(), resource["Properties"].clone()))
        .collect()
}

/// `AdvanceApprovalFunction` for `advance-approval`.
pub(crate) fn function_id(step: &str) -> String {
    step_id(step) + "Function"
}

fn step_id(step: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    step.split('-').map(capital).collect()
}

fn template() -> String {
    std::fs::read_to_string(root().join("template.yaml")).unwrap()
}

/// The text of a value, be it plain, of `!Ref`, `!Sub` or `!GetAtt`.
fn text(value: &Value) -> &str {
    let plain = match value {
        Value::Tagged(tagged) => &tagged.value,
        plain => plain,
    };
    plain.as_str().unwrap_or_else(|| panic!("no text: {value:?}"))
}

fn functions() -> Vec<(String, Value)> {
    resources("AWS::Serverless::Function")
}

/// The triggers of a function that are of a kind.
fn triggers<'a>(function: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let events = function["Events"].as_mapping().into_iter().flatten();
    let wanted = events.filter(move |(_, event)| event["Type"].as_str() == Some(kind));
    wanted.map(|(_, event)| &event["Properties"])
}

#[test]
fn every_queue_is_named_after_the_one_step_that_it_triggers() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let queues: BTreeMap<_, _> = resources("AWS::SQS::Queue").into_iter().collect();
    let mut used = BTreeSet::from(["RelayDeadLetterQueue".to_owned()]);
    for (step, _) in OWN {
        let id = step_id(step);
        let (queue, dead) = (format!("{id}Queue"), format!("{id}DeadLetterQueue"));
        assert_eq!(
            text(&queues[&queue]["QueueName"]),
            format!("${{AWS::StackName}}-{step}")
        );
        assert_eq!(
            text(&queues[&dead]["QueueName"]),
            format!("${{AWS::StackName}}-{step}-dead")
        );
        let of_step = functions()
            .into_iter()
            .find(|(name, _)| *name == function_id(step))
            .unwrap()
            .1;
        let sources: Vec<_> = triggers(&of_step, "SQS")
            .map(|source| text(&source["Queue"]).to_owned())
            .collect();
        assert_eq!(sources, [format!("{queue}.Arn")], "{step}");
        used.extend([queue, dead]);
    }
    assert_eq!(
        queues.keys().cloned().collect::<BTreeSet<_>>(),
        used,
        "a queue that is no step's"
    );
}

#[test]
fn every_queue_has_dead_letters_and_waits_six_times_as_long_as_its_function_may_take() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let template: Value = serde_yaml_ng::from_str(&template()).unwrap();
    let usual = template["Globals"]["Function"]["Timeout"].as_u64().unwrap();
    let queues: BTreeMap<_, _> = resources("AWS::SQS::Queue").into_iter().collect();
    for (step, _) in OWN {
        let queue = &queues[&format!("{}Queue", step_id(step))];
        let redrive = &queue["RedrivePolicy"];
        let dead = format!("{}DeadLetterQueue", step_id(step));
        assert_eq!(text(&redrive["deadLetterTargetArn"]), format!("{dead}.Arn"));
        assert!(queues[&dead].get("RedrivePolicy").is_none(), "dead letters stay");
        let function = functions()
            .into_iter()
            .find(|(id, _)| *id == function_id(step))
            .unwrap()
            .1;
        let timeout = function.get("Timeout").and_then(Value::as_u64).unwrap_or(usual);
        // What AWS advises, so that a message is not delivered again while it is worked on.
        assert!(queue["VisibilityTimeout"].as_u64().unwrap() >= 6 * timeout, "{step}");
    }
}

#[test]
fn every_batch_reports_its_failures_item_by_item() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let mut sources = 0;
    for (id, function) in functions() {
        for source in triggers(&function, "SQS").chain(triggers(&function, "DynamoDB")) {
            let types = source["FunctionResponseTypes"].as_sequence().unwrap();
            assert_eq!(
                types.iter().map(text).collect::<Vec<_>>(),
                ["ReportBatchItemFailures"],
                "{id}"
            );
            sources += 1;
        }
    }
    assert_eq!(
        sources,
        OWN.len() + 1,
        "a queue for each of these steps, and the stream"
    );
}

#[test]
fn the_relay_hands_each_step_its_own_events_and_may_write_to_those_queues_only() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let relay = functions().into_iter().find(|(id, _)| id == "RelayFunction").unwrap().1;
    let routes = text(&relay["Environment"]["Variables"]["EVENT_ROUTES"]);
    let by_queue: BTreeMap<String, BTreeSet<String>> = serde_json::from_str(routes).unwrap();
    let expected = OWN.iter().filter(|(_, own)| !own.is_empty()).map(|(step, own)| {
        let events = own.iter().map(|event| (*event).to_owned()).collect();
        (format!("${{{}Queue}}", step_id(step)), events)
    });
    assert_eq!(by_queue, expected.collect());

    let may: BTreeSet<_> = rights()
        .into_iter()
        .filter(|(id, action, _)| id == "RelayFunction" && action.starts_with("sqs:"))
        .map(|(.., on)| on)
        .collect();
    let queues = by_queue
        .keys()
        .map(|queue| queue.trim_matches(['$', '{', '}']).to_owned() + ".Arn");
    assert_eq!(may, queues.chain(["RelayDeadLetterQueue.Arn".to_owned()]).collect());
}

#[test]
fn the_routes_of_a_stack_with_the_longest_of_names_leave_room_in_the_relays_environment() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let relay = functions().into_iter().find(|(id, _)| id == "RelayFunction").unwrap().1;
    let routes = text(&relay["Environment"]["Variables"]["EVENT_ROUTES"]);
    let longest_name = "q".repeat(80);
    let url = format!("https://sqs.ap-southeast-3.amazonaws.com/123456789012/{longest_name}");
    let queues = routes.matches("Queue}").count();
    assert_eq!(queues, OWN.iter().filter(|(_, own)| !own.is_empty()).count());
    // Of the 4 KB that Lambda takes, the other variables need less than one.
    assert!(routes.len() + queues * url.len() < 3 * 1024);
}

#[test]
fn routes_may_ask_for_the_roles_that_may_decide_and_for_no_others() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let template: Value = serde_yaml_ng::from_str(&template()).unwrap();
    let asked: BTreeSet<_> = text(&template["Parameters"]["ApprovalRoles"]["Default"])
        .split(',')
        .map(str::to_owned)
        .collect();
    let decide = "approval:decide".parse().unwrap();
    let may = identity::SYSTEM_ROLES
        .iter()
        .filter(|role| role.permissions().contains(&decide));
    assert_eq!(asked, may.map(|role| role.code.to_owned()).collect());
}

#[test]
fn every_function_that_counts_requests_knows_the_proxy_that_passes_them_on() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let mut counting = BTreeSet::new();
    for (id, function) in functions() {
        let variables = &function["Environment"]["Variables"];
        let parameter = |name: &str| variables.get(name).map(text);
        if parameter("RATE_LIMITS").is_some() {
            for (name, expected) in [
                ("RATE_LIMITS", "RateLimits"),
                ("PROXY_SECRET", "ProxySecret"),
                ("TOKEN_PUBLIC_KEY", "TokenPublicKey"),
                ("CORS_ORIGINS", "CorsOrigins"),
            ] {
                assert_eq!(parameter(name), Some(expected), "{id} {name}");
            }
            counting.insert(id);
        }
    }
    assert_eq!(counting, rights::who_may(&["dynamodb:UpdateItem"], "MainTable.Arn"));
}
