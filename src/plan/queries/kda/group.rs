//! Groups: GROUP BY, WINDOWED BY STAGGER and DISTINCT.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::sql::kda::{
    GroupNames, INPUT_TIME, Parsed, Select as Selected, Stagger as Staggered, Trigger, Typing, WINDOW_END,
    WINDOW_START, arrival_as_time, condition, goes_by_time, interval_micros, names_row_time, same, trigger,
    with_moments, without_promises,
};
use crate::sql::{Aggregate, Expr, ExprKind, SqlError};
use crate::window::{Stagger, Tumbling, Window};

use super::super::super::{Attribute, Group, Operator, RelationId, RowTime, Select};
use super::from::Source;
use super::rows::Rows;
use super::select::{Item, names, output};
use super::{Binder, MOMENT};

/// What a grouping is made of.
struct Grouping<'g> {
    source: &'g Source,
    /// The expressions that make the group, besides the window.
    keys: Vec<Parsed>,
    window: Arc<dyn Window>,
    core: Option<Trigger>,
    items: Vec<Item>,
    having: Option<Parsed>,
    row_time: RowTime,
}

impl Binder<'_, '_> {
    /// Adds the relations of a SELECT with GROUP BY.
    pub(super) fn grouped(
        &mut self,
        source: &Source,
        select: &Selected,
        mut items: Vec<Item>,
        (written, span): (&[Parsed], &Range<usize>),
    ) -> Option<Rows> {
        if let Some(place) = &select.distinct {
            let error = SqlError::new("DISTINCT and GROUP BY in one SELECT are not supported")
                .help("group by what is selected: then no row is there twice");
            self.refuse(place, error);
            return None;
        }
        let resolved: Vec<Option<Parsed>> = written.iter().map(|key| self.resolved(source, key)).collect();
        let mut keys: Vec<Parsed> = resolved.into_iter().collect::<Option<_>>()?;
        let mut having = match &select.having {
            Some(having) => Some(self.resolved(source, having)?),
            None => None,
        };
        if !keys.iter().any(goes_by_time) {
            // Records arrive at the time that makes the windows: it is the same clock.
            keys = keys.iter().map(arrival_as_time).collect();
            having = having.as_ref().map(arrival_as_time);
            for item in &mut items {
                item.expr = arrival_as_time(&item.expr);
            }
        }
        let (by_time, keys): (Vec<Parsed>, Vec<Parsed>) = keys.into_iter().partition(goes_by_time);
        let core = match by_time.as_slice() {
            [one] => self.check(trigger(one, &self.places))?,
            [] if written.iter().any(names_row_time) => {
                let error = SqlError::new("GROUP BY goes by the time of one side of a join")
                    .label("a pair has a time of its own")
                    .help("write ROWTIME without a name before it, as in STEP(ROWTIME BY INTERVAL '10' SECOND)");
                self.refuse(span, error);
                return None;
            }
            [] => {
                let error = SqlError::new("GROUP BY makes no windows")
                    .label("an expression over ROWTIME is needed")
                    .help("add STEP(… .ROWTIME BY INTERVAL '10' SECOND)");
                self.refuse(span, error);
                return None;
            }
            _ => {
                let error = SqlError::new("GROUP BY has several expressions over ROWTIME")
                    .label("only one makes the windows, as on KDA")
                    .help("step over the columns of the records in the others");
                self.refuse(span, error);
                return None;
            }
        };
        let window = self.tumbling(&core, span)?;
        self.groups(Grouping { source, keys, window, core: Some(core), items, having, row_time: RowTime::End })
    }

    /// Adds the relations of a SELECT with WINDOWED BY STAGGER.
    pub(super) fn stagger(
        &mut self,
        source: &Source,
        select: &Selected,
        items: Vec<Item>,
        stagger: &Staggered,
    ) -> Option<Rows> {
        let resolved: Vec<Option<Parsed>> = stagger.keys.iter().map(|key| self.resolved(source, key)).collect();
        let keys: Vec<Parsed> = resolved.into_iter().collect::<Option<_>>()?;
        let having = match &select.having {
            Some(having) => Some(self.resolved(source, having)?),
            None => None,
        };
        if let Some(place) = &select.distinct {
            self.refuse(place, SqlError::new("DISTINCT and WINDOWED BY in one SELECT are not supported"));
            return None;
        }
        if keys.iter().any(goes_by_time) {
            let error = SqlError::new("a stagger window is not partitioned by ROWTIME")
                .label("its own first row opens it")
                .help("partition by columns of the records");
            self.refuse(&stagger.span, error);
            return None;
        }
        let micros = self.check(interval_micros(&stagger.range, &self.places))?;
        let length = u64::try_from(micros).ok().map(Duration::from_micros);
        let Some(window) = length.and_then(Stagger::new) else {
            return self.length(&stagger.span);
        };
        let window: Arc<dyn Window> = Arc::new(window);
        self.groups(Grouping { source, keys, window, core: None, items, having, row_time: RowTime::End })
    }

