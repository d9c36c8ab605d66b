//! A draft as the text of a pipeline.toml, with a word about each choice that was made.

use std::fmt::Write;

use crate::document::written::{key, string};
use crate::record::RecordFormat;
use crate::streams::Capacity;

use super::draft::{ColumnDraft, Declared, Draft, QueryDraft, QueryForm, StreamDraft, TableDraft};
use super::fields::field;

/// How many records a second the generators make: enough to see something, too few to be in the way.
const RATE: &str = "10/s";
/// The column at which words about a line begin, as in the project's own files.
const COMMENT_COLUMN: usize = 44;
/// Writing to memory does not fail.
const IN_MEMORY: &str = "writing to memory does not fail";

/// Writes the file. `origin` is what it was made from.
pub(super) fn write(draft: &Draft, origin: &str) -> String {
    let mut file = File { text: String::new() };
    file.text += &comment_lines(&format!("Brought over from {origin} by `pipe import`."));
    file.section("[pipeline]", "");
    file.pair("name", &string(&draft.name), "");
    file.pair("description", &string(&draft.description), "");
    for stream in &draft.streams {
        file.stream(stream);
    }
    for table in &draft.tables {
        file.table(table);
    }
    for stream in &draft.streams {
        if let Some(columns) = &stream.columns {
            file.generator(&stream.name, columns);
        }
    }
    for query in &draft.queries {
        file.query(query);
    }
    if let Some(region) = &draft.region {
        file.section("[targets.aws]", "");
        file.pair("region", &string(region), "");
    }
    file.text
}

struct File {
    text: String,
}

impl File {
    fn line(&mut self, line: &str, comment: &str) {
        if comment.is_empty() {
            writeln!(self.text, "{line}").expect(IN_MEMORY);
        } else {
            writeln!(self.text, "{line:COMMENT_COLUMN$} # {}", one_line(comment)).expect(IN_MEMORY);
        }
    }

    fn section(&mut self, header: &str, comment: &str) {
        self.text.push('\n');
        self.line(header, comment);
    }

    fn pair(&mut self, name: &str, value: &str, comment: &str) {
        self.line(&format!("{} = {value}", key(name)), comment);
    }

    fn stream(&mut self, stream: &StreamDraft) {
        let header = format!("streams.{}", key(&stream.name));
        self.section(&format!("[{header}]"), &stream.comment);
        let shards = match stream.capacity {
            Capacity::Provisioned(shards) => shards.to_string(),
            Capacity::OnDemand => string("on-demand"),
        };
        self.pair("shards", &shards, "");
        if let RecordFormat::Csv { delimiter } = stream.format {
            self.pair("format", &string("csv"), "");
            if delimiter != RecordFormat::DELIMITER {
                self.pair("delimiter", &string(&char::from(delimiter).to_string()), "");
            }
        }
        if let Some((column, why)) = &stream.partition_key {
            self.pair("partition_key", &string(column), why);
        }
        if let Some(columns) = &stream.columns {
            self.columns(&header, columns);
        }
    }

    fn columns(&mut self, header: &str, columns: &[ColumnDraft]) {
        self.section(&format!("[{header}.columns]"), "");
        for column in columns {
            let not_null = if column.not_null { " NOT NULL" } else { "" };
            let column_type = string(&format!("{}{not_null}", column.sql_type));
            let value = if column.path.len() == 1 && column.path[0] == column.name {
                column_type
            } else {
                format!("{{ type = {column_type}, path = {} }}", string(&format!("$.{}", column.path.join("."))))
            };
            self.pair(&column.name, &value, "");
        }
    }

    fn table(&mut self, table: &TableDraft) {
        let header = format!("tables.{}", key(&table.name));
        self.section(&format!("[{header}]"), &table.comment);
        self.pair("file", &string(&table.file), "put the file there");
        if let Some(format) = table.format {
            self.pair("format", &string(format), "");
        }
        if !table.key.is_empty() {
            self.pair("key", &list(&table.key), "the SQL looks rows up by it");
        }
        self.columns(&header, &table.columns);
    }

    fn generator(&mut self, stream: &str, columns: &[ColumnDraft]) {
        let header = format!("generators.{}", key(stream));
        self.section(&format!("[{header}]"), "made up from the columns, to see something at once");
        self.pair("rate", &string(RATE), "");
        self.pair("seed", "1", "");
        self.section(&format!("[{header}.fields]"), "");
        for column in columns {
            self.pair(&column.name, &field(column), "");
        }
    }

    fn query(&mut self, query: &QueryDraft) {
        let header = format!("queries.{}", key(&query.name));
        self.section(&format!("[{header}]"), &query.comment);
        match &query.form {
            QueryForm::Text { file, inputs, outputs } => {
                self.pair("dialect", &string("kda"), "");
                self.pair("sql_file", &string(file), "");
                self.pair("inputs", &pairs(inputs), "");
                self.pair("outputs", &pairs(outputs), "");
            }
            QueryForm::Declared(declared) => self.declared(&header, declared),
        }
    }

    fn declared(&mut self, header: &str, query: &Declared) {
        self.pair("from", &string(&query.from), "");
        if let Some(filter) = &query.filter {
            self.pair("where", &string(filter), "");
        }
        if let Some(window) = &query.window {
            let length = string(&window.length);
            let window = format!("{{ kind = {}, {} = {length} }}", string(window.kind), window.option);
            self.pair("window", &window, "");
        }
        if !query.group_by.is_empty() {
            self.pair("group_by", &list(&query.group_by), "");
        }
        if let Some(having) = &query.having {
            self.pair("having", &string(having), "");
        }
        self.section(&format!("[{header}.select]"), "");
        for (name, expression) in &query.select {
            self.pair(name, &string(expression), "");
        }
    }
}

fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| string(item)).collect();
    format!("[{}]", items.join(", "))
}

fn pairs(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{} = {}", key(name), string(value))).collect();
    if pairs.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", pairs.join(", ")) }
}

fn comment_lines(text: &str) -> String {
    format!("# {}\n", one_line(text))
}

/// Takes out of a comment what may not stand in one.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_written_is_read_again() {
        for text in [
            "",
            "plain",
            "a \"quoted\" 'one'",
            "back\\slash",
            "two\nlines\t\r",
            "ü€𝄞",
            "\u{0}\u{7f}\u{1b}",
            "'''\"\"\"",
        ] {
            let written = format!("{} = {}\n", key(text), string(text));
            let table: toml::Table = written.parse().expect(&written);
            assert_eq!(table.get(text).and_then(toml::Value::as_str), Some(text), "{written}");
            assert_eq!(written.matches('\n').count(), 1, "{written}");
        }
    }
}
