//! Scalar functions: their names, what they take and what they give.
//!
//! One table, in parts by subject; the engine evaluates what stands in it, and each dialect spells it.

mod log;
mod numeric;
mod text;
mod time;

use super::{Expr, ExprKind, Literal, SqlError, SqlType};

/// A scalar function: its name, its arguments and the type of its result.
#[derive(Debug, PartialEq)]
pub struct Function {
    /// The name in capitals.
    pub name: &'static str,
    /// What it takes, in order.
    takes: &'static [Takes],
    /// How many of the last arguments may be left out.
    optional: usize,
    /// How many times more the last argument may stand.
    more: usize,
    /// How the type of the result follows.
    gives: Gives,
}

/// What an argument is.
#[derive(Debug, PartialEq, Clone, Copy)]
pub(super) enum Takes {
    /// A number of any type.
    Number,
    /// A number, as DOUBLE.
    Double,
    /// A whole number, as BIGINT.
    Whole,
    /// Text.
    Text,
    /// A moment, or a day as its first moment.
    Moment,
    /// A value that goes together with all others that are taken so.
    Common,
    /// A constant text.
    Constant,
    /// A constant regular expression.
    Regex,
    /// A constant form of moments, as Java's `SimpleDateFormat` has it.
    Format,
    /// A constant whole number from 0.
    Index,
    /// A length of time longer than nothing.
    Step,
    /// A length of time.
    Interval,
}

/// The type of a result.
#[derive(Debug, PartialEq, Clone, Copy)]
pub(super) enum Gives {
    /// That of the first argument.
    First,
    /// That in which the arguments meet.
    Common,
    /// BOOLEAN.
    Boolean,
    /// INTEGER.
    Integer,
    /// BIGINT.
    BigInt,
    /// DOUBLE.
    Double,
    /// TIMESTAMP(3), or that of the first argument if finer.
    Moment,
    /// DATE.
    Day,
    /// Text of so many characters.
    Text(u32),
}

/// What a function is called by its callers, the reader and the writer.
pub(super) const fn function(name: &'static str, takes: &'static [Takes], gives: Gives) -> Function {
    Function { name, takes, optional: 0, more: 0, gives }
}

impl Function {
    /// Lets the last arguments be left out.
    const fn optional(mut self, arguments: usize) -> Self {
        self.optional = arguments;
        self
    }

    /// Lets the last argument stand several times.
    const fn repeated(mut self, most: usize) -> Self {
        self.more = most - self.takes.len();
        self
    }
}

/// All scalar functions, by subject.
static SUBJECTS: [&[Function]; 4] = [numeric::FUNCTIONS, text::FUNCTIONS, time::FUNCTIONS, log::FUNCTIONS];

/// What people write who come from another SQL, or from the other dialect.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("DATEDIFF", "TIMESTAMPDIFF"),
    ("IFNULL", "COALESCE"),
    ("INSTR", "POSITION"),
    ("LEN", "CHAR_LENGTH"),
    ("LENGTH", "CHAR_LENGTH"),
    ("LOCATE", "POSITION"),
    ("LOG", "LN"),
    ("MEAN", "AVG"),
    ("NVL", "COALESCE"),
    ("POW", "POWER"),
    ("STDDEV", "STDDEV_SAMP"),
    ("SUBSTR", "SUBSTRING"),
    ("VARIANCE", "VAR_SAMP"),
];

/// Returns all scalar functions that an author can call.
pub(super) fn functions() -> impl Iterator<Item = &'static Function> {
    SUBJECTS.iter().copied().flatten().filter(|function| !function.name.starts_with('$'))
}

/// Returns the name under which a function of another SQL is known here.
pub(super) fn known_as(name: &str) -> Option<&'static str> {
    OTHER_NAMES.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, known)| *known)
}

