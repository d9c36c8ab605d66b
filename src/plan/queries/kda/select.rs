//! SELECT: row by row, and what leads elsewhere.

use std::ops::Range;

use crate::sql::kda::{
    Body, Grouping, INPUT_TIME, OUTPUT_TIME, OrderBy, Parsed, Query, ROWTIME, Select as Selected, SelectItem, Typing,
    column_name, field_of, is_record, names_row_time, quoted, with_moments, without_promises,
};
use crate::sql::{Expr, SqlError, SqlType};

use super::super::super::{Attribute, Operator, RelationId, Select};
use super::from::Source;
use super::rows::{Record, RowColumn, Rows};
use super::{Binder, MOMENT, never_null, unlike};

/// One item of a SELECT, with attributes in the place of names.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) expr: Parsed,
    pub(super) span: Range<usize>,
    /// Whether it is called ROWTIME and is nothing else.
    pub(super) own_time: bool,
}

impl Binder<'_, '_> {
    /// Returns the rows of a query.
    pub(super) fn query(&mut self, query: &Query) -> Option<Rows> {
        let rows = match &query.body {
            Body::Select(select) => self.select(select)?,
            Body::Query(inner) => self.query(inner)?,
            Body::UnionAll(queries) => self.union(queries)?,
        };
        self.ordered(rows, &query.order_by)
    }

    fn select(&mut self, select: &Selected) -> Option<Rows> {
        let source = self.from(select)?;
        let source = self.filtered(source, select.filter.as_ref())?;
        let items = self.items(select, &source)?;
        match &select.grouping {
            Grouping::By { keys, span } => self.grouped(&source, select, items, (keys, span)),
            Grouping::Stagger(stagger) => self.stagger(&source, select, items, stagger),
            Grouping::None => {
                if select.having.is_some() {
                    let error = SqlError::new("HAVING needs GROUP BY").label("there are no groups");
                    self.refuse(&select.span, error);
                    return None;
                }
                match &select.distinct {
                    Some(place) => self.distinct(&source, items, place),
                    None => self.each_row(&source, select, &items),
                }
            }
        }
    }

    /// Lets those rows through that WHERE leaves.
    fn filtered(&mut self, source: Source, filter: Option<&Parsed>) -> Option<Source> {
        let Some(filter) = filter.filter(|_| !source.filtered) else { return Some(source) };
        let resolved = self.check(source.scope.resolve(filter, &self.places))?;
        let columns = self.columns(source.relation);
        let named = names(&columns);
        let typing = Typing { text: self.text, columns: &columns, named: &named };
        let condition = self.check(typing.condition(&without_promises(&resolved), &self.places))?;
        let relation = self.passing(source.relation, with_moments(condition));
        Some(Source { relation, filtered: true, ..source })
    }

    /// Adds a relation of those rows for which a condition holds.
    pub(super) fn passing(&mut self, input: RelationId, condition: Expr) -> RelationId {
        let attributes = self.attributes(input).to_vec();
        let outputs = attributes.iter().map(|attribute| Expr::column(&attribute.name, attribute.sql_type)).collect();
        self.add("where", attributes, Operator::Select(Select { input, filter: Some(condition), outputs }))
    }

    /// Returns the columns that expressions over a relation may name, its time among them.
    pub(super) fn columns(&self, relation: RelationId) -> Vec<(String, SqlType)> {
        let mut columns = self.building.columns(relation);
        for time in [INPUT_TIME, OUTPUT_TIME] {
            if !columns.iter().any(|(name, _)| name == time) {
                columns.push((time.to_owned(), MOMENT));
            }
        }
        columns
    }

    /// Returns the items of a SELECT, `*` spelt out.
    fn items(&self, select: &Selected, source: &Source) -> Option<Vec<Item>> {
        let mut items = Vec::new();
        let mut complete = true;
        for item in &select.items {
            let (of, span) = match item {
                SelectItem::All { span } => (None, span),
                SelectItem::AllOf(name) => (Some(name), &name.span),
                SelectItem::Expr { expr, alias, span } => {
                    match self.item_of(source, expr, alias.as_ref().map(|alias| alias.text.as_str()), span, items.len())
                    {
                        Some(item) => items.push(item),
                        None => complete = false,
                    }
                    continue;
                }
            };
            match self.check(source.scope.all(of)) {
                Some(columns) => items.extend(columns.into_iter().map(|column| Item {
                    name: column.name.clone(),
                    expr: quoted(&column.attribute),
                    span: span.clone(),
                    own_time: false,
                })),
                None => complete = false,
            }
        }
        complete.then_some(items)
    }

