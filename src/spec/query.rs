//! `[queries.NAME]`

use std::sync::Arc;

use crate::document::{Diagnostic, Spanned, Value};
use crate::window::{KINDS, Window};

use super::{kind, name};

/// One query as written.
#[derive(Debug, Clone)]
pub struct QuerySpec {
    /// Its name, and that of the stream that it writes.
    pub name: Spanned<String>,
    /// `from`
    pub from: Spanned<String>,
    /// `where`
    pub filter: Option<Spanned<String>>,
    /// `window`
    pub window: Arc<dyn Window>,
    /// `group_by`
    pub group_by: Vec<Spanned<String>>,
    /// `select`: names and expressions in order.
    pub select: Vec<(Spanned<String>, Spanned<String>)>,
    /// `late`: the stream that takes late rows.
    pub late: Option<Spanned<String>>,
}

pub(super) fn read(value: &Value<'_>) -> Option<QuerySpec> {
    let query_name = name::stream(value);
    let mut reader = value.table(format!("query `{}`", value.key()))?;
    for key in ["sql", "sql_file", "dialect"] {
        if let Some(sql) = reader.optional(key) {
            reader.findings().add(
                Diagnostic::new("a query cannot hold SQL text in this version", sql.key_span())
                    .label(format!("`{key}` is not supported"))
                    .help("declare it with `from`, `where`, `window`, `group_by` and `select`"),
            );
        }
    }
    let from = reader.take("from").and_then(|value| value.text());
    let filter = reader.optional("where").map(|value| value.text());
    let window = reader.take("window").and_then(|value| {
        let mut reader = value.table("`window`")?;
        let found = kind::find(&mut reader, "window kind", KINDS, |kind| kind.name)?;
        let window = (found.read)(&mut reader);
        reader.finish();
        window
    });
    let group_by = match reader.optional("group_by") {
        None => Some(Vec::new()),
        Some(value) => value.list().map(|items| items.iter().filter_map(Value::text).collect()),
    };
    let select = reader.take("select").and_then(|value| {
        let entries = value.table("`select`")?.entries();
        if entries.is_empty() {
            value.findings().add(
                Diagnostic::new("a query selects something", value.span())
                    .label("empty")
                    .help("add an output, such as `count = \"COUNT(*)\"`"),
            );
        }
        Some(entries.iter().filter_map(|entry| Some((name::column(entry)?, entry.text()?))).collect())
    });
    let late = reader.optional("late").map(|value| value.text());
    reader.finish();
    Some(QuerySpec {
        name: query_name?,
        from: from?,
        filter: optional(filter)?,
        window: window?,
        group_by: group_by?,
        select: select?,
        late: optional(late)?,
    })
}

/// Tells a key that was left out from one that could not be read.
#[expect(clippy::option_option, reason = "the outer one is the failure to read what is there")]
fn optional<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(Some(value)) => Some(Some(value)),
        Some(None) => None,
    }
}
