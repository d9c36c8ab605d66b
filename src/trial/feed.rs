//! Records that a generator makes by the clock of a test.

use crate::generate::{Delivery, GenerateError};
use crate::plan::{Generation, Plan};
use crate::streams::{Appends, Millis};
use crate::window::Micros;

/// Microseconds in a millisecond.
const MILLI: Micros = 1_000;
/// How many records are made at a time.
const BLOCK: i128 = 4096;

/// Makes the records, those of one millisecond together, and gives them to `each` with the moment at which they come.
pub(super) fn feed(
    plan: &Plan,
    Generation { generator, records: count, start, end }: &Generation,
    mut each: impl FnMut(Millis, &Appends),
) -> Result<(), GenerateError> {
    let Some(stream) = plan.stream(&generator.stream) else { return Ok(()) };
    let mut delivery = Delivery::new(generator, stream, 0)?;
    let (count, over) = (i128::from(*count), i128::from((end - start).saturating_mul(MILLI)));
    // Beyond the year 9999 no clock of a test goes: this is a number of microseconds for sure.
    let due = |index: i128| start.saturating_mul(MILLI) + Micros::try_from(over * index / count).unwrap_or_default();
    let (mut block, mut together) = (Appends::new(), Appends::new());
    let (mut moments, mut times) = (Vec::new(), Vec::new());
    let mut index = 0;
    while index < count {
        moments.clear();
        moments.extend((index..count.min(index + BLOCK)).map(due));
        index += BLOCK;
        // What is held back still comes at the end.
        let until = if index < count { moments.last().copied().unwrap_or(Micros::MAX) } else { Micros::MAX };
        block.clear();
        times.clear();
        delivery.deliver(&moments, until, &mut block, &mut times);
        let times = times.iter().map(|time| time.div_euclid(MILLI).min(*end));
        let mut made = times.zip(block.iter()).peekable();
        while let Some((now, record)) = made.next() {
            together.clear();
            together.push(record.partition_key, record.data);
            while let Some((_, record)) = made.next_if(|(time, _)| *time == now) {
                together.push(record.partition_key, record.data);
            }
            each(now, &together);
        }
    }
    Ok(())
}
