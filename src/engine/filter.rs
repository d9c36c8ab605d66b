//! A condition over the records of a stream, for those who look at them.

use crate::plan::Column;
use crate::record::RecordFormat;
use crate::sql::Expr;

use super::decode::Decoder;
use super::each_row::each_holds;
use super::expression::{Names, Physical, lower};
use super::select::needs_hidden;

/// Lets those rows through for which a condition holds. Rows are read and the condition is evaluated as in a query's
/// `where`.
pub struct Filter {
    decoder: Decoder,
    condition: Physical,
}

/// What came of some records.
#[derive(Debug, Default)]
pub struct Passed {
    /// The rows that were let through, each as it is written.
    pub rows: Vec<Vec<u8>>,
    /// How many rows there are of which the condition cannot be told: they cannot be read, or fail in it.
    pub untold: usize,
    /// Why it cannot be told of the first of them.
    pub reason: Option<String>,
}

impl Filter {
    /// Takes how the rows are written, their columns and a condition over these. Says why where it cannot be evaluated.
    pub fn new(format: RecordFormat, columns: &[Column], condition: &Expr) -> Result<Self, String> {
        if needs_hidden(condition) {
            return Err("the time of a row is known in a query only".to_owned());
        }
        let decoder = Decoder::new(format, columns, &[]);
        let schema = decoder.schema();
        let condition = lower(condition, Names { schema: &schema, aggregates: &[] });
        Ok(Self { condition: condition.map_err(|error| error.strip_backtrace())?, decoder })
    }

    /// Returns the rows of records for which the condition holds, in their order.
    pub fn pass(&mut self, records: &[Vec<u8>]) -> Result<Passed, String> {
        let mut passed = Passed::default();
        let mut read = Vec::with_capacity(records.len());
        for record in records {
            self.decoder.push(record, |range, row| match row {
                Ok(()) => read.push(record.get(range).unwrap_or_default()),
                Err(reason) => passed.is_untold(reason),
            });
        }
        let batch = self.decoder.finish();
        let judged = each_holds(&self.condition, &batch).map_err(|error| error.strip_backtrace())?;
        judged.failed.into_iter().for_each(|(_, reason)| passed.is_untold(reason));
        let held = read.into_iter().zip(judged.held).filter(|(_, held)| *held);
        passed.rows = held.map(|(row, _)| row.to_vec()).collect();
        Ok(passed)
    }
}

impl Passed {
    fn is_untold(&mut self, reason: String) {
        self.untold += 1;
        self.reason.get_or_insert(reason);
    }
}
