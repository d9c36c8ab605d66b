//! Records on their way: late, out of order, twice, cut off, or never.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::plan::{Generator, Stream};
use crate::record::RecordFormat;
use crate::spec::{Delay, Faults};
use crate::streams::{Append, Appends};
use crate::window::Micros;

use super::seed::{Purpose, Seed};
use super::{GenerateError, Records};

/// The most records that are held back at a time. With one more, the one that is due first comes before its time.
const MAX_HELD: usize = 1 << 18;

/// Makes the records of a generator and delivers them: with its faults, where it has some. What comes, and in which order,
/// depends on the generator, its seed and the moments alone.
pub struct Delivery {
    records: Records,
    faults: Option<Faulty>,
}

/// Faults at work.
struct Faulty {
    faults: Faults,
    numbers: ChaCha8Rng,
    /// Whether records are rows of values, of which a part may be a whole one.
    is_csv: bool,
    held: BinaryHeap<Reverse<Held>>,
    /// How many have been held: of those that are due at the same time, the first comes first.
    count: u64,
    block: Appends,
}

/// A record that comes later.
#[derive(Debug)]
struct Held {
    due: Micros,
    count: u64,
    key: String,
    data: Vec<u8>,
}

impl Delivery {
    /// Begins behind the `skip` records of earlier runs (see [`Records::new`]).
    pub fn new(generator: &Generator, stream: &Stream, skip: u64) -> Result<Self, GenerateError> {
        let faults = generator.faults.as_ref().map(|faults| Faulty {
            faults: faults.clone(),
            numbers: Seed { seed: generator.seed, skip }.numbers("", Purpose::Faults),
            is_csv: stream.format != RecordFormat::Json,
            held: BinaryHeap::new(),
            count: 0,
            block: Appends::new(),
        });
        Ok(Self { records: Records::new(generator, stream, skip)?, faults })
    }

    /// Makes a record for each moment, and adds those that come up to `until`, which no moment lies behind, with the times
    /// at which they do.
    pub fn deliver(&mut self, moments: &[Micros], until: Micros, into: &mut Appends, times: &mut Vec<Micros>) {
        match &mut self.faults {
            None => {
                self.records.fill(moments, into);
                times.extend_from_slice(moments);
            }
            Some(faulty) => {
                let mut block = std::mem::take(&mut faulty.block);
                block.clear();
                self.records.fill(moments, &mut block);
                let mut out = Out { into, times };
                for (moment, record) in moments.iter().zip(block.iter()) {
                    faulty.release(*moment, &mut out);
                    faulty.send(*moment, record, &mut out);
                }
                faulty.release(until, &mut out);
                faulty.block = block;
            }
        }
    }

    /// Returns when the next record comes that is held back; nothing where none is.
    pub fn next(&self) -> Option<Micros> {
        self.faults.as_ref().and_then(|faulty| faulty.held.peek()).map(|held| held.0.due)
    }
}

/// What was delivered.
struct Out<'o> {
    into: &'o mut Appends,
    times: &'o mut Vec<Micros>,
}

impl Out<'_> {
    fn push(&mut self, time: Micros, key: &str, data: &[u8]) {
        self.into.push(key, data);
        self.times.push(time);
    }
}

impl Faulty {
    /// Sends a record on its way. Every fault is drawn for every record, so that one share moves no other fault.
    fn send(&mut self, now: Micros, record: Append<'_>, out: &mut Out<'_>) {
        let Self { faults, numbers, .. } = self;
        let dropped = numbers.random_bool(faults.dropped);
        let cut = numbers.random_bool(faults.malformed).then(|| numbers.random::<f64>());
        let late = faults.late.and_then(|late| drawn(late, numbers));
        let moved = faults.out_of_order.and_then(|moved| drawn(moved, numbers));
        let again = faults.duplicates.and_then(|again| drawn(again, numbers));
        if dropped {
            return;
        }
        let mut cut_off = Vec::new();
        let data = match cut {
            None => record.data,
            Some(place) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    clippy::cast_precision_loss,
                    reason = "a place in a record"
                )]
                let end = 1 + (place * record.data.len().saturating_sub(1) as f64) as usize;
                let text = String::from_utf8_lossy(&record.data[..end.min(record.data.len())]);
                let text = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
                if self.is_csv {
                    // A quote that nothing closes.
                    cut_off.push(b'"');
                    cut_off.extend(text.bytes().filter(|byte| *byte != b'"'));
                } else {
                    cut_off.extend_from_slice(text.as_bytes());
                }
                &cut_off
            }
        };
        match late.or(moved) {
            None => out.push(now, record.partition_key, data),
            Some(delay) => self.hold((now, delay), record.partition_key, data, out),
        }
        match again {
            Some(0) => out.push(now, record.partition_key, data),
            Some(delay) => self.hold((now, delay), record.partition_key, data, out),
            None => {}
        }
    }

    fn hold(&mut self, (now, delay): (Micros, Micros), key: &str, data: &[u8], out: &mut Out<'_>) {
        self.count += 1;
        let due = now.saturating_add(delay);
        self.held.push(Reverse(Held { due, count: self.count, key: key.to_owned(), data: data.to_vec() }));
        if self.held.len() > MAX_HELD
            && let Some(Reverse(held)) = self.held.pop()
        {
            out.push(held.due.min(now), &held.key, &held.data);
        }
    }

    /// Delivers what is due.
    fn release(&mut self, until: Micros, out: &mut Out<'_>) {
        while let Some(Reverse(held)) = self.held.peek()
            && held.due <= until
        {
            out.push(held.due, &held.key, &held.data);
            self.held.pop();
        }
    }
}

