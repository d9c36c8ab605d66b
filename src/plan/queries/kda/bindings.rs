//! What the names of an application's own streams are in the pipeline.

use crate::spec::{ApplicationSpec, Spec};
use crate::sql::kda::Statement;

/// A stream of an application, and the stream of the pipeline that it is.
pub(in crate::plan) type Bound = (String, String);

/// Returns the streams that an application writes: those that its file names, else every stream of its own that the
/// pipeline has one of the same name for.
pub(in crate::plan) fn outputs(spec: &Spec, application: &ApplicationSpec) -> Vec<Bound> {
    if !application.outputs.is_empty() {
        return written(&application.outputs);
    }
    let created = application.reading.program.statements.iter().filter_map(|statement| match statement {
        Statement::Stream(stream) => Some(&stream.name.text),
        Statement::Pump(_) => None,
    });
    let declared = |name: &&String| spec.streams.iter().any(|stream| stream.name.value == **name);
    let mut outputs: Vec<Bound> = created.filter(declared).map(|name| (name.clone(), name.clone())).collect();
    outputs.dedup();
    outputs
}

/// Returns the streams that an application reads: those that its file names, else those whose names it has letter by
/// letter; and where it reads one more, the only stream that producers feed. Of several more that is the one which is called
/// as KDA called its inputs; the others are mistakes.
pub(in crate::plan) fn inputs(spec: &Spec, application: &ApplicationSpec) -> Vec<Bound> {
    if !application.inputs.is_empty() {
        return written(&application.inputs);
    }
    let written: Vec<String> = spec
        .applications
        .iter()
        .flat_map(|application| outputs(spec, application).into_iter().map(|(_, stream)| stream))
        .chain(spec.queries.iter().map(|query| query.name.value.clone()))
        .chain(spec.queries.iter().filter_map(|query| query.late.as_ref().map(|late| late.value.clone())))
        .collect();
    let fed: Vec<&String> = spec
        .streams
        .iter()
        .filter(|stream| stream.columns.is_some())
        .map(|stream| &stream.name.value)
        .filter(|name| written.iter().all(|other| other != *name))
        .collect();
    let table = |name: &str| spec.tables.iter().any(|table| table.name.value.eq_ignore_ascii_case(name));
    let mut bound: Vec<Bound> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    for name in application.reading.program.names_read() {
        let known = spec.streams.iter().any(|stream| stream.name.value == name);
        if known {
            bound.push((name.clone(), name));
        } else if !table(&name) && !name.eq_ignore_ascii_case(super::super::super::ERROR_STREAM) {
            others.push(name);
        }
    }
    // Where statements could not be read, one of them may well create that stream.
    let readable = application.reading.is_whole();
    if others.len() > 1 {
        others.retain(|name| is_numbered(name));
    }
    if let ([other], [only], true) = (others.as_slice(), fed.as_slice(), readable) {
        bound.push((other.clone(), (*only).clone()));
    }
    bound
}

/// Returns whether a name ends as those of the streams that KDA made of an input, such as `SOURCE_SQL_STREAM_001` (KDA
/// developer guide).
fn is_numbered(name: &str) -> bool {
    name.rsplit_once('_')
        .is_some_and(|(_, number)| number.len() == 3 && number.bytes().all(|digit| digit.is_ascii_digit()))
}

fn written(bindings: &[crate::spec::Binding]) -> Vec<Bound> {
    bindings.iter().map(|(inner, outer)| (inner.value.clone(), outer.value.clone())).collect()
}
