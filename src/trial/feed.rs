//! Records that a generator makes by the clock of a test.

use crate::generate::{GenerateError, Records};
use crate::plan::{Generation, Plan};
use crate::streams::{Appends, Millis};
use crate::window::Micros;

/// Microseconds in a millisecond.
const MILLI: Micros = 1_000;

/// Makes the records, those of one millisecond together, and gives them to `each` with the moment at which they come.
pub(super) fn feed(
    plan: &Plan,
    Generation { generator, records: count, start, end }: &Generation,
    mut each: impl FnMut(Millis, &Appends),
) -> Result<(), GenerateError> {
    let Some(stream) = plan.stream(&generator.stream) else { return Ok(()) };
    let mut records = Records::new(generator, stream, 0)?;
    let mut appends = Appends::new();
    let (count, over) = (i128::from(*count), i128::from((end - start).saturating_mul(MILLI)));
    // Beyond the year 9999 no clock of a test goes: this is a number of microseconds for sure.
    let due = |index: i128| start.saturating_mul(MILLI) + Micros::try_from(over * index / count).unwrap_or_default();
    let mut index = 0;
    while index < count {
        let now = due(index);
        appends.clear();
        let mut same = 0;
        while index + same < count && due(index + same).div_euclid(MILLI) == now.div_euclid(MILLI) {
            records.fill(due(index + same), 1, &mut appends);
            same += 1;
        }
        each(now.div_euclid(MILLI), &appends);
        index += same;
    }
    Ok(())
}
