//! Joins of streams over windows, and with tables.

use std::ops::Range;

use crate::sql::kda::{
    Extent, FromItem, Join as Joined, JoinKind as Kind, NameScope, Over as Windowed, Parsed, ScopeColumn, ScopeItem,
    Select as Selected, Typing, extent, with_moments, without_promises,
};
use crate::sql::{Expr, ExprKind, SqlError};

use super::super::super::{Attribute, Join, JoinKind, Lookup, Operator, RelationId, Select, Table};
use super::super::join::{both, conjuncts, equal_columns};
use super::from::{Source, place};
use super::over::named_window;
use super::rows::{Record, Rows};
use super::select::names;
use super::{Binder, MOMENT};

/// How long the rows of a side wait for a partner, in microseconds; not at all where it has no window.
type Wait = Option<i64>;

/// What is equal in a pair, by index on the left and on the right, and what else must hold.
type Matching = (Vec<(usize, usize)>, Option<Expr>);

/// One side of a join.
struct Side {
    /// What is joined.
    rows: Joinable,
    scope: Vec<ScopeItem>,
    window: Wait,
    span: Range<usize>,
}

enum Joinable {
    Stream(RelationId),
    /// A table, with its columns as attributes.
    Table(String, Vec<Attribute>),
}

/// What joins two sides.
struct Condition<'c> {
    kind: Kind,
    on: Option<&'c Parsed>,
    span: Range<usize>,
}

impl Binder<'_, '_> {
    /// Returns the pairs of all items of a FROM clause.
    pub(super) fn joined(&mut self, select: &Selected) -> Option<Source> {
        // Between items with commas, WHERE says what makes a pair.
        let inner = select.from.len() > 1 && select.from.iter().all(all_inner);
        let mut filtered = false;
        let mut items = select.from.iter();
        let mut left = self.side(items.next()?, select)?;
        let count = select.from.len();
        for (index, item) in items.enumerate() {
            let right = self.side(item, select)?;
            let last = index + 2 == count;
            let on = select.filter.as_ref().filter(|_| inner && last);
            filtered |= on.is_some();
            let span = right.span.clone();
            left = self.pair(left, right, &Condition { kind: Kind::Inner, on, span })?;
        }
        let Joinable::Stream(relation) = left.rows else {
            self.refuse(&left.span, SqlError::new("a table alone gives no rows").help("join a stream with it"));
            return None;
        };
        Some(Source { relation, scope: NameScope { items: left.scope }, filtered })
    }

    fn side(&mut self, item: &FromItem, select: &Selected) -> Option<Side> {
        if let FromItem::Join(join) = item {
            let Joined { left, right, kind, on, span } = &**join;
            let left = self.side(left, select);
            let right = self.side(right, select);
            return self.pair(left?, right?, &Condition { kind: *kind, on: on.as_ref(), span: span.clone() });
        }
        if let FromItem::Relation { name, over, alias, columns } = item
            && !self.is_stream(&name.text)
            && let Some(table) = self.table(&name.text).cloned()
        {
            if let Some(over) = over {
                let error = SqlError::new(format!("`{}` is a table", name.text)).label("its rows have no time");
                self.refuse(place(over), error);
            }
            let called = alias.as_ref().unwrap_or(name).text.clone();
            let mut scope = ScopeItem { name: Some(called.clone()), columns: Vec::new(), row_time: String::new() };
            let mut attributes = Vec::new();
            for (index, column) in table.columns.iter().enumerate() {
                let attribute = format!("{called}.{}", column.name);
                scope.columns.push(ScopeColumn {
                    name: columns.get(index).map_or_else(|| column.name.clone(), |name| name.text.clone()),
                    attribute: attribute.clone(),
                    sql_type: column.sql_type,
                    hidden: false,
                    field: None,
                });
                attributes.push(Attribute { name: attribute, ..column.clone() });
            }
            let rows = Joinable::Table(table.name, attributes);
            return Some(Side { rows, scope: vec![scope], window: None, span: name.span.clone() });
        }
        let (rows, name, over) = self.item(item)?;
        let span = span_of(item);
        let Some(name) = name else {
            let error = SqlError::new("what is joined needs a name").help("put AS and a name behind it");
            self.refuse(&span, error);
            return None;
        };
        let window = match over {
            Some(over) => Some(self.window(over, select)?),
            None => None,
        };
        let (relation, scope) = self.qualified(&rows, &name);
        Some(Side { rows: Joinable::Stream(relation), scope: vec![scope], window, span })
    }