/// Draws whether a record is one of a share, and how many microseconds it takes then.
fn drawn(delay: Delay, numbers: &mut ChaCha8Rng) -> Option<Micros> {
    let is_one = numbers.random_bool(delay.share);
    let micros = |length: std::time::Duration| Micros::try_from(length.as_micros()).unwrap_or(Micros::MAX);
    let length = numbers.random_range(micros(delay.from)..=micros(delay.to));
    is_one.then_some(length)
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.due, self.count).cmp(&(other.due, other.count))
    }
}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Held {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::records::tests::ticker;
    use super::*;

    fn delay(share: f64, from: u64, to: u64) -> Delay {
        Delay { share, from: Duration::from_millis(from), to: Duration::from_millis(to) }
    }

    /// Delivers a record for each millisecond, in blocks of these sizes, and then what is left.
    fn delivered(faults: &Faults, blocks: &[usize]) -> Vec<(Micros, String)> {
        let (mut generator, stream) = ticker();
        generator.faults = Some(faults.clone());
        let mut delivery = Delivery::new(&generator, &stream, 0).expect("a delivery");
        let (mut into, mut times, mut made) = (Appends::new(), Vec::new(), 0);
        for block in blocks {
            let next = made + i64::try_from(*block).expect("a small block");
            let moments: Vec<Micros> = (made..next).map(|index| index * 1000).collect();
            made = next;
            delivery.deliver(&moments, moments.last().copied().unwrap_or(0), &mut into, &mut times);
        }
        delivery.deliver(&[], Micros::MAX, &mut into, &mut times);
        assert_eq!(delivery.next(), None);
        let text = |append: Append<'_>| String::from_utf8(append.data.to_vec()).expect("UTF-8");
        times.into_iter().zip(into.iter().map(text)).collect()
    }

    fn without() -> Vec<(Micros, String)> {
        delivered(&Faults::default(), &[10_000])
    }

    #[test]
    fn dropped_records_never_come_and_duplicates_come_twice() {
        let dropped = delivered(&Faults { dropped: 0.1, ..Faults::default() }, &[10_000]);
        assert!((8_850..9_150).contains(&dropped.len()), "{}", dropped.len());
        let again = delivered(&Faults { duplicates: Some(delay(0.1, 0, 0)), ..Faults::default() }, &[10_000]);
        assert!((10_850..11_150).contains(&again.len()), "{}", again.len());
        let mut counts: BTreeMap<&(Micros, String), usize> = BTreeMap::new();
        for record in &again {
            *counts.entry(record).or_default() += 1;
        }
        let all = without();
        assert!(all.iter().all(|record| counts.contains_key(record)), "nothing is lost");
        assert_eq!(delivered(&Faults { dropped: 1.0, ..Faults::default() }, &[100]).len(), 0);
    }

    #[test]
    fn late_records_come_when_they_do_and_say_when_they_were_made() {
        let late = delivered(&Faults { late: Some(delay(0.05, 2_000, 4_000)), ..Faults::default() }, &[10_000]);
        assert!(late.is_sorted_by_key(|(time, _)| *time));
        let made = without();
        let mut sorted = [late.clone(), made.clone()].map(|records| {
            let mut texts: Vec<String> = records.into_iter().map(|(_, text)| text).collect();
            texts.sort_unstable();
            texts
        });
        assert!(sorted[0] == sorted[1], "nothing is lost and nothing comes twice");
        sorted[0].clear();
        let by_text: BTreeMap<&String, Micros> = made.iter().map(|(time, text)| (text, *time)).collect();
        let delays: Vec<Micros> = late.iter().map(|(time, text)| time - by_text[text]).filter(|by| *by > 0).collect();
        assert!((420..580).contains(&delays.len()), "{}", delays.len());
        assert!(delays.iter().all(|by| (2_000_000..=4_000_000).contains(by)));
    }

    #[test]
    fn malformed_records_are_none() {
        let cut = delivered(&Faults { malformed: 0.1, ..Faults::default() }, &[10_000]);
        let bad = cut.iter().filter(|(_, text)| serde_json::from_str::<serde_json::Value>(text).is_err()).count();
        assert!((850..1_150).contains(&bad), "{bad}");
        assert_eq!(cut.len(), 10_000);
    }

    proptest! {
        #[test]
        fn blocks_do_not_matter(blocks in proptest::collection::vec(0_usize..200, 1..8)) {
            let faults = Faults {
                late: Some(delay(0.1, 5, 90)),
                out_of_order: Some(delay(0.3, 0, 20)),
                duplicates: Some(delay(0.1, 0, 50)),
                dropped: 0.1,
                malformed: 0.1,
            };
            prop_assert_eq!(delivered(&faults, &[blocks.iter().sum()]), delivered(&faults, &blocks));
        }
    }
}
