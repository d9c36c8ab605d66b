//! The tree in one line per part, to compare whole programs with.

use super::super::{Body, FromItem, Grouping, JoinKind, Name, Over, Program, Query, Select, SelectItem, Statement};

pub(super) fn print(program: &Program) -> String {
    program.statements.iter().map(statement).collect::<Vec<_>>().join("\n")
}

fn statement(statement: &Statement) -> String {
    match statement {
        Statement::Stream(stream) => {
            let column = |column: &super::super::StreamColumn| {
                let not_null = if column.not_null { " NOT NULL" } else { "" };
                format!("{} {}{not_null}", column.name.text, column.sql_type)
            };
            format!("stream {} ({})", stream.name.text, list(&stream.columns, column))
        }
        Statement::Pump(pump) => {
            let stopped = if pump.stopped.is_some() { " stopped" } else { "" };
            let columns = list(&pump.insert.columns, |name| name.text.clone());
            let query = query(&pump.insert.query);
            format!("pump {}{stopped} into {} ({columns}): {query}", pump.name.text, pump.insert.into.text)
        }
    }
}

fn query(query: &Query) -> String {
    let body = match &query.body {
        Body::Select(select) => self::select(select),
        Body::Query(inner) => format!("({})", self::query(inner)),
        Body::UnionAll(queries) => queries.iter().map(self::query).collect::<Vec<_>>().join(" union "),
    };
    let order = list(&query.order_by, |order| format!("{}{}", order.expr, if order.descending { " desc" } else { "" }));
    if order.is_empty() { body } else { format!("{body} order {order}") }
}

fn select(select: &Select) -> String {
    let item = |item: &SelectItem| match item {
        SelectItem::All { .. } => "*".to_owned(),
        SelectItem::AllOf(name) => format!("{}.*", name.text),
        SelectItem::Expr { expr, alias, .. } => format!("{expr}{}", called(alias.as_ref(), &[])),
    };
    let mut text = format!(
        "{}select {} from {}",
        if select.distinct.is_some() { "distinct " } else { "" },
        list(&select.items, item),
        list(&select.from, from)
    );
    if let Some(filter) = &select.filter {
        text += &format!(" where {filter}");
    }
    text += &match &select.grouping {
        Grouping::None => String::new(),
        Grouping::By { keys, .. } => format!(" by {}", list(keys, ToString::to_string)),
        Grouping::Stagger(stagger) => {
            format!(" stagger {} range {}", list(&stagger.keys, ToString::to_string), stagger.range)
        }
    };
    if let Some(having) = &select.having {
        text += &format!(" having {having}");
    }
    for window in &select.windows {
        text += &format!(" window {} ({})", window.name.text, window.spec);
    }
    text
}

fn from(item: &FromItem) -> String {
    match item {
        FromItem::Relation { name, over, alias, columns } => {
            format!("{}{}{}", name.text, self::over(over.as_ref()), called(alias.as_ref(), columns))
        }
        FromItem::Query { query, over, alias, columns } => {
            format!("({}){}{}", self::query(query), self::over(over.as_ref()), called(alias.as_ref(), columns))
        }
        FromItem::Function(function) => format!(
            "{}[{}]({}){}",
            function.name.text,
            query(&function.cursor),
            list(&function.arguments, ToString::to_string),
            called(function.alias.as_ref(), &function.columns)
        ),
        FromItem::Join(join) => {
            let on = join.on.as_ref().map_or_else(String::new, |on| format!(" on {on}"));
            let kind = match join.kind {
                JoinKind::Inner => "inner",
                JoinKind::Left => "left",
                JoinKind::Right => "right",
                JoinKind::Full => "full",
                JoinKind::Cross => "cross",
            };
            format!("<{} {kind} {}{on}>", from(&join.left), from(&join.right))
        }
    }
}

fn over(over: Option<&Over>) -> String {
    match over {
        None => String::new(),
        Some(Over::Named(name)) => format!(" over {}", name.text),
        Some(Over::Spec { spec, .. }) => format!(" over ({spec})"),
    }
}

fn called(alias: Option<&Name>, columns: &[Name]) -> String {
    match alias {
        None => String::new(),
        Some(alias) if columns.is_empty() => format!(" as {}", alias.text),
        Some(alias) => format!(" as {}({})", alias.text, list(columns, |name| name.text.clone())),
    }
}

fn list<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(", ")
}
