//! Stream → the Flink table of its records, and the view of its columns.
//!
//! Two steps, because a record's members and a stream's columns are two sets of names: `price` may be the name of a column
//! that lies at `$.quote.price`, while the member `price` means something else.

use std::time::Duration;

use serde::Serialize;

use crate::plan::{Clock, Column, Stream, Time};
use crate::sql::{Dialect, SqlType};

use super::super::kda_sql::{Output, Typed};
use super::connector::TableOption;

/// What the template says of one input.
#[derive(Debug, Serialize)]
pub(super) struct SourceTable {
    stream: String,
    /// The view of its columns.
    view: String,
    /// The column of both that windows are by.
    row_time: String,
    /// The table of its records.
    table: String,
    options: Vec<TableOption>,
    physical: Vec<Typed>,
    watermark: Option<Watermark>,
    columns: Vec<Output>,
    required: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Watermark {
    moment: String,
    behind: String,
}

impl SourceTable {
    /// Prepares the view of a stream's rows by a clock.
    pub(super) fn new(
        stream: &Stream,
        clock: Clock,
        (view, row_time): (&str, &str),
        options: Vec<TableOption>,
    ) -> Self {
        let members = Member::all(&stream.columns);
        let physical =
            members.iter().map(|member| Typed { name: member.name.to_owned(), sql_type: member.sql_type() }).collect();
        let event = match (&stream.time, clock) {
            (Time::Event { column, delay, .. }, Clock::Event) => Some((*column, *delay)),
            _ => None,
        };
        let watermark = event.map(|(column, delay)| Watermark {
            moment: moment(&path(&stream.columns[column], ""), 3),
            behind: behind(delay),
        });
        let event = event.map(|(column, _)| column);
        let required = stream
            .columns
            .iter()
            .enumerate()
            .filter(|(index, column)| column.not_null || event == Some(*index))
            .map(|(_, column)| value(column))
            .collect();
        let columns = stream.columns.iter().map(|column| Output::new(value(column), &column.name));
        Self {
            stream: stream.name.clone(),
            view: view.to_owned(),
            // No stream has a colon in its name.
            table: format!("{view}:records"),
            row_time: row_time.to_owned(),
            options,
            physical,
            watermark,
            columns: columns.collect(),
            required,
        }
    }
}

/// The alias that the view has for the table: `a`.`b` alone could be a table and its column.
const ALIAS: &str = "`r`.";

/// Writes what a column's value is, out of the record.
fn value(column: &Column) -> String {
    let path = path(column, ALIAS);
    match column.sql_type {
        SqlType::Timestamp(digits) => moment(&path, digits),
        // Flink's JSON does not cut text at a length.
        SqlType::Varchar(length) => format!("SUBSTRING({path} FROM 1 FOR {length})"),
        _ => path,
    }
}

fn path(column: &Column, alias: &str) -> String {
    let names: Vec<String> = column.path.iter().map(|name| Dialect::Flink.quote(name)).collect();
    format!("{alias}{}", names.join("."))
}

/// Reads a moment; NULL where the text is none.
fn moment(text: &str, digits: u8) -> String {
    format!("TRY_CAST(REPLACE(REPLACE({text}, 'T', ' '), 'Z', '') AS TIMESTAMP({digits}))")
}

/// Writes how far Flink's watermark stays behind: the delay and 1 ms, for the reason that the template gives.
fn behind(delay: Duration) -> String {
    let behind = delay + Duration::from_millis(1);
    let (seconds, millis) = (behind.as_secs(), behind.subsec_millis());
    if seconds < 100 {
        return format!("INTERVAL '{seconds}.{millis:03}' SECOND");
    }
    // Flink refuses more than three digits of the leading unit here, though not as the size of a window.
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    format!("INTERVAL '{days} {hours:02}:{minutes:02}:{seconds:02}.{millis:03}' DAY(3) TO SECOND(3)")
}

/// A member of the JSON record.
struct Member<'a> {
    name: &'a str,
    /// Its type, where a column reads it.
    column: Option<&'a Column>,
    /// The members within it.
    members: Vec<Self>,
}

impl<'a> Member<'a> {
    fn all(columns: &'a [Column]) -> Vec<Self> {
        let mut members = Vec::new();
        for column in columns {
            Self::add(&mut members, &column.path, column);
        }
        members
    }

    fn add(members: &mut Vec<Self>, path: &'a [String], column: &'a Column) {
        let Some((name, inner)) = path.split_first() else { return };
        let at = members.iter().position(|member| member.name == name).unwrap_or_else(|| {
            members.push(Self { name, column: None, members: Vec::new() });
            members.len() - 1
        });
        if inner.is_empty() {
            members[at].column = Some(column);
        } else {
            Self::add(&mut members[at].members, inner, column);
        }
    }

    fn sql_type(&self) -> String {
        match self.column {
            Some(Column { sql_type: SqlType::Timestamp(_), .. }) => "STRING".to_owned(),
            Some(column) => Dialect::Flink.type_name(column.sql_type),
            None => {
                let members: Vec<String> = self
                    .members
                    .iter()
                    .map(|member| format!("{} {}", Dialect::Flink.quote(member.name), member.sql_type()))
                    .collect();
                format!("ROW<{}>", members.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watermark_is_one_millisecond_behind_the_delay() {
        assert_eq!(behind(Duration::ZERO), "INTERVAL '0.001' SECOND");
        assert_eq!(behind(Duration::from_millis(2500)), "INTERVAL '2.501' SECOND");
        assert_eq!(behind(Duration::from_secs(100)), "INTERVAL '0 00:01:40.001' DAY(3) TO SECOND(3)");
        assert_eq!(behind(Duration::from_hours(366 * 24)), "INTERVAL '366 00:00:00.001' DAY(3) TO SECOND(3)");
    }

    #[test]
    fn members_of_one_object_share_a_row() {
        let column = |name: &str, path: &[&str], sql_type| Column {
            name: name.to_owned(),
            sql_type,
            not_null: false,
            path: path.iter().map(|&name| name.to_owned()).collect(),
        };
        let columns = [
            column("bid", &["quote", "bid"], SqlType::Double),
            column("id", &["id"], SqlType::BigInt),
            column("at", &["quote", "time", "at"], SqlType::Timestamp(3)),
        ];
        let types: Vec<String> =
            Member::all(&columns).iter().map(|member| format!("{} {}", member.name, member.sql_type())).collect();
        assert_eq!(types, ["quote ROW<`bid` DOUBLE, `time` ROW<`at` STRING>>", "id BIGINT"]);
    }
}
