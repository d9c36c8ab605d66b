//! Expressions over rows whose values are JSON, for whoever makes rows rather than reads them.

use arrow::datatypes::DataType;
use datafusion_common::DataFusionError;

use crate::plan::Column;
use crate::record::RecordFormat;
use crate::sql::{Expr, SqlType};

use super::decode::Decoder;
use super::each_row::each_row;
use super::expression::{Names, Physical, evaluate, lower};
use super::json::write_value;

/// An expression over rows whose values are JSON, with the meaning that it has in a query.
pub struct Formula {
    decoder: Decoder,
    physical: Physical,
    types: [DataType; 1],
    /// How many columns it may name.
    named: usize,
    /// What stands before each value in the object that a row is read as.
    members: Vec<Vec<u8>>,
    object: Vec<u8>,
}

impl Formula {
    /// Takes an expression and the columns that it may name, by their names. Fails where the expression has no physical
    /// form.
    pub fn new(expr: &Expr, columns: &[(String, SqlType)]) -> Result<Self, DataFusionError> {
        // A batch has a column.
        let (named, none) = (columns.len(), [("$none".to_owned(), SqlType::Boolean)]);
        let columns: Vec<Column> = (if columns.is_empty() { &none } else { columns })
            .iter()
            .map(|(name, sql_type)| Column {
                name: name.clone(),
                sql_type: *sql_type,
                not_null: false,
                path: vec![name.clone()],
            })
            .collect();
        let decoder = Decoder::new(RecordFormat::Json, &columns, &[]);
        let schema = decoder.schema();
        let physical = lower(expr, Names { schema: &schema, aggregates: &[] })?;
        let types = [physical.data_type(&schema)?];
        let member = |(index, column): (usize, &Column)| {
            let mut text = vec![if index == 0 { b'{' } else { b',' }];
            serde_json::to_writer(&mut text, &column.name).expect("writing to memory does not fail");
            text.push(b':');
            text
        };
        let members = columns.iter().enumerate().map(member).collect();
        Ok(Self { decoder, physical, types, named, members, object: Vec::new() })
    }

    /// Computes the expression for some rows, of whose columns `value` gives the JSON. Gives `each` the value of every
    /// row, in order: NULL where the row cannot be computed.
    pub fn compute<'v>(
        &mut self,
        rows: usize,
        value: impl Fn(usize, usize) -> &'v [u8],
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), DataFusionError> {
        for row in 0..rows {
            self.object.clear();
            for (column, member) in self.members.iter().enumerate() {
                self.object.extend_from_slice(member);
                self.object.extend_from_slice(if self.named == 0 { b"null" } else { value(row, column) });
            }
            self.object.push(b'}');
            let mut read = Ok(());
            self.decoder.push(&self.object, |_, result| read = result);
            // A value that its own column does not hold makes a row of NULL.
            if read.is_err() {
                self.decoder.push(b"{}", |_, _| {});
            }
        }
        let batch = self.decoder.finish();
        let computed = each_row(&batch, &self.types, |batch| Ok(vec![evaluate(&self.physical, batch)?]))?;
        let mut failed = computed.failed.iter().map(|(row, _)| *row).peekable();
        let mut json = Vec::new();
        let mut index = 0;
        for row in 0..rows {
            json.clear();
            if failed.next_if_eq(&row).is_some() {
                json.extend_from_slice(b"null");
            } else {
                write_value(computed.arrays[0].as_ref(), index, &mut json);
                index += 1;
            }
            each(&json);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Visible, read_row};

    #[test]
    fn rows_are_computed_and_one_that_fails_is_null() {
        let columns = [("price".to_owned(), SqlType::Double), ("n".to_owned(), SqlType::Integer)];
        let names: Vec<Visible> = columns.iter().map(|(name, sql_type)| Visible::column(name, *sql_type)).collect();
        let expr = read_row("price * (10 / n)", &names).expect("an expression");
        let mut formula = Formula::new(&expr, &columns).expect("a formula");
        let rows: [[&[u8]; 2]; 4] = [[b"2.5", b"5"], [b"1", b"0"], [b"null", b"1"], [b"3", b"10"]];
        let mut found = Vec::new();
        let each = |json: &[u8]| found.push(String::from_utf8(json.to_vec()).expect("UTF-8"));
        formula.compute(4, |row, column| rows[row][column], each).expect("values");
        assert_eq!(found, ["5.0", "null", "null", "3.0"]);
        let one = read_row("1 + 1", &[]).expect("an expression");
        let mut found = Vec::new();
        let mut formula = Formula::new(&one, &[]).expect("a formula");
        formula.compute(2, |_, _| b"", |json| found.push(json.to_vec())).expect("values");
        assert_eq!(found, [b"2", b"2"]);
    }
}
