//! The plainest query: one stream, perhaps a filter, and one window over it.

use crate::plan::{Attribute, Group, Operator, Plan, Query, Select, Stream};
use crate::sql::Expr;

/// A query that reads one stream through one window.
pub(super) struct Windowed<'a> {
    pub(super) stream: &'a Stream,
    pub(super) filter: Option<&'a Expr>,
    pub(super) group: &'a Group,
    /// The columns of its rows.
    pub(super) attributes: &'a [Attribute],
}

impl<'a> Windowed<'a> {
    /// Looks at a query; `None` where it is of another form.
    pub(super) fn of(plan: &'a Plan, query: &Query) -> Option<Self> {
        let relation = plan.rows_of(query);
        let Operator::Group(group) = &relation.operator else { return None };
        let mut input = &plan.relations[group.input];
        let mut filter = None;
        if let Operator::Select(select) = &input.operator {
            let below = &plan.relations[select.input];
            if !passes_all(select, &below.attributes) {
                return None;
            }
            filter = select.filter.as_ref();
            input = below;
        }
        let Operator::Read(read) = &input.operator else { return None };
        let stream = plan.stream(&read.stream)?;
        (read.system.is_empty() && group.having.is_none() && group.top.is_none()).then_some(Self {
            stream,
            filter,
            group,
            attributes: &relation.attributes,
        })
    }

    /// Returns the stream's columns that make the group.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a crate::plan::Column> {
        self.group.keys.iter().map(|index| &self.stream.columns[*index])
    }
}

/// Returns whether a projection is none: every column of the input, as it is.
pub(super) fn passes_all(select: &Select, input: &[Attribute]) -> bool {
    let is = |output: &Expr, attribute: &Attribute| matches!(&output.kind, crate::sql::ExprKind::Column(name) if *name == attribute.name);
    select.outputs.len() == input.len()
        && select.outputs.iter().zip(input).all(|(output, attribute)| is(output, attribute))
}
