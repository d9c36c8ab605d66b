//! Groups per window.

use std::sync::Arc;

use crate::document::Spanned;
use crate::spec::TopSpec;
use crate::sql::{
    Aggregate, Expr, ExprKind, Reading, Scope, SqlError, SqlType, read_having, read_over_outputs, read_select,
};

use super::super::{Attribute, Group, Operator, RelationId, RowTime, Select, Top};
use super::{Building, Draft, Taken, WINDOW_COLUMNS};

/// How a text over outputs is read: with what it may name, the group columns, the outputs, and the aggregates so far.
type ReadOverOutputs = fn(&str, Scope<'_>, &[String], &[(String, Expr)], Vec<Aggregate>) -> Result<Reading, SqlError>;

/// What the outputs of a query are read into.
struct Outputs<'s> {
    taken: Taken<'s>,
    aggregates: Vec<Aggregate>,
    /// The columns of `select`, with their expressions.
    select: Vec<(String, Expr)>,
}

impl Building<'_> {
    /// Adds the relations of a query with windows.
    pub(super) fn group(&mut self, draft: &Draft<'_>) -> Option<RelationId> {
        let mut outputs = Outputs { taken: Taken::by(&WINDOW_COLUMNS), aggregates: Vec::new(), select: Vec::new() };
        let (mut keys, grouped) = self.keys(draft, &mut outputs.taken);
        let columns = self.columns(draft.input);
        let distinct = draft.spec.distinct.is_some();
        // Behind `distinct`, every column makes the group.
        let named: Vec<String> =
            if distinct { columns.iter().map(|(name, _)| name.clone()).collect() } else { grouped };
        for (name, text) in draft.spec.select.iter().flatten() {
            outputs.taken.claim(self.context, name);
            match read_select(&text.value, draft.scope(&columns), &named, outputs.aggregates.clone()) {
                Ok(reading) => {
                    outputs.aggregates = reading.aggregates;
                    outputs.select.push((name.value.clone(), reading.expr));
                }
                Err(error) => self.context.sql(error, text),
            }
        }
        let mut input = draft.input;
        if let Some(place) = &draft.spec.distinct {
            if !outputs.aggregates.is_empty() {
                self.context.add(
                    crate::document::Diagnostic::new(
                        "a query with aggregates has one row per group already",
                        place.clone(),
                    )
                    .label("`distinct` has nothing to do here")
                    .help("leave it out, or select columns instead of aggregates"),
                );
                return None;
            }
            (input, keys) = self.distinct(draft, &keys, &mut outputs.select);
        }
        let having = draft
            .spec
            .having
            .as_ref()
            .and_then(|text| self.over_outputs(draft, (text, read_having), &named, &mut outputs));
        let top = draft.spec.top.as_ref().and_then(|top| self.top(draft, top, &keys, &named, &mut outputs));
        let window = Arc::clone(&draft.spec.window.as_ref()?.value);
        let source = &self.relations[input].attributes;
        let mut attributes: Vec<Attribute> =
            keys.iter().take(draft.spec.group_by.len()).map(|key| source[*key].clone()).collect();
        let mut exprs: Vec<Expr> =
            attributes.iter().map(|attribute| Expr::column(&attribute.name, attribute.sql_type)).collect();
        // Windows are whole milliseconds.
        for (name, kind) in WINDOW_COLUMNS.iter().zip([ExprKind::WindowStart, ExprKind::WindowEnd]) {
            let sql_type = SqlType::Timestamp(3);
            attributes.push(Attribute { name: (*name).to_owned(), sql_type, not_null: true });
            exprs.push(Expr::new(kind, sql_type));
        }
        for (name, expr) in outputs.select {
            attributes.push(Attribute::new(name, expr.sql_type?));
            exprs.push(expr);
        }
        let clock = self.relations[input].clock;
        let operator = Operator::Group(Group {
            input,
            window,
            keys,
            aggregates: outputs.aggregates,
            outputs: exprs,
            having,
            top,
            row_time: RowTime::LastMilli,
        });
        Some(self.add(draft.spec.name.value.clone(), attributes, clock, operator))
    }

    /// Adds the relation whose columns are what must be distinct; returns it and the keys.
    fn distinct(
        &mut self,
        draft: &Draft<'_>,
        keys: &[usize],
        select: &mut [(String, Expr)],
    ) -> (RelationId, Vec<usize>) {
        let source = &self.relations[draft.input].attributes;
        let mut attributes: Vec<Attribute> = keys.iter().map(|key| source[*key].clone()).collect();
        let mut exprs: Vec<Expr> =
            attributes.iter().map(|attribute| Expr::column(&attribute.name, attribute.sql_type)).collect();
        for (name, expr) in select {
            let Some(sql_type) = expr.sql_type else { continue };
            attributes.push(Attribute::new(name.clone(), sql_type));
            exprs.push(std::mem::replace(expr, Expr::column(name, sql_type)));
        }
        let keys = (0..attributes.len()).collect();
        let clock = self.relations[draft.input].clock;
        let operator = Operator::Select(Select { input: draft.input, filter: None, outputs: exprs });
        (self.add(format!("{}:distinct", draft.spec.name.value), attributes, clock, operator), keys)
    }

    fn top(
        &self,
        draft: &Draft<'_>,
        spec: &TopSpec,
        keys: &[usize],
        grouped: &[String],
        outputs: &mut Outputs<'_>,
    ) -> Option<Top> {
        let mut rank = |text| self.over_outputs(draft, (text, read_over_outputs), grouped, outputs);
        let by: Vec<Option<(Expr, bool)>> = spec.by.iter().map(|(text, falls)| Some((rank(text)?, *falls))).collect();
        let names: Vec<&str> = draft.spec.group_by.iter().map(|name| name.value.as_str()).collect();
        let mut per = Vec::new();
        for name in &spec.per {
            self.context.known("group column", name, names.iter().copied());
            per.extend(names.iter().position(|known| *known == name.value).filter(|index| *index < keys.len()));
        }
        Some(Top { count: spec.count, by: by.into_iter().collect::<Option<_>>()?, per })
    }

    /// Reads a text that may name the outputs too, besides aggregates and group columns.
    fn over_outputs(
        &self,
        draft: &Draft<'_>,
        (text, read): (&Spanned<String>, ReadOverOutputs),
        grouped: &[String],
        outputs: &mut Outputs<'_>,
    ) -> Option<Expr> {
        let columns = self.columns(draft.input);
        match read(&text.value, draft.scope(&columns), grouped, &outputs.named(), outputs.aggregates.clone()) {
            Ok(reading) => {
                outputs.aggregates = reading.aggregates;
                Some(reading.expr)
            }
            Err(error) => {
                self.context.sql(error, text);
                None
            }
        }
    }
}

impl Outputs<'_> {
    /// Returns what every row has by its name, besides the group columns.
    fn named(&self) -> Vec<(String, Expr)> {
        let mut named: Vec<(String, Expr)> = WINDOW_COLUMNS
            .iter()
            .zip([ExprKind::WindowStart, ExprKind::WindowEnd])
            .map(|(name, kind)| ((*name).to_owned(), Expr::new(kind, SqlType::Timestamp(3))))
            .collect();
        named.extend(self.select.iter().cloned());
        named
    }
}
