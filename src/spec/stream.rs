//! `[streams.NAME]`

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::document::{Diagnostic, Spanned, TableReader, Value, help_for};
use crate::record::RecordFormat;
use crate::sql::{ColumnType, SqlType};
use crate::streams::Capacity;

use super::name;

/// The key of [`EventTimeSpec`]; where it cannot be read, its stream is read without.
pub(crate) const EVENT_TIME: &str = "event_time";
/// The most shards of one stream (Kinesis quota in its three largest regions).
const MAX_SHARDS: i64 = 20_000;
/// The most columns of a stream (`RecordColumns` of a KDA input).
const MAX_COLUMNS: usize = 1000;
/// How long a shard may be silent before it stops holding the watermark back, where the file does not say: longer than
/// any pause of a live producer, shorter than a person's patience.
const DEFAULT_IDLE: Duration = Duration::from_secs(10);
/// How long Kinesis can keep a record, in hours (Kinesis developer guide, quotas): the least is what the price of a shard
/// includes, and what holds where the file does not say.
const RETENTION_HOURS: RangeInclusive<u32> = 24..=8760;
/// The longest `delay` and `idle`: a watermark that stays behind for longer is a slip of the unit.
const MAX_WAIT: Duration = Duration::from_hours(8784);

/// One stream as written.
#[derive(Debug, Clone)]
pub struct StreamSpec {
    /// Its name.
    pub name: Spanned<String>,
    /// `shards`
    pub capacity: Capacity,
    /// `retention`, in hours
    pub retention_hours: u32,
    /// `partition_key`
    pub partition_key: Option<Spanned<String>>,
    /// `event_time`
    pub event_time: Option<EventTimeSpec>,
    /// `format` and `delimiter`
    pub format: Option<Spanned<RecordFormat>>,
    /// `columns`, with the place of the table.
    pub columns: Option<Spanned<Vec<ColumnSpec>>>,
}

/// `event_time`
#[derive(Debug, Clone)]
pub struct EventTimeSpec {
    /// The column that holds the time.
    pub column: Spanned<String>,
    /// How far the watermark stays behind.
    pub delay: Duration,
    /// When a silent shard stops holding it back.
    pub idle: Duration,
}

/// One entry of `columns`.
#[derive(Debug, Clone)]
pub struct ColumnSpec {
    /// Its name.
    pub name: Spanned<String>,
    /// Its type.
    pub column_type: Spanned<ColumnType>,
    /// Where its value lies in the record, from the outside in.
    pub path: Vec<String>,
}

pub(super) fn read(value: &Value<'_>) -> Option<StreamSpec> {
    let name = name::stream(value);
    let mut reader = value.table(format!("stream `{}`", value.key()))?;
    let capacity = match reader.optional("shards") {
        None => Some(Capacity::Provisioned(1)),
        Some(shards) => read_shards(&shards),
    };
    let retention_hours = reader.optional("retention").and_then(|value| read_retention(&value));
    let retention_hours = retention_hours.unwrap_or(*RETENTION_HOURS.start());
    let partition_key = reader.optional("partition_key").and_then(|value| value.text());
    let event_time = reader.optional(EVENT_TIME).and_then(|value| {
        let event_time = read_event_time(&value);
        if event_time.is_none() {
            value.findings().mark_unread(EVENT_TIME);
        }
        event_time
    });
    let format = read_format(&mut reader);
    let columns = match reader.optional("columns") {
        None => Some(None),
        Some(columns) => read_columns(&columns).map(Some),
    };
    reader.finish();
    // A capacity that cannot be read is a finding, and hides none in the columns. No more does a retention or a format.
    let capacity = capacity.unwrap_or(Capacity::OnDemand);
    let columns = columns?;
    if let (Some(format), Some(columns)) = (&format, &columns)
        && format.value != RecordFormat::Json
    {
        check_positions(value, &columns.value);
    }
    Some(StreamSpec { name: name?, capacity, retention_hours, partition_key, event_time, format, columns })
}

