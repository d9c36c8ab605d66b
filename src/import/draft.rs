//! The pipeline file to be written: its sections before they are text.

use crate::record::RecordFormat;
use crate::sql::SqlType;
use crate::streams::Capacity;

/// A whole pipeline file.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) streams: Vec<StreamDraft>,
    pub(super) tables: Vec<TableDraft>,
    pub(super) queries: Vec<QueryDraft>,
    pub(super) region: Option<String>,
}

/// `[streams.NAME]`, with a generator where producers feed it.
#[derive(Debug)]
pub(super) struct StreamDraft {
    pub(super) name: String,
    /// What it was.
    pub(super) comment: String,
    pub(super) capacity: Capacity,
    /// How its rows are written.
    pub(super) format: RecordFormat,
    /// A column, and why this one.
    pub(super) partition_key: Option<(String, &'static str)>,
    /// `None` where a query writes it.
    pub(super) columns: Option<Vec<ColumnDraft>>,
}

/// An entry of `columns`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ColumnDraft {
    pub(super) name: String,
    pub(super) sql_type: SqlType,
    /// Whether a record without a value is bad.
    pub(super) not_null: bool,
    /// Where its value lies in the record, from the outside in.
    pub(super) path: Vec<String>,
}

/// `[tables.NAME]`
#[derive(Debug)]
pub(super) struct TableDraft {
    pub(super) name: String,
    /// What it was.
    pub(super) comment: String,
    pub(super) file: String,
    /// How its rows are written, where the name of the file does not say it.
    pub(super) format: Option<&'static str>,
    /// The columns that it is looked up by, where the SQL says it.
    pub(super) key: Vec<String>,
    pub(super) columns: Vec<ColumnDraft>,
}

/// `[queries.NAME]`
#[derive(Debug)]
pub(super) struct QueryDraft {
    pub(super) name: String,
    /// What it was.
    pub(super) comment: String,
    pub(super) form: QueryForm,
}

/// How a query is written.
#[derive(Debug)]
pub(super) enum QueryForm {
    /// The SQL as it was, in a file of its own.
    Text {
        /// The name of the file.
        file: String,
        /// In-application input streams and the streams that feed them.
        inputs: Vec<(String, String)>,
        /// In-application streams and the streams that take their rows.
        outputs: Vec<(String, String)>,
    },
    /// The declared form.
    Declared(Declared),
}

/// The kind of a window, with the option that says how long it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WindowDraft {
    pub(super) kind: &'static str,
    pub(super) option: &'static str,
    pub(super) length: String,
}

/// A query in the declared form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) from: String,
    pub(super) filter: Option<String>,
    /// The window; none where rows go through one by one.
    pub(super) window: Option<WindowDraft>,
    pub(super) group_by: Vec<String>,
    pub(super) select: Vec<(String, String)>,
    pub(super) having: Option<String>,
}

impl Draft {
    /// Finds a query, and where it stands among the others.
    pub(super) fn query(&mut self, name: &str) -> Option<(usize, &mut QueryDraft)> {
        self.queries.iter_mut().enumerate().find(|(_, query)| query.name == name)
    }

    /// Finds a stream.
    pub(super) fn stream(&mut self, name: &str) -> Option<&mut StreamDraft> {
        self.streams.iter_mut().find(|stream| stream.name == name)
    }
}
