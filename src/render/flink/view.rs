//! Relations → views, and the rows of a query out of them.

use std::collections::BTreeSet;

use crate::plan::{Operator, Plan, RelationId};
use crate::sql::{Aggregate, Dialect, Expr, ExprKind, SqlType, expression_text};

use super::super::kda_sql::Output;
use super::super::windowed::passes_all;
use super::connector::Connectors;
use super::refusal::Refusal;
use super::{group, join, lookup, over, select, union};

/// A SELECT, part by part.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) outputs: Vec<Output>,
    pub(super) from: String,
    pub(super) filter: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) having: Option<String>,
    /// What `OVER` means, by name.
    pub(super) window: Option<(String, String)>,
    /// More of them, of the same columns.
    pub(super) more: Vec<Self>,
}

/// The relations of a plan on their way into views.
pub(super) struct Views<'a> {
    pub(super) plan: &'a Plan,
    pub(super) connectors: &'a Connectors,
    /// The column that every view has for the time of its rows, unlike any other.
    pub(super) row_time: String,
    /// Whether a stream is written with what is made of each relation.
    wanted: Vec<bool>,
    /// What is made of each relation.
    users: Vec<Vec<RelationId>>,
    /// By which name each relation is read.
    names: Vec<String>,
    /// Names that are taken.
    taken: BTreeSet<String>,
    /// The views in order: name and text.
    pub(super) views: Vec<(String, Rows)>,
}

impl<'a> Views<'a> {
    pub(super) fn new(plan: &'a Plan, connectors: &'a Connectors) -> Self {
        let mut wanted: Vec<bool> = vec![false; plan.relations.len()];
        for (query, _) in plan.outputs() {
            wanted[query.relation] = true;
        }
        let mut users = vec![Vec::new(); plan.relations.len()];
        for id in (0..plan.relations.len()).rev() {
            if wanted[id] {
                for input in plan.relations[id].operator.inputs() {
                    wanted[input] = true;
                    users[input].push(id);
                }
            }
        }
        let members = plan.streams.iter().flat_map(|stream| &stream.columns).flat_map(|column| column.path.iter());
        let attributes = plan.relations.iter().flat_map(|relation| &relation.attributes);
        let columns = plan.tables.iter().flat_map(|table| &table.columns);
        let known: BTreeSet<&str> =
            members.map(String::as_str).chain(attributes.chain(columns).map(|other| other.name.as_str())).collect();
        let mut row_time = "row_time".to_owned();
        while known.contains(row_time.as_str()) {
            row_time.push('_');
        }
        let mut taken: BTreeSet<String> = plan.outputs().map(|(_, stream)| stream.to_owned()).collect();
        taken.extend(plan.tables.iter().map(|table| table.name.clone()));
        let names = vec![String::new(); plan.relations.len()];
        let mut views = Self { plan, connectors, row_time, wanted, users, names, taken, views: Vec::new() };
        for id in 0..plan.relations.len() {
            views.names[id] = views.free_name(&plan.relations[id].name);
        }
        views
    }

    /// Returns a name that nothing has, and takes it.
    pub(super) fn free_name(&mut self, like: &str) -> String {
        let mut name = like.to_owned();
        if self.taken.contains(&name) {
            name.push_str(":rows");
        }
        while !self.taken.insert(name.clone()) {
            name.push('_');
        }
        name
    }

    /// Returns the name by which a relation is read.
    pub(super) fn name(&self, id: RelationId) -> &str {
        &self.names[id]
    }

    /// Returns whether a stream is written with what is made of a relation.
    pub(super) fn is_wanted(&self, id: RelationId) -> bool {
        self.wanted[id]
    }

    /// Returns whether anything is made of a relation.
    pub(super) fn is_read(&self, id: RelationId) -> bool {
        !self.users[id].is_empty()
    }

    /// Returns whether a relation stands within the text of what is made of it.
    pub(super) fn is_folded(&self, id: RelationId) -> bool {
        let [user] = self.users[id].as_slice() else { return false };
        let relations = &self.plan.relations;
        let user = &relations[*user].operator;
        let written = self.plan.outputs().any(|(query, _)| query.relation == id);
        let folds = match &relations[id].operator {
            Operator::Select(select) if passes_all(select, &relations[select.input].attributes) => match user {
                Operator::Select(user) => user.filter.is_none(),
                Operator::Over(_) => true,
                Operator::Group(group) => group::filters_behind(group),
                _ => false,
            },
            Operator::Over(_) => matches!(user, Operator::Select(user) if user.filter.is_none()),
            _ => false,
        };
        folds && !written
    }

    /// Returns what stands in `FROM` for a relation, and the filter that goes with it.
    pub(super) fn from(&self, id: RelationId) -> (RelationId, Option<String>) {
        match &self.plan.relations[id].operator {
            Operator::Select(select) if self.is_folded(id) => {
                // What folds into one without a filter has the only one of the chain.
                let (from, behind) = self.from(select.input);
                (from, select.filter.as_ref().map(|filter| self.text(filter, &[])).or(behind))
            }
            _ => (id, None),
        }
    }

