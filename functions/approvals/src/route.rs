//! Routes: the ordered steps that an item must pass, as data. An approval keeps the route that it began with.

use serde::{Deserialize, Serialize};

/// The steps of an approval, in order. Schema: `events/schemas/route.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawRoute")]
pub struct Route {
    name: String,
    version: u32,
    steps: Vec<RouteStep>,
}

/// One step: who may decide, and where a refusal leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteStep {
    /// The step's name, such as `kepala_dinas`.
    pub name: String,
    /// The role that may decide.
    pub role: String,
    /// Where a return leads.
    #[serde(default)]
    pub on_reject: OnReject,
}

/// Where a return leads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnReject {
    /// To the step before; from the first step, to the origin.
    #[default]
    Previous,
    /// To where the item came from.
    Origin,
    /// Nowhere: the item is refused for good.
    Terminal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRoute {
    name: String,
    version: u32,
    steps: Vec<RouteStep>,
}

/// A route cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// A route needs a step.
    #[error("a route needs at least one step and at most {MAX_STEPS}")]
    Steps,
    /// Two steps have one name.
    #[error("two steps of the route have the same name")]
    Names,
}

/// More officials than this never sign off one paper.
const MAX_STEPS: usize = 20;

impl TryFrom<RawRoute> for Route {
    type Error = RouteError;

    fn try_from(RawRoute { name, version, steps }: RawRoute) -> Result<Self, RouteError> {
        if steps.is_empty() || steps.len() > MAX_STEPS {
            return Err(RouteError::Steps);
        }
        let mut names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() < steps.len() {
            return Err(RouteError::Names);
        }
        Ok(Self { name, version, steps })
    }
}

impl Route {
    /// The step at `index`, counted from 0.
    #[must_use]
    pub fn step(&self, index: usize) -> Option<&RouteStep> {
        self.steps.get(index)
    }

    /// The index of the step after `index`; none after the last.
    #[must_use]
    pub fn after(&self, index: usize) -> Option<usize> {
        (index + 1 < self.steps.len()).then_some(index + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_without_steps_or_with_a_name_twice_is_refused() {
        let parse = |json: &str| serde_json::from_str::<Route>(json).map_err(|error| error.to_string());
        let step = r#"{"name":"a","role":"head_of_office"}"#;
        assert!(parse(&format!(r#"{{"name":"izin","version":1,"steps":[{step}]}}"#)).is_ok());
        assert!(parse(r#"{"name":"izin","version":1,"steps":[]}"#).is_err_and(|e| e.starts_with("a route needs")));
        assert!(
            parse(&format!(r#"{{"name":"izin","version":1,"steps":[{step},{step}]}}"#))
                .is_err_and(|e| e.starts_with("two steps"))
        );
    }
}
