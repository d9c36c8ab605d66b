//! What comes into a stream.

use crate::document::{Diagnostic, Spanned};
use crate::record::RecordFormat;
use crate::spec::{RecordsSpec, RowSpec};

use super::super::record_values::value_at;
use super::super::{Column, Source, Stream};
use super::{Datum, Reading, file};

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its partition key; none where its stream has no column for it.
    pub partition_key: Option<String>,
    /// Its bytes.
    pub data: Vec<u8>,
}

impl Reading<'_> {
    pub(super) fn records(
        &self,
        name: &Spanned<String>,
        stream: &Stream,
        records: &RecordsSpec,
    ) -> Option<Vec<Record>> {
        let writer = match &stream.source {
            Source::Producers => None,
            Source::Query(query) => Some((query, "is written by")),
            Source::Late(query) => Some((query, "takes the late rows of")),
        };
        if let Some((query, what)) = writer {
            self.findings.add(
                Diagnostic::new(format!("stream `{}` {what} query `{query}`", stream.name), name.span.clone())
                    .label("no record can be put there")
                    .help("ingest into a stream that the query reads"),
            );
            return None;
        }
        match records {
            RecordsSpec::Rows(rows) => {
                // All of them, so that the mistakes of each are found.
                let records: Vec<Option<Record>> = rows.iter().map(|row| self.record(row, stream)).collect();
                records.into_iter().collect()
            }
            RecordsSpec::Raw(texts) => {
                Some(texts.iter().map(|text| Record::of(text.clone().into_bytes(), stream)).collect())
            }
            // It is a step of its own kind.
            RecordsSpec::Generate(_) => None,
            RecordsSpec::File(path, csv) => {
                let read =
                    (self.read)(&path.value).map_err(|reason| (reason, "not readable".to_owned())).and_then(|bytes| {
                        file::records(&bytes, *csv, stream).map_err(|reason| ("not records".to_owned(), reason))
                    });
                match read {
                    Ok(records) => Some(records),
                    Err((what, label)) => {
                        self.findings.add(
                            Diagnostic::new(
                                format!("the file `{}` cannot be taken: {what}", path.value),
                                path.span.clone(),
                            )
                            .label(label),
                        );
                        None
                    }
                }
            }
        }
    }

    fn record(&self, row: &RowSpec, stream: &Stream) -> Option<Record> {
        let values = self.values(row, &stream.columns)?;
        let missing = stream.columns.iter().zip(&values).find(|(column, value)| column.not_null && value.is_none());
        if let Some((column, _)) = missing {
            self.findings.add(
                Diagnostic::new(format!("column `{}` is NOT NULL", column.name), row.span.clone())
                    .label(format!("`{}` is needed here", column.name))
                    .help("a record that is to be bad is written as `raw`"),
            );
            return None;
        }
        Some(Record::made(&values, stream))
    }
}

impl Record {
    /// Puts a record together from values by column; those left out have no member, or are empty in CSV.
    pub fn made(values: &[Option<Datum>], stream: &Stream) -> Self {
        let data = match stream.format {
            RecordFormat::Json => {
                let mut members = Vec::new();
                for (column, value) in stream.columns.iter().zip(values) {
                    if let Some(value) = value {
                        Member::put(&mut members, &column.path, value.json());
                    }
                }
                let mut text = String::new();
                Member::write(&members, &mut text);
                text.into_bytes()
            }
            RecordFormat::Csv { delimiter } => {
                let json = |value: &Option<Datum>| value.as_ref().map_or_else(|| "null".to_owned(), Datum::json);
                let texts: Vec<String> = values.iter().map(json).collect();
                let mut data = Vec::new();
                stream.write_csv(delimiter, texts.iter().map(String::as_bytes), &mut data);
                data
            }
        };
        let key = stream.partition_key.map(|index| values[index].as_ref().map_or(String::new(), Datum::key));
        Self { partition_key: key.as_deref().map(legal), data }
    }

    /// Takes the bytes of a record; its key is what it has for the stream's key column.
    pub fn of(data: Vec<u8>, stream: &Stream) -> Self {
        let column = stream.partition_key.and_then(|index| stream.columns.get(index));
        let key = column.map(|column| {
            let first = stream.json_rows(&data).into_iter().next();
            first.and_then(|row| read_key(&row, column)).unwrap_or_default()
        });
        Self { partition_key: key.as_deref().map(legal), data }
    }
}

/// The key of a record whose key column is NULL or empty, as a generator has it: a key has at least one character.
const NULL_KEY: &str = "null";
/// The most characters of a partition key (Kinesis API reference, `PutRecord`).
const MAX_KEY: usize = 256;

fn legal(key: &str) -> String {
    if key.is_empty() { NULL_KEY.to_owned() } else { key.chars().take(MAX_KEY).collect() }
}

fn read_key(data: &[u8], column: &Column) -> Option<String> {
    let found = value_at(std::str::from_utf8(data).ok()?, &column.path)?;
    match serde_json::from_str(found.get()).ok()? {
        serde_json::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// A member of a record that is being put together.
enum Member {
    Value(String, String),
    Object(String, Vec<Self>),
}

impl Member {
    fn put(members: &mut Vec<Self>, path: &[String], json: String) {
        let Some((name, inner)) = path.split_first() else { return };
        if inner.is_empty() {
            members.push(Self::Value(name.clone(), json));
            return;
        }
        for member in members.iter_mut() {
            if let Self::Object(known, within) = member
                && known == name
            {
                Self::put(within, inner, json);
                return;
            }
        }
        let mut within = Vec::new();
        Self::put(&mut within, inner, json);
        members.push(Self::Object(name.clone(), within));
    }

    fn write(members: &[Self], out: &mut String) {
        out.push('{');
        for (index, member) in members.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            let (Self::Value(name, _) | Self::Object(name, _)) = member;
            out.push_str(&serde_json::Value::from(name.as_str()).to_string());
            out.push(':');
            match member {
                Self::Value(_, json) => out.push_str(json),
                Self::Object(_, within) => Self::write(within, out),
            }
        }
        out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_one_object_stand_together() {
        let mut members = Vec::new();
        for (path, json) in [(&["q", "bid"][..], "1"), (&["id"], "\"x\""), (&["q", "t", "at"], "null")] {
            let path: Vec<String> = path.iter().map(|&name| name.to_owned()).collect();
            Member::put(&mut members, &path, json.to_owned());
        }
        let mut text = String::new();
        Member::write(&members, &mut text);
        assert_eq!(text, r#"{"q":{"bid":1,"t":{"at":null}},"id":"x"}"#);
    }
}
