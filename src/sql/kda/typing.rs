//! Expressions of a program with attributes in the place of names → typed expressions.

use sqlparser::ast::{
    Expr as Parsed, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Interval, NullTreatment, Spanned,
    Value, ValueWithSpan, WindowSpec, WindowType,
};

use super::super::read::parser::DIFFERENCE;
use super::super::{
    Aggregate, AggregateFunction, Aggregates, Expr, ExprKind, Folding, Found, Parameter, Space, SqlError, SqlType,
    Visible, type_expr,
};
use super::call::{function, list};
use super::period;
use super::place::Places;
use super::rewrite::{Step, any, bare, rewrite};
use super::scope::{INPUT_TIME, OUTPUT_TIME, attribute};
use super::tree::{Name, Program};
use super::window::Moment;

/// The column of a record's arrival.
pub const ARRIVAL_TIME: &str = "APPROXIMATE_ARRIVAL_TIME";
/// The column that stands for the first moment of a window.
pub const WINDOW_START: &str = "$window_start";
/// The column that stands for the first moment behind a window.
pub const WINDOW_END: &str = "$window_end";

/// What expressions are read against.
#[derive(Debug, Clone, Copy)]
pub struct Typing<'a> {
    /// The text of the program.
    pub text: &'a str,
    /// The attributes that they may name, with their types.
    pub columns: &'a [(String, SqlType)],
    /// Those that may stand outside of aggregates.
    pub named: &'a [String],
}

/// Why no aggregate may stand where rows go through one by one.
const ROW_BY_ROW: Aggregates<'_> =
    Aggregates::Nowhere { place: "a SELECT without windows", why: "rows without end have no total" };

impl Typing<'_> {
    /// Types an expression over groups. `aggregates` are those known so far.
    pub fn value(&self, parsed: &Parsed, aggregates: &mut Vec<Aggregate>) -> Result<Expr, SqlError> {
        let named = self.columns.iter().filter(|(name, _)| self.named.contains(name));
        let keys: Vec<(Expr, String)> =
            named.map(|(name, sql_type)| (Expr::column(name, *sql_type), name.clone())).collect();
        self.read(parsed, Aggregates::Grouped(&keys), aggregates)
    }

    /// Types an expression without aggregates.
    pub fn plain(&self, parsed: &Parsed, places: &Places<'_>) -> Result<Expr, SqlError> {
        self.read(parsed, ROW_BY_ROW, &mut Vec::new()).map_err(|error| error.at(places.range(parsed.span())))
    }

    /// Types a condition without aggregates.
    pub fn condition(&self, parsed: &Parsed, places: &Places<'_>) -> Result<Expr, SqlError> {
        let expr = self.plain(parsed, places)?;
        condition(expr).map_err(|error| error.at(places.range(parsed.span())))
    }

    fn read(&self, parsed: &Parsed, rule: Aggregates<'_>, aggregates: &mut Vec<Aggregate>) -> Result<Expr, SqlError> {
        let names: Vec<Visible> =
            self.columns.iter().map(|(name, sql_type)| Visible::column(name, *sql_type)).collect();
        let space = Space { names: &names, folding: Folding::Lenient, aggregates: rule };
        let mut found = Found { aggregates: std::mem::take(aggregates), over: Vec::new() };
        let typed = type_expr(&plainer(parsed), self.text, &space, &mut found);
        *aggregates = found.aggregates;
        typed
    }
}

/// Returns the expression with the differences of moments and the predicates on periods as the typing knows them.
fn plainer(parsed: &Parsed) -> Parsed {
    let mut changed = parsed.clone();
    let done = rewrite(&mut changed, &mut |part| match part {
        Parsed::Interval(Interval { value, leading_field: Some(unit), last_field: None, .. })
            if matches!(**value, Parsed::Nested(_)) =>
        {
            let unit = Parsed::Identifier(Ident::new(unit.to_string()));
            let call = function(Ident::new(DIFFERENCE), list(vec![unit, plainer(value)]));
            Ok(Step::with(Parsed::Function(call)))
        }
        _ => Ok(period::comparisons(part).map_or(Step::Into, |known| Step::with(plainer(&known)))),
    });
    debug_assert!(done.is_ok(), "nothing is refused here");
    changed
}

/// Takes an expression as a condition.
pub fn condition(expr: Expr) -> Result<Expr, SqlError> {
    match expr.sql_type {
        None | Some(SqlType::Boolean) => Ok(expr),
        Some(found) => Err(SqlError::new(format!("a condition is BOOLEAN, and this is {found}"))
            .help("compare it with something, such as `price > 100`")),
    }
}

/// Returns the expression with what stands for moments made into them.
pub fn with_moments(expr: Expr) -> Expr {
    expr.replace(&|part| {
        let ExprKind::Column(name) = &part.kind else { return None };
        let kind = match name.as_str() {
            INPUT_TIME | OUTPUT_TIME => ExprKind::RowTime,
            WINDOW_START => ExprKind::WindowStart,
            WINDOW_END => ExprKind::WindowEnd,
            _ => return None,
        };
        Some(Expr { kind, sql_type: part.sql_type })
    })
}

