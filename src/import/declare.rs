//! An application's SQL → queries in the declared form, where it fits.

use sqlparser::ast::{Expr, FunctionArguments, WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType};

use crate::sql::kda::{
    Body, CreateStream, FromItem, Grouping, Insert, Name, NamedWindow, Program, Select, SelectItem, Statement,
};
use crate::sql::{Scope, SqlType, read_select};

use super::carry::Carried;
use super::draft::{ColumnDraft, Declared, Draft, WindowDraft};
use super::expression::{Row, interval, steps};

/// Why a program keeps its SQL: said in the report.
type Misfit = String;

/// Turns a program into declared queries, by the streams that they write.
pub(super) fn declare(program: &Program, carried: &Carried, draft: &Draft) -> Result<Vec<(String, Declared)>, Misfit> {
    if program.statements.iter().filter(|statement| matches!(statement, Statement::Pump(_))).count() == 0 {
        return Err("it has no pump".to_owned());
    }
    let mut queries: Vec<(String, Declared)> = Vec::new();
    for statement in &program.statements {
        match statement {
            Statement::Stream(stream) => {
                if !carried.outputs.iter().any(|(in_app, _)| *in_app == stream.name.text) {
                    return Err(format!("`{}` is a stream between two pumps", stream.name.text));
                }
            }
            Statement::Pump(pump) => {
                if pump.stopped.is_some() {
                    return Err(format!("the pump `{}` is stopped", pump.name.text));
                }
                let (name, query) = declared(&pump.insert, program, carried, draft)?;
                if queries.iter().any(|(known, _)| *known == name) {
                    return Err(format!("two pumps write `{}`", pump.insert.into.text));
                }
                queries.push((name, query));
            }
        }
    }
    if let Some((idle, _)) = carried.outputs.iter().find(|(_, name)| queries.iter().all(|(known, _)| known != name)) {
        return Err(format!("no pump writes `{idle}`"));
    }
    Ok(queries)
}

fn declared(
    insert: &Insert,
    program: &Program,
    carried: &Carried,
    draft: &Draft,
) -> Result<(String, Declared), Misfit> {
    let into = &insert.into.text;
    let output = carried.outputs.iter().find(|(in_app, _)| in_app == into);
    let Some((_, output)) = output else { return Err(format!("`{into}` is not written to a stream of Kinesis")) };
    let Body::Select(select) = &insert.query.body else { return Err("it unites several queries".to_owned()) };
    if !insert.query.order_by.is_empty() {
        return Err("it has an ORDER BY".to_owned());
    }
    if select.distinct.is_some() {
        return Err("it has a DISTINCT".to_owned());
    }
    let [FromItem::Relation { name: relation, over: None, alias, columns: renamed }] = select.from.as_slice() else {
        return Err("it reads more than one stream, or a query within it".to_owned());
    };
    let from = carried.inputs.iter().find(|(in_app, _)| *in_app == relation.text).filter(|_| renamed.is_empty());
    let Some((_, from)) = from else { return Err(format!("it reads `{}`, which is no input", relation.text)) };
    let columns = draft.streams.iter().find(|stream| stream.name == *from).and_then(|stream| stream.columns.as_ref());
    let Some(columns) = columns else { return Err(format!("the columns of `{from}` come from a query")) };
    let target = stream(program, into).ok_or_else(|| format!("no stream `{into}` is created"))?;
    let shape = Shape { row: Row { relation, alias: alias.as_ref() }, select, columns };
    let query = shape.declared(from, &targets(insert, target)?)?;
    Ok((output.clone(), query))
}

/// Finds the stream that a program creates under a name.
pub(super) fn stream<'p>(program: &'p Program, name: &str) -> Option<&'p CreateStream> {
    program.statements.iter().find_map(|statement| match statement {
        Statement::Stream(stream) if stream.name.text == name => Some(stream),
        _ => None,
    })
}