    /// Returns how long the window of a join is.
    fn window(&self, over: &Windowed, select: &Selected) -> Option<i64> {
        let spec = match over {
            Windowed::Named(name) => self.check(named_window(select, name))?,
            Windowed::Spec { spec, .. } => spec,
        };
        if !spec.partition_by.is_empty() {
            let error = SqlError::new("PARTITION BY is not possible in the window of a join")
                .help("say in ON what makes a pair");
            self.refuse(place(over), error);
            return None;
        }
        match self.check(extent(spec, place(over)))? {
            Extent::Range(micros) => Some(micros),
            Extent::Rows(_) => {
                let error = SqlError::new("ROWS is not supported in the window of a join")
                    .help("write RANGE INTERVAL '1' MINUTE PRECEDING");
                self.refuse(place(over), error);
                None
            }
        }
    }

    /// Adds a relation whose attributes carry the name of what is read, its time among them.
    fn qualified(&mut self, rows: &Rows, name: &str) -> (RelationId, ScopeItem) {
        let row_time = format!("{name}.$time");
        let (mut attributes, mut outputs, mut columns) = (Vec::new(), Vec::new(), Vec::new());
        let source = self.attributes(rows.relation).to_vec();
        for column in rows.columns.iter().filter(|column| !column.own_time && column.record != Record::Whole) {
            let attribute = format!("{name}.{}", column.attribute);
            let not_null = source.iter().any(|known| known.name == column.attribute && known.not_null);
            attributes.push(Attribute { name: attribute.clone(), sql_type: column.sql_type, not_null });
            outputs.push(Expr::column(&column.attribute, column.sql_type));
            columns.push(ScopeColumn {
                name: column.name.clone(),
                attribute,
                sql_type: column.sql_type,
                hidden: column.hidden,
                field: match &column.record {
                    Record::Field(name) => Some(name.clone()),
                    Record::None | Record::Whole => None,
                },
            });
        }
        attributes.push(Attribute { name: row_time.clone(), sql_type: MOMENT, not_null: true });
        outputs.push(Expr::new(ExprKind::RowTime, MOMENT));
        let operator = Operator::Select(Select { input: rows.relation, filter: None, outputs });
        let relation = self.add(name, attributes, operator);
        (relation, ScopeItem { name: Some(name.to_owned()), columns, row_time })
    }

    fn pair(&mut self, left: Side, right: Side, condition: &Condition<'_>) -> Option<Side> {
        let twice = right.scope.iter().find(|item| left.scope.iter().any(|other| other.name == item.name));
        if let Some(name) = twice.and_then(|item| item.name.as_deref()) {
            let error = SqlError::new(format!("two of what is joined are called `{name}`"))
                .help("give one of them another name with AS");
            self.refuse(&right.span, error);
            return None;
        }
        let scope: Vec<ScopeItem> = left.scope.into_iter().chain(right.scope).collect();
        let span = condition.span.clone();
        let relation = match (left.rows, right.rows) {
            (Joinable::Stream(one), Joinable::Table(table, columns)) => {
                self.lookup(one, table, &columns, condition, &scope)?
            }
            (Joinable::Table(table, columns), Joinable::Stream(one)) => {
                let kind = match condition.kind {
                    Kind::Right => Kind::Left,
                    Kind::Left => Kind::Right,
                    other => other,
                };
                let turned = Condition { kind, on: condition.on, span: span.clone() };
                self.lookup(one, table, &columns, &turned, &scope)?
            }
            (Joinable::Stream(one), Joinable::Stream(other)) => {
                let windows = (left.window, right.window);
                self.over_windows((one, other), windows, condition, &scope)?
            }
            (Joinable::Table(..), Joinable::Table(..)) => {
                self.refuse(&span, SqlError::new("two tables are joined").label("a stream has to be one side"));
                return None;
            }
        };
        Some(Side { rows: Joinable::Stream(relation), scope, window: None, span })
    }

