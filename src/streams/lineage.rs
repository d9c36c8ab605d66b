//! In what order the shards of one stream are read when it is resharded.
//!
//! Resharding closes shards and opens others that go on where they ended: two for one that is split, one for two that are
//! merged (Kinesis developer guide, "resharding a stream"). The records of a key stay in order only for a reader that
//! begins with a shard when every shard that it goes on from has been read to its end.

use std::collections::{BTreeMap, BTreeSet};

use super::{Position, Shard, ShardId};

/// A shard that goes on where others ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Its index in the stream.
    pub id: ShardId,
    /// The shards that it goes on from: one that was split, or two that were merged.
    pub parents: Vec<ShardId>,
}

/// Which shards of one stream have been begun with, and which wait for others to be read to their end.
///
/// Knows nothing of records: its owner reads, says which shard has ended, and begins with those that are [due](Self::due).
#[derive(Debug, Clone)]
pub struct Lineage {
    shards: BTreeMap<ShardId, Known>,
}

#[derive(Debug, Clone)]
struct Known {
    parents: Vec<ShardId>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Reading,
    Ended,
}

impl Lineage {
    /// Begins to read a stream with these shards, as [`Log::shards`](super::Log::shards) lists them: at
    /// [`Position::Latest`] with those that are open, otherwise with the oldest. Nothing has been begun with yet.
    ///
    /// A position in time needs no choice of shards, since one that was closed before then has no record to read.
    pub fn begin(shards: &[Shard], from: &Position) -> Self {
        if *from != Position::Latest {
            return Self::resume(shards, [], []);
        }
        let known = |shard: &Shard| {
            let state = if shard.open { State::Waiting } else { State::Ended };
            (shard.id, Known { parents: Vec::new(), state })
        };
        Self { shards: shards.iter().map(known).collect() }
    }

    /// Goes on with a stream that was read before: with shards that were being read, and with those that had ended and
    /// [were waited for](Self::waited_for). What they go on from counts as read; every other shard waits for those that
    /// it goes on from, as far as they are still listed.
    pub fn resume(
        shards: &[Shard],
        reading: impl IntoIterator<Item = ShardId>,
        ended: impl IntoIterator<Item = ShardId>,
    ) -> Self {
        let parents: BTreeMap<ShardId, &[ShardId]> =
            shards.iter().map(|shard| (shard.id, shard.parents.as_slice())).collect();
        let reading: BTreeSet<ShardId> = reading.into_iter().collect();
        let mut over: BTreeSet<ShardId> = ended.into_iter().filter(|shard| !reading.contains(shard)).collect();
        let mut left: Vec<ShardId> = reading.iter().chain(&over).copied().collect();
        while let Some(shard) = left.pop() {
            for parent in parents.get(&shard).copied().unwrap_or_default() {
                if !reading.contains(parent) && over.insert(*parent) {
                    left.push(*parent);
                }
            }
        }
        let known: BTreeSet<ShardId> = parents.keys().chain(&reading).chain(&over).copied().collect();
        let shards = known.iter().map(|id| {
            let state = match () {
                () if reading.contains(id) => State::Reading,
                () if over.contains(id) => State::Ended,
                () => State::Waiting,
            };
            // A shard that is not listed any more has no records left.
            let parents = parents.get(id).copied().unwrap_or_default().iter();
            (*id, Known { parents: parents.filter(|parent| known.contains(parent)).copied().collect(), state })
        });
        Self { shards: shards.collect() }
    }

    /// Returns the shards to begin with now, each once: at [`Position::of_child`] of where the stream was begun with, or
    /// at that position itself where no shard has ended yet.
    pub fn due(&mut self) -> Vec<ShardId> {
        let due: Vec<ShardId> = self.shards.iter().filter(|(_, shard)| self.is_due(shard)).map(|(id, _)| *id).collect();
        for shard in &due {
            if let Some(known) = self.shards.get_mut(shard) {
                known.state = State::Reading;
            }
        }
        due
    }

    /// Notes that a shard has been read to its end, behind which others go on. One that goes on from a shard not known
    /// here waits: that shard goes on from others that are still being read.
    pub fn end(&mut self, shard: ShardId, children: &[Child]) {
        if let Some(known) = self.shards.get_mut(&shard) {
            known.state = State::Ended;
        }
        for child in children {
            let known = || Known { parents: child.parents.clone(), state: State::Waiting };
            self.shards.entry(child.id).or_insert_with(known);
        }
    }

