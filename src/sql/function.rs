//! The table of scalar functions.

use super::{SqlError, SqlType};

/// A scalar function: its name, its arguments and the type of its result.
#[derive(Debug, PartialEq)]
pub struct Function {
    /// The name in capitals, which every dialect shares.
    pub name: &'static str,
    /// The fewest and the most arguments.
    pub arguments: (usize, usize),
    /// How the type of the result follows from those of the arguments.
    result: ResultOf,
}

#[derive(Debug, PartialEq, Clone, Copy)]
enum ResultOf {
    /// The type of the first argument, a number.
    Number,
    /// DOUBLE; the arguments are numbers.
    Double,
    /// The type of the first argument, text.
    Text,
    /// INTEGER; the argument is text.
    Length,
    /// The type in which all arguments meet.
    Common,
}

const fn function(name: &'static str, arguments: (usize, usize), result: ResultOf) -> Function {
    Function { name, arguments, result }
}

/// All scalar functions.
pub(super) static FUNCTIONS: &[Function] = &[
    function("ABS", (1, 1), ResultOf::Number),
    function("CEIL", (1, 1), ResultOf::Number),
    function("FLOOR", (1, 1), ResultOf::Number),
    function("EXP", (1, 1), ResultOf::Double),
    function("LN", (1, 1), ResultOf::Double),
    function("LOG10", (1, 1), ResultOf::Double),
    function("POWER", (2, 2), ResultOf::Double),
    function("SQRT", (1, 1), ResultOf::Double),
    function("LOWER", (1, 1), ResultOf::Text),
    function("UPPER", (1, 1), ResultOf::Text),
    function("TRIM", (1, 1), ResultOf::Text),
    function("CHAR_LENGTH", (1, 1), ResultOf::Length),
    function("SUBSTRING", (2, 3), ResultOf::Text),
    function("COALESCE", (1, 64), ResultOf::Common),
    function("NULLIF", (2, 2), ResultOf::Common),
];

/// What people write who come from another SQL.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("IFNULL", "COALESCE"),
    ("LEN", "CHAR_LENGTH"),
    ("LENGTH", "CHAR_LENGTH"),
    ("LOG", "LN"),
    ("MEAN", "AVG"),
    ("NVL", "COALESCE"),
    ("POW", "POWER"),
    ("SUBSTR", "SUBSTRING"),
];

/// Returns the name under which a function of another SQL is known here.
pub(super) fn known_as(name: &str) -> Option<&'static str> {
    OTHER_NAMES.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, known)| *known)
}

impl Function {
    /// Finds the function of a name, whatever its case.
    pub fn find(name: &str) -> Option<&'static Self> {
        FUNCTIONS.iter().find(|function| function.name.eq_ignore_ascii_case(name))
    }

    /// Returns the types that the arguments are cast to, and the type of the result.
    pub(super) fn signature(&self, given: &[Option<SqlType>]) -> Result<(Vec<SqlType>, SqlType), SqlError> {
        let (least, most) = self.arguments;
        if !(least..=most).contains(&given.len()) {
            let legal = if least == most { least.to_string() } else { format!("{least} to {most}") };
            let noun = if most == 1 { "argument" } else { "arguments" };
            return Err(SqlError::new(format!("{} takes {legal} {noun}, not {}", self.name, given.len())));
        }
        let wrong =
            |expected: &str, found: SqlType| SqlError::new(format!("{} takes {expected}, not {found}", self.name));
        match self.result {
            ResultOf::Number => {
                let first = given[0].unwrap_or(SqlType::Double);
                if first.is_numeric() { Ok((vec![first], first)) } else { Err(wrong("a number", first)) }
            }
            ResultOf::Double => {
                if let Some(found) = given.iter().flatten().find(|found| !found.is_numeric()) {
                    return Err(wrong("numbers", *found));
                }
                Ok((vec![SqlType::Double; given.len()], SqlType::Double))
            }
            ResultOf::Text | ResultOf::Length => {
                let first = given[0].unwrap_or(SqlType::Varchar(1));
                if !matches!(first, SqlType::Varchar(_)) {
                    return Err(wrong("text", first));
                }
                if let Some(found) = given[1..].iter().flatten().find(|found| !found.is_integer()) {
                    return Err(wrong("whole numbers behind its text", *found));
                }
                let mut types = vec![SqlType::BigInt; given.len()];
                types[0] = first;
                Ok((types, if self.result == ResultOf::Length { SqlType::Integer } else { first }))
            }
            ResultOf::Common => {
                let mut known = given.iter().flatten().copied();
                let first = known.next().ok_or_else(|| SqlError::new(format!("{} of nothing but NULL", self.name)))?;
                let meeting = known.try_fold(first, |a, b| super::coerce::common(a, b).ok_or((a, b)));
                let meeting = meeting
                    .map_err(|(a, b)| SqlError::new(format!("{a} and {b} do not go together in {}", self.name)))?;
                Ok((vec![meeting; given.len()], meeting))
            }
        }
    }
}
