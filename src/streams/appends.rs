//! Records on their way into a log.

/// A run of records to append, kept in two buffers so that a record costs no allocation.
#[derive(Debug, Default, Clone)]
pub struct Appends {
    keys: String,
    data: Vec<u8>,
    records: Vec<Ends>,
}

#[derive(Debug, Clone, Copy)]
struct Ends {
    key: usize,
    data: usize,
    explicit_hash_key: Option<u128>,
}

/// One record of an [`Appends`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Append<'a> {
    /// The partition key: 1 to 256 characters.
    pub partition_key: &'a str,
    /// The hash key to use instead of the partition key's own, where the producer named one.
    pub explicit_hash_key: Option<u128>,
    /// The record itself.
    pub data: &'a [u8],
}

impl Appends {
    /// Returns an empty run.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record.
    pub fn push(&mut self, partition_key: &str, data: &[u8]) {
        self.push_hashed(partition_key, None, data);
    }

    /// Adds a record whose producer may have named the hash key.
    pub fn push_hashed(&mut self, partition_key: &str, explicit_hash_key: Option<u128>, data: &[u8]) {
        self.data.extend_from_slice(data);
        self.finish(partition_key, explicit_hash_key);
    }

    /// Adds a record whose data `write` appends to the buffer that it is given (and must not shorten).
    pub fn push_with(&mut self, partition_key: &str, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.data);
        self.finish(partition_key, None);
    }

    fn finish(&mut self, partition_key: &str, explicit_hash_key: Option<u128>) {
        self.keys.push_str(partition_key);
        self.records.push(Ends { key: self.keys.len(), data: self.data.len(), explicit_hash_key });
    }

    /// Adds the records of another run behind its own.
    pub fn append(&mut self, other: &Self) {
        let (keys, data) = (self.keys.len(), self.data.len());
        self.keys.push_str(&other.keys);
        self.data.extend_from_slice(&other.data);
        let moved = |ends: &Ends| Ends { key: keys + ends.key, data: data + ends.data, ..*ends };
        self.records.extend(other.records.iter().map(moved));
    }

    /// Takes the last record back.
    pub fn pop(&mut self) {
        self.records.pop();
        let (keys, data) = self.records.last().map_or((0, 0), |last| last.pair());
        self.keys.truncate(keys);
        self.data.truncate(data);
    }

    /// Returns how many bytes the data and the key of the last record have together; 0 where there is none.
    pub fn last_bytes(&self) -> usize {
        let mut ends = self.records.iter().rev();
        let Some(last) = ends.next() else { return 0 };
        let before = ends.next().map_or((0, 0), |before| before.pair());
        last.key - before.0 + last.data - before.1
    }

    /// Forgets the records and keeps the buffers.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.data.clear();
        self.records.clear();
    }

    /// Returns the number of records.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Returns whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns the bytes of data in all records.
    pub fn data_bytes(&self) -> usize {
        self.data.len()
    }

    /// Returns the record at `index`, which is below [`Self::len`].
    pub fn record(&self, index: usize) -> Append<'_> {
        let (key_from, data_from) = index.checked_sub(1).map_or((0, 0), |before| self.records[before].pair());
        let ends = self.records[index];
        Append {
            partition_key: &self.keys[key_from..ends.key],
            explicit_hash_key: ends.explicit_hash_key,
            data: &self.data[data_from..ends.data],
        }
    }

    /// Walks over the records in order.
    pub fn iter(&self) -> impl Iterator<Item = Append<'_>> {
        (0..self.len()).map(|index| self.record(index))
    }
}

impl Ends {
    fn pair(self) -> (usize, usize) {
        (self.key, self.data)
    }
}
