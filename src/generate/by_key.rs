//! Something for each key.

use hashbrown::HashMap;

/// The most keys for which something is kept. One more, and it begins again with all of them: a key that never comes
/// again must not cost memory for ever.
const MAX_KEYS: usize = 1 << 18;

/// Something for each key.
pub(super) struct ByKey<T> {
    kept: HashMap<Vec<u8>, T>,
}

impl<T> ByKey<T> {
    pub(super) fn new() -> Self {
        Self { kept: HashMap::new() }
    }

    /// Returns what is kept for a key; where that is nothing, what `begin` makes is kept from now on.
    pub(super) fn of(&mut self, key: &[u8], begin: impl FnOnce() -> T) -> &mut T {
        if self.kept.len() >= MAX_KEYS && !self.kept.contains_key(key) {
            self.kept.clear();
        }
        self.kept.entry_ref(key).or_insert_with(begin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_never_come_again_do_not_pile_up() {
        let mut states = ByKey::new();
        for key in 0..MAX_KEYS {
            states.of(&key.to_le_bytes(), || ());
        }
        states.of(&0_usize.to_le_bytes(), || ());
        assert_eq!(states.kept.len(), MAX_KEYS);
        states.of(&MAX_KEYS.to_le_bytes(), || ());
        assert_eq!(states.kept.len(), 1);
    }
}