    /// Returns the rows of a relation; its own name for their time goes with them where they are read further.
    pub(super) fn rows(&mut self, id: RelationId) -> Result<Rows, Refusal> {
        let plan = self.plan;
        match &plan.relations[id].operator {
            // Every stream that is read has its view already; the rows of a query are never just those.
            Operator::Read(_) => Ok(self.all_of(id, id)),
            Operator::Select(it) => select::rows(self, id, it),
            Operator::Group(it) => group::rows(self, id, it),
            Operator::Over(it) => over::rows(self, id, it),
            Operator::Union(inputs) => Ok(union::rows(self, id, inputs)),
            Operator::Join(it) => join::rows(self, id, it),
            Operator::Lookup(it) => lookup::rows(self, id, it),
            Operator::Forest(_) => Err(Refusal::new(
                "Flink SQL has no random cut forest",
                "the nearest is a function of one's own, or the embedded engine",
            )),
            Operator::Hotspots(_) => Err(Refusal::new(
                "Flink SQL finds no hotspots",
                "the nearest is a function of one's own, or the embedded engine",
            )),
            Operator::Rank(_) => Err(Refusal::new(
                "Flink SQL does not rank the rows of one moment",
                "the nearest is `top` in a window, or the embedded engine",
            )),
        }
    }

    /// Makes a relation a view.
    pub(super) fn add(&mut self, id: RelationId) -> Result<(), Refusal> {
        let rows = self.rows(id)?;
        let name = self.names[id].clone();
        self.views.push((name, rows));
        Ok(())
    }

    /// Returns all rows of a view, under the names of a relation's attributes.
    pub(super) fn all_of(&self, view: RelationId, id: RelationId) -> Rows {
        let names = self.plan.relations[view].attributes.iter().zip(&self.plan.relations[id].attributes);
        let mut outputs: Vec<Output> =
            names.map(|(from, to)| Output::new(Dialect::Flink.quote(&from.name), &to.name)).collect();
        outputs.extend(self.time_output(id));
        Rows { outputs, from: Dialect::Flink.quote(self.name(view)), ..Rows::default() }
    }

    /// Returns the time of the rows as an output, where they are read further.
    pub(super) fn time_output(&self, id: RelationId) -> Option<Output> {
        self.is_read(id).then(|| Output::new(Dialect::Flink.quote(&self.row_time), &self.row_time))
    }

    /// Writes an output of a relation. Flink types arithmetic in its own way; a cast makes what is computed the type of the
    /// column.
    pub(super) fn output(&self, expr: &Expr, aggregates: &[Aggregate]) -> String {
        let text = self.text(expr, aggregates);
        match (&expr.kind, expr.sql_type) {
            (
                ExprKind::Aggregate(_)
                | ExprKind::Column(_)
                | ExprKind::WindowStart
                | ExprKind::WindowEnd
                | ExprKind::RowTime,
                _,
            )
            | (_, None) => text,
            (_, Some(sql_type)) => format!("CAST({text} AS {})", Dialect::Flink.type_name(sql_type)),
        }
    }

    /// Writes an expression.
    pub(super) fn text(&self, expr: &Expr, aggregates: &[Aggregate]) -> String {
        expression_text(&self.without_time(expr), Dialect::Flink, &self.timeless(aggregates), "")
    }

    /// Makes the time of the rows a plain moment: as it is, Flink takes it for the time of what it becomes a part of.
    pub(super) fn without_time(&self, expr: &Expr) -> Expr {
        let plain = |expr: &Expr| match expr.kind {
            ExprKind::RowTime => {
                // The type of the column does not matter but for being another one, or there would be no cast.
                let column = Expr { kind: ExprKind::Column(self.row_time.clone()), sql_type: None };
                let kind = ExprKind::Cast { expr: Box::new(column), implicit: false };
                Some(Expr::new(kind, SqlType::Timestamp(3)))
            }
            _ => None,
        };
        expr.clone().replace(&plain)
    }

    fn timeless(&self, aggregates: &[Aggregate]) -> Vec<Aggregate> {
        let plain = |aggregate: &Aggregate| Aggregate {
            argument: aggregate.argument.as_ref().map(|argument| self.without_time(argument)),
            ..aggregate.clone()
        };
        aggregates.iter().map(plain).collect()
    }
}

impl Rows {
    /// Writes the SELECT, every line behind so many spaces.
    pub(super) fn text(&self, indent: usize) -> String {
        let mut out = String::new();
        self.write(&" ".repeat(indent), &mut out);
        for other in &self.more {
            out += &format!("\n{:indent$}UNION ALL\n", "");
            other.write(&" ".repeat(indent), &mut out);
        }
        out
    }

    fn write(&self, indent: &str, out: &mut String) {
        let item = |output: &Output| match &output.name {
            Some(name) => format!("{} AS {}", output.text, Dialect::Flink.quote(name)),
            None => output.text.clone(),
        };
        let list = |items: Vec<String>| items.join(&format!(",\n{indent}    "));
        *out += &format!("{indent}SELECT\n{indent}    {}", list(self.outputs.iter().map(item).collect()));
        *out += &format!("\n{indent}FROM {}", self.from);
        if let Some(filter) = &self.filter {
            *out += &format!("\n{indent}WHERE {filter}");
        }
        if !self.groups.is_empty() {
            *out += &format!("\n{indent}GROUP BY\n{indent}    {}", list(self.groups.clone()));
        }
        if let Some(having) = &self.having {
            *out += &format!("\n{indent}HAVING {having}");
        }
        if let Some((name, window)) = &self.window {
            *out += &format!("\n{indent}WINDOW {name} AS ({window})");
        }
    }
}
