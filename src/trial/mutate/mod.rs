//! Queries that are wrong in one small way each: a test that is worth something notices.

mod aggregate;
mod expression;
mod window;

use crate::plan::{Attribute, Group, JoinKind, Operator, Plan, RelationId, Top};
use crate::sql::{Aggregate, AggregateFunction, Dialect, Expr, ExprKind, expression_text};

/// A small wrong in a query.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// The query, or the part of one, as the plan calls it.
    pub query: String,
    /// What is wrong, in words.
    pub what: String,
    relation: RelationId,
    operator: Operator,
}

impl Mutant {
    /// Returns all of a plan's queries.
    pub fn all(plan: &Plan) -> Vec<Self> {
        let mut used = vec![false; plan.relations.len()];
        for (query, _) in plan.outputs() {
            used[query.relation] = true;
        }
        for id in (0..used.len()).rev().filter(|id| used[*id]).collect::<Vec<_>>() {
            mark(plan, id, &mut used);
        }
        let mut all = Vec::new();
        for id in (0..used.len()).filter(|id| used[*id]) {
            let relation = &plan.relations[id];
            all.extend(wrongs(plan, id).into_iter().map(|Wrong { what, operator }| Self {
                query: relation.name.clone(),
                what,
                relation: id,
                operator,
            }));
        }
        all
    }

    /// Returns a plan with the mutant in it.
    pub fn apply(&self, plan: &Plan) -> Plan {
        let mut plan = plan.clone();
        plan.relations[self.relation].operator = self.operator.clone();
        plan
    }
}

/// Marks what a relation is made of.
fn mark(plan: &Plan, id: RelationId, used: &mut [bool]) {
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        used[id] = true;
        open.extend(plan.relations[id].operator.inputs());
    }
}

/// An operator with one thing wrong.
struct Wrong {
    what: String,
    operator: Operator,
}

/// Gathers them for one operator.
struct Wrongs<'a> {
    operator: &'a Operator,
    all: Vec<Wrong>,
}

impl Wrongs<'_> {
    fn add(&mut self, what: impl Into<String>, change: impl FnOnce(&mut Operator)) {
        let mut operator = self.operator.clone();
        change(&mut operator);
        self.all.push(Wrong { what: what.into(), operator });
    }

    /// Adds those of a condition that may be left out.
    fn condition(
        &mut self,
        name: &str,
        aggregates: &[Aggregate],
        of: fn(&mut Operator) -> Option<&mut Option<Expr>>,
        condition: Option<&Expr>,
    ) {
        let Some(condition) = condition else { return };
        self.add(format!("`{name}` is left out"), |operator| {
            if let Some(place) = of(operator) {
                *place = None;
            }
        });
        for (what, other) in expression::wrongs(condition, aggregates) {
            self.add(format!("in `{name}` {what}"), |operator| {
                if let Some(place) = of(operator) {
                    *place = Some(other);
                }
            });
        }
    }

    /// Adds those of the expressions that give the attributes.
    fn outputs(
        &mut self,
        attributes: &[Attribute],
        aggregates: &[Aggregate],
        of: fn(&mut Operator) -> Option<&mut Vec<Expr>>,
        outputs: &[Expr],
    ) {
        for (index, (attribute, output)) in attributes.iter().zip(outputs).enumerate() {
            for (what, other) in expression::wrongs(output, aggregates) {
                self.add(format!("in `{}` {what}", attribute.name), |operator| {
                    if let Some(place) = of(operator) {
                        place[index] = other;
                    }
                });
            }
        }
    }

    /// Adds those of aggregates.
    fn aggregates(&mut self, aggregates: &[Aggregate], of: fn(&mut Operator) -> Option<&mut Vec<Aggregate>>) {
        for (index, aggregate) in aggregates.iter().enumerate() {
            for other in aggregate::wrongs(aggregate) {
                self.add(format!("{} becomes {}", aggregate_text(aggregate), aggregate_text(&other)), |operator| {
                    if let Some(place) = of(operator) {
                        place[index] = other;
                    }
                });
            }
            let Some(argument) = &aggregate.argument else { continue };
            for (what, other) in expression::wrongs(argument, &[]) {
                self.add(format!("in {} {what}", aggregate_text(aggregate)), |operator| {
                    if let Some(place) = of(operator) {
                        place[index].argument = Some(other);
                    }
                });
            }
        }
    }
}

