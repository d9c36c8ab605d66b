//! A state that goes on to another when its time is over: orders, sessions, machines.

use rand::Rng;
use rand_distr::Exp1;

use crate::document::{Diagnostic, Spanned, TableReader, Value, help_for};
use crate::sql::SqlType;

use super::weights::{Weights, read_weight};
use super::{Beginning, Depends, Draw, Field, Kind, Source, Way, literal};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "states", read };

/// How many states may follow each other between two records: states that are so much faster than the records lag behind
/// the time rather than hold the records up.
const MAX_MOVES: usize = 1_000;
/// Microseconds in a second.
const SECOND: f64 = 1e6;

#[derive(Debug)]
struct States {
    start: usize,
    states: Vec<State>,
}

#[derive(Debug)]
struct State {
    value: serde_json::Value,
    stay: Stay,
    /// Which states follow, by index, and how likely each is; none where this one is the last.
    next: Vec<(usize, f64)>,
}

/// How long a state lasts, in microseconds.
#[derive(Debug, Clone, Copy)]
enum Stay {
    /// For one record.
    Record,
    /// From one length to another, each as likely.
    Between(f64, f64),
    /// By chance, whatever the time that has passed, with this mean.
    Mean(f64),
}

impl Stay {
    /// Draws when a state is over that begins at `since`; nothing where that is no question of time.
    fn end(self, since: i64, source: &mut Source) -> Option<i64> {
        let length = match self {
            Self::Record => return None,
            Self::Between(from, to) if from.to_bits() == to.to_bits() => from,
            Self::Between(from, to) => from + (to - from) * source.rng.random::<f64>(),
            Self::Mean(mean) => mean * source.rng.sample::<f64, _>(Exp1),
        };
        #[expect(clippy::cast_possible_truncation, reason = "a cast stops at the ends of 64 bits")]
        let length = length.round() as i64;
        Some(since.saturating_add(length))
    }
}

impl Field for States {
    fn begin(&self, sql_type: SqlType, _: &Beginning) -> Result<Draw, String> {
        let mut values = Vec::with_capacity(self.states.len());
        for state in &self.states {
            values.push(literal::json(&state.value, sql_type)?);
        }
        let stays: Vec<Stay> = self.states.iter().map(|state| state.stay).collect();
        let next: Vec<Option<(Vec<usize>, Weights)>> = self.states.iter().map(State::following).collect();
        // The state at hand, and when it is over.
        let mut at: Option<(usize, Option<i64>)> = None;
        let start = self.start;
        Ok(Box::new(move |source, json| {
            let (mut state, mut end) = at.unwrap_or_else(|| (start, stays[start].end(source.now, source)));
            let is_first = at.is_none();
            for moves in 0..MAX_MOVES {
                let Some((followers, weights)) = &next[state] else { break };
                let over = match end {
                    Some(end) => (end <= source.now).then_some(end),
                    // One that lasts for a record has had it, unless it has just begun.
                    None => (moves == 0 && !is_first).then_some(source.now),
                };
                let Some(since) = over else { break };
                state = followers[weights.draw(&mut source.rng)];
                end = stays[state].end(since, source);
            }
            json.extend_from_slice(&values[state]);
            at = Some((state, end));
        }))
    }

    fn depends(&self) -> Depends {
        Depends::Before
    }
}

impl State {
    fn following(&self) -> Option<(Vec<usize>, Weights)> {
        let (states, weights): (Vec<usize>, Vec<f64>) = self.next.iter().copied().unzip();
        (!states.is_empty()).then(|| (states, Weights::new(&weights)))
    }
}

/// A state as written.
struct Written {
    name: Spanned<String>,
    value: serde_json::Value,
    stay: Stay,
    next: Vec<(Spanned<String>, f64)>,
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    let start = reader.optional("start").and_then(|value| value.text());
    let states = reader.take("states")?;
    let table = states.table("`states`")?;
    if table.is_empty() {
        reader.findings().add(
            Diagnostic::new("there are no states", states.span())
                .label("expected at least one")
                .help("write them as { open = { for = \"1m\", next = \"closed\" }, closed = {} }"),
        );
        return None;
    }
    let count = table.len();
    let written = table.entries(read_state);
    if written.len() < count {
        return None;
    }
    let names: Vec<&str> = written.iter().map(|state| state.name.value.as_str()).collect();
    let find = |name: &Spanned<String>| {
        let found = names.iter().position(|known| *known == name.value);
        if found.is_none() {
            reader.findings().add(
                Diagnostic::new(format!("there is no state `{}`", name.value), name.span.clone())
                    .label("not among `states`")
                    .help(help_for(&name.value, names.clone())),
            );
        }
        found
    };
    let start = start.map_or(Some(0), |start| find(&start));
    let next: Vec<Option<Vec<(usize, f64)>>> = written
        .iter()
        .map(|state| {
            let found: Vec<_> = state.next.iter().map(|(name, weight)| Some((find(name)?, *weight))).collect();
            found.into_iter().collect()
        })
        .collect();
    let mut states = Vec::with_capacity(written.len());
    for (state, next) in written.iter().zip(next) {
        states.push(State { value: state.value.clone(), stay: state.stay, next: next? });
    }
    Some(Way::drawn(States { start: start?, states }))
}

