//! How many records a stream gets at the most.

use crate::window::Shape;

use super::super::{Group, Operator, Plan, RelationId, Source};

/// Microseconds in a second.
const SECOND: f64 = 1e6;

impl Plan {
    /// Returns the records that a stream gets in a second at the most; `None` where that cannot be said: somebody else may
    /// write it, or one row of a query may be made into any number of them.
    pub fn most_records(&self, stream: &str) -> Option<f64> {
        self.most(stream, &mut Vec::new())
    }

    fn most<'a>(&'a self, stream: &'a str, open: &mut Vec<&'a str>) -> Option<f64> {
        // Rows may go in a circle by way of a stream of late ones.
        if open.contains(&stream) {
            return None;
        }
        open.push(stream);
        let most = match &self.stream(stream)?.source {
            Source::Producers => self.generator(stream).map(|generator| generator.rate.peak()),
            Source::Query(_) => {
                let mut writers = self.queries.iter().filter(|query| query.stream.as_deref() == Some(stream));
                writers.try_fold(0.0, |sum, query| Some(sum + self.most_rows(query.relation, open)?))
            }
            Source::Late(name) => {
                let query = self.queries.iter().find(|query| query.name == *name)?;
                self.streams_read(query).into_iter().try_fold(0.0, |sum, from| Some(sum + self.most(from, open)?))
            }
        };
        open.pop();
        most
    }

    fn most_rows<'a>(&'a self, relation: RelationId, open: &mut Vec<&'a str>) -> Option<f64> {
        match &self.relations[relation].operator {
            Operator::Read(read) => self.most(&read.stream, open),
            Operator::Select(select) => self.most_rows(select.input, open),
            Operator::Group(group) => Some(most_groups(group, self.most_rows(group.input, open)?)),
            // A row of a frame is a row of the input.
            Operator::Over(over) => self.most_rows(over.input, open),
            Operator::Union(inputs) => {
                inputs.iter().try_fold(0.0, |sum, input| Some(sum + self.most_rows(*input, open)?))
            }
            Operator::Forest(forest) => self.most_rows(forest.input, open),
            Operator::Hotspots(hotspots) => self.most_rows(hotspots.input, open),
            Operator::Rank(rank) => self.most_rows(rank.input, open),
            // One row may have any number of partners.
            Operator::Join(_) | Operator::Lookup(_) => None,
        }
    }
}

/// Returns the rows of windows over so many rows: a window has one for each group, and a group is made of one row at least.
#[expect(clippy::cast_precision_loss, reason = "a number of panes")]
fn most_groups(group: &Group, rows: f64) -> f64 {
    let Shape::Panes(panes) = group.window.shape() else { return rows };
    let by_rows = rows * panes.count as f64;
    if !group.keys.is_empty() {
        return by_rows;
    }
    by_rows.min(SECOND / panes.size as f64)
}

#[cfg(test)]
mod tests {
    use crate::document::Document;

    use super::*;

    const EVENTS: &str = r#"
[pipeline]
name = "p"
[streams.events]
event_time = { column = "at" }
[streams.events.columns]
at = "TIMESTAMP(3)"
k = "VARCHAR(8)"
[generators.events]
rate = "50/s"
[generators.events.fields]
at = { kind = "now" }
k = { kind = "choice", of = ["a", "b"] }
[streams.others]
event_time = { column = "at" }
[streams.others.columns]
at = "TIMESTAMP(3)"
k = "VARCHAR(8)"
[streams.out]
"#;

    fn most(query: &str) -> Option<f64> {
        let document = Document::new("p.toml", format!("{EVENTS}\n[queries.out]\n{query}"));
        let plans = Plan::check(&document).unwrap_or_else(|found| panic!("{}", document.draw(&found, false)));
        plans[0].most_records("out")
    }

    #[test]
    fn a_window_has_a_row_for_each_of_its_rows_at_the_most() {
        let count = "select = { n = \"COUNT(*)\" }\n";
        assert_eq!(most("from = \"events\"\nwhere = \"k = 'a'\"\n"), Some(50.0));
        let by = |window: &str| most(&format!("from = \"events\"\nwindow = {window}\ngroup_by = [\"k\"]\n{count}"));
        assert_eq!(by("{ kind = \"tumbling\", size = \"10s\" }"), Some(50.0));
        assert_eq!(by("{ kind = \"hopping\", size = \"10s\", slide = \"2s\" }"), Some(250.0));
        assert_eq!(by("{ kind = \"session\", gap = \"1s\" }"), Some(50.0));
        let all = format!("from = \"events\"\nwindow = {{ kind = \"tumbling\", size = \"10s\" }}\n{count}");
        assert_eq!(most(&all), Some(0.1));
    }

    #[test]
    fn what_somebody_else_writes_is_not_known() {
        assert_eq!(most("from = \"others\"\n"), None);
        assert_eq!(most("from = [\"events\", \"others\"]\n"), None);
        let join = "join = { with = \"others\", on = [\"k\"], after = \"1s\" }\nselect = { k = \"k\" }\n";
        assert_eq!(most(&format!("from = \"events\"\n{join}")), None);
    }
}
