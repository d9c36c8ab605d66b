//! The database under a local log: how it is set up, what its keys are, and how its errors read.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    ops::RangeBounds,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use fjall::{
    AbstractTree, CompressionType, Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, LsmError,
    OwnedWriteBatch, PersistMode, UserKey,
};

use super::{Durability, tips};
use crate::streams::LogError;

/// The version of keys and values; a folder that says anything else is refused.
const FORMAT: &[u8] = b"2";
/// Without the ends of shards, which are taken from their blocks, and without reshardings that this knows nothing of.
const FIRST_FORMAT: &[u8] = b"1";
const FORMAT_KEY: &str = "format";
const TIP_PREFIX: &[u8] = b"tip/";

/// Keeps memory flat: blocks read lately, and blocks not yet in a file of their own.
const CACHE_BYTES: u64 = 16 << 20;
const RECORDS_MEMTABLE_BYTES: u64 = 8 << 20;
const STATE_MEMTABLE_BYTES: u64 = 2 << 20;
/// Journals are 64 MiB each and go once their records are in files.
const JOURNAL_BYTES: u64 = 128 << 20;
/// Blocks from this size on are written once and never again: compaction moves only where they lie.
const SEPARATE_BYTES: u32 = 1 << 10;
/// Fewer than the 256 that some systems let a process have.
const OPEN_FILES: usize = 128;

/// How often everything is compacted to make room, and how often it is looked after at the most until the room is there.
const COMPACTIONS: u32 = 4;
const ROUNDS: u32 = 8;
/// How long the background is waited for in a round.
const PAUSES: usize = 100;
/// How many memtables of a keyspace may wait to become files when another is written to. From four on the database itself holds
/// up who writes, with every lock that it has.
const MOST_SEALED: usize = 2;
/// How long the little that is in memory may take to come into files.
const SETTLING: Duration = Duration::from_secs(30);
/// How long it is from one look at the background to the next, and from the first round to the second; then ever longer.
const PAUSE: Duration = Duration::from_millis(10);
/// How many blocks one batch removes.
const REMOVED_AT_ONCE: usize = 4096;
/// A key of no block: removing it gives the database something to put in a file, and with it the occasion to tidy up.
const NO_BLOCK: [u8; 16] = [u8::MAX; 16];

/// The files that fjall makes first and last in a new folder, by its own names.
const FIRST_JOURNAL: &str = "0.jnl";
const LOCK: &str = "lock";
const COMPLETE: &str = "version";
/// Where a keyspace has the files of its large values, by fjall's name.
const BLOBS: &str = "blobs";

/// The open database of one folder.
pub(super) struct Storage {
    path: PathBuf,
    database: Database,
    /// Blocks under [`block_key`].
    pub(super) records: Keyspace,
    /// Everything else, under text, but for the ends of shards: see [`tip_key`].
    pub(super) state: Keyspace,
    persist: PersistMode,
}

impl Storage {
    pub(super) fn open(path: &Path, durability: Durability) -> Result<Self, LogError> {
        clear_half_made(path)?;
        let database = Database::builder(path)
            .cache_size(CACHE_BYTES)
            .worker_threads(2)
            .max_cached_files(Some(OPEN_FILES))
            .max_journaling_size(JOURNAL_BYTES)
            .journal_compression(CompressionType::None)
            .open()
            .map_err(|error| failure(path, error))?;
        // Only what was removed leaves holes, and then many: such a file is worth writing anew, however young.
        let separation = KvSeparationOptions::default().separation_threshold(SEPARATE_BYTES).age_cutoff(1.0);
        let records = database.keyspace("records", || {
            KeyspaceCreateOptions::default()
                .max_memtable_size(RECORDS_MEMTABLE_BYTES)
                .with_kv_separation(Some(separation))
        });
        let state =
            database.keyspace("state", || KeyspaceCreateOptions::default().max_memtable_size(STATE_MEMTABLE_BYTES));
        let storage = Self {
            records: records.map_err(|error| failure(path, error))?,
            state: state.map_err(|error| failure(path, error))?,
            persist: match durability {
                Durability::Process => PersistMode::Buffer,
                Durability::Power => PersistMode::SyncData,
            },
            path: path.to_owned(),
            database,
        };
        storage.check_format()?;
        Ok(storage)
    }

