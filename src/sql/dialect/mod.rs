//! Typed expression → text of a dialect.

mod aggregate;
mod call;
mod carries;
#[cfg(test)]
mod tests;

pub use carries::{FlinkVersion, carries, carries_aggregate};

use super::{Aggregate, Expr, ExprKind, Literal, Operator, SqlType};

const MAX_KDA_DIGITS: u8 = 19;
/// The column under which a Flink query has the time of its rows.
pub const FLINK_ROW_TIME: &str = "row_time";

/// A dialect in which `pipe` writes SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Kinesis Data Analytics for SQL.
    Kda,
    /// Apache Flink SQL.
    Flink,
}

impl Dialect {
    /// Quotes a name so that it is taken letter by letter.
    pub fn quote(self, name: &str) -> String {
        match self {
            Self::Kda => format!("\"{}\"", name.replace('"', "\"\"")),
            Self::Flink => format!("`{}`", name.replace('`', "``")),
        }
    }

    /// Quotes a text constant.
    pub fn text(self, text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }

    /// Writes a length of time.
    pub fn interval(self, micros: i64) -> String {
        const SECOND: u64 = 1_000_000;
        let sign = if micros < 0 { "-" } else { "" };
        let micros = micros.unsigned_abs();
        let units = [("DAY", 86_400 * SECOND), ("HOUR", 3_600 * SECOND), ("MINUTE", 60 * SECOND), ("SECOND", SECOND)];
        for (unit, length) in units {
            // A leading field has two digits where nothing else is said.
            if micros > 0 && micros.is_multiple_of(length) && micros / length < 100 {
                return format!("INTERVAL '{sign}{}' {unit}", micros / length);
            }
        }
        let (seconds, fraction) = (micros / SECOND, micros % SECOND);
        let (days, clock) = (seconds / 86_400, seconds % 86_400);
        let clock = format!("{:02}:{:02}:{:02}", clock / 3600, clock / 60 % 60, clock % 60);
        let point =
            if fraction == 0 { String::new() } else { format!(".{fraction:06}").trim_end_matches("000").to_owned() };
        let digits = days.to_string().len().max(2);
        format!("INTERVAL '{sign}{days} {clock}{point}' DAY({digits}) TO SECOND")
    }

    /// Writes a type.
    pub fn type_name(self, sql_type: SqlType) -> String {
        match (self, sql_type) {
            // Flink's time attributes and KDA's timestamps both have milliseconds at the most; KDA takes no digits.
            (Self::Kda, SqlType::Timestamp(_)) => "TIMESTAMP".to_owned(),
            // KDA's exact numbers have 19 digits at the most (SQL reference, data types).
            (Self::Kda, SqlType::Decimal { precision, scale }) if precision > MAX_KDA_DIGITS => {
                format!("DECIMAL({MAX_KDA_DIGITS}, {})", scale.min(MAX_KDA_DIGITS))
            }
            // Flink does not cut text at a length, and neither source nor sink checks it.
            (Self::Flink, SqlType::Varchar(_)) => "STRING".to_owned(),
            (Self::Flink, SqlType::Real) => "FLOAT".to_owned(),
            (Self::Flink, SqlType::Integer) => "INT".to_owned(),
            _ => sql_type.to_string(),
        }
    }
}

/// How names outside the expression are written.
#[derive(Debug, Clone, Copy)]
struct Writer<'a> {
    dialect: Dialect,
    aggregates: &'a [Aggregate],
    prefix: &'a str,
    /// What follows an aggregate.
    over: &'a str,
}

/// Writes an expression. `aggregates` are the query's; `prefix` goes before every column (`"t".`, or nothing).
pub fn expression_text(expr: &Expr, dialect: Dialect, aggregates: &[Aggregate], prefix: &str) -> String {
    Writer { dialect, aggregates, prefix, over: "" }.write(expr)
}

/// Writes an expression of Flink whose aggregates are over the frame of a name.
pub fn frame_text(expr: &Expr, aggregates: &[Aggregate], frame: &str) -> String {
    let over = format!(" OVER {frame}");
    Writer { dialect: Dialect::Flink, aggregates, prefix: "", over: &over }.write(expr)
}

