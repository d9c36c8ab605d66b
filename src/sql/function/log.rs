//! Functions that take lines of logs apart. Each has the number of the column that is wanted, from 1, as its last
//! argument: a record has no type of its own.

use super::{Function, Gives, Takes, function};

/// The most characters of a column of a parsed line (KDA SQL reference, `REGEX_LOG_PARSE`).
const COLUMN: u32 = 1024;

pub(super) const FUNCTIONS: &[Function] = &[
    function("REGEX_LOG_PARSE", &[Takes::Text, Takes::Regex, Takes::Index], Gives::Text(COLUMN)),
    function("FAST_REGEX_LOG_PARSER", &[Takes::Text, Takes::Regex, Takes::Index], Gives::Text(COLUMN)),
    function("FIXED_COLUMN_LOG_PARSE", &[Takes::Text, Takes::Constant, Takes::Index], Gives::Text(COLUMN)),
    function(
        "VARIABLE_COLUMN_LOG_PARSE",
        &[Takes::Text, Takes::Constant, Takes::Constant, Takes::Constant, Takes::Constant, Takes::Index],
        Gives::Text(COLUMN),
    ),
    function("SYS_LOG_PARSE", &[Takes::Text, Takes::Index], Gives::Text(COLUMN)),
    function("W3C_LOG_PARSE", &[Takes::Text, Takes::Constant, Takes::Index], Gives::Text(COLUMN)),
];