/// Reads `format` and, of CSV, `delimiter`.
fn read_format(reader: &mut TableReader<'_>) -> Option<Spanned<RecordFormat>> {
    let format = reader.optional("format").map(|value| (value.text(), value));
    let delimiter = reader.optional("delimiter");
    let text = match format {
        Some((text, value)) => {
            let text = text?;
            if !RecordFormat::NAMES.contains(&text.value.as_str()) {
                value.findings().add(
                    Diagnostic::new(format!("`{}` is not the format of a stream", text.value), text.span)
                        .label("not one of them")
                        .help(help_for(&text.value, RecordFormat::NAMES)),
                );
                return None;
            }
            Some(text)
        }
        None => None,
    };
    if let Some(text) = text.as_ref().filter(|text| text.value == "csv") {
        let delimiter = delimiter.map_or(Some(RecordFormat::DELIMITER), |value| read_delimiter(&value))?;
        return Some(Spanned::new(RecordFormat::Csv { delimiter }, text.span.clone()));
    }
    if let Some(value) = delimiter {
        value.findings().add(
            Diagnostic::new("records in JSON have no `delimiter`", value.span())
                .label("what stands between the values of a row")
                .help("add `format = \"csv\"`, or leave it out"),
        );
    }
    text.map(|text| text.map(|_| RecordFormat::Json))
}

fn read_delimiter(value: &Value<'_>) -> Option<u8> {
    let text = value.text()?;
    let mut letters = text.value.chars();
    if let (Some(letter), None) = (letters.next(), letters.next())
        && RecordFormat::is_delimiter(letter)
    {
        return u8::try_from(letter).ok();
    }
    value.findings().add(
        Diagnostic::new(format!("`{}` cannot stand between values", text.value.escape_default()), text.span)
            .label("expected one ASCII character, and neither a quote nor a line end")
            .help("write it as \",\", \"|\", \";\" or \"\\t\""),
    );
    None
}

/// Reports columns that say where they lie: the values of a row in CSV have places and no names.
fn check_positions(stream: &Value<'_>, columns: &[ColumnSpec]) {
    for column in columns {
        if column.path.len() != 1 || column.path[0] != column.name.value {
            stream.findings().add(
                Diagnostic::new(
                    format!("column `{}` of a stream in CSV has a `path`", column.name.value),
                    column.name.span.clone(),
                )
                .label("its values lie where it stands among the columns")
                .help("leave `path` out, and give every value of a row its column, in their order"),
            );
        }
    }
}

/// Reads a number of shards, or `"on-demand"`.
pub(super) fn read_shards(value: &Value<'_>) -> Option<Capacity> {
    if !value.is_text() {
        let shards = value.integer(1..=MAX_SHARDS)?;
        return Some(Capacity::Provisioned(u32::try_from(shards.value).expect("within the range just checked")));
    }
    let text = value.text()?;
    if text.value == "on-demand" {
        return Some(Capacity::OnDemand);
    }
    value.findings().add(
        Diagnostic::new(format!("`{}` is not a number of shards", text.value), text.span)
            .label("expected a whole number, or \"on-demand\""),
    );
    None
}

/// Reads how long records are kept, in hours.
fn read_retention(value: &Value<'_>) -> Option<u32> {
    let retention = value.duration()?;
    let seconds = retention.value.as_secs();
    let hours = u32::try_from(seconds / 3600).ok().filter(|hours| RETENTION_HOURS.contains(hours));
    let whole = retention.value.subsec_nanos() == 0 && seconds % 3600 == 0;
    let label = match hours {
        Some(hours) if whole => return Some(hours),
        Some(_) => "expected whole hours".to_owned(),
        None => format!("expected {}h to {}h", RETENTION_HOURS.start(), RETENTION_HOURS.end()),
    };
    value.findings().add(
        Diagnostic::new("Kinesis does not keep records for this long", retention.span)
            .label(label)
            .help("a day is the least, and 365 days the most"),
    );
    None
}

