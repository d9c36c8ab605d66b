//! Hotspots against ones worked out by hand, and against a naive search.

use proptest::prelude::*;

use super::neighbours::Neighbours;

/// Returns the members of each hotspot as the points that they are, in order.
fn dense(points: &[[f64; 2]], radius: f64, window: usize, min_points: usize) -> Vec<Vec<[i64; 2]>> {
    let mut neighbours = Neighbours::new(2, radius, window);
    for point in points {
        neighbours.push(point);
    }
    let members = neighbours.dense(min_points).into_iter().map(|members| {
        members.ones().map(|slot| neighbours.point(slot)).map(|point| [whole(point[0]), whole(point[1])]).collect()
    });
    sorted(members.collect())
}

/// The same from the definition: two cores are of one hotspot where a chain of cores leads from one to the other.
fn naive(points: &[[f64; 2]], radius: f64, window: usize, min_points: usize) -> Vec<Vec<[i64; 2]>> {
    let points = &points[points.len().saturating_sub(window)..];
    let near = |one: &[f64; 2], other: &[f64; 2]| (one[0] - other[0]).hypot(one[1] - other[1]) <= radius;
    let is_core = |point: &[f64; 2]| points.iter().filter(|other| near(point, other)).count() >= min_points;
    let cores: Vec<usize> = (0..points.len()).filter(|index| is_core(&points[*index])).collect();
    let mut names: Vec<usize> = cores.clone();
    // As often as a chain can be long.
    for _ in &cores {
        for one in 0..cores.len() {
            for other in 0..cores.len() {
                if near(&points[cores[one]], &points[cores[other]]) {
                    names[one] = names[one].min(names[other]);
                }
            }
        }
    }
    let mut hotspots = Vec::new();
    for name in &cores {
        let of_it: Vec<usize> = (0..cores.len()).filter(|core| names[*core] == *name).map(|core| cores[core]).collect();
        if !of_it.is_empty() {
            let members = points.iter().filter(|point| of_it.iter().any(|core| near(point, &points[*core])));
            hotspots.push(members.map(|point| [whole(point[0]), whole(point[1])]).collect());
        }
    }
    sorted(hotspots)
}

#[expect(clippy::cast_possible_truncation, reason = "the points are small whole numbers")]
fn whole(value: f64) -> i64 {
    value as i64
}

fn sorted(mut hotspots: Vec<Vec<[i64; 2]>>) -> Vec<Vec<[i64; 2]>> {
    for members in &mut hotspots {
        members.sort_unstable();
    }
    hotspots.sort_unstable();
    hotspots
}

#[test]
fn neighbours_are_as_far_as_the_radius_and_one_between_two_hotspots_is_in_both() {
    let row = |xs: &[i32]| xs.iter().map(|x| [f64::from(*x), 0.0]).collect::<Vec<_>>();
    let members = |xs: &[i64]| xs.iter().map(|x| [*x, 0]).collect::<Vec<_>>();
    // 0 and 6 have one neighbour each, and are in it as neighbours of cores.
    assert_eq!(dense(&row(&[0, 1, 2, 3, 4, 5, 6, 20]), 1.0, 100, 3), [members(&[0, 1, 2, 3, 4, 5, 6])]);
    assert_eq!(dense(&row(&[0, 0, 1, 2, 2]), 0.9, 100, 2), [members(&[0, 0]), members(&[2, 2])]);
    // 0 and 2 are the only cores, and 1 is a neighbour of both.
    assert_eq!(
        dense(&row(&[-1, -1, -1, 0, 1, 2, 3, 3, 3]), 1.0, 100, 5),
        [members(&[-1, -1, -1, 0, 1]), members(&[1, 2, 3, 3, 3])]
    );
}

#[test]
fn a_distance_of_exactly_the_radius_is_near_at_any_scale() {
    for scale in [1.0, 1e-3, 1e-200, 1e200] {
        let is_near = |radius: f64| {
            let mut neighbours = Neighbours::new(2, radius * scale, 100);
            neighbours.push(&[0.0, 0.0]);
            neighbours.push(&[5.0 * scale, 12.0 * scale]);
            neighbours.dense(2).len() == 1
        };
        assert!(is_near(13.000_001) && !is_near(12.999_999), "{scale}");
    }
    assert_eq!(dense(&[[0.0, 0.0], [5.0, 12.0]], 13.0, 100, 2), [vec![[0, 0], [5, 12]]]);
}

#[test]
fn the_oldest_points_are_forgotten() {
    let points = [[0.0, 0.0], [0.0, 0.0], [5.0, 5.0], [5.0, 5.0], [9.0, 9.0]];
    assert_eq!(dense(&points, 1.0, 3, 2), [vec![[5, 5]; 2]]);
    let mut neighbours = Neighbours::new(2, 1.0, 3);
    for point in &points {
        neighbours.push(point);
    }
    assert_eq!(neighbours.oldest_first(), [5.0, 5.0, 5.0, 5.0, 9.0, 9.0]);
}

proptest! {
    #[test]
    fn hotspots_are_those_of_the_definition(
        points in prop::collection::vec((0..30_i32, 0..30_i32), 0..60),
        window in 1..50_usize,
        radius in 1..15_i32,
        min_points in 2..6_usize,
    ) {
        let points: Vec<[f64; 2]> = points.into_iter().map(|(x, y)| [f64::from(x), f64::from(y)]).collect();
        let radius = f64::from(radius);
        prop_assert_eq!(dense(&points, radius, window, min_points), naive(&points, radius, window, min_points));
    }
}
