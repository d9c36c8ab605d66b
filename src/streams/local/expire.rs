//! Removing what a stream is not to keep any longer.

use std::sync::PoisonError;

use super::{
    LocalLog, catalogue,
    shard::{Life, Stream},
    storage::block_key,
    tips,
};
use crate::streams::{LogError, Millis, ShardId};

impl LocalLog {
    /// Removes the records of a stream that arrived before a moment. A closed shard without any goes as well. Whoever reads
    /// goes on with the oldest record that is left.
    pub fn expire(&self, name: &str, before: Millis) -> Result<(), LogError> {
        let stream = self.stream(name)?;
        let mut over = Vec::new();
        for listed in stream.all() {
            let id = listed.shard.id;
            let shard = stream.shard(id)?;
            let tip = *shard.lock();
            let first = self.first_since(&stream, id, before, tip)?;
            if first > tip.first {
                self.trim_stream(&stream, id, first)?;
                let mut tip = shard.lock();
                if first == tip.next && tip.life != Life::Removed {
                    // The last block stays, and nobody sees it.
                    (tip.first, tip.before, tip.first_arrival) = (tip.next, tip.bytes, None);
                    let mut batch = self.storage.batch();
                    tips::write(&self.storage, &mut batch, stream.id, id.0, *tip);
                    self.storage.commit(batch)?;
                }
            }
            if listed.closed.is_some_and(|closed| closed < before) && first == tip.next {
                over.push(id);
            }
        }
        if over.is_empty() { Ok(()) } else { self.forget(&stream, &over) }
    }

    /// Removes closed shards of a stream.
    fn forget(&self, known: &Stream, over: &[ShardId]) -> Result<(), LogError> {
        let _making = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        // It may have been resharded since, or removed, and another one of its name been made.
        let stream = self.stream(&known.name)?;
        if stream.id != known.id {
            return Ok(());
        }
        let mut gone = stream.gone();
        gone.extend(over.iter().map(|shard| shard.0));
        gone.sort_unstable();
        let mut batch = self.storage.batch();
        catalogue::update(&self.storage, &mut batch, &stream, &stream.shards, gone);
        for shard in over {
            self.remove_shard(&mut batch, &stream, *shard)?;
        }
        self.storage.commit(batch)?;
        for shard in over {
            stream.shard(*shard)?.lock().life = Life::Gone;
        }
        Ok(())
    }

    /// Adds to a batch the removal of a shard of which hardly any blocks are left.
    fn remove_shard(
        &self,
        batch: &mut fjall::OwnedWriteBatch,
        stream: &Stream,
        shard: ShardId,
    ) -> Result<(), LogError> {
        let stored = stream.shard(shard)?.lock().stored;
        let blocks = block_key(stream.id, shard.0, stored)..=block_key(stream.id, shard.0, u64::MAX);
        for key in self.storage.block_keys(blocks) {
            batch.remove(&self.storage.records, key?);
        }
        tips::remove(&self.storage, batch, stream.id, shard.0);
        Ok(())
    }
}
