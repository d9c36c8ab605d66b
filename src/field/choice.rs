//! One of a list of values, as likely as its weight says.

use rand::Rng;

use crate::document::{Diagnostic, Spanned, TableReader, Value};
use crate::sql::SqlType;

use super::weights::{Weights, read_weights};
use super::{Beginning, Draw, Field, Kind, Way, literal};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "choice", read };

#[derive(Debug)]
struct Choice {
    of: Vec<serde_json::Value>,
    /// One weight per value, or none where all are alike.
    weights: Option<Vec<f64>>,
}

impl Field for Choice {
    fn begin(&self, sql_type: SqlType, _: &Beginning) -> Result<Draw, String> {
        let of: Vec<Vec<u8>> = self.of.iter().map(|value| literal::json(value, sql_type)).collect::<Result<_, _>>()?;
        let Some(weights) = &self.weights else {
            return Ok(Box::new(move |source, json| {
                let index = source.rng.random_range(0..of.len());
                json.extend_from_slice(&of[index]);
            }));
        };
        let weights = Weights::new(weights);
        Ok(Box::new(move |source, json| json.extend_from_slice(&of[weights.draw(&mut source.rng)])))
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
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
    Some(Way::drawn(Choice { of: of.value, weights: weights.map(|weights| weights.value) }))
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
