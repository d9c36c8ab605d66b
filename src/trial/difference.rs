//! Where rows part, for reading and for programs.

use serde_json::{Map, Value, json, value::RawValue};

use crate::plan::{Datum, Row};
use crate::ui::table;

use super::compare::Wanted;

/// What stands before a value that differs: colour alone would not reach everybody.
const MARK: &str = "≠ ";
/// How many rows of one kind a table shows; a program is given all of them.
const SHOWN: usize = 20;

/// Expected rows and found ones that are not the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The columns of the stream.
    pub(super) columns: Vec<String>,
    /// How many rows were expected.
    pub(super) wanted: usize,
    /// How many there are.
    pub(super) found: usize,
    /// Whether the rows are the right ones in another order.
    pub(super) only_order: bool,
    /// Whether more rows than those expected may come.
    pub(super) at_least: bool,
    /// The expected rows that were not found.
    pub(super) missing: Vec<Miss>,
    /// The found rows that were not expected, and are not the nearest of one that is missing.
    pub(super) unexpected: Vec<Row>,
}

/// An expected row that was not found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Miss {
    pub(super) wanted: Wanted,
    /// The row that differs least from it.
    pub(super) nearest: Option<Row>,
}

impl Miss {
    /// Returns which columns of the two differ.
    fn differs(&self) -> Vec<bool> {
        let Some(nearest) = &self.nearest else { return vec![false; self.wanted.len()] };
        let differs =
            |(wanted, found): (&Option<Datum>, &Datum)| wanted.as_ref().is_some_and(|wanted| !wanted.matches(found));
        self.wanted.iter().zip(nearest).map(differs).collect()
    }
}

impl Difference {
    /// Says in one line what is wrong.
    pub fn summary(&self) -> String {
        if self.only_order {
            return "the rows come in another order".to_owned();
        }
        if self.at_least {
            return format!("{} of {} expected rows not found", self.missing.len(), self.wanted);
        }
        let rows = |count: usize| if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
        match (self.wanted, self.found) {
            (0, found) => {
                format!("no row is expected, and there {} {}", if found == 1 { "is" } else { "are" }, rows(found))
            }
            (wanted, 0) => format!("{} expected, and there is none", rows(wanted)),
            (wanted, found) if wanted == found => {
                format!("{} expected and found, {} of them with differences", rows(wanted), self.missing.len())
            }
            (wanted, found) => format!("{} expected, {found} found", rows(wanted)),
        }
    }

    /// Draws the rows that differ, those that belong together one below the other.
    pub fn drawn(&self) -> String {
        self.drawn_as(["expected", "nearest", "missing", "not expected"])
    }

    /// Draws the rows of two engines side by side.
    pub(super) fn drawn_parted(&self) -> String {
        self.drawn_as(["embedded", "flink", "only embedded", "only flink"])
    }

    fn drawn_as(&self, [expected, beside, missing, unexpected]: [&str; 4]) -> String {
        let named =
            |index: &usize| self.missing.is_empty() || self.missing.iter().any(|miss| miss.wanted[*index].is_some());
        let shown: Vec<usize> = (0..self.columns.len()).filter(named).collect();
        let mut header = vec![String::new()];
        header.extend(shown.iter().map(|index| self.columns[*index].clone()));
        let mut rows = Vec::new();
        for miss in self.missing.iter().take(SHOWN) {
            let differs = miss.differs();
            let marked = |index: usize, text: String| if differs[index] { format!("{MARK}{text}") } else { text };
            let word = if miss.nearest.is_some() { expected } else { missing };
            let wanted =
                |index: &usize| marked(*index, miss.wanted[*index].as_ref().map_or(String::new(), Datum::shown));
            rows.push(std::iter::once(word.to_owned()).chain(shown.iter().map(wanted)).collect());
            if let Some(nearest) = &miss.nearest {
                let found = |index: &usize| marked(*index, nearest[*index].shown());
                rows.push(std::iter::once(beside.to_owned()).chain(shown.iter().map(found)).collect());
            }
        }
        for row in self.unexpected.iter().take(SHOWN) {
            let found = shown.iter().map(|index| row[*index].shown());
            rows.push(std::iter::once(unexpected.to_owned()).chain(found).collect());
        }
        let hidden = self.missing.len().saturating_sub(SHOWN) + self.unexpected.len().saturating_sub(SHOWN);
        let drawn = table(&header, &rows);
        if hidden == 0 { drawn } else { format!("{drawn}\n and {hidden} more") }
    }

    /// Returns all of it for a program.
    pub fn json(&self) -> Value {
        let wanted = |row: &Wanted| -> Value {
            let members =
                self.columns.iter().zip(row).filter_map(|(name, value)| Some((name.clone(), raw(value.as_ref()?))));
            members.collect::<Map<_, _>>().into()
        };
        let found = |row: &Row| -> Value {
            self.columns.iter().cloned().zip(row.iter().map(raw)).collect::<Map<_, _>>().into()
        };
        let miss = |miss: &Miss| {
            let names = self.columns.iter().zip(miss.differs()).filter(|(_, differs)| *differs).map(|(name, _)| name);
            json!({
                "expected": wanted(&miss.wanted),
                "nearest": miss.nearest.as_ref().map(found),
                "differs": names.collect::<Vec<_>>(),
            })
        };
        json!({
            "missing": self.missing.iter().map(miss).collect::<Vec<_>>(),
            "unexpected": self.unexpected.iter().map(found).collect::<Vec<_>>(),
        })
    }
}

/// A value as JSON. A number that a double does not hold keeps its digits as text.
fn raw(datum: &Datum) -> Value {
    let text = datum.json();
    let exact = serde_json::from_str::<&RawValue>(&text).is_ok();
    let value: Option<Value> = serde_json::from_str(&text).ok().filter(|_| exact);
    match value {
        Some(Value::Number(number)) if matches!(datum, Datum::Exact(_)) && number.to_string() != text => {
            Value::from(text)
        }
        Some(value) => value,
        None => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_marked() {
        let text = |text: &str| Datum::Text(text.to_owned());
        let difference = Difference {
            columns: ["ticker", "n", "low"].map(str::to_owned).to_vec(),
            wanted: 2,
            found: 2,
            only_order: false,
            at_least: false,
            missing: vec![
                Miss {
                    wanted: vec![Some(text("AMZN")), Some(text("3")), None],
                    nearest: Some(vec![text("AMZN"), text("2"), text("1.5")]),
                },
                Miss { wanted: vec![Some(text("MSFT")), None, None], nearest: None },
            ],
            unexpected: vec![vec![text("A\u{7}"), text("9"), Datum::Null]],
        };
        let drawn = difference.drawn();
        let lines: Vec<&str> = drawn.lines().map(str::trim_end).collect();
        assert_eq!(
            [&lines[..1], &lines[2..]].concat(),
            [
                "                ticker   n",
                " expected       AMZN     ≠ 3",
                " nearest        AMZN     ≠ 2",
                " missing        MSFT",
                " not expected   A\\u{7}   9",
            ]
        );
        let json = difference.json();
        assert_eq!(json["missing"][0]["differs"], json!(["n"]));
        assert_eq!(
            json["missing"][0]["expected"],
            json!({ "ticker": "AMZN", "n": "3" }),
            "nothing is said of the rest"
        );
        assert_eq!(json["unexpected"][0]["low"], Value::Null);
    }
}
