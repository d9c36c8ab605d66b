//! What goes wrong, with which calls, and how often.

use std::{ops::Range, time::Duration};

use rand::{Rng, SeedableRng, rngs::StdRng};

/// One thing that goes wrong. Of several that fit a call the first that is due happens.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    operation: &'static str,
    when: When,
    pub(super) effect: Effect,
}

#[derive(Debug, Clone)]
enum When {
    /// With the calls of these numbers, counted from 0 among those of the operation.
    Calls(Range<usize>),
    /// With every so-many-th call.
    Every(usize),
    /// With a share of the calls, as chance has it.
    Share(f64),
}

#[derive(Debug, Clone)]
pub(super) enum Effect {
    /// The call is refused and not carried out.
    Refuse { status: u16, code: &'static str },
    /// The connection is closed without an answer, and the call is not carried out.
    Closed,
    /// The connection is closed without an answer, but the call is carried out.
    Unheard,
    /// The call is carried out after so long.
    Delay(Duration),
    /// A share of the entries of `PutRecords` is refused, each as chance has it; the others are carried out.
    Entries(f64),
    /// The call is carried out, and the answer says one word where it said another.
    Says { instead_of: &'static str, word: &'static str },
}

impl Fault {
    /// Means every call of an operation: its name in the API; of S3, where the SDK does not tell it, the method and the
    /// name of the first parameter, such as `PUT` or `PUT ?versioning`; of whatever there is with `*`.
    pub(crate) fn on(operation: &'static str) -> Self {
        Self { operation, when: When::Calls(0..usize::MAX), effect: Effect::Closed }
    }

    /// Means the calls of these numbers only, counted from 0 among those of the operation.
    pub(crate) fn calls(self, calls: Range<usize>) -> Self {
        Self { when: When::Calls(calls), ..self }
    }

    /// Means every so-many-th call only.
    pub(crate) fn every(self, nth: usize) -> Self {
        Self { when: When::Every(nth), ..self }
    }

    /// Means a share of the calls only.
    pub(crate) fn share(self, share: f64) -> Self {
        Self { when: When::Share(share), ..self }
    }

    /// Refuses with HTTP 400 and a code of AWS, such as `ThrottlingException`.
    pub(crate) fn refused(self, code: &'static str) -> Self {
        self.answered(400, code)
    }

    /// Refuses with a status and a code, such as 500 and `InternalFailure`, or 503 and `SlowDown`.
    pub(crate) fn answered(self, status: u16, code: &'static str) -> Self {
        Self { effect: Effect::Refuse { status, code }, ..self }
    }

    /// Closes the connection without an answer; nothing is carried out. It is what happens unless something else is said.
    pub(crate) fn closed(self) -> Self {
        Self { effect: Effect::Closed, ..self }
    }

    /// Carries the call out and lets the client hear nothing of it.
    pub(crate) fn unheard(self) -> Self {
        Self { effect: Effect::Unheard, ..self }
    }

    /// Carries the call out after so long.
    pub(crate) fn delayed(self, delay: Duration) -> Self {
        Self { effect: Effect::Delay(delay), ..self }
    }

    /// Carries the call out, and puts a word in the place of another one in the answer.
    pub(crate) fn saying(self, word: &'static str, instead_of: &'static str) -> Self {
        Self { effect: Effect::Says { instead_of, word }, ..self }
    }

    /// Refuses a share of the entries of a `PutRecords`, as a shard does that has had enough.
    pub(crate) fn entries(self, share: f64) -> Self {
        Self { effect: Effect::Entries(share), ..self }
    }
}

/// Faults, and how far they are.
pub(super) struct Faults {
    rules: Vec<(Fault, usize)>,
    pub(super) chance: StdRng,
}

impl Faults {
    pub(super) fn new(rules: &[Fault], seed: u64) -> Self {
        let rules = rules.iter().map(|fault| (fault.clone(), 0)).collect();
        Self { rules, chance: StdRng::seed_from_u64(seed) }
    }

    /// Counts a call and returns what happens to it.
    pub(super) fn next(&mut self, operation: &str) -> Option<Effect> {
        let mut happens = None;
        for (fault, seen) in &mut self.rules {
            if fault.operation != operation && fault.operation != "*" {
                continue;
            }
            let call = *seen;
            *seen += 1;
            let due = match &fault.when {
                When::Calls(calls) => calls.contains(&call),
                When::Every(nth) => call % nth == nth - 1,
                When::Share(share) => self.chance.random_bool(*share),
            };
            if due && happens.is_none() {
                happens = Some(fault.effect.clone());
            }
        }
        happens
    }
}
