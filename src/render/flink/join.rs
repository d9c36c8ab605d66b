//! Joins of two relations whose rows lie close together in time.

use crate::plan::{Join, JoinKind, RelationId};
use crate::sql::Dialect;

use super::super::kda_sql::Output;
use super::refusal::Refusal;
use super::view::{Rows, Views};

pub(super) fn rows(views: &Views<'_>, id: RelationId, join: &Join) -> Result<Rows, Refusal> {
    let kind = match join.kind {
        JoinKind::Inner => "JOIN",
        JoinKind::Left => "LEFT JOIN",
        JoinKind::Right => "RIGHT JOIN",
        JoinKind::Full => "FULL JOIN",
    };
    let keeps_left = matches!(join.kind, JoinKind::Inner | JoinKind::Left) && !join.later;
    if views.is_read(id) && !keeps_left {
        return Err(Refusal::new(
            "Flink SQL goes on from such a join without a time",
            "make it an inner or left join whose rows keep the time of the left side, or end the query here",
        ));
    }
    let relations = &views.plan.relations;
    let (left, right) = (&relations[join.left], &relations[join.right]);
    let attributes = &relations[id].attributes;
    let (ours, theirs) = attributes.split_at(left.attributes.len());
    let quote = |name: &str| Dialect::Flink.quote(name);
    let mut outputs: Vec<Output> =
        ours.iter().map(|attribute| Output::new(format!("`l`.{}", quote(&attribute.name)), &attribute.name)).collect();
    // The right side goes by its names within the join, which are unlike those of the left one.
    outputs.extend(theirs.iter().map(|attribute| Output::new(quote(&attribute.name), &attribute.name)));
    let time = quote(&views.row_time);
    if views.is_read(id) {
        outputs.push(Output::new(format!("`l`.{time}"), &views.row_time));
    }
    let mut conditions: Vec<String> = join
        .on
        .iter()
        .map(|(one, other)| format!("`l`.{} = `r`.{}", quote(&ours[*one].name), quote(&theirs[*other].name)))
        .collect();
    let bound = |sign: &str, micros| match micros {
        0 => format!("`l`.{time}"),
        micros => format!("`l`.{time} {sign} {}", crate::window::interval(micros)),
    };
    conditions.push(format!("`r`.{time} BETWEEN {} AND {}", bound("-", join.before), bound("+", join.after)));
    if let Some(filter) = &join.filter {
        conditions.push(format!("({})", views.text(filter, &[])));
    }
    let renamed = right.attributes.iter().zip(theirs).any(|(own, within)| own.name != within.name);
    let right = if renamed {
        let names = right.attributes.iter().zip(theirs);
        let mut outputs: Vec<Output> = names.map(|(own, within)| Output::new(quote(&own.name), &within.name)).collect();
        outputs.push(Output::new(time.clone(), &views.row_time));
        let rows = Rows { outputs, from: quote(views.name(join.right)), ..Rows::default() };
        format!("(\n{}\n)", rows.text(4))
    } else {
        quote(views.name(join.right))
    };
    let from =
        format!("{} AS `l`\n{kind} {right} AS `r`\nON {}", quote(views.name(join.left)), conditions.join("\n    AND "));
    Ok(Rows { outputs, from, ..Rows::default() })
}