    fn over_windows(
        &mut self,
        (left, right): (RelationId, RelationId),
        (left_window, right_window): (Wait, Wait),
        condition: &Condition<'_>,
        scope: &[ScopeItem],
    ) -> Option<RelationId> {
        if left_window.is_none() && right_window.is_none() {
            let error = SqlError::new("a join of two streams needs a window")
                .label("neither side has one")
                .help("put OVER (RANGE INTERVAL '1' MINUTE PRECEDING) behind one or both of them");
            self.refuse(&condition.span, error);
            return None;
        }
        let kind = match condition.kind {
            Kind::Inner | Kind::Cross => JoinKind::Inner,
            Kind::Left => JoinKind::Left,
            Kind::Right => JoinKind::Right,
            Kind::Full => JoinKind::Full,
        };
        let mut attributes = self.attributes(left).to_vec();
        let count = attributes.len();
        attributes.extend_from_slice(self.attributes(right));
        for (index, attribute) in attributes.iter_mut().enumerate() {
            let may_miss = if index < count {
                matches!(kind, JoinKind::Right | JoinKind::Full)
            } else {
                matches!(kind, JoinKind::Left | JoinKind::Full)
            };
            attribute.not_null &= !may_miss;
        }
        let (on, filter) = self.on(condition, scope, &attributes, count)?;
        // A row waits in its own window for a partner that comes later.
        let operator = Operator::Join(Join {
            left,
            right,
            kind,
            before: right_window.unwrap_or(0),
            after: left_window.unwrap_or(0),
            on,
            filter,
            later: true,
        });
        Some(self.add("join", attributes, operator))
    }

    fn lookup(
        &mut self,
        input: RelationId,
        table: String,
        columns: &[Attribute],
        condition: &Condition<'_>,
        scope: &[ScopeItem],
    ) -> Option<RelationId> {
        let kind = match condition.kind {
            Kind::Inner | Kind::Cross => JoinKind::Inner,
            Kind::Left => JoinKind::Left,
            Kind::Right | Kind::Full => {
                let error = SqlError::new("rows of a table alone cannot stay in a join")
                    .label("a table has no time at which they could")
                    .help("keep the rows of the stream, with LEFT JOIN");
                self.refuse(&condition.span, error);
                return None;
            }
        };
        let mut attributes = self.attributes(input).to_vec();
        let count = attributes.len();
        for column in columns {
            attributes.push(Attribute { not_null: column.not_null && kind == JoinKind::Inner, ..column.clone() });
        }
        let (on, filter) = self.on(condition, scope, &attributes, count)?;
        let operator = Operator::Lookup(Lookup { input, table, kind, on, filter });
        Some(self.add("lookup", attributes, operator))
    }

    /// Returns which attributes of a pair are equal, and what else must hold.
    fn on(
        &self,
        condition: &Condition<'_>,
        scope: &[ScopeItem],
        attributes: &[Attribute],
        left: usize,
    ) -> Option<Matching> {
        let (mut on, mut rest) = (Vec::new(), Vec::new());
        if let Some(parsed) = condition.on {
            let scope = NameScope { items: scope.to_vec() };
            let resolved = without_promises(&self.check(scope.resolve(parsed, &self.places))?);
            let columns: Vec<_> =
                attributes.iter().map(|attribute| (attribute.name.clone(), attribute.sql_type)).collect();
            let named = names(&columns);
            let typing = Typing { text: self.text, columns: &columns, named: &named };
            let typed = self.check(typing.condition(&resolved, &self.places))?;
            for part in conjuncts(with_moments(typed)) {
                match equal_columns(&part, attributes, left) {
                    Some(pair) => on.push(pair),
                    None => rest.push(part),
                }
            }
        }
        if on.is_empty() {
            let error = SqlError::new("a join without an equality pairs every row with every other")
                .label("no column of one side equals one of the other")
                .help("add one to the condition, such as a.id = b.id");
            self.refuse(&condition.span, error);
            return None;
        }
        Some((on, rest.into_iter().reduce(both)))
    }

    /// Finds a table by the name that the text has for it.
    pub(super) fn table(&self, name: &str) -> Option<&Table> {
        let tables = self.building.tables;
        tables.iter().find(|table| table.name == name).or_else(|| {
            let mut alike = tables.iter().filter(|table| table.name.eq_ignore_ascii_case(name));
            alike.next().filter(|_| alike.next().is_none())
        })
    }
}

/// Returns whether every join in an item keeps pairs only.
fn all_inner(item: &FromItem) -> bool {
    match item {
        FromItem::Join(join) => {
            matches!(join.kind, Kind::Inner | Kind::Cross) && all_inner(&join.left) && all_inner(&join.right)
        }
        _ => true,
    }
}

fn span_of(item: &FromItem) -> Range<usize> {
    match item {
        FromItem::Relation { name, .. } => name.span.clone(),
        FromItem::Query { query, .. } => query.span.clone(),
        FromItem::Function(function) => function.span.clone(),
        FromItem::Join(join) => join.span.clone(),
    }
}