    fn item_of(
        &self,
        source: &Source,
        expr: &Parsed,
        alias: Option<&str>,
        span: &Range<usize>,
        index: usize,
    ) -> Option<Item> {
        let resolved = without_promises(&self.check(source.scope.resolve(expr, &self.places))?);
        let own = column_name(&resolved);
        let is_time = own.is_some_and(|name| name == INPUT_TIME || name == OUTPUT_TIME);
        let name = match alias {
            Some(alias) => alias.to_owned(),
            None => column_name(expr).map_or_else(|| format!("EXPR${index}"), str::to_owned),
        };
        if alias == Some(ROWTIME) && !is_time {
            let error = SqlError::new("AS ROWTIME would give rows another time than their own")
                .label("not supported")
                .help("call the column something else; rows keep the time at which they arrived");
            self.refuse(span, error);
            return None;
        }
        let own_time = is_time && name == ROWTIME;
        Some(Item { name, expr: resolved, span: span.clone(), own_time })
    }

    /// Adds the relations of a SELECT that gives a row for each row.
    fn each_row(&mut self, source: &Source, select: &Selected, items: &[Item]) -> Option<Rows> {
        let (relation, exprs) = self.over(source, select, items)?;
        let columns = self.columns(relation);
        let named = names(&columns);
        let typing = Typing { text: self.text, columns: &columns, named: &named };
        if items.iter().any(|item| is_record(&item.expr)) {
            return self.records(relation, (items, &exprs), typing);
        }
        let typed: Vec<Option<Expr>> = exprs
            .iter()
            .zip(items)
            .map(|(expr, item)| {
                let typed = self.check(typing.plain(expr, &self.places))?;
                if typed.sql_type.is_none() {
                    self.refuse(&item.span, SqlError::new("a bare NULL has no type").help("write CAST(NULL AS …)"));
                    return None;
                }
                Some(with_moments(typed))
            })
            .collect();
        let outputs: Vec<Expr> = typed.into_iter().collect::<Option<_>>()?;
        Some(self.selected(relation, items, outputs))
    }

    /// Adds the relation of a SELECT with records: their fields stand in their places, as far as the text names any.
    fn records(
        &mut self,
        relation: RelationId,
        (items, exprs): (&[Item], &[Parsed]),
        typing: Typing<'_>,
    ) -> Option<Rows> {
        let mut fields: Vec<Item> = Vec::new();
        let mut outputs: Vec<Expr> = Vec::new();
        let mut records: Vec<Record> = Vec::new();
        for (item, expr) in items.iter().zip(exprs) {
            if !is_record(expr) {
                outputs.push(with_moments(self.check(typing.plain(expr, &self.places))?));
                fields.push(item.clone());
                records.push(Record::None);
                continue;
            }
            let before = outputs.len();
            let mut refused = None;
            for number in self.program.fields_named() {
                // Another record may have more fields than this one.
                match typing.plain(&field_of(expr, number), &self.places) {
                    Ok(field) => {
                        outputs.push(with_moments(field));
                        fields.push(item.clone());
                        records.push(Record::Field(format!("COLUMN{number}")));
                    }
                    Err(error) => refused = refused.or(Some(error)),
                }
            }
            if outputs.len() == before {
                let none = SqlError::new("no field of the record is used")
                    .at(Some(item.span.clone()))
                    .help("name it, and a field of it in the query around this one, such as t.r.COLUMN1");
                self.report(refused.unwrap_or(none));
                return None;
            }
        }
        let mut rows = self.selected(relation, &fields, outputs);
        let mut columns: Vec<RowColumn> = Vec::new();
        for (mut column, record) in rows.columns.into_iter().zip(records) {
            if matches!(record, Record::Field(_)) {
                column.hidden = true;
                let whole = columns.iter().rev().find(|known| known.record == Record::Whole);
                if whole.is_none_or(|whole| whole.name != column.name) {
                    columns.push(RowColumn { hidden: false, record: Record::Whole, ..column.clone() });
                }
            }
            columns.push(RowColumn { record, ..column });
        }
        rows.columns = columns;
        Some(rows)
    }

    /// Adds the relation of what a SELECT makes of each row.
    fn selected(&mut self, input: RelationId, items: &[Item], outputs: Vec<Expr>) -> Rows {
        let source = self.attributes(input).to_vec();
        let (attributes, columns) = output(items, &outputs, &source);
        let operator = Operator::Select(Select { input, filter: None, outputs });
        Rows { relation: self.add("select", attributes, operator), columns }
    }

