//! Functions of text.

use super::super::types::MAX_VARCHAR;
use super::{Function, Gives, Takes, function};

pub(super) const FUNCTIONS: &[Function] = &[
    function("LOWER", &[Takes::Text], Gives::First),
    function("UPPER", &[Takes::Text], Gives::First),
    function("INITCAP", &[Takes::Text], Gives::First),
    function("TRIM", &[Takes::Text, Takes::Text], Gives::First).optional(1),
    function("LTRIM", &[Takes::Text, Takes::Text], Gives::First).optional(1),
    function("RTRIM", &[Takes::Text, Takes::Text], Gives::First).optional(1),
    function("CHAR_LENGTH", &[Takes::Text], Gives::Integer),
    function("SUBSTRING", &[Takes::Text, Takes::Whole, Takes::Whole], Gives::First).optional(1),
    function("POSITION", &[Takes::Text, Takes::Text], Gives::Integer),
    function("LEFT", &[Takes::Text, Takes::Whole], Gives::First),
    function("RIGHT", &[Takes::Text, Takes::Whole], Gives::First),
    function("LPAD", &[Takes::Text, Takes::Whole, Takes::Text], Gives::Text(MAX_VARCHAR)),
    function("RPAD", &[Takes::Text, Takes::Whole, Takes::Text], Gives::Text(MAX_VARCHAR)),
    function("REPEAT", &[Takes::Text, Takes::Whole], Gives::Text(MAX_VARCHAR)),
    function("REPLACE", &[Takes::Text, Takes::Text, Takes::Text], Gives::Text(MAX_VARCHAR)),
    function("REVERSE", &[Takes::Text], Gives::First),
    function("SPLIT_INDEX", &[Takes::Text, Takes::Text, Takes::Whole], Gives::First),
    function("MD5", &[Takes::Text], Gives::Text(32)),
    function("SHA256", &[Takes::Text], Gives::Text(64)),
    function("REGEXP_EXTRACT", &[Takes::Text, Takes::Regex, Takes::Index], Gives::First).optional(1),
    function("REGEXP_REPLACE", &[Takes::Text, Takes::Regex, Takes::Text], Gives::Text(MAX_VARCHAR)),
    function(
        "REGEX_REPLACE",
        &[Takes::Text, Takes::Regex, Takes::Text, Takes::Whole, Takes::Whole],
        Gives::Text(MAX_VARCHAR),
    ),
    // SUBSTRING(s FROM 'regex').
    function("$SUBSTRING_REGEX", &[Takes::Text, Takes::Regex], Gives::First),
    // s SIMILAR TO 'pattern' [ESCAPE 'c'].
    function("$SIMILAR", &[Takes::Text, Takes::Constant, Takes::Constant], Gives::Boolean),
    // LIKE with an escape character.
    function("$LIKE_ESCAPE", &[Takes::Text, Takes::Constant, Takes::Constant], Gives::Boolean),
];