fn wrongs(plan: &Plan, id: RelationId) -> Vec<Wrong> {
    let relation = &plan.relations[id];
    let mut wrongs = Wrongs { operator: &relation.operator, all: Vec::new() };
    match &relation.operator {
        Operator::Select(select) => {
            wrongs.condition(
                "where",
                &[],
                |operator| if let Operator::Select(select) = operator { Some(&mut select.filter) } else { None },
                select.filter.as_ref(),
            );
            wrongs.outputs(
                &relation.attributes,
                &[],
                |operator| if let Operator::Select(select) = operator { Some(&mut select.outputs) } else { None },
                &select.outputs,
            );
        }
        Operator::Group(group) => {
            of_group(&mut wrongs, group, &relation.attributes, &plan.relations[group.input].attributes);
        }
        Operator::Over(over) => {
            let keys: Vec<&str> =
                over.keys.iter().map(|key| plan.relations[over.input].attributes[*key].name.as_str()).collect();
            for (index, key) in keys.iter().enumerate() {
                wrongs.add(format!("`{key}` is no key"), |operator| {
                    if let Operator::Over(over) = operator {
                        over.keys.remove(index);
                    }
                });
            }
            for (what, frame) in window::frames(over.frame) {
                wrongs.add(what, |operator| {
                    if let Operator::Over(over) = operator {
                        over.frame = frame;
                    }
                });
            }
            wrongs.aggregates(&over.aggregates, |operator| {
                if let Operator::Over(over) = operator { Some(&mut over.aggregates) } else { None }
            });
        }
        Operator::Union(inputs) => {
            for (index, input) in inputs.iter().enumerate() {
                wrongs.add(format!("`{}` is not read", plan.relations[*input].name), |operator| {
                    if let Operator::Union(inputs) = operator {
                        inputs.remove(index);
                    }
                });
            }
        }
        Operator::Join(join) => {
            let kind = if join.kind == JoinKind::Inner { JoinKind::Left } else { JoinKind::Inner };
            wrongs.add(format!("the join is {} and not {}", kind_text(kind), kind_text(join.kind)), |operator| {
                if let Operator::Join(join) = operator {
                    join.kind = kind;
                }
            });
            for (name, bound, is_before) in [("before", join.before, true), ("after", join.after, false)] {
                for (what, other) in window::lengths(bound) {
                    wrongs.add(format!("`{name}` is {what}"), |operator| {
                        if let Operator::Join(join) = operator {
                            *(if is_before { &mut join.before } else { &mut join.after }) = other;
                        }
                    });
                }
            }
            wrongs.condition(
                "on",
                &[],
                |operator| if let Operator::Join(join) = operator { Some(&mut join.filter) } else { None },
                join.filter.as_ref(),
            );
        }
        Operator::Lookup(lookup) => {
            let kind = if lookup.kind == JoinKind::Inner { JoinKind::Left } else { JoinKind::Inner };
            wrongs.add(format!("the join is {} and not {}", kind_text(kind), kind_text(lookup.kind)), |operator| {
                if let Operator::Lookup(lookup) = operator {
                    lookup.kind = kind;
                }
            });
            wrongs.condition(
                "on",
                &[],
                |operator| if let Operator::Lookup(lookup) = operator { Some(&mut lookup.filter) } else { None },
                lookup.filter.as_ref(),
            );
        }
        // There is one right way to read records, and these have no options that a test could hold to.
        Operator::Read(_) | Operator::Forest(_) | Operator::Hotspots(_) | Operator::Rank(_) => {}
    }
    wrongs.all
}

