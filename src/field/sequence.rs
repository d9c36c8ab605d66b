//! Numbers that count: each is the one before plus a step. Behind the last one that the column holds comes the first.

use crate::document::{Diagnostic, TableReader};
use crate::sql::SqlType;

use super::number::{Grid, Number, unfit};
use super::{Beginning, Depends, Draw, Field, Kind, Way};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "sequence", read };

#[derive(Debug)]
struct Sequence {
    start: Number,
    step: Number,
}

impl Field for Sequence {
    fn begin(&self, sql_type: SqlType, beginning: &Beginning) -> Result<Draw, String> {
        let grid = Grid::of(sql_type, None)?;
        let units = |number: Number| {
            let units = number.exactly(grid.decimals).filter(|units| (grid.low..=grid.high).contains(units));
            units.ok_or_else(|| unfit(sql_type, number))
        };
        let (start, step) = (i128::from(units(self.start)?), i128::from(units(self.step)?));
        let room = if step > 0 { i128::from(grid.high) - start } else { start - i128::from(grid.low) };
        let values = room / step.abs() + 1;
        let mut index = i128::from(beginning.skip) % values;
        Ok(Box::new(move |_, json| {
            let value = i64::try_from(start + step * index).expect("an index below `values` stays within the grid");
            grid.write(value, json);
            index += 1;
            if index == values {
                index = 0;
            }
        }))
    }

    fn depends(&self) -> Depends {
        Depends::Before
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    let start = reader.optional("start").and_then(|value| Number::read(&value));
    let step = reader.optional("step").and_then(|value| Number::read(&value));
    if let Some(step) = step.as_ref().filter(|step| step.value.as_f64() == 0.0) {
        reader.findings().add(
            Diagnostic::new("a sequence has to move", step.span.clone())
                .label("expected another number than 0")
                .help("leave the field to `constant` where its value should not change"),
        );
        return None;
    }
    let start = start.map_or(Number::Whole(0), |start| start.value);
    Some(Way::drawn(Sequence { start, step: step.map_or(Number::Whole(1), |step| step.value) }))
}

#[cfg(test)]
mod tests {
    use crate::field::{Beginning, fixture};
    use crate::sql::SqlType;

    fn drawn(text: &str, sql_type: SqlType, count: usize) -> Vec<String> {
        fixture::draw(fixture::read(text).expect("a field that fits").as_ref(), sql_type, count)
    }

    #[test]
    fn a_sequence_counts() {
        assert_eq!(drawn("kind = 'sequence'", SqlType::BigInt, 3), ["0", "1", "2"]);
        assert_eq!(drawn("kind = 'sequence'\nstart = 10\nstep = -4", SqlType::BigInt, 3), ["10", "6", "2"]);
        let decimal = SqlType::Decimal { precision: 5, scale: 1 };
        assert_eq!(drawn("kind = 'sequence'\nstep = 0.5", decimal, 3), ["0.0", "0.5", "1.0"]);
    }

    #[test]
    fn behind_the_last_number_comes_the_first() {
        let text = "kind = 'sequence'\nstart = 120\nstep = 5";
        assert_eq!(drawn(text, SqlType::TinyInt, 4), ["120", "125", "120", "125"]);
        let text = format!("kind = 'sequence'\nstart = {}", i64::MAX);
        assert_eq!(drawn(&text, SqlType::BigInt, 2), [i64::MAX.to_string(), i64::MAX.to_string()]);
    }

    #[test]
    fn a_sequence_goes_on_behind_earlier_values() {
        let field = fixture::read("kind = 'sequence'\nstart = 1").expect("a field that fits");
        let mut source = fixture::source();
        let mut json = Vec::new();
        field.begin(SqlType::Integer, &Beginning { skip: 41, ..Beginning::first() }).expect("a field that fits")(
            &mut source,
            &mut json,
        );
        assert_eq!(json, b"42");
    }

    #[test]
    fn mistakes_are_found() {
        assert_eq!(fixture::read("kind = 'sequence'\nstep = 0").expect_err("a mistake"), "a sequence has to move");
        let field = fixture::read("kind = 'sequence'\nstart = 0.5").expect("a field that fits");
        assert_eq!(field.check(SqlType::Integer), Err("no INTEGER holds 0.5".to_owned()));
    }
}