    /// Adds the relations of a SELECT DISTINCT: each of its rows once per window, before the window is over.
    pub(super) fn distinct(&mut self, source: &Source, items: Vec<Item>, place: &Range<usize>) -> Option<Rows> {
        let (by_time, keys): (Vec<Parsed>, Vec<Parsed>) =
            items.iter().map(|item| item.expr.clone()).partition(goes_by_time);
        let mut cores: Vec<Trigger> = Vec::new();
        for expr in &by_time {
            cores.push(self.check(trigger(expr, &self.places))?);
        }
        let Some(core) = cores.pop() else {
            let error = SqlError::new("SELECT DISTINCT makes no windows")
                .label("an expression over ROWTIME is needed")
                .help("select STEP(… .ROWTIME BY INTERVAL '10' SECOND) too: it says how long a row counts as known");
            self.refuse(place, error);
            return None;
        };
        if cores.iter().any(|other| !same(&other.core, &core.core)) {
            let error = SqlError::new("SELECT DISTINCT has several expressions over ROWTIME")
                .label("only one makes the windows");
            self.refuse(place, error);
            return None;
        }
        let window = self.tumbling(&core, place)?;
        // The last moment of the window, so that a window over these rows is the one that they are from.
        let row_time = RowTime::LastMilli;
        self.groups(Grouping { source, keys, window, core: Some(core), items, having: None, row_time })
    }

    fn resolved(&self, source: &Source, expr: &Parsed) -> Option<Parsed> {
        self.check(source.scope.resolve(expr, &self.places)).map(|resolved| without_promises(&resolved))
    }

    fn tumbling(&self, core: &Trigger, place: &Range<usize>) -> Option<Arc<dyn Window>> {
        let length = u64::try_from(core.size).ok().map(Duration::from_micros);
        match length.and_then(Tumbling::new) {
            Some(window) => Some(Arc::new(window)),
            None => self.length(place),
        }
    }

    fn length<T>(&self, place: &Range<usize>) -> Option<T> {
        let error = SqlError::new("a window cannot have this length")
            .help("whole milliseconds, more than none, and ten years at the most");
        self.refuse(place, error);
        None
    }

    fn groups(&mut self, grouping: Grouping<'_>) -> Option<Rows> {
        let source = grouping.source.relation;
        let (mut attributes, mut computed) = (self.attributes(source).to_vec(), Vec::new());
        let columns = self.columns(source);
        let named = names(&columns);
        let typing = Typing { text: self.text, columns: &columns, named: &named };
        let mut group =
            GroupNames { keys: Vec::new(), core: grouping.core.as_ref().map(|core| (core.core.clone(), core.moment)) };
        let mut keys: Vec<usize> = Vec::new();
        for key in &grouping.keys {
            let index = self.key(&typing, key, (&mut attributes, &mut computed))?;
            group.keys.push((key.clone(), attributes[index].name.clone()));
            if !keys.contains(&index) {
                keys.push(index);
            }
        }
        let mut on_time = false;
        let mut rewritten = |expr: &Parsed| {
            let (expr, stands_on_time) = self.check(group.rewrite(expr, &self.places))?;
            on_time |= stands_on_time;
            Some(expr)
        };
        let items: Vec<Option<Parsed>> = grouping.items.iter().map(|item| rewritten(&item.expr)).collect();
        let having = match &grouping.having {
            Some(having) => Some(rewritten(having)?),
            None => None,
        };
        let items = items.into_iter().collect::<Option<Vec<Parsed>>>()?;
        if on_time {
            attributes.push(Attribute { name: INPUT_TIME.to_owned(), sql_type: MOMENT, not_null: true });
            computed.push(Expr::new(ExprKind::RowTime, MOMENT));
        }
        let input = self.with(source, attributes, computed);
        let mut columns = self.building.columns(input);
        let mut named: Vec<String> = group.keys.iter().map(|(_, name)| name.clone()).collect();
        for moment in [WINDOW_START, WINDOW_END] {
            columns.push((moment.to_owned(), MOMENT));
            named.push(moment.to_owned());
        }
        let typing = Typing { text: self.text, columns: &columns, named: &named };
        let mut aggregates: Vec<Aggregate> = Vec::new();
        let outputs: Vec<Option<Expr>> =
            items.iter().map(|item| self.check(typing.value(item, &mut aggregates)).map(with_moments)).collect();
        let having = match &having {
            Some(having) => {
                let typed = self.check(typing.value(having, &mut aggregates).and_then(condition))?;
                Some(with_moments(typed))
            }
            None => None,
        };
        let outputs = outputs.into_iter().collect::<Option<Vec<Expr>>>()?;
        for (output, item) in outputs.iter().zip(&grouping.items) {
            if output.sql_type.is_none() {
                self.refuse(&item.span, SqlError::new("a bare NULL has no type").help("write CAST(NULL AS …)"));
                return None;
            }
        }
        let (attributes, columns) = output(&grouping.items, &outputs, self.attributes(input));
        let operator = Operator::Group(Group {
            input,
            window: grouping.window,
            keys,
            aggregates,
            outputs,
            having,
            top: None,
            row_time: grouping.row_time,
        });
        Some(Rows { relation: self.add("group", attributes, operator), columns })
    }

    /// Adds a relation with more attributes than its input has, if there are more.
    pub(super) fn with(&mut self, input: RelationId, attributes: Vec<Attribute>, computed: Vec<Expr>) -> RelationId {
        if computed.is_empty() {
            return input;
        }
        let count = attributes.len() - computed.len();
        let kept = attributes[..count].iter().map(|attribute| Expr::column(&attribute.name, attribute.sql_type));
        let outputs = kept.chain(computed).collect();
        self.add("keys", attributes, Operator::Select(Select { input, filter: None, outputs }))
    }
}
