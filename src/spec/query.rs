//! `[queries.NAME]`

use std::sync::Arc;

use crate::document::{Diagnostic, Span, Spanned, Value, find_kind};
use crate::window::{KINDS, Tumbling, Window};

use super::join::{self, JoinSpec};
use super::name;

/// The most rows of `top`: all of them are sorted when a window closes.
const MAX_TOP: i64 = 100_000;

/// One query as written.
#[derive(Debug, Clone)]
pub struct QuerySpec {
    /// Its name, and that of the stream that it writes.
    pub name: Spanned<String>,
    /// `from`: what it reads; several are read as one.
    pub from: Vec<Spanned<String>>,
    /// `join`
    pub joins: Vec<JoinSpec>,
    /// `where`
    pub filter: Option<Spanned<String>>,
    /// `window`; none where rows go through one by one.
    pub window: Option<Spanned<Arc<dyn Window>>>,
    /// `group_by`
    pub group_by: Vec<Spanned<String>>,
    /// `select`: names and expressions in order; every column where left out.
    pub select: Option<Vec<(Spanned<String>, Spanned<String>)>>,
    /// `distinct`, with its place where it is set.
    pub distinct: Option<Span>,
    /// `having`
    pub having: Option<Spanned<String>>,
    /// `top`
    pub top: Option<TopSpec>,
    /// `late`: the stream that takes late rows.
    pub late: Option<Spanned<String>>,
}

/// `top`
#[derive(Debug, Clone)]
pub struct TopSpec {
    /// `n`
    pub count: usize,
    /// `by`: expressions, each with whether it falls.
    pub by: Vec<(Spanned<String>, bool)>,
    /// `per`
    pub per: Vec<Spanned<String>>,
    /// The place of the whole.
    pub span: Span,
}

pub(super) fn read(query: &Value<'_>) -> Option<QuerySpec> {
    let query_name = name::stream(query);
    let mut reader = query.table(format!("query `{}`", query.key()))?;
    let from = reader.take("from").and_then(|value| texts(&value));
    let joins = reader.optional("join").map_or(Some(Vec::new()), |value| join::read(&value));
    let filter = reader.optional("where").map(|value| value.text());
    let window = reader.optional("window").map(|value| read_window(&value));
    let group_by = reader
        .optional("group_by")
        .map_or(Some(Vec::new()), |value| value.list().and_then(|items| items.iter().map(Value::text).collect()));
    let select = reader.optional("select").map(|value| {
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
    let distinct = reader.optional("distinct").map_or(Some(None), |value| {
        let flag = value.boolean()?;
        Some(flag.value.then_some(flag.span))
    });
    let having = reader.optional("having").map(|value| value.text());
    let top = reader.optional("top").map(|value| read_top(&value));
    let late = reader.optional("late").map(|value| value.text());
    if window.is_some() && select.is_none() {
        reader.missing("select", None);
    }
    reader.finish();
    Some(QuerySpec {
        name: query_name?,
        from: from?,
        joins: joins?,
        filter: optional(filter)?,
        window,
        group_by: group_by?,
        select: optional(select)?,
        distinct: distinct?,
        having: optional(having)?,
        top: optional(top)?,
        late: optional(late)?,
    })
}

/// Reads a window. One that cannot be read is a finding, and hides none in the expressions.
fn read_window(value: &Value<'_>) -> Spanned<Arc<dyn Window>> {
    let read = || {
        if value.is_text() {
            let help = "write { kind = \"tumbling\", size = \"10s\" }";
            value.mismatch_with_help("a table", "a kind with its options", help);
            return None;
        }
        let mut reader = value.table("`window`")?;
        let found = find_kind(&mut reader, "window kind", KINDS, |kind| kind.name)?;
        let window = (found.read)(&mut reader);
        reader.finish();
        window
    };
    Spanned::new(read().unwrap_or_else(|| Arc::new(Tumbling::SECOND)), value.span())
}

fn read_top(value: &Value<'_>) -> Option<TopSpec> {
    let mut reader = value.table("`top`")?;
    let count = reader.take("n").and_then(|value| value.integer(1..=MAX_TOP));
    let by = reader.take("by").and_then(|value| texts(&value));
    let per = reader.optional("per").map_or(Some(Vec::new()), |value| texts(&value));
    reader.finish();
    let by = by?.into_iter().map(direction).collect();
    Some(TopSpec { count: usize::try_from(count?.value).ok()?, by, per: per?, span: value.span() })
}

/// Takes `ASC` or `DESC` off the end of an expression; returns whether it falls.
fn direction(text: Spanned<String>) -> (Spanned<String>, bool) {
    let words = text.value.trim_end();
    for (word, falls) in [("DESC", true), ("ASC", false)] {
        let cut = words.len().checked_sub(word.len()).filter(|cut| words.is_char_boundary(*cut));
        if let Some((before, last)) = cut.map(|cut| words.split_at(cut))
            && last.eq_ignore_ascii_case(word)
            && before.ends_with(char::is_whitespace)
        {
            return (Spanned::new(before.trim_end().to_owned(), text.span), falls);
        }
    }
    (text, false)
}

/// Reads a text, or a list of them.
pub(super) fn texts(value: &Value<'_>) -> Option<Vec<Spanned<String>>> {
    if !value.is_list() {
        return Some(vec![value.text()?]);
    }
    let items = value.list()?;
    if items.is_empty() {
        value
            .findings()
            .add(Diagnostic::new(format!("`{}` is empty", value.key()), value.span()).label("expected at least one"));
        return None;
    }
    items.iter().map(Value::text).collect()
}

/// Tells a key that was left out from one that could not be read.
#[expect(clippy::option_option, reason = "the outer one is the failure to read what is there")]
fn optional<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}
