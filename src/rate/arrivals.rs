//! How records lie in time at a rate.

use crate::document::{Diagnostic, Value, help_for};

/// How records lie in time at a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arrivals {
    /// One as far from the next as the rate says.
    #[default]
    Even,
    /// By chance, each independent of the others: a Poisson process.
    Poisson,
}

const NAMES: [(&str, Arrivals); 2] = [("even", Arrivals::Even), ("poisson", Arrivals::Poisson)];

impl Arrivals {
    /// Reads `arrivals`.
    pub fn read(value: &Value<'_>) -> Option<Self> {
        let text = value.text()?;
        let found = NAMES.iter().find(|(name, _)| *name == text.value);
        if found.is_none() {
            value.findings().add(
                Diagnostic::new(format!("`{}` is no kind of arrivals", text.value), text.span)
                    .label("expected `even` or `poisson`")
                    .help(help_for(&text.value, NAMES.iter().map(|(name, _)| *name).collect::<Vec<_>>())),
            );
        }
        found.map(|(_, arrivals)| *arrivals)
    }
}