impl Function {
    /// Finds the function of a name, whatever its case.
    pub fn find(name: &str) -> Option<&'static Self> {
        SUBJECTS.iter().copied().flatten().find(|function| function.name.eq_ignore_ascii_case(name))
    }

    /// Casts arguments to what the function takes, and gives the call its type.
    pub(super) fn call(&'static self, arguments: Vec<Expr>) -> Result<Expr, SqlError> {
        let (most, least) = (self.takes.len() + self.more, self.takes.len() - self.optional);
        if !(least..=most).contains(&arguments.len()) {
            let legal = if least == most { least.to_string() } else { format!("{least} to {most}") };
            let noun = if most == 1 { "argument" } else { "arguments" };
            return Err(SqlError::new(format!("{} takes {legal} {noun}, not {}", self.name, arguments.len())));
        }
        let meeting = self.meeting(&arguments)?;
        let repeated = self.takes.last().copied().unwrap_or(Takes::Common);
        let mut cast = Vec::new();
        for (index, argument) in arguments.into_iter().enumerate() {
            let takes = self.takes.get(index).copied().unwrap_or(repeated);
            cast.push(self.argument(argument, takes, meeting)?);
        }
        let first = cast.first().and_then(|first| first.sql_type).unwrap_or(SqlType::Double);
        let gives = match self.gives {
            Gives::First => first,
            Gives::Common => meeting.unwrap_or(first),
            Gives::Boolean => SqlType::Boolean,
            Gives::Integer => SqlType::Integer,
            Gives::BigInt => SqlType::BigInt,
            Gives::Double => SqlType::Double,
            Gives::Moment => match first {
                SqlType::Timestamp(digits) => SqlType::Timestamp(digits.max(3)),
                _ => SqlType::Timestamp(3),
            },
            Gives::Day => SqlType::Date,
            Gives::Text(characters) => SqlType::Varchar(characters),
        };
        Ok(Expr::new(ExprKind::Call(self, cast), gives))
    }

    /// Returns the type in which the arguments meet that are to be of one type.
    fn meeting(&self, arguments: &[Expr]) -> Result<Option<SqlType>, SqlError> {
        let last = self.takes.last().copied();
        let takes = |index: usize| self.takes.get(index).copied().or(last);
        let common = arguments.iter().enumerate().filter(|(index, _)| takes(*index) == Some(Takes::Common));
        let mut given = false;
        let mut meeting: Option<SqlType> = None;
        for (_, argument) in common {
            given = true;
            let Some(found) = argument.sql_type else { continue };
            meeting = Some(match meeting {
                None => found,
                Some(known) => super::coerce::common(known, found)
                    .ok_or_else(|| SqlError::new(format!("{known} and {found} do not go together in {}", self.name)))?,
            });
        }
        if given && meeting.is_none() {
            return Err(SqlError::new(format!("{} of nothing but NULL", self.name)));
        }
        Ok(meeting)
    }

    fn argument(&self, argument: Expr, takes: Takes, meeting: Option<SqlType>) -> Result<Expr, SqlError> {
        let wrong = |expected: &str| {
            let found = argument.sql_type.map_or_else(|| "NULL".to_owned(), |found| found.to_string());
            Err(SqlError::new(format!("{} takes {expected}, not {found}", self.name)))
        };
        let constant = |expected: &str| match &argument.kind {
            ExprKind::Literal(Literal::Text(text)) => Ok(text.clone()),
            _ => Err(SqlError::new(format!("{} takes {expected} that is a constant text", self.name))
                .help("write it in single quotes")),
        };
        let of = argument.sql_type;
        match takes {
            Takes::Number => match of {
                None => Ok(argument.cast(SqlType::Double, true)),
                Some(found) if found.is_numeric() => Ok(argument),
                Some(_) => wrong("a number"),
            },
            Takes::Double => match of {
                Some(found) if !found.is_numeric() => wrong("numbers"),
                _ => Ok(argument.cast(SqlType::Double, true)),
            },
            Takes::Whole => match of {
                Some(found) if !found.is_integer() => wrong("a whole number there"),
                _ => Ok(argument.cast(SqlType::BigInt, true)),
            },
            Takes::Text => match of {
                None => Ok(argument.cast(SqlType::Varchar(1), true)),
                Some(SqlType::Varchar(_)) => Ok(argument),
                Some(_) => wrong("text"),
            },
            Takes::Moment => match of {
                None | Some(SqlType::Date) => Ok(argument.cast(SqlType::Timestamp(3), true)),
                Some(SqlType::Timestamp(_)) => Ok(argument),
                Some(_) => wrong("a moment"),
            },
            Takes::Common => Ok(match meeting {
                Some(to) => argument.cast(to, true),
                None => argument,
            }),
            Takes::Constant => constant("a text").map(|_| argument),
            Takes::Regex => {
                super::regex::compile(&constant("a regular expression")?)?;
                Ok(argument)
            }
            Takes::Format => {
                super::date_format::DateFormat::read(&constant("a form of moments")?)?;
                Ok(argument)
            }
            Takes::Index => match argument.kind {
                ExprKind::Literal(Literal::Integer(number)) if (0..=1000).contains(&number) => {
                    Ok(argument.cast(SqlType::BigInt, true))
                }
                _ => Err(SqlError::new(format!("{} takes a constant number there, from 0", self.name))),
            },
            Takes::Step | Takes::Interval => match argument.kind {
                ExprKind::Literal(Literal::Interval(micros)) if micros > 0 || takes == Takes::Interval => Ok(argument),
                _ => Err(SqlError::new(format!("{} takes a length of time there", self.name))
                    .help("write it as INTERVAL '10' SECOND")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_a_name_of_its_own() {
        let mut names: Vec<&str> = SUBJECTS.iter().copied().flatten().map(|function| function.name).collect();
        names.extend(super::super::AggregateFunction::ALL.iter().map(|function| function.name()));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        for (other, known) in OTHER_NAMES {
            assert!(names.contains(known) && !names.contains(other), "{other}");
        }
    }
}
