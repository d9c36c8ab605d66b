//! Which expected row is which found one.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::plan::{Datum, Row};

use super::difference::{Difference, Miss};

/// An expected row: `None` where any value will do.
pub(super) type Wanted = Vec<Option<Datum>>;

/// Which found row stands beside which expected one.
#[derive(Debug)]
pub(super) struct Pairing {
    /// For each expected row the place of the found one, where there is one, and whether it is as expected.
    pub(super) partners: Vec<Option<(usize, bool)>>,
    /// The places of the found rows that stand beside none.
    pub(super) spare: Vec<usize>,
}

impl Pairing {
    /// Puts rows beside each other: in order one by one, otherwise each beside one that is as expected, and then beside the
    /// one that differs least from it.
    pub(super) fn of(wanted: &[Wanted], found: &[Row], in_order: bool) -> Self {
        let mut pairing = Self { partners: vec![None; wanted.len()], spare: (0..found.len()).collect() };
        if in_order {
            for (index, (row, beside)) in wanted.iter().zip(found).enumerate() {
                pairing.partners[index] = Some((index, matches(row, beside)));
            }
        } else {
            for (index, place) in partners(wanted, found).into_iter().enumerate() {
                pairing.partners[index] = place.map(|place| (place, true));
            }
            pairing.settle();
            let mut taken = vec![false; found.len()];
            for (index, place) in pairing.nearest(wanted, found) {
                if pairing.partners[index].is_none() && !taken[place] {
                    pairing.partners[index] = Some((place, false));
                    taken[place] = true;
                }
            }
        }
        pairing.settle();
        pairing
    }

    /// Takes the found rows that stand beside an expected one out of those that are spare.
    fn settle(&mut self) {
        let taken: BTreeSet<usize> = self.partners.iter().flatten().map(|(place, _)| *place).collect();
        self.spare.retain(|place| !taken.contains(place));
    }

    /// Returns pairs of rows that have something in common and nobody beside them, those with the most first.
    fn nearest(&self, wanted: &[Wanted], found: &[Row]) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for (index, row) in wanted.iter().enumerate().filter(|(index, _)| self.partners[*index].is_none()) {
            for place in &self.spare {
                let score = equal(row, &found[*place]);
                if score > 0 {
                    pairs.push((Reverse(score), index, *place));
                }
            }
        }
        pairs.sort_unstable();
        pairs.into_iter().map(|(_, index, place)| (index, place)).collect()
    }

    /// Returns whether every row is as expected.
    fn is_whole(&self) -> bool {
        self.spare.is_empty() && self.partners.iter().all(|partner| partner.is_some_and(|(_, fits)| fits))
    }
}

/// Compares rows; `None` where nothing differs.
pub(super) fn compare(columns: Vec<String>, wanted: &[Wanted], found: &[Row], in_order: bool) -> Option<Difference> {
    let pairing = Pairing::of(wanted, found, in_order);
    if pairing.is_whole() {
        return None;
    }
    let miss = |(row, partner): (&Wanted, &Option<(usize, bool)>)| match partner {
        Some((_, true)) => None,
        partner => Some(Miss { wanted: row.clone(), nearest: partner.map(|(place, _)| found[place].clone()) }),
    };
    Some(Difference {
        columns,
        wanted: wanted.len(),
        found: found.len(),
        only_order: in_order && Pairing::of(wanted, found, false).is_whole(),
        at_least: false,
        missing: wanted.iter().zip(&pairing.partners).filter_map(miss).collect(),
        unexpected: pairing.spare.iter().map(|place| found[*place].clone()).collect(),
    })
}

/// Compares rows that have to be there with others among them; `None` where none is missing.
pub(super) fn missing(columns: Vec<String>, wanted: &[Wanted], found: &[Row]) -> Option<Difference> {
    let mut difference = compare(columns, wanted, found, false)?;
    difference.at_least = true;
    difference.unexpected.clear();
    (!difference.missing.is_empty()).then_some(difference)
}

/// Returns whether a found row is as an expected one says.
fn matches(wanted: &Wanted, found: &Row) -> bool {
    wanted.iter().zip(found).all(|(wanted, found)| wanted.as_ref().is_none_or(|wanted| wanted.matches(found)))
}

/// Gives as many expected rows as possible a found row of their own. A row that says less than another one may fit
/// several, so whoever took a row is asked whether another one will do.
fn partners(wanted: &[Wanted], found: &[Row]) -> Vec<Option<usize>> {
    let mut taken: Vec<Option<usize>> = vec![None; found.len()];
    for index in 0..wanted.len() {
        let mut asked = vec![false; found.len()];
        seat(index, wanted, found, (&mut taken, &mut asked));
    }
    let mut partners = vec![None; wanted.len()];
    for (found, wanted) in taken.iter().enumerate() {
        if let Some(wanted) = wanted {
            partners[*wanted] = Some(found);
        }
    }
    partners
}

