//! The last points, and which of them lie close together.

use fixedbitset::FixedBitSet;

/// A ring of the last points. It keeps who is whose neighbour, so that a point costs as many distances as there are points.
pub(super) struct Neighbours {
    dimensions: usize,
    radius: f64,
    /// How many points there are at most.
    window: usize,
    /// The coordinates, one point behind the other.
    points: Vec<f64>,
    /// Of each point, which are its neighbours; it is its own.
    near: Vec<FixedBitSet>,
    /// Where the next point goes: where the oldest is, once the ring is full.
    next: usize,
}

impl Neighbours {
    /// Starts without a point. Two are neighbours where they lie no further apart than `radius`.
    pub(super) fn new(dimensions: usize, radius: f64, window: usize) -> Self {
        Self { dimensions, radius, window, points: Vec::new(), near: Vec::new(), next: 0 }
    }

    /// Takes a point, and forgets the oldest where there are too many.
    pub(super) fn push(&mut self, point: &[f64]) {
        let slot = self.next;
        self.next = (slot + 1) % self.window;
        if slot == self.near.len() {
            self.points.extend_from_slice(point);
            self.near.push(FixedBitSet::with_capacity(self.window));
        } else {
            self.points[slot * self.dimensions..][..self.dimensions].copy_from_slice(point);
            for near in &mut self.near {
                near.remove(slot);
            }
            self.near[slot].clear();
        }
        for other in 0..self.near.len() {
            if self.are_near(point, self.point(other)) {
                self.near[other].insert(slot);
                self.near[slot].insert(other);
            }
        }
    }

    /// Returns the point of a place in the ring.
    pub(super) fn point(&self, slot: usize) -> &[f64] {
        &self.points[slot * self.dimensions..][..self.dimensions]
    }

    /// Returns whether two points lie no further apart than the radius.
    fn are_near(&self, one: &[f64], other: &[f64]) -> bool {
        let square = |unit: f64| one.iter().zip(other).map(|(one, other)| ((one - other) / unit).powi(2)).sum::<f64>();
        let (limit, apart) = (self.radius * self.radius, square(1.0));
        if limit.is_normal() && apart.is_finite() {
            return apart <= limit;
        }
        // Counted in radii, where a square is too great or too small to be told exactly.
        square(self.radius) <= 1.0
    }

    /// Returns the points of each hotspot (DBSCAN). A core point has at least `min_points` neighbours, itself among them;
    /// cores that are neighbours are of one hotspot, and so are the neighbours of each. One that is near to cores of
    /// several hotspots is in each of them: in which it is does not depend on the order.
    pub(super) fn dense(&self, min_points: usize) -> Vec<FixedBitSet> {
        let mut cores = FixedBitSet::with_capacity(self.window);
        cores.extend((0..self.near.len()).filter(|slot| self.near[*slot].count_ones(..) >= min_points));
        let mut dense = Vec::new();
        let mut reached = Vec::new();
        while let Some(first) = cores.minimum() {
            cores.remove(first);
            reached.push(first);
            let mut members = FixedBitSet::with_capacity(self.window);
            while let Some(core) = reached.pop() {
                members.union_with(&self.near[core]);
                let before = reached.len();
                reached.extend(self.near[core].intersection(&cores));
                for next in &reached[before..] {
                    cores.remove(*next);
                }
            }
            dense.push(members);
        }
        dense
    }

    /// Returns the coordinates of all points, from the oldest on.
    pub(super) fn oldest_first(&self) -> Vec<f64> {
        // Until the ring is full, the next place is behind the last, and nothing lies there.
        let (newer, older) = self.points.split_at((self.next * self.dimensions).min(self.points.len()));
        [older, newer].concat()
    }
}