    fn check_format(&self) -> Result<(), LogError> {
        match self.state.get(FORMAT_KEY).map_err(|error| self.failure(error))? {
            Some(format) if *format == *FORMAT => Ok(()),
            Some(format) if *format == *FIRST_FORMAT => {
                let mut batch = self.batch();
                tips::take_from_blocks(self, &mut batch)?;
                batch.insert(&self.state, FORMAT_KEY, FORMAT);
                self.commit(batch)
            }
            Some(format) => Err(self.format(format!("format {}", String::from_utf8_lossy(&format)))),
            // A file of it is lost, and with it which records are whose.
            None if self.has_something()? => Err(self.format("records without a list of streams")),
            None => {
                let mut batch = self.batch();
                batch.insert(&self.state, FORMAT_KEY, FORMAT);
                self.commit(batch)
            }
        }
    }

    fn has_something(&self) -> Result<bool, LogError> {
        let empty = |keyspace: &Keyspace| keyspace.is_empty().map_err(|error| self.failure(error));
        Ok(!empty(&self.records)? || !empty(&self.state)?)
    }

    /// Begins a batch: all of it is written, or nothing.
    pub(super) fn batch(&self) -> OwnedWriteBatch {
        self.database.batch().durability(Some(self.persist))
    }

    pub(super) fn commit(&self, batch: OwnedWriteBatch) -> Result<(), LogError> {
        batch.commit().map_err(|error| self.failure(error))?;
        // The database asks those for it who write its files: while they are at work, what is in memory would grow without end.
        if self.records.tree.active_memtable().size() > RECORDS_MEMTABLE_BYTES {
            self.records.rotate_memtable().map_err(|error| self.failure(error))?;
        }
        Ok(())
    }

    /// Waits until files have been written of what is in memory, as far as a writer has to. Whoever asks before it takes a lock
    /// holds nobody up who only reads, and is not caught where the disk takes no more.
    pub(super) fn wait_for_files(&self) -> Result<(), LogError> {
        self.until_sealed(MOST_SEALED)
    }

    /// Waits until no more than so many memtables wait to become files.
    fn until_sealed(&self, most: usize) -> Result<(), LogError> {
        let begun = Instant::now();
        // Those who write files end where they cannot, and do not say so.
        while self.records.sealed_memtable_count() > most || self.state.sealed_memtable_count() > most {
            if begun.elapsed() > SETTLING {
                return Err(self.failure(io::Error::from(io::ErrorKind::TimedOut).into()));
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Walks over the keys of blocks in a range.
    pub(super) fn block_keys(
        &self,
        range: impl RangeBounds<[u8; 16]>,
    ) -> impl Iterator<Item = Result<UserKey, LogError>> {
        self.records.range(range).map(|guard| guard.key().map_err(|error| self.failure(error)))
    }

    /// Removes the blocks of a range, some at a time.
    pub(super) fn remove_blocks(&self, range: impl RangeBounds<[u8; 16]>) -> Result<(), LogError> {
        let mut keys = self.block_keys(range);
        loop {
            let mut batch = self.batch();
            self.wait_for_files()?;
            for key in keys.by_ref().take(REMOVED_AT_ONCE) {
                batch.remove(&self.records, key?);
            }
            if batch.is_empty() {
                return Ok(());
            }
            self.commit(batch)?;
        }
    }

    /// Gives the room of removed blocks back to the system now; left alone, the database does so as it goes.
    pub(super) fn make_room(&self) -> Result<(), LogError> {
        // One round drops the keys, another the files that no key leads to any more. What the background is compacting a round
        // passes over, so it waits for that first. Keys and files of the past stay for as long as somebody reads who began before
        // they were removed, and are looked after only when something is put in a file: so again when that read is over.
        for round in 0..ROUNDS {
            thread::sleep(PAUSE * ((1 << round) - 1));
            // A journal goes when everything in it is in files: the values of state too.
            self.settle()?;
            let mut patience = PAUSES;
            while self.database.active_compactions() > 0 && patience > 0 {
                thread::sleep(PAUSE);
                patience -= 1;
            }
            if round < COMPACTIONS {
                self.records.major_compact().map_err(|error| self.failure(error))?;
            } else if !self.has_dropped_files() {
                break;
            }
        }
        Ok(())
    }

    /// Puts everything that is in memory into files.
    pub(super) fn settle(&self) -> Result<(), LogError> {
        self.wait_for_files()?;
        // Something to put in a file in any case. Where nothing can be written any more, this says so at once.
        let mut batch = self.batch();
        batch.remove(&self.records, NO_BLOCK);
        self.commit(batch)?;
        for keyspace in [&self.records, &self.state] {
            keyspace.rotate_memtable().map_err(|error| self.failure(error))?;
        }
        self.until_sealed(0)
    }

    /// Says whether there are files of blocks that are dropped and not yet deleted.
    fn has_dropped_files(&self) -> bool {
        let files = fs::read_dir(self.records.path().join(BLOBS)).map_or(0, Iterator::count);
        files > self.records.blob_file_count()
    }

    /// Returns what a commit wrote under the key of state.
    pub(super) fn state(&self, key: &str) -> Result<Option<Bytes>, LogError> {
        let value = self.state.get(state_key(key)).map_err(|error| self.failure(error))?;
        Ok(value.map(Bytes::from))
    }

    pub(super) fn failure(&self, error: fjall::Error) -> LogError {
        failure(&self.path, error)
    }

    pub(super) fn format(&self, what: impl Into<String>) -> LogError {
        LogError::Format { path: self.path.clone(), what: what.into() }
    }
}

/// Returns the key of the block that begins at `offset`; such keys order by stream, shard and offset.
pub(super) fn block_key(stream: u32, shard: u32, offset: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&stream.to_be_bytes());
    key[4..8].copy_from_slice(&shard.to_be_bytes());
    key[8..].copy_from_slice(&offset.to_be_bytes());
    key
}

/// Returns the key under which the end of a shard is kept; without a shard, what those of a stream begin with.
pub(super) fn tip_key(stream: u32, shard: Option<u32>) -> Vec<u8> {
    let mut key = TIP_PREFIX.to_vec();
    key.extend_from_slice(&stream.to_be_bytes());
    key.extend(shard.iter().flat_map(|shard| shard.to_be_bytes()));
    key
}

/// Returns the offset at the end of a block's key.
pub(super) fn block_offset(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(8..16)?.try_into().ok()?))
}