/// Returns the columns that a pump fills, in the order of what it selects.
pub(super) fn targets(insert: &Insert, stream: &CreateStream) -> Result<Vec<(String, SqlType)>, Misfit> {
    let all = || stream.columns.iter().map(|column| (column.name.text.clone(), column.sql_type));
    if insert.columns.is_empty() {
        return Ok(all().collect());
    }
    let find = |name: &Name| all().find(|(known, _)| *known == name.text);
    let found: Option<Vec<(String, SqlType)>> = insert.columns.iter().map(find).collect();
    found.ok_or_else(|| format!("it names a column that `{}` does not have", stream.name.text))
}

/// One SELECT over one input.
struct Shape<'a> {
    row: Row<'a>,
    select: &'a Select,
    columns: &'a [ColumnDraft],
}

impl Shape<'_> {
    fn declared(&self, from: &str, targets: &[(String, SqlType)]) -> Result<Declared, Misfit> {
        let (window, group_by) = self.window()?;
        let filter = self.optional(self.select.filter.as_ref(), "its WHERE")?;
        let having = self.optional(self.select.having.as_ref(), "its HAVING")?;
        if self.select.items.len() != targets.len() {
            return Err("it does not select every column of the stream that it writes".to_owned());
        }
        let mut select = Vec::new();
        for (item, (target, target_type)) in self.select.items.iter().zip(targets) {
            let SelectItem::Expr { expr, .. } = item else { return Err("it selects `*`".to_owned()) };
            if let Some(column) = self.row.column(expr).map(|column| &column.value)
                && group_by.contains(column)
            {
                // Its name and type are those of the input there.
                if column != target {
                    return Err(format!("it calls the column `{column}` `{target}`"));
                }
                let source = self.columns.iter().find(|known| known.name == *column).map(|known| known.sql_type);
                if source != Some(*target_type) {
                    return Err(format!("it changes the type of `{column}`"));
                }
                continue;
            }
            let text = self.row.text(expr).ok_or_else(|| format!("`{expr}` has no declared form"))?;
            // Without a window every column of the row can be selected, and no aggregate.
            let plain: Vec<String>;
            let legal = if window.is_some() {
                &group_by
            } else {
                plain = self.columns.iter().map(|column| column.name.clone()).collect();
                &plain
            };
            select.push((target.clone(), self.cast(&text, *target_type, legal)?));
        }
        if group_by.iter().any(|column| targets.iter().all(|(target, _)| target != column)) {
            return Err("it does not select all that it groups by".to_owned());
        }
        if select.is_empty() {
            return Err("it has no aggregate".to_owned());
        }
        Ok(Declared { from: from.to_owned(), filter, window, group_by, select, having })
    }

    fn optional(&self, expr: Option<&Expr>, what: &str) -> Result<Option<String>, Misfit> {
        let Some(expr) = expr else { return Ok(None) };
        self.row.text(expr).map(Some).ok_or_else(|| format!("{what} has no declared form"))
    }

    /// Casts an output to the type of the column that it fills, where that changes no value.
    fn cast(&self, text: &str, target: SqlType, group_by: &[String]) -> Result<String, Misfit> {
        let columns: Vec<(String, SqlType)> =
            self.columns.iter().map(|column| (column.name.clone(), column.sql_type)).collect();
        let reading = read_select(text, Scope::of(&columns), group_by, Vec::new())
            .map_err(|error| format!("in `{text}`: {error}"))?;
        let Some(found) = reading.expr.sql_type else { return Err(format!("`{text}` has no type")) };
        let as_it_is = match (found, target) {
            (SqlType::Varchar(length), SqlType::Varchar(room)) => length <= room,
            _ => found == target,
        };
        if as_it_is {
            return Ok(text.to_owned());
        }
        // What a number of the target does not hold is diverted as an error, here as there.
        let keeps_values = match (found, target) {
            (SqlType::Decimal { scale, .. }, SqlType::Decimal { scale: room, .. }) => scale <= room,
            (SqlType::Decimal { .. }, _) => target.is_floating(),
            _ => (found.is_integer() && target.is_numeric()) || (found.is_floating() && target.is_floating()),
        };
        if keeps_values {
            Ok(format!("CAST({text} AS {target})"))
        } else {
            Err(format!("it turns {found} into {target}"))
        }
    }

    /// Returns the window, and the columns that are grouped by.
    fn window(&self) -> Result<(Option<WindowDraft>, Vec<String>), Misfit> {
        match &self.select.grouping {
            Grouping::By { keys, .. } => {
                if !self.select.windows.is_empty() {
                    return Err("it has a window and a GROUP BY".to_owned());
                }
                let mut size = None;
                let mut rest = Vec::new();
                for key in keys {
                    match self.row.window(key) {
                        Some(found) if size.is_none() => size = Some(found),
                        Some(_) => return Err("it groups by two steps of ROWTIME".to_owned()),
                        None => rest.push(key),
                    }
                }
                let Some(size) = size else { return Err("it does not group by a STEP or FLOOR of ROWTIME".to_owned()) };
                Ok((Some(WindowDraft { kind: "tumbling", option: "size", length: size }), self.group(&rest)?))
            }
            Grouping::Stagger(stagger) => {
                let length = interval(&stagger.range).ok_or("its RANGE is no plain duration")?;
                let window = WindowDraft { kind: "stagger", option: "size", length };
                Ok((Some(window), self.group(&stagger.keys.iter().collect::<Vec<_>>())?))
            }
            Grouping::None if self.select.windows.is_empty() && !self.select.items.iter().any(is_over) => {
                Ok((None, Vec::new()))
            }
            Grouping::None => self.sliding(),
        }
    }

    fn group(&self, keys: &[&Expr]) -> Result<Vec<String>, Misfit> {
        let column = |key: &&Expr| {
            let name = self.row.column(key).map(|name| name.value.clone());
            let name = name.filter(|name| self.columns.iter().any(|column| column.name == *name));
            name.ok_or_else(|| match steps(key) {
                Some((time, _)) => format!("it groups by a step of `{time}` too"),
                None => format!("it groups by `{key}`"),
            })
        };
        keys.iter().map(column).collect()
    }

    /// Returns the window that every aggregate of the SELECT is over.
    fn sliding(&self) -> Result<(Option<WindowDraft>, Vec<String>), Misfit> {
        let mut found: Option<&WindowSpec> = None;
        for item in &self.select.items {
            let SelectItem::Expr { expr, .. } = item else { return Err("it selects `*`".to_owned()) };
            if self.row.column(expr).is_some() {
                continue;
            }
            let Expr::Function(call) = &**expr else { return Err(format!("`{expr}` is no aggregate OVER a window")) };
            let spec = match &call.over {
                Some(WindowType::NamedWindow(name)) => named(&self.select.windows, &name.value),
                Some(WindowType::WindowSpec(spec)) => Some(spec),
                None => None,
            };
            let Some(spec) = spec.filter(|_| matches!(call.args, FunctionArguments::List(_))) else {
                return Err(format!("`{expr}` is no aggregate OVER a window"));
            };
            if found.is_some_and(|found| found != spec) {
                return Err("it has several windows".to_owned());
            }
            found = Some(spec);
        }
        let Some(spec) = found else { return Err("it has no window".to_owned()) };
        let frame = spec.window_frame.as_ref().filter(|_| spec.order_by.is_empty() && spec.window_name.is_none());
        let frame = frame.filter(|frame| matches!(frame.end_bound, None | Some(WindowFrameBound::CurrentRow)));
        let Some(frame) = frame else { return Err("its window does not end with the row".to_owned()) };
        let WindowFrameBound::Preceding(Some(size)) = &frame.start_bound else {
            return Err("its window has no beginning".to_owned());
        };
        let length = match frame.units {
            WindowFrameUnits::Range => interval(size).ok_or("its RANGE is no plain duration")?,
            _ => return Err("its window counts rows".to_owned()),
        };
        let window = WindowDraft { kind: "sliding", option: "range", length };
        Ok((Some(window), self.group(&spec.partition_by.iter().collect::<Vec<_>>())?))
    }
}

/// Returns whether an item is an aggregate OVER a window.
fn is_over(item: &SelectItem) -> bool {
    matches!(item, SelectItem::Expr { expr, .. } if matches!(&**expr, Expr::Function(call) if call.over.is_some()))
}

fn named<'w>(windows: &'w [NamedWindow], name: &str) -> Option<&'w WindowSpec> {
    windows.iter().find(|window| window.name.text == name).map(|window| &window.spec)
}
