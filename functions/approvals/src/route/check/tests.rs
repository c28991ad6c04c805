#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::{Value, json};

use super::*;

fn step() -> Value {
    json!({ "name": "pemeriksa", "role": "examiner" })
}

fn with(more: &Value) -> Value {
    let mut step = step();
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    step
}

fn parse(steps: &[Value]) -> Result<Route, String> {
    let route = json!({ "name": "izin", "version": 1, "steps": steps });
    serde_json::from_value(route).map_err(|error| error.to_string())
}

#[test]
fn each_route_that_cannot_be_used_is_refused_with_its_reason() {
    let sometimes = json!({ "attribute": "require_rt", "equals": true });
    let never = json!([sometimes, { "attribute": "require_rt", "equals": false }]);
    let many: Vec<_> = (0..21)
        .map(|index| with(&json!({ "name": format!("s{index}") })))
        .collect();
    for (steps, reason) in [
        (vec![], "a route needs at least one step"),
        (many, "a route needs at least one step"),
        (vec![step(), step()], "two steps"),
        (vec![with(&json!({ "name": "Kepala Dinas" }))], "the step 1 has a name"),
        (vec![with(&json!({ "role": "" }))], "the step 1 has a name"),
        (vec![with(&json!({ "label": "Menunggu RT" }))], "the step 1 has a name"),
        (
            vec![with(&json!({ "quorum": 0 }))],
            "the step pemeriksa needs between 1 and 20",
        ),
        (
            vec![with(&json!({ "quorum": 21 }))],
            "the step pemeriksa needs between 1 and 20",
        ),
        (
            vec![with(&json!({ "required_if": never }))],
            "the step pemeriksa can never be reached",
        ),
        (
            vec![with(&json!({ "required_if": { "attribute": "rw", "equals": "" } }))],
            "the step pemeriksa can never be reached",
        ),
        (
            vec![with(&json!({ "required_if": sometimes }))],
            "no step counts for every item",
        ),
        (
            vec![with(&json!({ "due": "3 days" }))],
            "the step pemeriksa is not due after",
        ),
        (
            vec![with(&json!({ "due": "P1M" }))],
            "the step pemeriksa is not due after",
        ),
        (
            vec![with(&json!({ "due": "PT1S" }))],
            "the step pemeriksa is not due after",
        ),
        (
            vec![with(&json!({ "due": "P3670D" }))],
            "the step pemeriksa is not due after",
        ),
        (
            vec![with(&json!({ "due": "-P3D" }))],
            "the step pemeriksa is not due after",
        ),
        (vec![with(&json!({ "on_reject": "nowhere" }))], "unknown variant"),
        (vec![with(&json!({ "scope": "planet" }))], "unknown variant"),
        (vec![with(&json!({ "kuorum": 1 }))], "unknown field"),
    ] {
        let error = parse(&steps).unwrap_err();
        assert!(error.starts_with(reason), "{error}: {steps:?}");
    }
    for (name, version, reason) in [
        ("Izin", 1, "a route's name"),
        ("", 1, "a route's name"),
        ("../izin", 1, "a route's name"),
        ("izin", 0, "a route's version"),
    ] {
        let route = json!({ "name": name, "version": version, "steps": [step()] });
        let error = serde_json::from_value::<Route>(route).unwrap_err().to_string();
        assert!(error.starts_with(reason), "{error}: {name}");
    }
}

#[test]
fn a_role_that_nobody_can_have_is_refused() {
    let route = parse(&[step()]).unwrap();
    assert_eq!(route.check_roles(&["examiner".to_owned()].into()), Ok(()));
    let error = route.check_roles(&["head_of_office".to_owned()].into()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the step pemeriksa asks for the role examiner, which is not known"
    );
}

#[test]
fn a_route_reads_back_as_it_was_kept() {
    let whole = with(&json!({
        "label": "menunggu", "returned_label": "revisi", "scope": "rt", "quorum": 2, "on_reject": "origin",
        "may_refuse": false, "due": "P3DT12H",
    }));
    let last = json!({ "name": "akhir", "role": "head_of_office",
        "required_if": { "attribute": "besar", "equals": "ya" } });
    let route = parse(&[whole, last]).unwrap();
    let kept = serde_json::to_string(&route).unwrap();
    assert_eq!(serde_json::from_str::<Route>(&kept).unwrap(), route);
    let since = "2026-01-05T01:00:00Z".parse().unwrap();
    let due = route.step(0).unwrap().due_at(since);
    assert_eq!(due.unwrap().to_string(), "2026-01-08T13:00:00Z");
}
