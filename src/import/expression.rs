//! An expression of an application's SQL → the text of one in a pipeline file.

use sqlparser::ast::{
    CastKind, CeilFloorKind, DateTimeField, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, Ident, Interval, Value,
};
use sqlparser::keywords::ALL_KEYWORDS;

use crate::sql::kda::Name;

/// How deep an expression may nest, to be carried over: as deep as the one that is written may be.
const MAX_DEPTH: usize = 40;

/// The row that expressions are about: what qualifies its columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// The relation's name.
    pub(super) relation: &'a Name,
    /// What it is called in the query.
    pub(super) alias: Option<&'a Name>,
}

impl Row<'_> {
    /// Returns the column that an expression is, whatever qualifies it.
    pub(super) fn column<'e>(&self, expr: &'e Expr) -> Option<&'e Ident> {
        match expr {
            Expr::Nested(inner) => self.column(inner),
            Expr::Identifier(name) => Some(name),
            Expr::CompoundIdentifier(names) => match names.as_slice() {
                [qualifier, name] => {
                    let is = |known: &Name| known.text == qualifier.value;
                    (self.alias.map_or_else(|| is(self.relation), is)).then_some(name)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns whether an expression is the time of the row.
    pub(super) fn is_row_time(&self, expr: &Expr) -> bool {
        self.column(expr).is_some_and(|name| name.value == "ROWTIME")
    }

    /// Returns the size of the windows into which an expression cuts the time of the row, such as `3m`.
    pub(super) fn window(&self, expr: &Expr) -> Option<String> {
        let (time, size) = steps(expr)?;
        if self.is_row_time(time) { size } else { None }
    }

    /// Writes an expression; `None` where it has something that a declared query has not.
    pub(super) fn text(&self, expr: &Expr) -> Option<String> {
        self.text_at(expr, 0)
    }

    fn text_at(&self, expr: &Expr, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH || self.is_row_time(expr) {
            return None;
        }
        let text = |inner: &Expr| self.text_at(inner, depth + 1);
        let not = |negated: bool| if negated { "NOT " } else { "" };
        Some(match expr {
            Expr::Nested(inner) => format!("({})", text(inner)?),
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => name(&self.column(expr)?.value),
            Expr::Value(value) => match &value.value {
                Value::Number(..) | Value::SingleQuotedString(_) | Value::Boolean(_) | Value::Null => value.to_string(),
                _ => return None,
            },
            Expr::TypedString(typed) => typed.to_string(),
            Expr::UnaryOp { op, expr } => format!("{op} {}", text(expr)?),
            Expr::BinaryOp { left, op, right } => format!("{} {op} {}", text(left)?, text(right)?),
            Expr::IsNull(inner) => format!("{} IS NULL", text(inner)?),
            Expr::IsNotNull(inner) => format!("{} IS NOT NULL", text(inner)?),
            Expr::Between { expr, negated, low, high } => {
                format!("{} {}BETWEEN {} AND {}", text(expr)?, not(*negated), text(low)?, text(high)?)
            }
            Expr::InList { expr, list, negated } => {
                let list: Option<Vec<String>> = list.iter().map(text).collect();
                format!("{} {}IN ({})", text(expr)?, not(*negated), list?.join(", "))
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char: None } => {
                format!("{} {}LIKE {}", text(expr)?, not(*negated), text(pattern)?)
            }
            Expr::Cast { kind: CastKind::Cast, expr, data_type, format: None, .. } => {
                format!("CAST({} AS {data_type})", text(expr)?)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                let mut case = "CASE".to_owned();
                if let Some(operand) = operand {
                    case += &format!(" {}", text(operand)?);
                }
                for when in conditions {
                    case += &format!(" WHEN {} THEN {}", text(&when.condition)?, text(&when.result)?);
                }
                if let Some(otherwise) = else_result {
                    case += &format!(" ELSE {}", text(otherwise)?);
                }
                case + " END"
            }
            Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                format!("CEIL({})", text(expr)?)
            }
            Expr::Floor { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                format!("FLOOR({})", text(expr)?)
            }
            Expr::Trim { trim_where: None, trim_what: None, expr, trim_characters: None } => {
                format!("TRIM({})", text(expr)?)
            }
            Expr::Function(call) => self.call(call, depth)?,
            _ => return None,
        })
    }

    /// Writes a call; the window of one OVER it is left out, for the query says it.
    fn call(&self, call: &Function, depth: usize) -> Option<String> {
        let [sqlparser::ast::ObjectNamePart::Identifier(function)] = call.name.0.as_slice() else { return None };
        if call.filter.is_some() || call.null_treatment.is_some() || function.value == "STEP" {
            return None;
        }
        let FunctionArguments::List(arguments) = &call.args else { return None };
        if arguments.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
            return None;
        }
        let arguments: Option<Vec<String>> = arguments
            .args
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Some("*".to_owned()),
                FunctionArg::Unnamed(FunctionArgExpr::Expr(inner)) => self.text_at(inner, depth + 1),
                _ => None,
            })
            .collect();
        Some(format!("{}({})", function.value, arguments?.join(", ")))
    }
}

/// Returns what a STEP or a FLOOR TO cuts into pieces, and their size where it is one that does not vary.
pub(super) fn steps(expr: &Expr) -> Option<(&Expr, Option<String>)> {
    match expr {
        Expr::Nested(inner) => steps(inner),
        Expr::Floor { expr, field: CeilFloorKind::DateTimeField(unit) } if *unit != DateTimeField::NoDateTime => {
            Some((expr, self::unit(unit).map(|unit| format!("1{unit}"))))
        }
        Expr::Function(call) if call.name.to_string() == "STEP" => {
            let FunctionArguments::List(arguments) = &call.args else { return None };
            let [FunctionArg::Unnamed(FunctionArgExpr::Expr(time)), FunctionArg::Unnamed(FunctionArgExpr::Expr(by))] =
                arguments.args.as_slice()
            else {
                return None;
            };
            Some((time, interval(by)))
        }
        _ => None,
    }
}

/// Writes an interval as a duration, where it is a whole number of a unit that does not vary.
pub(super) fn interval(expr: &Expr) -> Option<String> {
    let Expr::Interval(Interval { value, leading_field: Some(field), last_field: None, .. }) = expr else {
        return None;
    };
    let Expr::Value(value) = &**value else { return None };
    let Value::SingleQuotedString(text) = &value.value else { return None };
    let count: u32 = text.trim().parse().ok().filter(|count| *count > 0)?;
    Some(format!("{count}{}", unit(field)?))
}

fn unit(field: &DateTimeField) -> Option<&'static str> {
    match field {
        DateTimeField::Second => Some("s"),
        DateTimeField::Minute => Some("m"),
        DateTimeField::Hour => Some("h"),
        DateTimeField::Day => Some("d"),
        _ => None,
    }
}

/// Writes the name of a column, in quotes where it could be taken for something else.
pub(super) fn name(name: &str) -> String {
    let simple = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
    let is_keyword = || ALL_KEYWORDS.binary_search(&name.to_ascii_uppercase().as_str()).is_ok();
    if simple && !is_keyword() { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