impl Writer<'_> {
    fn write(self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Column(name) => format!("{}{}", self.prefix, self.dialect.quote(name)),
            ExprKind::Aggregate(index) => self.aggregate(&self.aggregates[*index]),
            // The time of the row is a column that each dialect's query makes visible.
            ExprKind::RowTime if self.dialect == Dialect::Kda => format!("{}ROWTIME", self.prefix),
            ExprKind::RowTime => format!("{}{}", self.prefix, self.dialect.quote(FLINK_ROW_TIME)),
            ExprKind::WindowStart => "window_start".to_owned(),
            ExprKind::WindowEnd => "window_end".to_owned(),
            ExprKind::Literal(literal) => self.literal(literal, expr.sql_type),
            ExprKind::Negate(inner) => format!("-{}", self.operand(inner)),
            ExprKind::Not(inner) => format!("NOT {}", self.operand(inner)),
            ExprKind::IsNull(inner) => format!("{} IS NULL", self.operand(inner)),
            ExprKind::IsNotNull(inner) => format!("{} IS NOT NULL", self.operand(inner)),
            ExprKind::Binary(left, Operator::Modulo, right) => {
                format!("MOD({}, {})", self.write(left), self.divisor(right, self.write(right)))
            }
            ExprKind::Binary(left, Operator::Divide, right) => {
                format!("{} / {}", self.operand(left), self.divisor(right, self.operand(right)))
            }
            ExprKind::Binary(left, operator, right) => {
                format!("{} {} {}", self.operand(left), operator.text(), self.operand(right))
            }
            ExprKind::Cast { expr: inner, implicit: true } => self.write(inner),
            ExprKind::Cast { expr: inner, implicit: false } => {
                self.explicit_cast(&self.write(inner), inner.sql_type, expr.sql_type)
            }
            ExprKind::Case { whens, otherwise } => {
                let mut text = "CASE".to_owned();
                for (when, then) in whens {
                    text += &format!(" WHEN {} THEN {}", self.write(when), self.write(then));
                }
                if let Some(otherwise) = otherwise {
                    text += &format!(" ELSE {}", self.write(otherwise));
                }
                text + " END"
            }
            ExprKind::In { expr, list, negated } => {
                let list: Vec<String> = list.iter().map(|item| self.write(item)).collect();
                format!("{} {}IN ({})", self.operand(expr), not(*negated), list.join(", "))
            }
            ExprKind::Like { expr, pattern, negated } => {
                format!("{} {}LIKE {}", self.operand(expr), not(*negated), self.dialect.text(pattern))
            }
            ExprKind::Call(function, arguments) => self.call(function.name, arguments),
        }
    }

    /// Writes a part, in parentheses where it could be taken apart otherwise.
    fn operand(self, expr: &Expr) -> String {
        let mut bare = expr;
        while let ExprKind::Cast { expr, implicit: true } = &bare.kind {
            bare = expr;
        }
        let text = self.write(bare);
        let modulo = matches!(&bare.kind, ExprKind::Binary(_, Operator::Modulo, _));
        let loose = matches!(
            &bare.kind,
            ExprKind::Binary(..)
                | ExprKind::Not(_)
                | ExprKind::Negate(_)
                | ExprKind::IsNull(_)
                | ExprKind::IsNotNull(_)
                | ExprKind::In { .. }
                | ExprKind::Like { .. }
        ) && !modulo;
        if loose || text.starts_with('-') { format!("({text})") } else { text }
    }

    /// Guards what is divided by. A division by zero diverts a row in KDA; it would stop a Flink job, and gives NULL.
    fn divisor(self, divisor: &Expr, text: String) -> String {
        let mut bare = divisor;
        while let ExprKind::Cast { expr, .. } = &bare.kind {
            bare = expr;
        }
        let safe = matches!(&bare.kind, ExprKind::Literal(Literal::Integer(number)) if *number != 0);
        if self.dialect == Dialect::Kda || safe { text } else { format!("NULLIF({text}, 0)") }
    }

    /// Writes a cast that the author wrote.
    fn explicit_cast(self, text: &str, from: Option<SqlType>, to: Option<SqlType>) -> String {
        match (self.dialect, from, to) {
            // A name without a length would leave the text as long as it is.
            (Dialect::Flink, _, Some(SqlType::Varchar(length))) => format!("CAST({text} AS VARCHAR({length}))"),
            // Text that does not fit diverts a row in KDA; it would stop a Flink job, and gives NULL.
            (Dialect::Flink, Some(SqlType::Varchar(_)), Some(to)) => {
                format!("TRY_CAST({text} AS {})", self.dialect.type_name(to))
            }
            _ => self.cast(text, to),
        }
    }

    fn cast(self, text: &str, to: Option<SqlType>) -> String {
        match to {
            Some(to) => format!("CAST({text} AS {})", self.dialect.type_name(to)),
            None => text.to_owned(),
        }
    }

    fn literal(self, literal: &Literal, sql_type: Option<SqlType>) -> String {
        match literal {
            Literal::Null => self.cast("NULL", sql_type),
            Literal::Boolean(boolean) => if *boolean { "TRUE" } else { "FALSE" }.to_owned(),
            Literal::Integer(number) => number.to_string(),
            Literal::Number(digits) => digits.clone(),
            Literal::Text(text) => self.dialect.text(text),
            Literal::Timestamp(micros) => {
                let moment = chrono::DateTime::from_timestamp_micros(*micros).unwrap_or_default();
                format!("TIMESTAMP '{}'", moment.format("%Y-%m-%d %H:%M:%S%.f"))
            }
            Literal::Interval(micros) => self.dialect.interval(*micros),
            Literal::Date(days) => {
                let day = chrono::NaiveDate::default() + chrono::Duration::days(i64::from(*days));
                format!("DATE '{day}'")
            }
        }
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}
