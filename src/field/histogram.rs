//! Numbers as a histogram has them: each bin as often as its weight says, and evenly within it.

use rand::Rng;

use crate::document::{Diagnostic, TableReader};
use crate::sql::SqlType;

use super::number::{Number, Numbers};
use super::weights::{Weights, read_weights};
use super::{Beginning, Draw, Field, Kind, Way};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "histogram", read };

#[derive(Debug)]
struct Histogram {
    /// The ends of the bins, rising: one more than there are weights.
    bounds: Vec<Number>,
    weights: Vec<f64>,
    numbers: Numbers,
}

impl Field for Histogram {
    fn begin(&self, sql_type: SqlType, _: &Beginning) -> Result<Draw, String> {
        let grid = self.numbers.grid(sql_type)?;
        let bounds: Vec<f64> = self.bounds.iter().map(|bound| grid.scale(*bound)).collect();
        let weights = Weights::new(&self.weights);
        Ok(Box::new(move |source, json| {
            let bin = weights.draw(&mut source.rng);
            let (low, high) = (bounds[bin], bounds[bin + 1]);
            // Up to and without the upper bound, so that a value lies in one bin.
            grid.write(grid.nearest((low + (high - low) * source.rng.random::<f64>()).floor()), json);
        }))
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    let bounds = reader.take("bounds")?;
    let weights = reader.take("weights").and_then(|value| read_weights(&value));
    let mut read = Vec::new();
    for item in bounds.list()? {
        let bound = Number::read(&item)?;
        if read.last().is_some_and(|last: &crate::document::Spanned<Number>| !bound.value.exceeds(last.value)) {
            item.findings().add(
                Diagnostic::new("the bounds do not rise", bound.span)
                    .label("not above the one before")
                    .help("write them from the least to the greatest"),
            );
            return None;
        }
        read.push(bound);
    }
    let weights = weights?;
    if read.len() != weights.value.len() + 1 {
        let (bins, weight) = (read.len(), weights.value.len());
        reader.findings().add(
            Diagnostic::new(format!("{} has another number of bins than of weights", reader.name()), bounds.span())
                .label(format!("{bins} bounds here"))
                .other(weights.span, format!("{weight} weights here"))
                .help("write one bound more than weights: a bin lies between two bounds"),
        );
        return None;
    }
    let numbers = Numbers::read_within(reader, read.first()?.clone(), read.last()?.clone())?;
    Some(Way::drawn(Histogram {
        bounds: read.iter().map(|bound| bound.value).collect(),
        weights: weights.value,
        numbers,
    }))
}

#[cfg(test)]
mod tests {
    use crate::field::fixture;
    use crate::sql::SqlType;

    #[test]
    fn bins_come_as_often_as_their_weights_say() {
        let text = "kind = 'histogram'\nbounds = [0, 10, 100, 1000]\nweights = [6, 3, 1]";
        let drawn = fixture::numbers(text, SqlType::Double, 20_000);
        let within = |low: f64, high: f64| drawn.iter().filter(|number| (low..high).contains(*number)).count();
        assert!((11_700..12_300).contains(&within(0.0, 10.0)), "{}", within(0.0, 10.0));
        assert!((1_800..2_200).contains(&within(100.0, 1000.1)), "{}", within(100.0, 1000.1));
        let half = within(10.0, 55.0);
        assert!((2_800..3_200).contains(&half), "evenly within a bin: {half}");
    }

    #[test]
    fn mistakes_are_found() {
        let message = |text: &str| fixture::read(&format!("kind = 'histogram'\n{text}")).expect_err("a mistake");
        assert_eq!(message("bounds = [0, 10, 10]\nweights = [1, 1]"), "the bounds do not rise");
        assert_eq!(message("bounds = [0]\nweights = []"), "the weights have no usable sum");
        assert_eq!(
            message("bounds = [0, 1]\nweights = [1, 1]"),
            "field `f` has another number of bins than of weights"
        );
        let field = fixture::read("kind = 'histogram'\nbounds = [0, 200]\nweights = [1]").expect("a field that fits");
        assert_eq!(field.check(SqlType::TinyInt), Err("no TINYINT holds 200".to_owned()));
    }
}
