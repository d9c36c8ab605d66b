//! Functions of numbers, and those of values of any type.

use super::{Function, Gives, Takes, function};

/// The most values that COALESCE and the like take.
const MANY: usize = 64;

pub(super) const FUNCTIONS: &[Function] = &[
    function("ABS", &[Takes::Number], Gives::First),
    function("CEIL", &[Takes::Number], Gives::First),
    function("FLOOR", &[Takes::Number], Gives::First),
    function("SIGN", &[Takes::Number], Gives::First),
    function("ROUND", &[Takes::Number, Takes::Index], Gives::First).optional(1),
    function("EXP", &[Takes::Double], Gives::Double),
    function("LN", &[Takes::Double], Gives::Double),
    function("LOG10", &[Takes::Double], Gives::Double),
    function("POWER", &[Takes::Double, Takes::Double], Gives::Double),
    function("SQRT", &[Takes::Double], Gives::Double),
    // STEP(i BY n).
    function("$STEP_NUMBER", &[Takes::Common, Takes::Common], Gives::Common),
    function("COALESCE", &[Takes::Common], Gives::Common).repeated(MANY),
    function("NULLIF", &[Takes::Common, Takes::Common], Gives::Common),
    function("GREATEST", &[Takes::Common], Gives::Common).repeated(MANY),
    function("LEAST", &[Takes::Common], Gives::Common).repeated(MANY),
];
