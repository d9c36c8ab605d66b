//! Lists and maps of a request that are no longer in memory than they may be.
//!
//! A request of 16 MiB can name millions of items that are next to nothing on the wire and a hundred bytes each when they are
//! read. What is longer than it may be is refused anyway, so one item more than that is as good as all.

use std::{collections::BTreeMap, fmt, marker::PhantomData, ops::Deref};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// Items of which a request may have so many; of more, one too many is read.
#[derive(Debug)]
pub(super) struct List<T, const MOST: usize>(Vec<T>);

impl<T, const MOST: usize> Default for List<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MOST: usize> Deref for List<T, MOST> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for List<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

struct Items<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Items<T, MOST> {
    type Value = List<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut read = Vec::new();
        while read.len() <= MOST {
            match items.next_element()? {
                Some(item) => read.push(item),
                None => return Ok(List(read)),
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(List(read))
    }
}

/// Values by their keys, of which a request may have so many; of more, one too many is read.
#[derive(Debug)]
pub(super) struct Pairs<K, V, const MOST: usize>(BTreeMap<K, V>);

impl<K, V, const MOST: usize> Default for Pairs<K, V, MOST> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K, V, const MOST: usize> Deref for Pairs<K, V, MOST> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &BTreeMap<K, V> {
        &self.0
    }
}

impl<'de, K, V, const MOST: usize> Deserialize<'de> for Pairs<K, V, MOST>
where
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

struct Entries<K, V, const MOST: usize>(PhantomData<(K, V)>);

impl<'de, K, V, const MOST: usize> Visitor<'de> for Entries<K, V, MOST>
where
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    type Value = Pairs<K, V, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut read = BTreeMap::new();
        while read.len() <= MOST {
            match entries.next_entry()? {
                Some((key, value)) => drop(read.insert(key, value)),
                None => return Ok(Pairs(read)),
            }
        }
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Pairs(read))
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::{Body, Wire};
    use super::*;

    #[test]
    fn of_what_is_too_long_one_too_many_is_read() {
        let read = |count: usize| {
            let json = serde_json::to_vec(&vec![7; count]).unwrap();
            let cbor = minicbor_serde::to_vec(vec![7; count]).unwrap();
            [(Wire::Json, json), (Wire::Cbor, cbor)].map(|(wire, bytes)| {
                let body = Body { wire, bytes: &bytes };
                body.parse::<List<u8, 3>>().unwrap().len()
            })
        };
        assert_eq!([0, 3, 4, 9].map(read), [[0, 0], [3, 3], [4, 4], [4, 4]]);
        let pairs = |count: usize| {
            let pairs: BTreeMap<String, usize> = (0..count).map(|index| (index.to_string(), index)).collect();
            let json = serde_json::to_vec(&pairs).unwrap();
            let cbor = minicbor_serde::to_vec(&pairs).unwrap();
            [(Wire::Json, json), (Wire::Cbor, cbor)].map(|(wire, bytes)| {
                let body = Body { wire, bytes: &bytes };
                body.parse::<Pairs<String, usize, 3>>().unwrap().len()
            })
        };
        assert_eq!([0, 3, 4, 9].map(pairs), [[0, 0], [3, 3], [4, 4], [4, 4]]);
    }
}
