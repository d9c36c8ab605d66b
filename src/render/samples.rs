//! Plans for tests, as files like those in `pipelines/` give them.

use std::sync::Arc;
use std::time::Duration;

use crate::plan::{
    Attribute, Clock, Column, Group, Operator, Plan, Query, Read, Relation, RowTime, Select, Source, Stream, Target,
    Time,
};
use crate::record::RecordFormat;
use crate::spec::{Connector, EngineKind, StackSpec, StreamsKind};
use crate::sql::{Expr, ExprKind, Scope, SqlType, read_filter, read_select};
use crate::streams::Capacity;
use crate::window::Tumbling;

/// Builds a plan from a stream and one query over it.
pub(super) struct Sample<'a> {
    pub(super) name: &'a str,
    pub(super) from: Stream,
    pub(super) to: &'a str,
    pub(super) size: Duration,
    pub(super) filter: Option<&'a str>,
    pub(super) group_by: Vec<usize>,
    pub(super) select: &'a [(&'a str, &'a str)],
}

pub(super) fn column(name: &str, sql_type: SqlType) -> Column {
    Column { name: name.to_owned(), sql_type, not_null: false, path: vec![name.to_owned()] }
}

pub(super) fn input(name: &str, shards: u32, columns: Vec<Column>, time: Time) -> Stream {
    Stream {
        name: name.to_owned(),
        capacity: Capacity::Provisioned(shards),
        retention_hours: 24,
        format: RecordFormat::Json,
        columns,
        partition_key: None,
        time,
        source: Source::Producers,
    }
}

impl Sample<'_> {
    pub(super) fn plan(self) -> Plan {
        let columns: Vec<(String, SqlType)> =
            self.from.columns.iter().map(|column| (column.name.clone(), column.sql_type)).collect();
        let scope = Scope::of(&columns);
        let grouped: Vec<String> = self.group_by.iter().map(|index| columns[*index].0.clone()).collect();
        let mut aggregates = Vec::new();
        let mut select = Vec::new();
        let mut outputs: Vec<Column> =
            self.group_by.iter().map(|index| column(&columns[*index].0, columns[*index].1)).collect();
        outputs.extend(["window_start", "window_end"].map(|name| column(name, SqlType::Timestamp(3))));
        for (name, text) in self.select {
            let reading = read_select(text, scope, &grouped, aggregates.clone()).expect(text);
            aggregates = reading.aggregates;
            outputs.push(column(name, reading.expr.sql_type.expect("a type")));
            select.push(reading.expr);
        }
        let attribute = |column: &Column| Attribute {
            name: column.name.clone(),
            sql_type: column.sql_type,
            not_null: column.not_null,
        };
        let clock = if self.from.time == Time::Arrival { Clock::Arrival } else { Clock::Event };
        let relation = |name: &str, attributes: &[Column], operator| Relation {
            name: name.to_owned(),
            attributes: attributes.iter().map(attribute).collect(),
            clock,
            operator,
        };
        let read = Operator::Read(Read { stream: self.from.name.clone(), system: Vec::new() });
        let mut relations = vec![relation(&self.from.name, &self.from.columns, read)];
        if let Some(text) = self.filter {
            let filter = Some(read_filter(text, scope).expect(text));
            let all = columns.iter().map(|(name, sql_type)| Expr::column(name, *sql_type)).collect();
            let select = Operator::Select(Select { input: 0, filter, outputs: all });
            relations.push(relation(&format!("{}:where", self.to), &self.from.columns, select));
        }
        let mut exprs: Vec<Expr> =
            self.group_by.iter().map(|index| Expr::column(&columns[*index].0, columns[*index].1)).collect();
        exprs.extend([ExprKind::WindowStart, ExprKind::WindowEnd].map(|kind| Expr::new(kind, SqlType::Timestamp(3))));
        exprs.extend(select);
        let partition_by = (0..self.group_by.len()).collect();
        let group = Operator::Group(Group {
            input: relations.len() - 1,
            window: Arc::new(Tumbling::new(self.size).expect("a size")),
            keys: self.group_by,
            aggregates,
            outputs: exprs,
            having: None,
            top: None,
            row_time: RowTime::LastMilli,
        });
        relations.push(relation(self.to, &outputs, group));
        let query = Query {
            name: self.to.to_owned(),
            relation: relations.len() - 1,
            stream: Some(self.to.to_owned()),
            partition_by,
            late: None,
            summary: "tumbling".to_owned(),
        };
        let mut output = input(self.to, 1, outputs, Time::Arrival);
        output.source = Source::Query(self.to.to_owned());
        Plan {
            name: self.name.to_owned(),
            description: None,
            streams: vec![self.from, output],
            tables: Vec::new(),
            generators: Vec::new(),
            relations,
            queries: vec![query],
            target: target("aws", EngineKind::ManagedFlink),
        }
    }
}

