//! Which expected row is which found one.

use crate::plan::Datum;

use super::difference::{Difference, Miss};
use super::rows::Row;

/// An expected row: `None` where any value will do.
pub(super) type Wanted = Vec<Option<Datum>>;

/// Compares rows; `None` where nothing differs.
pub(super) fn compare(columns: Vec<String>, wanted: &[Wanted], found: &[Row], in_order: bool) -> Option<Difference> {
    let partners = partners(wanted, found);
    let whole = wanted.len() == found.len() && partners.iter().all(Option::is_some);
    if whole && !in_order {
        return None;
    }
    if in_order {
        let differs = |index: &usize| !found.get(*index).is_some_and(|row| matches(&wanted[*index], row));
        let wrong: Vec<usize> = (0..wanted.len()).filter(differs).collect();
        if wrong.is_empty() && wanted.len() == found.len() {
            return None;
        }
        let miss = |index: usize| Miss { wanted: wanted[index].clone(), nearest: found.get(index).cloned() };
        return Some(Difference {
            columns,
            wanted: wanted.len(),
            found: found.len(),
            only_order: whole,
            at_least: false,
            missing: wrong.into_iter().map(miss).collect(),
            unexpected: found.get(wanted.len()..).unwrap_or_default().to_vec(),
        });
    }
    let mut spare: Vec<Option<&Row>> = found.iter().map(Some).collect();
    for partner in partners.iter().flatten() {
        spare[*partner] = None;
    }
    let alone: Vec<&Wanted> =
        wanted.iter().zip(&partners).filter(|(_, partner)| partner.is_none()).map(|(row, _)| row).collect();
    Some(Difference {
        columns,
        wanted: wanted.len(),
        found: found.len(),
        only_order: false,
        at_least: false,
        missing: nearest(&alone, &mut spare),
        unexpected: spare.into_iter().flatten().cloned().collect(),
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

/// Puts beside each expected row the found one that differs least from it; the nearest pairs first.
fn nearest(alone: &[&Wanted], spare: &mut [Option<&Row>]) -> Vec<Miss> {
    let equal = |wanted: &Wanted, found: &Row| {
        let same =
            |(wanted, found): &(&Option<Datum>, &Datum)| wanted.as_ref().is_some_and(|wanted| wanted.matches(found));
        wanted.iter().zip(found).filter(same).count()
    };
    let mut pairs = Vec::new();
    for (index, wanted) in alone.iter().enumerate() {
        for (place, found) in spare.iter().enumerate() {
            let score = found.map_or(0, |found| equal(wanted, found));
            if score > 0 {
                pairs.push((std::cmp::Reverse(score), index, place));
            }
        }
    }
    pairs.sort_unstable();
    let mut misses: Vec<Miss> = alone.iter().map(|wanted| Miss { wanted: (*wanted).clone(), nearest: None }).collect();
    for (_, index, place) in pairs {
        if misses[index].nearest.is_none() {
            misses[index].nearest = spare[place].take().cloned();
        }
    }
    misses
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
