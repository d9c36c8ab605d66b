//! What an application's SQL does, as far as the report and the lints have something to say about it.

use sqlparser::ast::{BinaryOperator, Expr};

use crate::sql::SqlType;
use crate::sql::kda::{Body, CreatePump, FromItem, Grouping, Join, Program, Query, Select, SelectItem, Statement};

use super::carry::Carried;
use super::declare::{stream, targets};
use super::draft::Draft;
use super::expression::{Row, steps};
use super::report::{Report, Verdict};

/// Returns every pump of a program.
pub(super) fn pumps(program: &Program) -> impl Iterator<Item = &CreatePump> {
    program.statements.iter().filter_map(|statement| match statement {
        Statement::Pump(pump) => Some(pump),
        Statement::Stream(_) => None,
    })
}

/// Visits every SELECT of a query, those within it too.
pub(super) fn selects<'q>(query: &'q Query, visit: &mut impl FnMut(&'q Select)) {
    match &query.body {
        Body::Select(select) => {
            visit(select);
            for item in &select.from {
                within(item, visit);
            }
        }
        Body::Query(inner) => selects(inner, visit),
        Body::UnionAll(queries) => {
            for query in queries {
                selects(query, visit);
            }
        }
    }
}

fn within<'q>(item: &'q FromItem, visit: &mut impl FnMut(&'q Select)) {
    match item {
        FromItem::Relation { .. } => {}
        FromItem::Query { query, .. } => selects(query, visit),
        FromItem::Function(function) => selects(&function.cursor, visit),
        FromItem::Join(join) => {
            within(&join.left, visit);
            within(&join.right, visit);
        }
    }
}

/// Returns the relations that a query reads, by their names.
pub(super) fn reads(query: &Query) -> Vec<&str> {
    fn item<'q>(from: &'q FromItem, names: &mut Vec<&'q str>) {
        match from {
            FromItem::Relation { name, .. } => names.push(&name.text),
            FromItem::Join(join) => {
                item(&join.left, names);
                item(&join.right, names);
            }
            FromItem::Query { .. } | FromItem::Function(_) => {}
        }
    }
    let mut names = Vec::new();
    selects(query, &mut |select| select.from.iter().for_each(|from| item(from, &mut names)));
    names
}

/// Returns the columns of a table that a program joins it by.
pub(super) fn lookup_columns(program: &Program, table: &str) -> Vec<String> {
    let mut columns = Vec::new();
    for pump in pumps(program) {
        selects(&pump.insert.query, &mut |select| {
            for item in &select.from {
                joined(item, table, &mut columns);
            }
        });
    }
    columns
}

fn joined(item: &FromItem, table: &str, columns: &mut Vec<String>) {
    let FromItem::Join(join) = item else { return };
    let Join { left, right, on, .. } = &**join;
    joined(left, table, columns);
    joined(right, table, columns);
    for side in [left, right] {
        let FromItem::Relation { name, alias, .. } = side else { continue };
        if name.text == table
            && let Some(on) = on
        {
            equalities(on, &alias.as_ref().unwrap_or(name).text, columns);
        }
    }
}

fn equalities(on: &Expr, qualifier: &str, columns: &mut Vec<String>) {
    match on {
        Expr::Nested(inner) => equalities(inner, qualifier, columns),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            equalities(left, qualifier, columns);
            equalities(right, qualifier, columns);
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            for side in [left, right] {
                if let Expr::CompoundIdentifier(names) = &**side
                    && let [of, column] = names.as_slice()
                    && of.value == qualifier
                    && !columns.contains(&column.value)
                {
                    columns.push(column.value.clone());
                }
            }
        }
        _ => {}
    }
}

/// Returns the plain column of an input by which a program groups, where every window is kept for it.
pub(super) fn group_column(program: &Program, input: &str) -> Option<String> {
    let mut found = None;
    for pump in pumps(program) {
        selects(&pump.insert.query, &mut |select| {
            let [FromItem::Relation { name, alias, .. }] = select.from.as_slice() else { return };
            let Grouping::By { keys, .. } = &select.grouping else { return };
            let row = Row { relation: name, alias: alias.as_ref() };
            if name.text == input && found.is_none() {
                let columns = keys.iter().filter(|key| !row.is_row_time(key)).filter_map(|key| row.column(key));
                found = columns.map(|column| column.value.clone()).next();
            }
        });
    }
    found
}

