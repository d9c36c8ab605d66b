//! Functions over windows of rows.

use crate::sql::kda::{
    Extent, INPUT_TIME, Name, OverCall, Parsed, Select as Selected, Typing, WindowSpec, extent, on_input, same,
    take_over, window_keys, without_promises,
};
use crate::sql::{Aggregate, Expr, ExprKind, SqlError};
use crate::window::Frame;

use super::super::super::{Attribute, Operator, Over, RelationId};
use super::from::Source;
use super::select::{Item, names};
use super::{Binder, MOMENT};

/// The most windows of one SELECT: each keeps its rows.
const MAX_WINDOWS: usize = 32;

/// A window of rows, with the functions over it and the columns that hold them.
struct Window {
    keys: Vec<Parsed>,
    extent: Extent,
    calls: Vec<(OverCall, String)>,
}

impl Binder<'_, '_> {
    /// Adds the relations of all functions over windows; returns the last one, and the items over it.
    pub(super) fn over(
        &mut self,
        source: &Source,
        select: &Selected,
        items: &[Item],
    ) -> Option<(RelationId, Vec<Parsed>)> {
        let mut windows: Vec<Window> = Vec::new();
        let exprs: Vec<Option<Parsed>> = items
            .iter()
            .map(|item| {
                let taken = take_over(&item.expr, &self.places, |call| self.enter(&mut windows, call, source, select));
                self.check(taken)
            })
            .collect();
        let exprs = exprs.into_iter().collect::<Option<Vec<Parsed>>>()?;
        if windows.is_empty() {
            return Some((source.relation, exprs));
        }
        let (base, keys) = self.with_keys(source.relation, &windows)?;
        let columns = self.building.columns(base);
        let named = names(&columns);
        let typing = Typing { text: self.text, columns: &columns, named: &named };
        let mut relation = base;
        for (window, keys) in windows.iter().zip(keys) {
            let aggregates: Vec<Option<Aggregate>> =
                window.calls.iter().map(|(call, _)| self.check(call.aggregate(typing))).collect();
            let aggregates = aggregates.into_iter().collect::<Option<Vec<Aggregate>>>()?;
            let frame = match window.extent {
                Extent::Range(micros) => Frame::Range(micros),
                Extent::Rows(count) => Frame::Rows(count),
            };
            let mut attributes = self.attributes(relation).to_vec();
            for (aggregate, (_, name)) in aggregates.iter().zip(&window.calls) {
                attributes.push(Attribute::new(name, aggregate.sql_type));
            }
            let over = Over { input: relation, frame, keys, aggregates };
            relation = self.add("over", attributes, Operator::Over(over));
        }
        Some((relation, exprs))
    }

    /// Puts a function to its window; returns the column that holds it.
    fn enter(
        &self,
        windows: &mut Vec<Window>,
        call: OverCall,
        source: &Source,
        select: &Selected,
    ) -> Result<String, SqlError> {
        let spec = match &call.window {
            Ok(name) => named_window(select, name)?,
            Err(spec) => spec,
        };
        let extent = extent(spec, &call.span)?;
        let mut keys = Vec::new();
        for key in window_keys(spec, &call.span)? {
            keys.push(on_input(&without_promises(&source.scope.resolve(key, &self.places)?)));
        }
        let alike = |window: &Window| {
            window.extent == extent
                && window.keys.len() == keys.len()
                && window.keys.iter().zip(&keys).all(|(one, other)| same(one, other))
        };
        let at = match windows.iter().position(alike) {
            Some(at) => at,
            None if windows.len() == MAX_WINDOWS => {
                return Err(SqlError::new("the SELECT has too many different windows")
                    .at(Some(call.span))
                    .help(format!("at most {MAX_WINDOWS}")));
            }
            None => {
                windows.push(Window { keys, extent, calls: Vec::new() });
                windows.len() - 1
            }
        };
        let name = format!("$over_{at}_{}", windows[at].calls.len());
        windows[at].calls.push((call, name.clone()));
        Ok(name)
    }

    /// Adds a relation with what the windows partition by, where that is more than attributes; returns it, and of each
    /// window what it partitions by.
    fn with_keys(&mut self, input: RelationId, windows: &[Window]) -> Option<(RelationId, Vec<Vec<usize>>)> {
        let mut attributes = self.attributes(input).to_vec();
        let mut computed: Vec<Expr> = Vec::new();
        let columns = self.columns(input);
        let named = names(&columns);
        let typing = Typing { text: self.text, columns: &columns, named: &named };
        let mut all = Vec::new();
        for window in windows {
            let mut keys = Vec::new();
            for key in &window.keys {
                keys.push(self.key(&typing, key, (&mut attributes, &mut computed))?);
            }
            all.push(keys);
        }
        if windows.iter().any(|window| window.calls.iter().any(|(call, _)| call.goes_by_time())) {
            attributes.push(Attribute { name: INPUT_TIME.to_owned(), sql_type: MOMENT, not_null: true });
            computed.push(Expr::new(ExprKind::RowTime, MOMENT));
        }
        Some((self.with(input, attributes, computed), all))
    }
}

/// Finds a window of the WINDOW clause.
pub(super) fn named_window<'s>(select: &'s Selected, name: &Name) -> Result<&'s WindowSpec, SqlError> {
    let found = select.windows.iter().find(|window| window.name.text == name.text);
    found.map(|window| &window.spec).ok_or_else(|| {
        SqlError::new(format!("there is no window `{}`", name.text))
            .at(Some(name.span.clone()))
            .label("unknown window")
            .legal(&name.text, select.windows.iter().map(|window| window.name.text.as_str()))
    })
}
