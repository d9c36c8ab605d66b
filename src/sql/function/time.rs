//! Functions of moments.

use super::{Function, Gives, Takes, function};

/// The most characters of a moment written in a form of its author's.
const WRITTEN: u32 = 256;

pub(super) const FUNCTIONS: &[Function] = &[
    // FLOOR(ts TO unit), CEIL(ts TO unit), EXTRACT(unit FROM ts) and TIMESTAMPDIFF(unit, a, b): the unit stands first.
    function("$FLOOR_TO", &[Takes::Constant, Takes::Moment], Gives::Moment),
    function("$CEIL_TO", &[Takes::Constant, Takes::Moment], Gives::Moment),
    function("$EXTRACT", &[Takes::Constant, Takes::Moment], Gives::BigInt),
    function("TIMESTAMPDIFF", &[Takes::Constant, Takes::Moment, Takes::Moment], Gives::BigInt),
    // ts + INTERVAL; its length may be below nothing.
    function("$ADD_INTERVAL", &[Takes::Moment, Takes::Interval], Gives::Moment),
    // STEP(ts BY INTERVAL).
    function("$STEP_MOMENT", &[Takes::Moment, Takes::Step], Gives::Moment),
    function("TSDIFF", &[Takes::Moment, Takes::Moment], Gives::BigInt),
    function("UNIX_TIMESTAMP", &[Takes::Moment], Gives::BigInt),
    function("TO_TIMESTAMP", &[Takes::Whole], Gives::Moment),
    function("CHAR_TO_TIMESTAMP", &[Takes::Format, Takes::Text], Gives::Moment),
    function("CHAR_TO_DATE", &[Takes::Format, Takes::Text], Gives::Day),
    function("TIMESTAMP_TO_CHAR", &[Takes::Format, Takes::Moment], Gives::Text(WRITTEN)),
    function("DATE_TO_CHAR", &[Takes::Format, Takes::Moment], Gives::Text(WRITTEN)),
    function("DATE_FORMAT", &[Takes::Moment, Takes::Format], Gives::Text(WRITTEN)),
];