/// Returns the key under which a value of state is kept.
pub(super) fn state_key(key: &str) -> String {
    format!("state/{key}")
}

fn failure(path: &Path, error: impl Into<fjall::Error>) -> LogError {
    match error.into() {
        fjall::Error::Locked => LogError::Locked { path: path.to_owned() },
        fjall::Error::InvalidVersion(version) => {
            let what = version.map_or("an unknown format".to_owned(), |version| format!("database format {version}"));
            LogError::Format { path: path.to_owned(), what }
        }
        error => LogError::Storage { path: path.to_owned(), source: reason(error) },
    }
}

/// Returns what the system says where it has said something.
fn reason(error: fjall::Error) -> Box<dyn std::error::Error + Send + Sync> {
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(LsmError::Io(error)) => Box::new(error),
        // Of the system too: it is what said no before.
        fjall::Error::Poisoned => Box::new(io::Error::other("a write has failed before, and none is tried since")),
        error => Box::new(error),
    }
}

/// Removes what a process left that died while it made the folder: fjall does not go on from there, and nothing can
/// have been acknowledged. Fails where something was, and what fjall makes last has been lost since.
fn clear_half_made(path: &Path) -> Result<(), LogError> {
    let failure = |error: io::Error| failure(path, error);
    let journal = path.join(FIRST_JOURNAL);
    let is_made = || path.join(COMPLETE).try_exists().map_err(failure);
    if is_made()? || !journal.try_exists().map_err(failure)? {
        return Ok(());
    }
    let lock: io::Result<File> = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK));
    match lock.map_err(failure)?.try_lock() {
        // The one who makes it may have finished while the lock was awaited.
        Ok(()) if is_made()? => Ok(()),
        Ok(()) if is_written(&journal).map_err(failure)? => {
            let what = format!("records without the file `{COMPLETE}`");
            Err(LogError::Format { path: path.to_owned(), what })
        }
        Ok(()) => fs::remove_file(journal).map_err(failure),
        Err(fs::TryLockError::WouldBlock) => Err(LogError::Locked { path: path.to_owned() }),
        Err(fs::TryLockError::Error(error)) => Err(failure(error)),
    }
}

/// Says whether a journal has anything in it: a new one is zeroes.
fn is_written(journal: &Path) -> io::Result<bool> {
    let mut begin = [0; 4096];
    let length = File::open(journal)?.read(&mut begin)?;
    Ok(begin[..length].iter().any(|byte| *byte != 0))
}
