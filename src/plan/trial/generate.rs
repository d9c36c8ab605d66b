//! Records that a generator makes for a test.

use std::time::Duration;

use crate::document::{Diagnostic, Spanned};
use crate::spec::{GenerateSpec, StepSpec};
use crate::streams::Millis;

use super::super::Generator;
use super::Reading;

/// A run of a generator by the clock of a test.
#[derive(Debug, Clone)]
pub struct Generation {
    /// The generator, with the seed of the test.
    pub generator: Generator,
    /// How many records it makes, at least one.
    pub records: u64,
    /// What the clock shows at the first one.
    pub start: Millis,
    /// What it shows behind the last one. They come evenly, each at its own moment.
    pub end: Millis,
}

impl Reading<'_> {
    pub(super) fn generation(
        &self,
        name: &Spanned<String>,
        spec: &GenerateSpec,
        (clock, step): (&mut Millis, &StepSpec),
    ) -> Option<Generation> {
        let stream = self.stream(name)?;
        let Some(generator) = self.plan.generator(&stream.name) else {
            self.findings.add(
                Diagnostic::new(format!("stream `{}` has no generator", stream.name), spec.key.clone())
                    .label("nothing makes its records")
                    .help(format!("add [generators.{}], or write `rows`, `raw` or `file`", stream.name)),
            );
            return None;
        };
        let start = *clock;
        if spec.over > Duration::ZERO {
            let over = Millis::try_from(spec.over.as_millis()).unwrap_or(Millis::MAX);
            self.reach(clock, start.saturating_add(over), step)?;
        }
        let mut generator = generator.clone();
        if let Some(seed) = spec.seed {
            generator.reseed(seed);
        }
        Some(Generation { generator, records: spec.records, start, end: *clock })
    }
}
