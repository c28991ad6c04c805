//! What `absah up` says while it serves: a line for each event, and nothing personal.

use std::io::Write;
use std::sync::Arc;

use jiff::tz::TimeZone;
use kernel::Envelope;
use serde_json::Value;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// What of an event's data is said. The rest may be personal.
const SAID: [&str; 4] = ["key", "code", "message", "verify_url"];

/// Writes a line to standard error for each event, until there are no more.
pub(crate) async fn keep(mut events: Receiver<Arc<Envelope<Value>>>) {
    loop {
        match events.recv().await {
            // A terminal that is gone is no reason to stop serving.
            Ok(event) => drop(writeln!(std::io::stderr(), "{}", line(&event, &TimeZone::system()))),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

fn line(event: &Envelope<Value>, zone: &TimeZone) -> String {
    let at = event.time.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string();
    let said = SAID.iter().filter_map(|name| event.data.get(name)?.as_str());
    let said: Vec<_> = said.collect();
    format!(
        "{at}  {:<26} {:<26} {}",
        event.event_type.as_str(),
        event.subject,
        said.join("  ")
    )
    .trim_end()
    .to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_line_says_what_happened_to_which_document_and_nothing_personal() {
        let golden = include_str!("../../events/domain/document.imported.json");
        let event: Envelope<Value> = serde_json::from_str(golden).unwrap();
        let line = line(&event, &TimeZone::UTC);
        assert!(
            line.contains("document.imported") && line.contains(&event.subject),
            "{line}"
        );
        assert!(line.contains(event.data["key"].as_str().unwrap()), "{line}");
        let holder = event.data["description"]["holder"].as_str().unwrap();
        assert!(!line.contains(holder), "{line}");
    }
}
