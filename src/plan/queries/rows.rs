//! Queries without windows: each row of the input that passes gives one row.

use crate::document::{Diagnostic, Span};
use crate::sql::{Expr, Visible, read_row};

use super::super::{Attribute, Operator, RelationId, Select};
use super::{Building, Draft, Taken};

impl Building<'_> {
    /// Adds the relation of a query without windows.
    pub(super) fn rows(&mut self, draft: &Draft<'_>) -> Option<RelationId> {
        self.needs_windows(draft);
        let columns = self.columns(draft.input);
        let mut names: Vec<Visible> = columns.iter().map(|(name, sql_type)| Visible::column(name, *sql_type)).collect();
        names.extend(draft.qualified.iter().cloned());
        let (mut attributes, mut outputs) = (Vec::new(), Vec::new());
        match &draft.spec.select {
            None => {
                attributes.clone_from(&self.relations[draft.input].attributes);
                outputs.extend(columns.iter().map(|(name, sql_type)| Expr::column(name, *sql_type)));
            }
            Some(select) => {
                let mut taken = Taken::by(&[]);
                for (name, text) in select {
                    taken.claim(self.context, name);
                    match read_row(&text.value, &names) {
                        Ok(expr) => {
                            attributes.push(Attribute::new(&name.value, expr.sql_type?));
                            outputs.push(expr);
                        }
                        Err(error) => self.context.sql(error, text),
                    }
                }
            }
        }
        let clock = self.relations[draft.input].clock;
        let operator = Operator::Select(Select { input: draft.input, filter: None, outputs });
        Some(self.add(draft.spec.name.value.clone(), attributes, clock, operator))
    }

    /// Reports what only a query with windows can have.
    fn needs_windows(&self, draft: &Draft<'_>) {
        let spec = draft.spec;
        let mut found: Vec<(&str, Span)> = Vec::new();
        found.extend(spec.group_by.first().map(|name| ("group_by", name.span.clone())));
        found.extend(spec.distinct.clone().map(|span| ("distinct", span)));
        found.extend(spec.having.as_ref().map(|text| ("having", text.span.clone())));
        found.extend(spec.top.as_ref().map(|top| ("top", top.span.clone())));
        found.extend(spec.late.as_ref().map(|late| ("late", late.span.clone())));
        for (key, span) in found {
            self.context.add(
                Diagnostic::new(format!("query `{}` has `{key}` and no window", spec.name.value), span)
                    .label("rows without end would have to be kept for it")
                    .help("add a window, such as window = { kind = \"tumbling\", size = \"10s\" }"),
            );
        }
    }
}
