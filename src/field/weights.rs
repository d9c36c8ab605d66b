//! Chance that falls on some things more often than on others.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::document::{Diagnostic, Spanned, Value};

/// The sums of the weights up to each thing: a number below the last of them falls to one thing.
#[derive(Debug)]
pub(super) struct Weights {
    ends: Vec<f64>,
    total: f64,
    /// The last thing that has a weight, for a number that rounding brought up to the total.
    last: usize,
}

impl Weights {
    /// Takes the weight of each thing: 0 or more, with a sum above 0.
    pub(super) fn new(weights: &[f64]) -> Self {
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

    /// Draws a thing, by its place.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> usize {
        let drawn = rng.random::<f64>() * self.total;
        self.ends.partition_point(|end| *end <= drawn).min(self.last)
    }
}

/// Reads a list of weights.
pub(super) fn read_weights(value: &Value<'_>) -> Option<Spanned<Vec<f64>>> {
    let list = value.list()?;
    let mut weights = Vec::with_capacity(list.len());
    for item in &list {
        weights.push(read_weight(item)?);
    }
    let total: f64 = weights.iter().sum();
    if !(total > 0.0 && total.is_finite()) {
        value.findings().add(
            Diagnostic::new("the weights have no usable sum", value.span())
                .label("expected a sum above 0")
                .help("write a weight above 0 for at least one"),
        );
        return None;
    }
    Some(Spanned::new(weights, value.span()))
}

/// Reads one weight.
pub(super) fn read_weight(value: &Value<'_>) -> Option<f64> {
    let weight = value.number()?;
    if weight.value < 0.0 {
        value.findings().add(
            Diagnostic::new("a weight is below 0", weight.span)
                .label("expected 0 or more")
                .help("write 0 for a value that should never come"),
        );
        return None;
    }
    Some(weight.value)
}
