//! What a stream has to hold.

use crate::document::Diagnostic;
use crate::spec::ExpectSpec;

use super::super::Source;
use super::{Datum, Reading};

/// What came into a stream since the last time that a test looked at it, as it has to be.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// The stream.
    pub stream: String,
    /// The rows, a value for each column of the stream; `None` where any will do.
    pub rows: Option<Vec<Vec<Option<Datum>>>>,
    /// Whether they come in this order.
    pub in_order: bool,
    /// How many rows come.
    pub count: Option<u64>,
    /// How many records were late for the query that writes the stream.
    pub late: Option<u64>,
    /// How many records that query could not read, and rows it could not compute.
    pub bad: Option<u64>,
}

impl Reading<'_> {
    pub(super) fn expectation(&self, spec: &ExpectSpec) -> Option<Expectation> {
        let stream = self.stream(&spec.stream)?;
        if stream.source == Source::Producers {
            self.findings.add(
                Diagnostic::new(format!("no query writes stream `{}`", stream.name), spec.stream.span.clone())
                    .label("it holds what comes from outside")
                    .help("expect rows of a stream that a query writes"),
            );
            return None;
        }
        if let (Source::Late(query), Some(number)) = (&stream.source, spec.late.as_ref().or(spec.bad.as_ref())) {
            self.findings.add(
                Diagnostic::new(
                    format!("stream `{}` takes the late rows of query `{query}`", stream.name),
                    number.span.clone(),
                )
                .label("nothing is late or bad for this stream")
                .help(format!("count them with the rows of `{query}`, or write `count` here")),
            );
            return None;
        }
        let columns = self.plan.record_columns(stream);
        let rows = spec.rows.as_ref().map(|wanted| {
            // All of them, so that the mistakes of each are found.
            let rows: Vec<Option<Vec<Option<Datum>>>> =
                wanted.rows.iter().map(|row| self.values(row, columns)).collect();
            rows.into_iter().collect::<Option<Vec<_>>>()
        });
        let mut rows = rows.map_or(Some(None), |rows| rows.map(Some))?;
        if spec.all_columns {
            for value in rows.iter_mut().flatten().flatten() {
                value.get_or_insert(Datum::Null);
            }
        }
        Some(Expectation {
            stream: stream.name.clone(),
            rows,
            in_order: spec.in_order,
            count: spec.count.as_ref().map(|count| count.value),
            late: spec.late.as_ref().map(|late| late.value),
            bad: spec.bad.as_ref().map(|bad| bad.value),
        })
    }
}