fn read_state(value: &Value<'_>) -> Option<Written> {
    let mut reader = value.table(format!("state `{}`", value.key()))?;
    let stays = reader.optional("for").map(|value| read_stay(&value));
    let next = reader.optional("next").map(|value| read_next(&value));
    let own = reader.optional("value").map(|value| value.scalar());
    reader.finish();
    let name = Spanned::new(value.key().to_owned(), value.key_span());
    let value = match own {
        Some(own) => own?.value,
        None => serde_json::Value::String(name.value.clone()),
    };
    let stay = stays.unwrap_or(Some(Stay::Record))?;
    Some(Written { name, value, stay, next: next.unwrap_or(Some(Vec::new()))? })
}

fn read_stay(value: &Value<'_>) -> Option<Stay> {
    let micros = |value: &Value<'_>| value.duration().map(|length| length.map(|length| length.as_secs_f64() * SECOND));
    if value.is_list() {
        let list = value.list()?;
        let [from, to] = list.as_slice() else {
            value.findings().add(
                Diagnostic::new("a state lasts from one length to another", value.span()).label("expected two of them"),
            );
            return None;
        };
        let (from, to) = (micros(from)?, micros(to)?);
        if from.value > to.value {
            value.findings().add(
                Diagnostic::new("the shortest stay is above the longest", from.span)
                    .label("longer than the other")
                    .other(to.span, "this one")
                    .help("swap the two"),
            );
            return None;
        }
        return Some(Stay::Between(from.value, to.value));
    }
    if value.is_table() {
        let mut reader = value.table("`for`")?;
        let mean = reader.take("mean").and_then(|value| micros(&value));
        reader.finish();
        return Some(Stay::Mean(mean?.value));
    }
    let length = micros(value)?.value;
    Some(Stay::Between(length, length))
}

fn read_next(value: &Value<'_>) -> Option<Vec<(Spanned<String>, f64)>> {
    if !value.is_table() {
        return Some(vec![(value.text()?, 1.0)]);
    }
    let next = value.table("`next`")?.entries(|value| {
        let name = Spanned::new(value.key().to_owned(), value.key_span());
        Some((name, read_weight(value)?))
    });
    let total: f64 = next.iter().map(|(_, weight)| weight).sum();
    if !(total > 0.0 && total.is_finite()) {
        value.findings().add(
            Diagnostic::new("the weights have no usable sum", value.span())
                .label("expected a sum above 0")
                .help("leave `next` out of a state that is the last"),
        );
        return None;
    }
    Some(next)
}

#[cfg(test)]
mod tests {
    use crate::field::{Beginning, fixture};
    use crate::sql::SqlType;

    /// Draws a value at each of some seconds.
    fn drawn(text: &str, seconds: impl Iterator<Item = i64>) -> Vec<String> {
        let field = fixture::read(text).expect(text);
        let mut draw = field.begin(SqlType::Varchar(16), &Beginning::first()).expect("a field that fits");
        let mut source = fixture::source();
        seconds
            .map(|second| {
                source.now = second * 1_000_000;
                let mut json = Vec::new();
                draw(&mut source, &mut json);
                String::from_utf8(json).expect("UTF-8").trim_matches('"').to_owned()
            })
            .collect()
    }

    #[test]
    fn a_state_lasts_as_long_as_it_says() {
        let text = "kind = 'states'\nstates = { a = { for = '2s', next = 'b' }, b = { for = '1s', next = 'a' } }";
        assert_eq!(drawn(text, 0..7), ["a", "a", "b", "a", "a", "b", "a"]);
        // What passes between two records has passed.
        assert_eq!(drawn(text, [0, 31, 32].into_iter()), ["a", "a", "b"]);
    }

    #[test]
    fn without_a_length_a_state_lasts_for_a_record() {
        let text = "kind = 'states'\nstart = 'b'\nstates = { a = { next = 'b' }, b = { next = 'c' }, c = {} }";
        assert_eq!(drawn(text, 0..4), ["b", "c", "c", "c"]);
    }

    #[test]
    fn states_follow_as_often_as_their_weights_say() {
        let text = "kind = 'states'\nstates = { a = { next = { a = 3, b = 1 } }, b = { next = 'a' } }";
        let drawn = drawn(text, 0..10_000);
        let b = drawn.iter().filter(|state| *state == "b").count();
        // Of every five records one is b: four a for each.
        assert!((1_900..2_100).contains(&b), "{b}");
    }

    #[test]
    fn lengths_are_drawn() {
        let text = "kind = 'states'\nstates = { a = { for = { mean = '4s' }, next = 'b' }, b = { for = ['4s', '8s'], next = 'a' } }";
        let drawn = drawn(text, 0..20_000);
        let a = drawn.iter().filter(|state| *state == "a").count();
        assert!((7_600..8_400).contains(&a), "4 s of 10: {a}");
    }

    #[test]
    fn states_without_length_in_a_circle_end() {
        let text = "kind = 'states'\nstates = { a = { for = '1ms', next = 'a' } }";
        assert_eq!(drawn(text, [0, 1_000_000].into_iter()), ["a", "a"]);
    }

    #[test]
    fn mistakes_are_found() {
        let message = |states: &str| fixture::read(&format!("kind = 'states'\nstates = {states}")).expect_err(states);
        assert_eq!(message("{}"), "there are no states");
        assert_eq!(message("{ a = { next = 'b' } }"), "there is no state `b`");
        assert_eq!(message("{ a = { next = { a = 0 } } }"), "the weights have no usable sum");
        assert_eq!(message("{ a = { for = ['2s', '1s'] } }"), "the shortest stay is above the longest");
        assert_eq!(message("{ a = { for = ['2s'] } }"), "a state lasts from one length to another");
        assert_eq!(message("{ a = { to = 'b' } }"), "state `a` has no key `to`");
    }
}
