//! Rows as a table for spreadsheets (RFC 4180).

use serde_json::Value;

use super::view::RowView;

/// In UTF-8, with names in the first line.
pub(super) const CONTENT_TYPE: &str = "text/csv; charset=utf-8; header=present";

const COLUMNS: [&str; 18] = [
    "sequence",
    "time",
    "actor_kind",
    "actor_id",
    "action",
    "resource_kind",
    "resource_id",
    "outcome",
    "code",
    "ip",
    "user_agent",
    "correlation_id",
    "before",
    "after",
    "tenant",
    "event_id",
    "previous",
    "hash",
];

/// The rows, each in a line.
pub(super) fn table(rows: impl Iterator<Item = RowView>) -> String {
    let mut out = String::new();
    line(&mut out, &COLUMNS.map(str::to_owned));
    for row in rows {
        line(&mut out, &cells(&row));
    }
    out
}

fn cells(row: &RowView) -> [String; COLUMNS.len()] {
    let text = |pointer: &str| match row.entry.pointer(pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => value.to_string(),
    };
    [
        row.sequence.to_string(),
        row.time.to_string(),
        text("/actor/kind"),
        text("/actor/id"),
        text("/action"),
        text("/resource/kind"),
        text("/resource/id"),
        text("/outcome"),
        text("/code"),
        text("/origin/ip"),
        text("/origin/user_agent"),
        text("/origin/correlation_id"),
        text("/before"),
        text("/after"),
        row.tenant.clone(),
        row.event_id.clone(),
        row.previous.clone(),
        row.hash.clone(),
    ]
}

fn line(out: &mut String, cells: &[String]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, cell);
    }
    out.push_str("\r\n");
}

/// A spreadsheet computes what looks like a formula, and a formula may send the sheet away. An apostrophe makes it text.
fn write(out: &mut String, cell: &str) {
    // What a spreadsheet may pass over on its way to the formula.
    let unseen = |letter: char| {
        letter.is_whitespace() || letter.is_control() || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{feff}')
    };
    let formula = cell.starts_with(['\t', '\r', '\n'])
        || cell
            .trim_start_matches(unseen)
            .starts_with(['=', '+', '-', '@', '|', '%', '＝', '＋', '－', '＠']);
    let quoted = formula || cell.contains([',', '"', '\r', '\n']) || cell.starts_with(' ') || cell.ends_with(' ');
    if quoted {
        out.push('"');
    }
    if formula {
        out.push('\'');
    }
    out.push_str(&cell.replace('"', "\"\""));
    if quoted {
        out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn row(user_agent: &str) -> RowView {
        RowView {
            tenant: "karo".into(),
            sequence: 7,
            time: "2026-01-05T01:00:00Z".parse().unwrap(),
            event_id: "01KE5VQ7XB2N3M4P5Q6R7S8T17".into(),
            entry: json!({
                "actor": { "id": "u1", "kind": "person" }, "action": "user.created", "outcome": "success",
                "resource": { "kind": "user", "id": "u2" }, "after": { "name": "Contoh, \"A\"" },
                "origin": { "ip": "203.0.113.7", "user_agent": user_agent, "correlation_id": "c1" },
            }),
            previous: "00".into(),
            hash: "ff".into(),
        }
    }

    #[test]
    fn a_row_is_a_line_with_quotes_where_the_standard_wants_them() {
        let expected = concat!(
            "sequence,time,actor_kind,actor_id,action,resource_kind,resource_id,outcome,code,ip,user_agent,",
            "correlation_id,before,after,tenant,event_id,previous,hash\r\n",
            "7,2026-01-05T01:00:00Z,person,u1,user.created,user,u2,success,,203.0.113.7,curl/8,c1,,",
            "\"{\"\"name\"\":\"\"Contoh, \\\"\"A\\\"\"\"\"}\",karo,01KE5VQ7XB2N3M4P5Q6R7S8T17,00,ff\r\n",
        );
        assert_eq!(table([row("curl/8")].into_iter()), expected);
    }

    #[test]
    fn what_a_spreadsheet_would_compute_becomes_text() {
        for agent in [
            "=HYPERLINK(\"http://a\")",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "  =1",
            "\u{b}=1",
            "\u{feff}=1",
            "\r\n=1",
            "＝1",
            "|cmd",
        ] {
            let mut out = String::new();
            write(&mut out, agent);
            assert!(out.starts_with("\"'") && out.ends_with('"'), "{out}");
        }
        let mut out = String::new();
        write(&mut out, "a=1");
        assert_eq!(out, "a=1");
    }

    /// Reads a table as RFC 4180 says.
    fn read(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match (letter, quoted) {
                ('"', true) if letters.next_if_eq(&'"').is_some() => cell.push('"'),
                ('"', _) => quoted = !quoted,
                (',', false) => row.push(std::mem::take(&mut cell)),
                ('\r', false) => {
                    assert_eq!(letters.next(), Some('\n'));
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                (letter, _) => cell.push(letter),
            }
        }
        rows
    }

    proptest! {
        #[test]
        fn whatever_stands_in_a_cell_every_line_has_its_columns_and_no_cell_is_a_formula(
            agents in prop::collection::vec("[=+@,\"\r\n a-]{0,6}|.{0,6}", 1..5)
        ) {
            let rows = read(&table(agents.iter().map(|agent| row(agent))));
            prop_assert_eq!(rows.len(), agents.len() + 1);
            for (cells, agent) in rows.iter().skip(1).zip(&agents) {
                prop_assert_eq!(cells.len(), COLUMNS.len());
                let cell = &cells[10];
                prop_assert_eq!(cell.strip_prefix('\'').filter(|_| cell != agent).unwrap_or(cell), agent);
                prop_assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']));
            }
        }
    }
}
