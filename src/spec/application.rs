//! `[queries.NAME]` with `dialect = "kda"`: a KDA SQL application as it was.

use crate::document::{Diagnostic, Document, Spanned, Value, help_for};
use crate::sql::kda;

use super::name;

/// What is noted where the text of an application could not be read: which streams it writes is not known then.
pub(crate) const APPLICATION: &str = "the text of an application";
/// The dialects of a whole text.
const DIALECTS: [&str; 1] = ["kda"];

/// A name within the application, and the stream that it stands for.
pub type Binding = (Spanned<String>, Spanned<String>);

/// One application as written.
#[derive(Debug, Clone)]
pub struct ApplicationSpec {
    /// Its name.
    pub name: Spanned<String>,
    /// Its text, with the place of `sql` or `sql_file`.
    pub text: Spanned<String>,
    /// The file that holds the text, where it is not in the pipeline file itself.
    pub file: Option<String>,
    /// What was read of the text.
    pub reading: kda::Reading,
    /// `inputs`: streams that the text reads, and what they are here.
    pub inputs: Vec<Binding>,
    /// `outputs`: streams that the text creates, and where their rows go.
    pub outputs: Vec<Binding>,
}

/// Returns whether a query holds a text, or says that it does.
pub(super) fn is_one(query: &Value<'_>) -> bool {
    query.as_table().is_some_and(|table| ["sql", "sql_file", "dialect"].iter().any(|key| table.contains_key(*key)))
}

pub(super) fn read(query: &Value<'_>, document: &Document) -> Option<ApplicationSpec> {
    let query_name = name::stream(query);
    let mut reader = query.table(format!("query `{}`", query.key()))?;
    let dialect = reader.take("dialect").and_then(|value| value.text());
    let unknown = dialect.as_ref().filter(|dialect| !DIALECTS.contains(&dialect.value.as_str()));
    if let Some(dialect) = unknown {
        query.findings().add(
            Diagnostic::new(format!("`{}` is not the dialect of a query", dialect.value), dialect.span.clone())
                .label("not one of them")
                .help(help_for(&dialect.value, DIALECTS)),
        );
    }
    let (sql, file) = (reader.optional("sql"), reader.optional("sql_file"));
    let (text, file) = match (sql, file) {
        (Some(sql), Some(file)) => {
            query.findings().add(
                Diagnostic::new(format!("query `{}` has two texts", query.key()), file.key_span())
                    .label("the second one")
                    .other(sql.key_span(), "the first one")
                    .help("leave one of them out"),
            );
            (None, None)
        }
        (Some(sql), None) => (sql.text(), None),
        (None, Some(file)) => match file.text() {
            Some(file) => (text_of(&file, query, document), Some(file.value)),
            None => (None, None),
        },
        (None, None) => {
            reader.missing("sql", Some("write the text as sql = \"\"\"…\"\"\", or name its file as sql_file = \"…\""));
            (None, None)
        }
    };
    let inputs = reader.optional("inputs").map_or(Some(Vec::new()), |value| bindings(&value));
    let outputs = reader.optional("outputs").map_or(Some(Vec::new()), |value| bindings(&value));
    reader.finish();
    // What is wrong with the text of another dialect is nothing to go by.
    let text = text.filter(|_| dialect.is_some() && unknown.is_none())?;
    let reading = kda::read(&text.value);
    if !reading.is_whole() {
        query.findings().mark_unread(APPLICATION);
    }
    Some(ApplicationSpec { name: query_name?, text, file, reading, inputs: inputs?, outputs: outputs? })
}

/// Returns the text of a file that was read with the document.
fn text_of(file: &Spanned<String>, query: &Value<'_>, document: &Document) -> Option<Spanned<String>> {
    let reason = match document.file(&file.value) {
        Some(Ok(text)) => return Some(Spanned::new(text.to_owned(), file.span.clone())),
        Some(Err(reason)) => reason,
        None => "it was not read",
    };
    query.findings().add(
        Diagnostic::new(format!("the file `{}` cannot be read", file.value), file.span.clone())
            .label(reason)
            .help("its path starts at the folder of the pipeline file"),
    );
    None
}

fn bindings(value: &Value<'_>) -> Option<Vec<Binding>> {
    let table = value.table(format!("`{}`", value.key()))?;
    Some(table.entries(|entry| Some((Spanned::new(entry.key().to_owned(), entry.key_span()), entry.text()?))))
}