/// Takes MONOTONIC off: it promises something to KDA, and changes no value.
pub fn without_promises(expr: &Parsed) -> Parsed {
    let mut plain = expr.clone();
    let done = rewrite(&mut plain, &mut |part| match part {
        Parsed::Function(call) if call.over.is_none() && call.name.to_string() == "MONOTONIC" => {
            match super::rewrite::arguments(call).as_slice() {
                [inner] => Ok(Step::with(without_promises(inner))),
                _ => Ok(Step::Into),
            }
        }
        _ => Ok(Step::Into),
    });
    debug_assert!(done.is_ok(), "nothing is refused here");
    plain
}

/// What the expressions of a grouped SELECT may name outside of aggregates.
#[derive(Debug, Clone, Default)]
pub struct GroupNames {
    /// The grouping expressions, each with the attribute that holds it.
    pub keys: Vec<(Parsed, String)>,
    /// The part of a grouping expression that is a moment of the window.
    pub core: Option<(Parsed, Moment)>,
}

impl GroupNames {
    /// Returns the expression with attributes in the place of grouping expressions, and whether its aggregates stand on
    /// the time of the rows.
    pub fn rewrite(&self, expr: &Parsed, places: &Places<'_>) -> Result<(Parsed, bool), SqlError> {
        let mut grouped = expr.clone();
        let mut on_time = false;
        rewrite(&mut grouped, &mut |part| {
            if let Parsed::Function(call) = part
                && AggregateFunction::find(&call.name.to_string()).is_some()
            {
                let call = on_input(part);
                on_time = on_time || any(&call, &mut |part| is(part, INPUT_TIME));
                return Ok(Step::with(call));
            }
            if let Some((_, name)) = self.keys.iter().find(|(key, _)| same(key, part)) {
                return Ok(Step::with(quoted_at(name, part)));
            }
            match &self.core {
                Some((core, moment)) if same(core, part) => match moment {
                    Moment::Start => return Ok(Step::with(quoted_at(WINDOW_START, part))),
                    Moment::End => return Ok(Step::with(quoted_at(WINDOW_END, part))),
                    Moment::Neither => {
                        return Err(SqlError::new("this count of windows can be grouped by, not selected")
                            .at(places.range(part.span()))
                            .help("group by STEP(… .ROWTIME BY INTERVAL …) instead: that can be selected"));
                    }
                },
                _ => {}
            }
            match part {
                Parsed::Identifier(name) if name.value == OUTPUT_TIME => Ok(Step::with(attribute(WINDOW_END, name))),
                Parsed::Identifier(name) if name.value == INPUT_TIME => {
                    Err(SqlError::new("the ROWTIME of what is read has many values in a window")
                        .at(places.range(name.span))
                        .label("one value is needed")
                        .help("ROWTIME without a qualifier is the time of the window's row"))
                }
                _ => Ok(Step::Into),
            }
        })?;
        Ok((grouped, on_time))
    }
}

/// Returns the column of a name, at no place of the text.
pub fn quoted(name: &str) -> Parsed {
    Parsed::Identifier(Ident::with_quote('"', name))
}

/// Returns the column that an expression is, where it is nothing but one; of a qualified name, the last part.
pub fn column_name(expr: &Parsed) -> Option<&str> {
    match bare(expr) {
        Parsed::Identifier(name) => Some(&name.value),
        Parsed::CompoundIdentifier(parts) => parts.last().map(|name| name.value.as_str()),
        _ => None,
    }
}

/// Returns the column of a name at the place of an expression.
fn quoted_at(name: &str, at: &Parsed) -> Parsed {
    Parsed::Identifier(Ident::with_quote_and_span('"', at.span(), name))
}

fn is(expr: &Parsed, name: &str) -> bool {
    matches!(expr, Parsed::Identifier(found) if found.value == name)
}

/// Returns the expression with every time that of the input.
pub fn on_input(expr: &Parsed) -> Parsed {
    let mut changed = expr.clone();
    let done = rewrite(&mut changed, &mut |part| match part {
        Parsed::Identifier(name) if name.value == OUTPUT_TIME => Ok(Step::with(attribute(INPUT_TIME, name))),
        _ => Ok(Step::Into),
    });
    debug_assert!(done.is_ok(), "nothing is refused here");
    changed
}

/// Returns the expression with the time of the rows in the place of the time at which the records arrived.
pub fn arrival_as_time(expr: &Parsed) -> Parsed {
    let mut changed = expr.clone();
    let done = rewrite(&mut changed, &mut |part| match part {
        Parsed::Identifier(name) if name.value == ARRIVAL_TIME => Ok(Step::with(attribute(INPUT_TIME, name))),
        _ => Ok(Step::Into),
    });
    debug_assert!(done.is_ok(), "nothing is refused here");
    changed
}

