//! Sliding windows: each row of the input gives one row, with aggregates over the rows just before it.

use crate::document::{Diagnostic, Span};
use crate::sql::{Expr, ExprKind, SqlType, read_sliding};
use crate::window::Frame;

use super::super::{Attribute, Operator, Over, RelationId, Select};
use super::{Building, Draft, ROW_TIME_COLUMN, Taken};

impl Building<'_> {
    /// Adds the relations of a query with a sliding window.
    pub(super) fn frame(&mut self, draft: &Draft<'_>, frame: Frame) -> Option<RelationId> {
        self.needs_groups(draft);
        let columns = self.columns(draft.input);
        let mut taken = Taken::by(&[ROW_TIME_COLUMN]);
        let (keys, _) = self.keys(draft, &mut taken);
        let mut aggregates = Vec::new();
        let mut select = Vec::new();
        for (name, text) in draft.spec.select.iter().flatten() {
            taken.claim(self.context, name);
            match read_sliding(&text.value, draft.scope(&columns), aggregates.clone()) {
                Ok(reading) => {
                    aggregates = reading.aggregates;
                    select.push((name.value.clone(), reading.expr));
                }
                Err(error) => self.context.sql(error, text),
            }
        }
        let source = self.relations[draft.input].attributes.clone();
        let clock = self.relations[draft.input].clock;
        let mut with_aggregates = source.clone();
        for (index, aggregate) in aggregates.iter().enumerate() {
            let mut name = format!("aggregate_{index}");
            while with_aggregates.iter().any(|attribute| attribute.name == name) {
                name.push('_');
            }
            with_aggregates.push(Attribute::new(name, aggregate.sql_type));
        }
        let value = |expr: &Expr| match expr.kind {
            ExprKind::Aggregate(index) => {
                let attribute = &with_aggregates[source.len() + index];
                Some(Expr::column(&attribute.name, attribute.sql_type))
            }
            _ => None,
        };
        let mut attributes: Vec<Attribute> = keys.iter().map(|key| source[*key].clone()).collect();
        let mut outputs: Vec<Expr> =
            attributes.iter().map(|attribute| Expr::column(&attribute.name, attribute.sql_type)).collect();
        let row_time = SqlType::Timestamp(3);
        attributes.push(Attribute { name: ROW_TIME_COLUMN.to_owned(), sql_type: row_time, not_null: true });
        outputs.push(Expr::new(ExprKind::RowTime, row_time));
        for (name, expr) in select {
            attributes.push(Attribute::new(name, expr.sql_type?));
            outputs.push(expr.replace(&value));
        }
        let over = Operator::Over(Over { input: draft.input, frame, keys, aggregates });
        let input = self.add(format!("{}:over", draft.spec.name.value), with_aggregates.clone(), clock, over);
        let operator = Operator::Select(Select { input, filter: None, outputs });
        Some(self.add(draft.spec.name.value.clone(), attributes, clock, operator))
    }

    /// Reports what only a query with one row per group can have.
    fn needs_groups(&self, draft: &Draft<'_>) {
        let spec = draft.spec;
        let mut found: Vec<(&str, Span)> = Vec::new();
        found.extend(spec.distinct.clone().map(|span| ("distinct", span)));
        found.extend(spec.having.as_ref().map(|text| ("having", text.span.clone())));
        found.extend(spec.top.as_ref().map(|top| ("top", top.span.clone())));
        for (key, span) in found {
            self.context.add(
                Diagnostic::new(format!("query `{}` has `{key}` and a sliding window", spec.name.value), span)
                    .label("a sliding window gives a row for each row, not one for each group")
                    .help("leave it out, or read this query from another one that has it"),
            );
        }
    }
}