pub(super) fn target(name: &str, engine: EngineKind) -> Target {
    let streams = if engine == EngineKind::Flink { StreamsKind::Local } else { StreamsKind::Kinesis };
    Target {
        name: name.to_owned(),
        declared: true,
        streams,
        engine,
        region: None,
        endpoint_url: None,
        gateway: "http://127.0.0.1:8083".to_owned(),
        connector: Connector::V5,
        bucket: None,
        maven: "https://repo.example.org".to_owned(),
        jar: None,
        jar_sha256: None,
        stack: StackSpec::default(),
        prices: None,
    }
}

/// Event time, a path into the record, a filter.
pub(super) fn ticker() -> Plan {
    let mut price = column("price", SqlType::Double);
    price.path = vec!["quote".to_owned(), "price".to_owned()];
    let columns = vec![
        column("traded_at", SqlType::Timestamp(3)),
        column("ticker", SqlType::Varchar(8)),
        price,
        column("volume", SqlType::Integer),
    ];
    let time = Time::Event { column: 0, delay: Duration::from_secs(2), idle: Duration::from_secs(10) };
    let mut plan = Sample {
        name: "ticker",
        from: input("trades", 2, columns, time),
        to: "averages",
        size: Duration::from_secs(10),
        filter: Some("volume > 0"),
        group_by: vec![1],
        select: &[("trades", "COUNT(*)"), ("low", "MIN(price)"), ("high", "MAX(price)"), ("avg_price", "AVG(price)")],
    }
    .plan();
    plan.description = Some("Ten-second price statistics for each ticker".to_owned());
    plan
}

/// Arrival time, names in mixed case, averages of whole numbers.
pub(super) fn balance() -> Plan {
    let columns = vec![
        column("eventTime", SqlType::Timestamp(6)),
        column("userName", SqlType::Varchar(8)),
        column("balance", SqlType::Integer),
    ];
    Sample {
        name: "balance",
        from: input("KinesisInputData", 1, columns, Time::Arrival),
        to: "KinesisOutputData",
        size: Duration::from_mins(3),
        filter: None,
        group_by: vec![1],
        select: &[
            ("User_Counter", "COUNT(*)"),
            ("Min_Balance", "MIN(balance)"),
            ("Max_Balance", "MAX(balance)"),
            ("Avg_Balance", "AVG(balance)"),
        ],
    }
    .plan()
}

/// Names and texts that break out of whatever does not quote them, capacity on demand, and computed outputs.
pub(super) fn hostile() -> Plan {
    let mut nested = column("a`b\"c'd", SqlType::Varchar(3));
    nested.path = vec!["x`y".to_owned(), "row_time".to_owned()];
    let mut required = column("row_time", SqlType::Decimal { precision: 10, scale: 2 });
    required.not_null = true;
    let columns = vec![nested, required, column("n: #{{ it }}\u{2028}", SqlType::SmallInt)];
    let time = Time::Event { column: 3, delay: Duration::from_hours(1), idle: Duration::from_millis(1500) };
    let mut from = input("user-events.v1", 1, columns, time);
    from.columns.push(column("at", SqlType::Timestamp(6)));
    from.capacity = Capacity::OnDemand;
    let mut plan = Sample {
        name: "hostile",
        from,
        to: "per_minute",
        size: Duration::from_millis(1500),
        filter: Some(
            "\"a`b\"\"c'd\" <> 'it''s -- ${AWS::Region}\n;' AND CAST(\"a`b\"\"c'd\" AS INTEGER) / row_time > 1",
        ),
        group_by: vec![0, 2],
        select: &[("ratio`", "SUM(row_time) / (COUNT(*) - 1)"), ("rest", "MOD(COUNT(*), 2)")],
    }
    .plan();
    plan.description = Some("first line\n  DROP TABLE x; \"quoted\" {{ it }}\u{85}\u{feff}".to_owned());
    plan
}
