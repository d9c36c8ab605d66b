//! Joins with other rows and with tables.

use crate::document::{Diagnostic, Spanned};
use crate::spec::{JoinSpec, On, QuerySpec};
use crate::sql::{Expr, ExprKind, Operator as Sign, Scope, SqlType, read_filter};

use super::super::relation::micros;
use super::super::{Attribute, Join, JoinKind, Lookup, Operator, RelationId};
use super::Building;

impl Building<'_> {
    /// Adds the relation of a join.
    pub(super) fn join(&mut self, spec: &QuerySpec, left: RelationId, join: &JoinSpec) -> Option<RelationId> {
        let table = self.tables.iter().position(|table| table.name == join.with.value);
        let right = match table {
            Some(table) => {
                for bound in [&join.before, &join.after].into_iter().flatten() {
                    self.context.add(
                        Diagnostic::new(
                            format!("a join with the table `{}` has no bounds", join.with.value),
                            bound.span.clone(),
                        )
                        .label("the rows of a table have no time")
                        .help("leave `before` and `after` out"),
                    );
                }
                self.tables[table].columns.clone()
            }
            None => {
                let tables = self.tables.iter().map(|table| table.name.as_str());
                let named = self.known_input(&join.with, tables.map(str::to_owned).collect())?;
                let right = if named { self.named(&join.with, spec)? } else { return None };
                if join.after.is_none() && join.before.is_none() {
                    self.context.add(
                        Diagnostic::new(
                            format!("the join with `{}` has no bounds", join.with.value),
                            join.span.clone(),
                        )
                        .label("`after` or `before` is needed here")
                        .help("say how far apart the times of a pair may be, such as `after = \"10m\"`"),
                    );
                    return None;
                }
                return self.interval_join(spec, (left, right), join);
            }
        };
        let (attributes, on, filter) = self.pairs(left, &right, join)?;
        let kind = if join.left { JoinKind::Left } else { JoinKind::Inner };
        let operator = Operator::Lookup(Lookup { input: left, table: join.with.value.clone(), kind, on, filter });
        let clock = self.relations[left].clock;
        Some(self.add(format!("{}:{}", spec.name.value, join.with.value), attributes, clock, operator))
    }

    /// Reports a name that is no stream, no query and no table.
    fn known_input(&self, name: &Spanned<String>, tables: Vec<String>) -> Option<bool> {
        let streams = self.streams.iter().map(|stream| stream.name.as_str());
        let queries = self.context.spec.queries.iter().map(|query| query.name.value.as_str());
        let names = streams.chain(queries).chain(tables.iter().map(String::as_str));
        self.context.known("stream, query or table", name, names).then_some(true)
    }

    fn interval_join(
        &mut self,
        spec: &QuerySpec,
        (left, right): (RelationId, RelationId),
        join: &JoinSpec,
    ) -> Option<RelationId> {
        let (one, other) = (&self.relations[left], &self.relations[right]);
        if one.clock != other.clock {
            self.context.add(
                Diagnostic::new(
                    format!("`{}` goes by another time than what it is joined with", join.with.value),
                    join.with.span.clone(),
                )
                .label("one goes by event time, the other by arrival")
                .help("give both streams an `event_time`, or none"),
            );
            return None;
        }
        let clock = one.clock;
        let right_attributes = other.attributes.clone();
        let (attributes, on, filter) = self.pairs(left, &right_attributes, join)?;
        let bound =
            |bound: &Option<Spanned<std::time::Duration>>| bound.as_ref().map_or(0, |bound| micros(bound.value));
        let operator = Operator::Join(Join {
            left,
            right,
            kind: if join.left { JoinKind::Left } else { JoinKind::Inner },
            before: bound(&join.before),
            after: bound(&join.after),
            on,
            filter,
            later: false,
        });
        Some(self.add(format!("{}:{}", spec.name.value, join.with.value), attributes, clock, operator))
    }

    /// Returns the attributes of a pair, which of them are equal, and what else must hold.
    #[expect(clippy::type_complexity, reason = "three parts of one thing that has no name of its own")]
    fn pairs(
        &self,
        left: RelationId,
        right: &[Attribute],
        join: &JoinSpec,
    ) -> Option<(Vec<Attribute>, Vec<(usize, usize)>, Option<Expr>)> {
        let ours = &self.relations[left].attributes;
        let mut attributes = ours.clone();
        for attribute in right {
            let taken = ours.iter().any(|other| other.name == attribute.name);
            let name = if taken { format!("{}.{}", join.with.value, attribute.name) } else { attribute.name.clone() };
            let not_null = attribute.not_null && !join.left;
            attributes.push(Attribute { name, sql_type: attribute.sql_type, not_null });
        }
        let count = ours.len();
        let mut on = Vec::new();
        let mut rest = Vec::new();
        match &join.on {
            On::Columns(names) => {
                for name in names {
                    let known = |attributes: &[Attribute]| {
                        let names = attributes.iter().map(|attribute| attribute.name.as_str());
                        self.context.known("column", name, names);
                        attributes.iter().position(|attribute| attribute.name == name.value)
                    };
                    if let (Some(one), Some(other)) = (known(ours), known(right)) {
                        self.comparable(name, ours[one].sql_type, right[other].sql_type);
                        on.push((one, other));
                    }
                }
            }
            On::Condition(text) => {
                let columns: Vec<(String, SqlType)> =
                    attributes.iter().map(|attribute| (attribute.name.clone(), attribute.sql_type)).collect();
                let condition = match read_filter(&text.value, Scope { columns: &columns }) {
                    Ok(condition) => condition,
                    Err(error) => {
                        self.context.sql(error, text);
                        return None;
                    }
                };
                for part in conjuncts(condition) {
                    match equal_columns(&part, &attributes, count) {
                        Some(pair) => on.push(pair),
                        None => rest.push(part),
                    }
                }
                if on.is_empty() {
                    self.context.add(
                        Diagnostic::new(
                            "a join without an equality pairs every row with every other",
                            text.span.clone(),
                        )
                        .label("no column of one side equals one of the other")
                        .help("add one, such as `order_id = payments.order_id`"),
                    );
                    return None;
                }
            }
        }
        (!on.is_empty()).then_some((attributes, on, rest.into_iter().reduce(both)))
    }

    fn comparable(&self, name: &Spanned<String>, left: SqlType, right: SqlType) {
        let text = |sql_type| matches!(sql_type, SqlType::Varchar(_));
        if left != right && !(text(left) && text(right)) {
            self.context.add(
                Diagnostic::new(
                    format!("`{}` has two types on the two sides of a join", name.value),
                    name.span.clone(),
                )
                .label(format!("{left} and {right}"))
                .help("write a condition with a CAST instead of a list of columns"),
            );
        }
    }
}