/// Says in words what a pump's query is.
pub(super) fn describe(pump: &CreatePump) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut add = |word: &str| {
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    };
    if matches!(pump.insert.query.body, Body::UnionAll(_)) {
        add("a union");
    }
    if !pump.insert.query.order_by.is_empty() {
        add("an order");
    }
    selects(&pump.insert.query, &mut |select| {
        for item in &select.from {
            match item {
                FromItem::Join(_) => add("a join"),
                FromItem::Function(function) => add(&function.name.text),
                _ => {}
            }
        }
        if select.distinct.is_some() {
            add("a DISTINCT");
        }
        match &select.grouping {
            Grouping::By { .. } => add("a GROUP BY window"),
            Grouping::Stagger(_) => add("a stagger window"),
            Grouping::None if !select.windows.is_empty() => add("a sliding window"),
            Grouping::None => {}
        }
    });
    if words.is_empty() { "a filter or projection".to_owned() } else { words.join(", ") }
}

/// Tells what a program does that was probably not meant.
pub(super) fn lint(program: &Program, carried: &Carried, draft: &Draft, report: &mut Report<'_>) {
    let place = Some(carried.place.clone());
    let place = place.as_ref();
    for pump in pumps(program) {
        let construct = format!("pump `{}`", pump.name.text);
        selects(&pump.insert.query, &mut |select| {
            let Grouping::By { keys, .. } = &select.grouping else { return };
            if keys.iter().filter(|key| steps(key).is_some()).count() > 1 {
                report
                    .add(
                        Verdict::Lint,
                        &construct,
                        "it groups by two steps of time: a late row comes as one more, partial row of its window",
                        place,
                    )
                    .help("add the partial rows up where they are read, or declare the query with `event_time`: one row per window");
            }
        });
        let (Some(target), Body::Select(select)) = (stream(program, &pump.insert.into.text), &pump.insert.query.body)
        else {
            continue;
        };
        let Ok(targets) = targets(&pump.insert, target) else { continue };
        for (item, (name, sql_type)) in select.items.iter().zip(&targets) {
            let SelectItem::Expr { expr, .. } = item else { break };
            output(expr, (name, *sql_type), &construct, (select, carried, draft), report);
        }
    }
}

fn output(
    expr: &Expr,
    (name, sql_type): (&str, SqlType),
    construct: &str,
    (select, carried, draft): (&Select, &Carried, &Draft),
    report: &mut Report<'_>,
) {
    let place = Some(&carried.place);
    let is_count = matches!(expr, Expr::Function(call) if call.name.to_string() == "COUNT");
    if is_count && matches!(sql_type, SqlType::Integer | SqlType::SmallInt | SqlType::TinyInt) {
        report
            .add(
                Verdict::Lint,
                construct,
                format!(
                    "`{name}` takes a COUNT, which is BIGINT, as {sql_type}: a greater count is diverted as an error"
                ),
                place,
            )
            .help("make the column BIGINT");
    }
    let [FromItem::Relation { name: relation, alias, .. }] = select.from.as_slice() else { return };
    let row = Row { relation, alias: alias.as_ref() };
    let (Some(column), SqlType::Varchar(room)) = (row.column(expr), sql_type) else { return };
    let from = carried.inputs.iter().find(|(in_app, _)| *in_app == relation.text).map(|(_, from)| from);
    let columns =
        draft.streams.iter().find(|stream| Some(&stream.name) == from).and_then(|stream| stream.columns.as_ref());
    let source = columns.and_then(|columns| columns.iter().find(|known| known.name == column.value));
    if let Some(SqlType::Varchar(length)) = source.map(|source| source.sql_type)
        && length > room
    {
        report
            .add(
                Verdict::Lint,
                construct,
                format!(
                    "`{name}` is VARCHAR({room}) and takes `{}`, a VARCHAR({length}): longer text is cut",
                    column.value
                ),
                place,
            )
            .help("give both the same length");
    }
}
