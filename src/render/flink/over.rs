//! Frames: aggregates over each row and those before it.

use crate::plan::{Over, RelationId, Select};
use crate::sql::{Dialect, Expr, ExprKind, frame_text};
use crate::window::{Flink, Sliding, Window};

use super::super::kda_sql::Output;
use super::refusal::Refusal;
use super::view::{Rows, Views};

/// The name of the frame within its SELECT.
const FRAME: &str = "`frame`";

pub(super) fn rows(views: &Views<'_>, id: RelationId, over: &Over) -> Result<Rows, Refusal> {
    let plan = views.plan;
    let input = plan.relations[over.input].attributes.len();
    let (passed, computed) = plan.relations[id].attributes.split_at(input);
    let mut outputs: Vec<Output> =
        passed.iter().map(|attribute| Output::new(Dialect::Flink.quote(&attribute.name), &attribute.name)).collect();
    for (index, attribute) in computed.iter().enumerate() {
        let expr = Expr::new(ExprKind::Aggregate(index), attribute.sql_type);
        outputs.push(Output::new(text(views, &expr, over), &attribute.name));
    }
    outputs.extend(views.time_output(id));
    framed(views, over, outputs)
}

/// Returns the rows of a projection of frames as one SELECT.
pub(super) fn folded(views: &Views<'_>, id: RelationId, select: &Select, over: &Over) -> Result<Rows, Refusal> {
    let plan = views.plan;
    let input = plan.relations[over.input].attributes.len();
    let computed = &plan.relations[select.input].attributes[input..];
    let aggregate = |expr: &Expr| match &expr.kind {
        ExprKind::Column(name) => {
            let index = computed.iter().position(|attribute| attribute.name == *name)?;
            Some(Expr { kind: ExprKind::Aggregate(index), sql_type: expr.sql_type })
        }
        _ => None,
    };
    let outputs = select.outputs.iter().zip(&plan.relations[id].attributes);
    let mut outputs: Vec<Output> = outputs
        .map(|(expr, attribute)| Output::new(text(views, &expr.clone().replace(&aggregate), over), &attribute.name))
        .collect();
    outputs.extend(views.time_output(id));
    framed(views, over, outputs)
}

fn text(views: &Views<'_>, expr: &Expr, over: &Over) -> String {
    let text = frame_text(&views.without_time(expr), &over.aggregates, FRAME);
    match (&expr.kind, expr.sql_type) {
        (ExprKind::Aggregate(_) | ExprKind::Column(_) | ExprKind::RowTime, _) | (_, None) => text,
        (_, Some(sql_type)) => format!("CAST({text} AS {})", Dialect::Flink.type_name(sql_type)),
    }
}

fn framed(views: &Views<'_>, over: &Over, outputs: Vec<Output>) -> Result<Rows, Refusal> {
    let keys: Vec<String> = over
        .keys
        .iter()
        .map(|index| Dialect::Flink.quote(&views.plan.relations[over.input].attributes[*index].name))
        .collect();
    let partition = if keys.is_empty() { String::new() } else { format!("PARTITION BY {} ", keys.join(", ")) };
    let time = Dialect::Flink.quote(&views.row_time);
    let bounds = match (Sliding { frame: over.frame }).flink("", &time, &keys) {
        Ok(Flink::Over(bounds)) => bounds,
        Ok(Flink::Table(_)) => return Err(Refusal::new("Flink SQL has no such frame", "use a sliding window")),
        Err(refusal) => return Err(Refusal::from(refusal)),
    };
    let (from, filter) = views.from(over.input);
    Ok(Rows {
        outputs,
        from: Dialect::Flink.quote(views.name(from)),
        filter,
        window: Some((FRAME.to_owned(), format!("{partition}ORDER BY {time} {bounds}"))),
        ..Rows::default()
    })
}
