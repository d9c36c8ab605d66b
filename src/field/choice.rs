//! One of a list of values, as likely as its weight says.

use std::sync::Arc;

use rand::Rng;

use crate::document::{Diagnostic, Spanned, TableReader, Value};
use crate::sql::SqlType;

use super::{Draw, Field, Kind, Source, literal};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "choice", read };

#[derive(Debug)]
struct Choice {
    of: Vec<serde_json::Value>,
    /// One weight per value, or none where all are alike.
    weights: Option<Vec<f64>>,
}

impl Field for Choice {
    fn begin(&self, sql_type: SqlType, _skip: u64) -> Result<Draw, String> {
        let of: Vec<Vec<u8>> = self.of.iter().map(|value| literal::json(value, sql_type)).collect::<Result<_, _>>()?;
        let Some(weights) = &self.weights else {
            return Ok(Box::new(move |source, json| {
                let index = source.rng.random_range(0..of.len());
                json.extend_from_slice(&of[index]);
            }));
        };
        let steps = Steps::new(weights);
        Ok(Box::new(move |source, json| json.extend_from_slice(&of[steps.draw(source)])))
    }
}

/// The sums of the weights up to each value: a number below the last of them falls to one value.
struct Steps {
    ends: Vec<f64>,
    total: f64,
    /// The last value that has a weight, for a number that rounding brought up to the total.
    last: usize,
}

impl Steps {
    fn new(weights: &[f64]) -> Self {
        let mut total = 0.0;
        let ends = weights
            .iter()
            .map(|weight| {
                total += weight;
                total
            })
            .collect();
        Self { ends, total, last: weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0) }
    }

    fn draw(&self, source: &mut Source) -> usize {
        let drawn = source.rng.random::<f64>() * self.total;
        self.ends.partition_point(|end| *end <= drawn).min(self.last)
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Arc<dyn Field>> {
    let of = reader.take("of").and_then(|value| read_values(&value));
    let weights = match reader.optional("weights") {
        None => None,
        Some(value) => Some(read_weights(&value)?),
    };
    let of = of?;
    if let Some(weights) = &weights
        && weights.value.len() != of.value.len()
    {
        let (weights_count, values) = (weights.value.len(), of.value.len());
        reader.findings().add(
            Diagnostic::new(
                format!("{} has another number of weights than of values", reader.name()),
                weights.span.clone(),
            )
            .label(format!("{weights_count} here"))
            .other(of.span, format!("{values} here"))
            .help("write one weight for each value"),
        );
        return None;
    }
    Some(Arc::new(Choice { of: of.value, weights: weights.map(|weights| weights.value) }))
}

fn read_values(value: &Value<'_>) -> Option<Spanned<Vec<serde_json::Value>>> {
    let list = value.list()?;
    if list.is_empty() {
        value.findings().add(
            Diagnostic::new("there is nothing to choose from", value.span())
                .label("expected at least one value")
                .help("write the values in brackets, such as [\"AMZN\", \"AAPL\"]"),
        );
        return None;
    }
    let values: Vec<_> = list.iter().map(|item| item.scalar().map(|scalar| scalar.value)).collect();
    Some(Spanned::new(values.into_iter().collect::<Option<_>>()?, value.span()))
}

fn read_weights(value: &Value<'_>) -> Option<Spanned<Vec<f64>>> {
    let list = value.list()?;
    let mut weights = Vec::with_capacity(list.len());
    for item in &list {
        let weight = item.number()?;
        if weight.value < 0.0 {
            value.findings().add(
                Diagnostic::new("a weight is below 0", weight.span)
                    .label("expected 0 or more")
                    .help("write 0 for a value that should never come"),
            );
            return None;
        }
        weights.push(weight.value);
    }
    let total: f64 = weights.iter().sum();
    let usable = total > 0.0 && total.is_finite();
    if !usable && !list.is_empty() {
        value.findings().add(
            Diagnostic::new("the weights have no usable sum", value.span())
                .label("expected a sum above 0")
                .help("leave `weights` out where all values are alike"),
        );
        return None;
    }
    Some(Spanned::new(weights, value.span()))
}

#[cfg(test)]
mod tests {
    use crate::field::fixture;
    use crate::sql::SqlType;

    fn shares(text: &str, of: [&str; 3]) -> [usize; 3] {
        let field = fixture::read(text).expect("a field that fits");
        let drawn = fixture::draw(field.as_ref(), SqlType::Varchar(8), 10_000);
        of.map(|value| drawn.iter().filter(|drawn| drawn.trim_matches('"') == value).count())
    }

    #[test]
    fn values_come_as_often_as_their_weights_say() {
        let text = "kind = 'choice'\nof = ['AMZN', 'AAPL', 'MSFT']\nweights = [5, 3, 2]";
        let [amzn, aapl, msft] = shares(text, ["AMZN", "AAPL", "MSFT"]);
        assert!((4_800..5_200).contains(&amzn), "{amzn}");
        assert!((2_800..3_200).contains(&aapl), "{aapl}");
        assert_eq!(amzn + aapl + msft, 10_000);
        let even = shares("kind = 'choice'\nof = ['a', 'b', 'c']", ["a", "b", "c"]);
        assert!(even.iter().all(|share| (3_150..3_520).contains(share)), "{even:?}");
    }

    #[test]
    fn a_weight_of_0_is_never_chosen() {
        let text = "kind = 'choice'\nof = ['a', 'b', 'c']\nweights = [0, 1, 0]";
        assert_eq!(shares(text, ["a", "b", "c"]), [0, 10_000, 0]);
    }

    #[test]
    fn mistakes_are_found() {
        let message = |text: &str| fixture::read(text).expect_err("a mistake");
        assert_eq!(message("kind = 'choice'\nof = []"), "there is nothing to choose from");
        assert_eq!(
            message("kind = 'choice'\nof = [1, 2]\nweights = [1]"),
            "field `f` has another number of weights than of values"
        );
        assert_eq!(message("kind = 'choice'\nof = [1, 2]\nweights = [1, -1]"), "a weight is below 0");
        assert_eq!(message("kind = 'choice'\nof = [1, 2]\nweights = [0, 0.0]"), "the weights have no usable sum");
        assert_eq!(message("kind = 'choice'\nof = [1, [2]]"), "`of` is a list, not text, a number or a boolean");
        let field = fixture::read("kind = 'choice'\nof = ['AMZN', 'GOOGL']").expect("a field that fits");
        assert_eq!(
            field.check(SqlType::Varchar(4)),
            Err("\"GOOGL\" has 5 characters, and a VARCHAR(4) holds 4".to_owned())
        );
    }
}
