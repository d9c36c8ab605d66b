//! Filters and projections.

use crate::plan::{Operator, RelationId, Select};
use crate::sql::Dialect;

use super::super::kda_sql::Output;
use super::over;
use super::refusal::Refusal;
use super::view::{Rows, Views};

pub(super) fn rows(views: &Views<'_>, id: RelationId, select: &Select) -> Result<Rows, Refusal> {
    let plan = views.plan;
    let attributes = &plan.relations[id].attributes;
    if let (true, Operator::Over(frame)) = (views.is_folded(select.input), &plan.relations[select.input].operator) {
        return over::folded(views, id, select, frame);
    }
    let (from, filter) = views.from(select.input);
    let outputs = select.outputs.iter().zip(attributes);
    let mut outputs: Vec<Output> =
        outputs.map(|(expr, attribute)| Output::new(views.output(expr, &[]), &attribute.name)).collect();
    outputs.extend(views.time_output(id));
    Ok(Rows {
        outputs,
        from: Dialect::Flink.quote(views.name(from)),
        filter: filter.or_else(|| select.filter.as_ref().map(|filter| views.text(filter, &[]))),
        ..Rows::default()
    })
}