/// Returns whether two resolved expressions over an input are the same.
pub fn same(one: &Parsed, other: &Parsed) -> bool {
    on_input(bare(one)) == on_input(bare(other))
}

/// A function over a window of rows.
#[derive(Debug, Clone)]
pub struct OverCall {
    /// The call without what follows its arguments.
    call: Function,
    from_last: bool,
    nulls: Option<NullTreatment>,
    /// The name of the window, or the window itself.
    pub window: Result<Name, WindowSpec>,
    /// Its place.
    pub span: std::ops::Range<usize>,
}

/// Takes the functions over windows of rows out of an expression; `name` says by which column each is known from then on.
pub fn take_over(
    expr: &Parsed,
    places: &Places<'_>,
    mut name: impl FnMut(OverCall) -> Result<String, SqlError>,
) -> Result<Parsed, SqlError> {
    let mut without = expr.clone();
    rewrite(&mut without, &mut |part| {
        let Parsed::Function(call) = part else { return Ok(Step::Into) };
        let Some(over) = &call.over else { return Ok(Step::Into) };
        let span = places.range(part.span()).unwrap_or(0..0);
        let window = match over {
            WindowType::NamedWindow(name) => {
                let place = places.range(name.span).unwrap_or_else(|| span.clone());
                Ok(Name { text: name.value.clone(), span: place })
            }
            WindowType::WindowSpec(spec) => Err(spec.clone()),
        };
        let mut bare_call = call.clone();
        bare_call.over = None;
        let nulls = bare_call.null_treatment.take();
        let from_last = bare_call.parameters.to_string().contains("LAST");
        bare_call.parameters = FunctionArguments::None;
        let known = name(OverCall { call: bare_call, from_last, nulls, window, span })?;
        Ok(Step::with(quoted_at(&known, part)))
    })?;
    Ok(without)
}

impl OverCall {
    /// Types the function over the rows.
    pub fn aggregate(&self, typing: Typing<'_>) -> Result<Aggregate, SqlError> {
        let mut aggregates = Vec::new();
        let parsed = on_input(&Parsed::Function(self.call.clone()));
        let expr = typing.read(&parsed, Aggregates::Sliding, &mut aggregates)?;
        match (expr.kind, aggregates.pop()) {
            (ExprKind::Aggregate(0), Some(aggregate)) if aggregates.is_empty() => self.with_extras(aggregate),
            _ => Err(SqlError::new(format!("{} is no function over a window of rows", self.call.name))
                .at(Some(self.span.clone()))
                .help("leave OVER out")),
        }
    }
}

impl OverCall {
    /// Returns whether an argument goes by the time of the rows.
    pub fn goes_by_time(&self) -> bool {
        super::window::goes_by_time(&Parsed::Function(self.call.clone()))
    }

    /// Adds what stands behind the arguments.
    fn with_extras(&self, mut aggregate: Aggregate) -> Result<Aggregate, SqlError> {
        let picks = aggregate.function.picks();
        if self.nulls.is_some() && !picks {
            return Err(SqlError::new(format!("{} skips NULL whatever is said", aggregate.function.name()))
                .at(Some(self.span.clone()))
                .help("leave IGNORE NULLS or RESPECT NULLS out"));
        }
        // SQL's default for the functions that pick a row.
        aggregate.keeps_nulls = picks && self.nulls != Some(NullTreatment::IgnoreNulls);
        if let Some(Parameter::Row { from_last, .. }) = &mut aggregate.parameter {
            *from_last = self.from_last;
        }
        Ok(aggregate)
    }
}

/// Functions that give a record, whose fields are called COLUMN1, COLUMN2 and so on.
const RECORDS: &[&str] = &[
    "REGEX_LOG_PARSE",
    "FAST_REGEX_LOG_PARSER",
    "FIXED_COLUMN_LOG_PARSE",
    "VARIABLE_COLUMN_LOG_PARSE",
    "SYS_LOG_PARSE",
    "W3C_LOG_PARSE",
];

/// Returns whether an expression gives a record.
pub fn is_record(expr: &Parsed) -> bool {
    matches!(bare(expr), Parsed::Function(call) if call.over.is_none() && RECORDS.contains(&call.name.to_string().as_str()))
}

/// Returns one field of the record that an expression gives, counted from 1.
pub fn field_of(expr: &Parsed, number: u32) -> Parsed {
    let mut field = bare(expr).clone();
    if let Parsed::Function(Function { args: FunctionArguments::List(list), .. }) = &mut field {
        let number = Value::Number(number.to_string(), false);
        let number = Parsed::Value(ValueWithSpan { value: number, span: expr.span() });
        list.args.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(number)));
    }
    field
}

impl Program {
    /// Returns the numbers of the fields of records that the text names.
    pub fn fields_named(&self) -> impl Iterator<Item = u32> {
        let mut numbers: Vec<u32> =
            self.words.iter().filter_map(|word| word.strip_prefix("COLUMN")?.parse().ok()).collect();
        numbers.sort_unstable();
        numbers.into_iter()
    }
}
