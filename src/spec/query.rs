//! `[queries.NAME]`

use std::sync::Arc;

use crate::document::{Diagnostic, Spanned, Value};
use crate::window::{KINDS, Tumbling, Window};

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

pub(super) fn read(query: &Value<'_>) -> Option<QuerySpec> {
    let query_name = name::stream(query);
    let mut reader = query.table(format!("query `{}`", query.key()))?;
    if let Some(sql) = ["sql", "sql_file", "dialect"].into_iter().find_map(|key| reader.optional(key)) {
        reader.findings().add(
            Diagnostic::new("a query cannot hold SQL text in this version", sql.key_span())
                .label(format!("`{}` is not supported", sql.key()))
                .help("declare it with `from`, `where`, `window`, `group_by` and `select`"),
        );
        return None;
    }
    let from = reader.take("from").and_then(|value| value.text());
    let filter = reader.optional("where").map(|value| value.text());
    let window = reader.take("window").and_then(|value| {
        if value.is_text() {
            let help = "write { kind = \"tumbling\", size = \"10s\" }";
            value.mismatch_with_help("a table", "a kind with its options", help);
            return None;
        }
        let mut reader = value.table("`window`")?;
        let found = kind::find(&mut reader, "window kind", KINDS, |kind| kind.name)?;
        let window = (found.read)(&mut reader);
        reader.finish();
        window
    });
    let group_by = match reader.optional("group_by") {
        None => Some(Vec::new()),
        Some(value) => value.list().and_then(|items| items.iter().map(Value::text).collect()),
    };
    let select = reader.take("select").and_then(|value| {
        let outputs = value.table("`select`")?;
        if outputs.is_empty() {
            value.findings().add(
                Diagnostic::new(format!("query `{}` selects nothing", query.key()), value.span())
                    .label("no output here")
                    .help("add one, such as `count = \"COUNT(*)\"`"),
            );
        }
        Some(outputs.entries(|output| Some((name::column(output)?, output.text()?))))
    });
    let late = reader.optional("late").map(|value| value.text());
    reader.finish();
    Some(QuerySpec {
        name: query_name?,
        from: from?,
        filter: optional(filter)?,
        // A window that cannot be read is a finding, and hides none in the expressions.
        window: window.unwrap_or_else(|| Arc::new(Tumbling::SECOND)),
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
