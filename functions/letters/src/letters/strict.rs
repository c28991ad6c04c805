//! Objects without unknown fields, also where one is a part of another, for which serde knows no such check.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// An object of which every field is known: nobody sets what they may not by a name that we overlook.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(super) struct Strict<T>(pub(super) T);

impl<'de, T: DeserializeOwned + Serialize> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Map::<String, Value>::deserialize(deserializer)?;
        let names: Vec<String> = given.keys().cloned().collect();
        let read: T = serde_json::from_value(Value::Object(given)).map_err(D::Error::custom)?;
        let known = serde_json::to_value(&read).map_err(D::Error::custom)?;
        if names.iter().all(|name| known.get(name).is_some()) {
            Ok(Self(read))
        } else {
            Err(D::Error::custom("an unknown field"))
        }
    }
}
