//! Aggregates that are mistaken for others.

use crate::sql::{Aggregate, AggregateFunction};

/// Returns what an aggregate could be by mistake; all have its type.
pub(super) fn wrongs(aggregate: &Aggregate) -> Vec<Aggregate> {
    use AggregateFunction as F;
    let mut wrongs = Vec::new();
    let other = match aggregate.function {
        F::Min | F::Sum => Some(F::Max),
        F::Max | F::Avg => Some(F::Min),
        F::FirstValue => Some(F::LastValue),
        F::LastValue => Some(F::FirstValue),
        F::StddevPop => Some(F::StddevSamp),
        F::StddevSamp => Some(F::StddevPop),
        F::VarPop => Some(F::VarSamp),
        F::VarSamp => Some(F::VarPop),
        F::Any => Some(F::Every),
        F::Every => Some(F::Any),
        F::Count | F::ApproxCountDistinct | F::Percentile | F::ApproxPercentile | F::NthValue | F::Lag | F::ExpAvg => {
            None
        }
    };
    if let Some(function) = other {
        let mut wrong = Aggregate { function, distinct: false, ..aggregate.clone() };
        // The least of some numbers has their own type, and their sum a wider one.
        wrong.argument = wrong.argument.map(|argument| argument.cast(aggregate.sql_type, true));
        wrongs.push(wrong);
    }
    if aggregate.distinct {
        wrongs.push(Aggregate { distinct: false, ..aggregate.clone() });
    }
    if aggregate.function == F::Count && aggregate.argument.is_some() && !aggregate.distinct {
        wrongs.push(Aggregate { argument: None, ..aggregate.clone() });
    }
    wrongs
}
