//! The first few rows of each window.

use crate::plan::{RelationId, Top};
use crate::sql::{Dialect, Expr, ExprKind};

use super::super::kda_sql::Output;
use super::group::Renamed;
use super::view::{Rows, Views};

/// Returns the first rows of each window of a group: ranked around its own SELECT, and cut off around that.
pub(super) fn rows(views: &mut Views<'_>, id: RelationId, group: &Renamed<'_>, top: &Top, mut inner: Rows) -> Rows {
    let attributes: Vec<&str> =
        views.plan.relations[id].attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    let mut extra = 0;
    // What rows are ranked by has to be a column of what is ranked.
    let mut column = |expr: &Expr, inner: &mut Rows| {
        if let Some(index) = group.outputs.iter().position(|output| output == expr) {
            return Dialect::Flink.quote(attributes[index]);
        }
        let mut name = format!("order_{extra}");
        while attributes.contains(&name.as_str()) {
            name.push('_');
        }
        extra += 1;
        inner.outputs.push(Output::new(views.output(expr, &group.aggregates), &name));
        Dialect::Flink.quote(&name)
    };
    let moment = crate::sql::SqlType::Timestamp(3);
    let window = [ExprKind::WindowStart, ExprKind::WindowEnd].map(|kind| Expr::new(kind, moment));
    let mut partition: Vec<String> = window.iter().map(|expr| column(expr, &mut inner)).collect();
    let keys: Vec<String> = group.keys.iter().map(|name| column(&key(group, name), &mut inner)).collect();
    partition.extend(top.per.iter().map(|index| keys[*index].clone()));
    let mut order: Vec<String> = Vec::new();
    for (expr, falls) in &group.order {
        let name = column(expr, &mut inner);
        order.push(if *falls { format!("{name} DESC") } else { name });
    }
    // So that every engine gives the same rows.
    order.extend(keys.iter().enumerate().filter(|(index, _)| !top.per.contains(index)).map(|(_, name)| name.clone()));
    if views.is_read(id) {
        inner.outputs.push(Output::new("window_time".to_owned(), &views.row_time));
        partition.push(Dialect::Flink.quote(&views.row_time));
    }
    let mut rank = "rank".to_owned();
    while attributes.contains(&rank.as_str()) {
        rank.push('_');
    }
    // One window alone has nothing but itself to be ranked by.
    if order.is_empty() {
        order.push(partition[1].clone());
    }
    let number = format!("ROW_NUMBER() OVER (PARTITION BY {} ORDER BY {})", partition.join(", "), order.join(", "));
    let ranked = Rows {
        outputs: vec![Output::new("*".to_owned(), "*"), Output::new(number, &rank)],
        from: format!("(\n{}\n    )", inner.text(8)),
        ..Rows::default()
    };
    let mut outputs: Vec<Output> =
        attributes.iter().map(|name| Output::new(Dialect::Flink.quote(name), name)).collect();
    outputs.extend(views.time_output(id));
    Rows {
        outputs,
        from: format!("(\n{}\n)", ranked.text(4)),
        filter: Some(format!("{} <= {}", Dialect::Flink.quote(&rank), top.count)),
        ..Rows::default()
    }
}

/// Returns a key as the outputs have it.
fn key(group: &Renamed<'_>, name: &str) -> Expr {
    let is = |expr: &&Expr| matches!(&expr.kind, ExprKind::Column(other) if other == name);
    group.outputs.iter().find(is).cloned().unwrap_or(Expr { kind: ExprKind::Column(name.to_owned()), sql_type: None })
}