fn read_event_time(value: &Value<'_>) -> Option<EventTimeSpec> {
    let mut reader = value.table("`event_time`")?;
    let column = reader.take("column").and_then(|value| value.text());
    let delay = read_wait(&mut reader, "delay", Duration::ZERO);
    let idle = read_wait(&mut reader, "idle", DEFAULT_IDLE);
    reader.finish();
    Some(EventTimeSpec { column: column?, delay: delay?, idle: idle? })
}

fn read_wait(reader: &mut TableReader<'_>, key: &'static str, default: Duration) -> Option<Duration> {
    let Some(value) = reader.optional(key) else { return Some(default) };
    let wait = value.duration()?;
    let (what, label) = if wait.value > MAX_WAIT {
        ("long", "expected at most 366 days")
    } else if wait.value.subsec_nanos() % 1_000_000 != 0 {
        ("fine", "expected whole milliseconds")
    } else {
        return Some(wait.value);
    };
    value.findings().add(Diagnostic::new(format!("`{key}` cannot be this {what}"), wait.span).label(label));
    None
}

pub(super) fn read_columns(value: &Value<'_>) -> Option<Spanned<Vec<ColumnSpec>>> {
    let columns = value.table("`columns`")?;
    let count = columns.len();
    if columns.is_empty() {
        value.findings().add(
            Diagnostic::new("`columns` is empty", value.span())
                .label("expected at least one column")
                .help("add one, such as `price = \"DOUBLE\"`"),
        );
    }
    if count > MAX_COLUMNS {
        value.findings().add(
            Diagnostic::new("a stream has too many columns", value.span())
                .label(format!("expected at most {MAX_COLUMNS}, and there are {count}")),
        );
    }
    Some(Spanned::new(columns.entries(read_column), value.span()))
}

fn read_column(value: &Value<'_>) -> Option<ColumnSpec> {
    let name = name::column(value)?;
    if value.is_text() {
        let path = vec![name.value.clone()];
        return Some(ColumnSpec { column_type: read_type(value)?, path, name });
    }
    if !value.is_table() {
        value.mismatch("a type", "a type in quotes, or a table with `type` and `path`");
        return None;
    }
    let mut reader = value.table(format!("column `{}`", name.value))?;
    let column_type = reader.take("type").and_then(|value| read_type(&value));
    let path = match reader.optional("path") {
        None => Some(vec![name.value.clone()]),
        Some(path) => read_path(&path),
    };
    reader.finish();
    Some(ColumnSpec { name, column_type: column_type?, path: path? })
}

fn read_type(value: &Value<'_>) -> Option<Spanned<ColumnType>> {
    let text = value.text()?;
    match SqlType::read_column(&text.value) {
        Ok(column_type) => Some(Spanned::new(column_type, text.span)),
        Err(error) => {
            let diagnostic = Diagnostic::new(error.message, text.span).label("cannot be the type of a column");
            value.findings().add(match error.help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            });
            None
        }
    }
}

/// Reads a `JSONPath` of member names, such as `$.quote.price`.
fn read_path(value: &Value<'_>) -> Option<Vec<String>> {
    let text = value.text()?;
    let names = text.value.strip_prefix("$.").map(|rest| rest.split('.').map(str::to_owned).collect::<Vec<_>>());
    let legal = |name: &String| !name.is_empty() && !name.contains(['[', ']', '*', '\'', '"', ' ']);
    match names {
        Some(names) if names.iter().all(legal) => Some(names),
        _ => {
            value.findings().add(
                Diagnostic::new(format!("`{}` is not a path into a record", text.value), text.span)
                    .label("expected `$.` and member names")
                    .help("write the names from the outside in, such as \"$.quote.price\"; lists are not supported"),
            );
            None
        }
    }
}