fn of_group(wrongs: &mut Wrongs<'_>, group: &Group, attributes: &[Attribute], input: &[Attribute]) {
    fn part<T>(operator: &mut Operator, of: fn(&mut Group) -> &mut T) -> Option<&mut T> {
        if let Operator::Group(group) = operator { Some(of(group)) } else { None }
    }
    for (index, key) in group.keys.iter().enumerate() {
        let name = &input[*key].name;
        wrongs.add(format!("`{name}` is no group column"), |operator| {
            if let Operator::Group(group) = operator {
                ungroup(group, index, &input[*key]);
            }
        });
    }
    for (what, window) in window::wrongs(group.window.as_ref()) {
        wrongs.add(what, |operator| {
            if let Operator::Group(group) = operator {
                group.window = window;
            }
        });
    }
    wrongs.aggregates(&group.aggregates, |operator| part(operator, |group| &mut group.aggregates));
    wrongs.outputs(
        attributes,
        &group.aggregates,
        |operator| part(operator, |group| &mut group.outputs),
        &group.outputs,
    );
    wrongs.condition(
        "having",
        &group.aggregates,
        |operator| part(operator, |group| &mut group.having),
        group.having.as_ref(),
    );
    if let Some(Top { count, by, .. }) = &group.top {
        for other in [Some(count + 1), count.checked_sub(1).filter(|fewer| *fewer > 0)].into_iter().flatten() {
            wrongs.add(format!("`top` is {other} and not {count}"), |operator| {
                if let Some(Some(top)) = part(operator, |group| &mut group.top) {
                    top.count = other;
                }
            });
        }
        for index in 0..by.len() {
            wrongs.add("`top` goes by the other order", |operator| {
                if let Some(Some(top)) = part(operator, |group| &mut group.top) {
                    top.by[index].1 = !top.by[index].1;
                }
            });
        }
    }
}

/// Takes a key away; where the rows show it, they show that of their first row.
fn ungroup(group: &mut Group, index: usize, key: &Attribute) {
    let first = group.aggregates.len();
    group.aggregates.push(Aggregate {
        function: AggregateFunction::FirstValue,
        argument: Some(Expr::column(&key.name, key.sql_type)),
        distinct: false,
        parameter: None,
        keeps_nulls: false,
        sql_type: key.sql_type,
    });
    let with = |expr: &Expr| match &expr.kind {
        ExprKind::Column(name) if *name == key.name => Some(Expr::new(ExprKind::Aggregate(first), key.sql_type)),
        _ => None,
    };
    group.keys.remove(index);
    group.outputs = std::mem::take(&mut group.outputs).into_iter().map(|output| output.replace(&with)).collect();
    group.having = group.having.take().map(|having| having.replace(&with));
    if let Some(top) = &mut group.top {
        top.by = std::mem::take(&mut top.by).into_iter().map(|(by, falls)| (by.replace(&with), falls)).collect();
        top.per.retain(|per| *per != index);
        for per in top.per.iter_mut().filter(|per| **per > index) {
            *per -= 1;
        }
    }
}

fn kind_text(kind: JoinKind) -> &'static str {
    match kind {
        JoinKind::Inner => "inner",
        JoinKind::Left => "left",
        JoinKind::Right => "right",
        JoinKind::Full => "full",
    }
}

fn aggregate_text(aggregate: &Aggregate) -> String {
    text(&Expr::new(ExprKind::Aggregate(0), aggregate.sql_type), std::slice::from_ref(aggregate))
}

/// Writes an expression for reading.
fn text(expr: &Expr, aggregates: &[Aggregate]) -> String {
    format!("`{}`", expression_text(expr, Dialect::Flink, aggregates, "").replace('`', ""))
}