/// One of the steps by which a row is found for the first of a chain of expected ones: who wants it, and where it looks
/// next.
struct Seeker {
    wanted: usize,
    next: usize,
}

/// Finds a row for an expected one, moving others where they have a choice. Walks without recursion: a chain may be as
/// long as there are rows.
fn seat(first: usize, wanted: &[Wanted], found: &[Row], (taken, asked): (&mut [Option<usize>], &mut [bool])) {
    // The found row that each seeker but the last one waits for.
    let mut waits: Vec<usize> = Vec::new();
    // Rows often come in the order in which they are expected: look there first.
    let begin = |wanted: usize| Seeker { wanted, next: 0 };
    let mut chain = vec![begin(first)];
    while let Some(seeker) = chain.last_mut() {
        let place = (seeker.wanted + seeker.next) % found.len().max(1);
        if seeker.next >= found.len() {
            chain.pop();
            waits.pop();
            continue;
        }
        seeker.next += 1;
        if asked[place] || !matches(&wanted[seeker.wanted], &found[place]) {
            continue;
        }
        asked[place] = true;
        waits.push(place);
        let Some(holder) = taken[place] else {
            for (seeker, place) in chain.iter().zip(&waits) {
                taken[*place] = Some(seeker.wanted);
            }
            return;
        };
        chain.push(begin(holder));
    }
}

/// Returns how many values of a found row are as an expected one says.
fn equal(wanted: &Wanted, found: &Row) -> usize {
    let same = |(wanted, found): &(&Option<Datum>, &Datum)| wanted.as_ref().is_some_and(|wanted| wanted.matches(found));
    wanted.iter().zip(found).filter(same).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[i64]) -> Row {
        values.iter().map(|value| number(*value)).collect()
    }

    /// Zero stands for a column that is left out.
    fn wanted(values: &[i64]) -> Wanted {
        values.iter().map(|value| (*value != 0).then(|| number(*value))).collect()
    }

    fn number(value: i64) -> Datum {
        Datum::Text(value.to_string())
    }

    fn names() -> Vec<String> {
        vec!["a".to_owned(), "b".to_owned()]
    }

    #[test]
    fn a_row_that_says_less_leaves_the_row_of_one_that_says_more() {
        let found = [row(&[1, 3]), row(&[1, 2])];
        for expected in [[wanted(&[1, 0]), wanted(&[1, 3])], [wanted(&[1, 3]), wanted(&[1, 0])]] {
            assert!(compare(names(), &expected, &found, false).is_none());
        }
        let chain = [wanted(&[1, 0]), wanted(&[0, 2]), wanted(&[1, 2])];
        let found = [row(&[1, 2]), row(&[4, 2]), row(&[1, 9])];
        assert!(compare(names(), &chain, &found, false).is_none(), "two have to move");
    }

    #[test]
    fn rows_count_as_often_as_they_come() {
        let difference =
            compare(names(), &[wanted(&[1, 2])], &[row(&[1, 2]), row(&[1, 2])], false).expect("one too many");
        assert_eq!((difference.missing.len(), difference.unexpected.len()), (0, 1));
        let difference =
            compare(names(), &[wanted(&[1, 2]), wanted(&[1, 2])], &[row(&[1, 2])], false).expect("one too few");
        assert_eq!((difference.missing.len(), difference.unexpected.len()), (1, 0));
    }

    #[test]
    fn the_nearest_row_stands_beside_the_expected_one() {
        let expected = [wanted(&[1, 2]), wanted(&[7, 8])];
        let found = [row(&[5, 5]), row(&[7, 9])];
        let difference = compare(names(), &expected, &found, false).expect("both differ");
        assert_eq!(difference.missing[0].nearest, None);
        assert_eq!(difference.missing[1].nearest, Some(row(&[7, 9])));
        assert_eq!(difference.unexpected, [row(&[5, 5])]);
    }

    #[test]
    fn order_counts_where_it_is_exact() {
        let expected = [wanted(&[1, 0]), wanted(&[2, 0])];
        let found = [row(&[2, 2]), row(&[1, 1])];
        assert!(compare(names(), &expected, &found, false).is_none());
        assert!(compare(names(), &expected, &found, true).expect("turned around").only_order);
    }

    #[test]
    fn nothing_is_equal_to_nothing() {
        assert!(compare(names(), &[], &[], false).is_none());
        assert_eq!(compare(names(), &[], &[row(&[1, 1])], true).expect("a row").unexpected.len(), 1);
    }
}