    fn union(&mut self, queries: &[Query]) -> Option<Rows> {
        let all: Vec<Option<Rows>> = queries.iter().map(|query| self.query(query)).collect();
        let all = all.into_iter().collect::<Option<Vec<Rows>>>()?;
        for (rows, query) in all.iter().zip(queries) {
            self.no_record(rows, &query.span)?;
        }
        let first = all[0].clone();
        let shown = |rows: &Rows| rows.columns.iter().filter(|column| !column.hidden).cloned().collect::<Vec<_>>();
        let mut types: Vec<SqlType> = shown(&first).iter().map(|column| column.sql_type).collect();
        for (rows, query) in all.iter().zip(queries).skip(1) {
            let others = shown(rows);
            if others.len() != types.len() {
                let error =
                    SqlError::new(format!("one query gives {} columns, the other {}", types.len(), others.len()))
                        .help("the queries of a UNION ALL have the same columns");
                self.refuse(&query.span, error);
                return None;
            }
            for (known, other) in types.iter_mut().zip(&others) {
                let Some(meeting) = known.common(other.sql_type) else {
                    let error = SqlError::new(format!(
                        "column `{}` is {} here, and {known} in the query before",
                        other.name, other.sql_type
                    ))
                    .help("make them one type with CAST(… AS …)");
                    self.refuse(&query.span, error);
                    return None;
                };
                *known = meeting;
            }
        }
        let mut attributes: Vec<Attribute> = Vec::new();
        let mut columns = shown(&first);
        for (column, sql_type) in columns.iter_mut().zip(&types) {
            column.sql_type = *sql_type;
            column.attribute = unlike(&column.name, &attributes);
            attributes.push(Attribute { name: column.attribute.clone(), sql_type: *sql_type, not_null: false });
        }
        let inputs = all
            .iter()
            .map(|rows| {
                let cast = |(column, to): (&RowColumn, &SqlType)| {
                    Expr::column(&column.attribute, column.sql_type).cast(*to, true)
                };
                let outputs = shown(rows).iter().zip(&types).map(cast).collect();
                let operator = Operator::Select(Select { input: rows.relation, filter: None, outputs });
                self.add("union", attributes.clone(), operator)
            })
            .collect();
        Some(Rows { relation: self.add("union", attributes, Operator::Union(inputs)), columns })
    }

    /// Refuses records where values are needed.
    pub(super) fn no_record(&self, rows: &Rows, place: &Range<usize>) -> Option<()> {
        let Some(record) = rows.columns.iter().find(|column| column.record == Record::Whole) else { return Some(()) };
        let error = SqlError::new(format!("`{}` is a record, and no column can hold it", record.name))
            .help("select its fields from a query around this one, such as t.r.COLUMN1");
        self.refuse(place, error);
        None
    }

    /// Takes the order of a query. Rows are in the order of their times as they are.
    fn ordered(&mut self, rows: Rows, order_by: &[OrderBy]) -> Option<Rows> {
        let [first, rest @ ..] = order_by else { return Some(rows) };
        let by_time = names_row_time(&first.expr);
        let error = if !by_time {
            SqlError::new("the first expression of ORDER BY goes by time")
                .label("rows without end cannot be sorted by this")
                .help("begin with ROWTIME, or with FLOOR(ROWTIME TO MINUTE)")
        } else if first.descending {
            SqlError::new("time does not go back").label("DESC is not possible here")
        } else if !rest.is_empty() {
            SqlError::new("sorting by more than time is not supported").label("rows come in the order of their times")
        } else {
            return Some(rows);
        };
        self.refuse(&first.span, error);
        None
    }
}

/// Returns the attributes and columns that items become.
pub(super) fn output(items: &[Item], outputs: &[Expr], source: &[Attribute]) -> (Vec<Attribute>, Vec<RowColumn>) {
    let (mut attributes, mut columns) = (Vec::new(), Vec::new());
    for (item, output) in items.iter().zip(outputs) {
        let sql_type = output.sql_type.unwrap_or(SqlType::Varchar(1));
        let attribute = unlike(&item.name, &attributes);
        attributes.push(Attribute { name: attribute.clone(), sql_type, not_null: never_null(output, source) });
        columns.push(RowColumn {
            name: item.name.clone(),
            attribute,
            sql_type,
            hidden: false,
            own_time: item.own_time,
            record: Record::None,
        });
    }
    (attributes, columns)
}

/// Returns the names of columns.
pub(super) fn names(columns: &[(String, SqlType)]) -> Vec<String> {
    columns.iter().map(|(name, _)| name.clone()).collect()
}
