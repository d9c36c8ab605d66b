//! All rows of several relations.

use crate::plan::RelationId;

use super::view::{Rows, Views};

pub(super) fn rows(views: &Views<'_>, id: RelationId, inputs: &[RelationId]) -> Rows {
    let mut parts = inputs.iter().map(|input| views.all_of(*input, id));
    let mut first = parts.next().unwrap_or_default();
    first.more = parts.collect();
    first
}