    /// Returns the shards that have been begun with and have not ended.
    pub fn reading(&self) -> impl Iterator<Item = ShardId> {
        self.shards.iter().filter(|(_, shard)| shard.state == State::Reading).map(|(id, _)| *id)
    }

    /// Returns the shards that have ended and that others wait for which cannot begin yet. Together with the places in
    /// those [being read](Self::reading) they are all that is needed to go on later.
    pub fn waited_for(&self) -> BTreeSet<ShardId> {
        let waiting = self.shards.values().filter(|shard| shard.state == State::Waiting);
        waiting.flat_map(|shard| &shard.parents).copied().filter(|parent| self.has_ended(*parent)).collect()
    }

    fn is_due(&self, shard: &Known) -> bool {
        shard.state == State::Waiting && shard.parents.iter().all(|parent| self.has_ended(*parent))
    }

    fn has_ended(&self, shard: ShardId) -> bool {
        self.shards.get(&shard).is_some_and(|shard| shard.state == State::Ended)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{HashKeyRange, SequenceNumber};
    use super::*;

    fn shard(id: u32, parents: &[u32], open: bool) -> Shard {
        Shard {
            id: ShardId(id),
            range: HashKeyRange { start: 0, end: 0 },
            starting_sequence: SequenceNumber::parse("0").unwrap(),
            parents: parents.iter().copied().map(ShardId).collect(),
            open,
        }
    }

    fn child(id: u32, parents: &[u32]) -> Child {
        Child { id: ShardId(id), parents: parents.iter().copied().map(ShardId).collect() }
    }

    fn due(lineage: &mut Lineage) -> Vec<u32> {
        lineage.due().into_iter().map(|shard| shard.0).collect()
    }

    #[test]
    fn a_stream_begins_where_the_position_says() {
        // 0 was split into 1 and 2; 2 and 3 were merged to 4. The shard that 0 went on from is gone.
        let shards = [
            shard(0, &[9], false),
            shard(1, &[0], true),
            shard(2, &[0], false),
            shard(3, &[], false),
            shard(4, &[2, 3], true),
        ];
        assert_eq!(due(&mut Lineage::begin(&shards, &Position::Earliest)), [0, 3]);
        assert_eq!(due(&mut Lineage::begin(&shards, &Position::AtTime(7))), [0, 3]);
        assert_eq!(due(&mut Lineage::begin(&shards, &Position::Latest)), [1, 4]);
    }

    #[test]
    fn a_merged_shard_waits_for_both_that_it_goes_on_from() {
        let mut lineage = Lineage::begin(&[shard(0, &[], true), shard(1, &[], true)], &Position::Latest);
        assert_eq!(due(&mut lineage), [0, 1]);
        lineage.end(ShardId(1), &[child(2, &[0, 1])]);
        assert_eq!(due(&mut lineage), [0; 0]);
        assert_eq!(lineage.waited_for(), [ShardId(1)].into());
        lineage.end(ShardId(0), &[child(2, &[0, 1])]);
        assert_eq!(due(&mut lineage), [2]);
        assert_eq!((due(&mut lineage), lineage.waited_for()), (vec![], BTreeSet::new()));
    }

    #[test]
    fn a_shard_waits_for_one_that_is_not_known_yet() {
        // 0 is split into 2 and 3; 3 and 1 are merged to 4, which 1 tells of before 0 has ended.
        let mut lineage = Lineage::begin(&[shard(0, &[], true), shard(1, &[], true)], &Position::Earliest);
        assert_eq!(due(&mut lineage), [0, 1]);
        lineage.end(ShardId(1), &[child(4, &[3, 1])]);
        assert_eq!(due(&mut lineage), [0; 0]);
        lineage.end(ShardId(0), &[child(2, &[0]), child(3, &[0])]);
        assert_eq!(due(&mut lineage), [2, 3]);
        lineage.end(ShardId(3), &[child(4, &[3, 1])]);
        assert_eq!(due(&mut lineage), [4]);
    }

    #[test]
    fn a_reader_goes_on_after_its_shards_have_been_removed() {
        // It was reading 0, which is not listed any more, nor is 1 that went on from it.
        let mut lineage = Lineage::resume(&[shard(2, &[1], true)], [ShardId(0)], []);
        assert_eq!(due(&mut lineage), [2]);
        assert_eq!(lineage.reading().collect::<Vec<_>>(), [ShardId(0), ShardId(2)]);
    }

    /// A stream that is resharded, and a reader of it.
    struct Model {
        shards: Vec<Shard>,
        /// What the reader has begun with, and what it has read to its end.
        begun: BTreeSet<ShardId>,
        ended: BTreeSet<ShardId>,
        lineage: Option<Lineage>,
    }

    impl Model {
        fn open(&self) -> Vec<usize> {
            (0..self.shards.len()).filter(|index| self.shards[*index].open).collect()
        }

        fn reshard(&mut self, parents: &[usize], children: usize) {
            let ids: Vec<u32> = parents.iter().map(|parent| self.shards[*parent].id.0).collect();
            for parent in parents {
                self.shards[*parent].open = false;
            }
            for _ in 0..children {
                self.shards.push(shard(u32::try_from(self.shards.len()).unwrap(), &ids, true));
            }
        }

        /// Begins with what is due, and checks that it was.
        fn begin(&mut self) {
            let due = self.lineage.as_mut().unwrap().due();
            for id in due {
                assert!(self.begun.insert(id), "{id} was begun with twice");
                let parents = &self.shards[id.0 as usize].parents;
                assert!(parents.iter().all(|parent| self.ended.contains(parent)), "{id} was begun with too early");
            }
        }

        /// Reads to its end one of the closed shards being read; returns whether there is one.
        fn end(&mut self, choice: usize) -> bool {
            let reading = self.lineage.as_ref().unwrap().reading();
            let closed: Vec<ShardId> = reading.filter(|id| !self.shards[id.0 as usize].open).collect();
            if closed.is_empty() {
                return false;
            }
            let id = closed[choice % closed.len()];
            let of_it = self.shards.iter().filter(|shard| shard.parents.contains(&id));
            let children: Vec<Child> = of_it.map(|it| Child { id: it.id, parents: it.parents.clone() }).collect();
            self.ended.insert(id);
            self.lineage.as_mut().unwrap().end(id, &children);
            self.begin();
            true
        }
    }

    proptest! {
        #[test]
        fn every_shard_is_begun_with_once_and_never_too_early(
            steps in prop::collection::vec((0..6_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..60),
            latest: bool,
            start in 0..60_usize,
        ) {
            let shards = (0..3).map(|id| shard(id, &[], true)).collect();
            let mut model = Model { shards, begun: BTreeSet::new(), ended: BTreeSet::new(), lineage: None };
            for (turn, (step, first, second)) in steps.iter().enumerate() {
                if turn == start {
                    let from = if latest { Position::Latest } else { Position::Earliest };
                    model.lineage = Some(Lineage::begin(&model.shards, &from));
                    if latest {
                        let closed = model.shards.iter().filter(|shard| !shard.open).map(|shard| shard.id);
                        model.ended = closed.clone().collect();
                        model.begun = closed.collect();
                    }
                    model.begin();
                }
                let open = model.open();
                let chosen = open[first.index(open.len())];
                match step {
                    0 | 1 => model.reshard(&[chosen], 2),
                    2 => {
                        let other = open[second.index(open.len())];
                        if other != chosen {
                            model.reshard(&[chosen, other], 1);
                        }
                    }
                    3 if model.lineage.is_some() => {
                        // The reader stops, and another goes on with what it kept.
                        let lineage = model.lineage.take().unwrap();
                        model.lineage = Some(Lineage::resume(&model.shards, lineage.reading(), lineage.waited_for()));
                        model.begin();
                    }
                    _ if model.lineage.is_some() => {
                        model.end(first.index(100));
                    }
                    _ => {}
                }
            }
            if model.lineage.is_some() {
                while model.end(0) {}
                let all: BTreeSet<ShardId> = model.shards.iter().map(|shard| shard.id).collect();
                prop_assert_eq!(&model.begun, &all);
                let reading: BTreeSet<ShardId> = model.lineage.as_ref().unwrap().reading().collect();
                let open: BTreeSet<ShardId> =
                    model.shards.iter().filter(|shard| shard.open).map(|shard| shard.id).collect();
                prop_assert_eq!(reading, open);
            }
        }
    }
}