/// Puts two conditions together.
pub(super) fn both(left: Expr, right: Expr) -> Expr {
    Expr::new(ExprKind::Binary(Box::new(left), Sign::And, Box::new(right)), SqlType::Boolean)
}

/// Takes a condition apart at its ANDs.
pub(super) fn conjuncts(condition: Expr) -> Vec<Expr> {
    match condition.kind {
        ExprKind::Binary(left, Sign::And, right) => {
            let mut parts = conjuncts(*left);
            parts.extend(conjuncts(*right));
            parts
        }
        kind => vec![Expr { kind, sql_type: condition.sql_type }],
    }
}

/// Returns the columns of a pair that a condition says are equal: by index on each side.
pub(super) fn equal_columns(condition: &Expr, attributes: &[Attribute], left: usize) -> Option<(usize, usize)> {
    let ExprKind::Binary(one, Sign::Equal, other) = &condition.kind else { return None };
    let index = |expr: &Expr| {
        // Texts of two lengths are compared as they are.
        let bare = match &expr.kind {
            ExprKind::Cast { expr: inner, implicit: true } if matches!(expr.sql_type, Some(SqlType::Varchar(_))) => {
                inner
            }
            _ => expr,
        };
        let ExprKind::Column(name) = &bare.kind else { return None };
        attributes.iter().position(|attribute| attribute.name == *name)
    };
    match (index(one)?, index(other)?) {
        (a, b) if a < left && b >= left => Some((a, b - left)),
        (a, b) if b < left && a >= left => Some((b, a - left)),
        _ => None,
    }
}
