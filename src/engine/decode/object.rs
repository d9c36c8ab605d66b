//! Walking a JSON object along the paths of columns.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::plan::Column;

use super::cell::Cells;

/// One object on the way to columns: what its members lead to.
#[derive(Debug, Default)]
pub(super) struct Node {
    members: Vec<(String, Member)>,
}

#[derive(Debug)]
enum Member {
    /// The value of the column at this index.
    Column(usize),
    /// An object further in.
    Inside(Node),
}

impl Node {
    /// Builds the tree of the columns' paths. No path leads through another's end: the plan made sure.
    pub(super) fn of(columns: &[Column]) -> Self {
        let mut root = Self::default();
        for (index, column) in columns.iter().enumerate() {
            root.add(&column.path, index);
        }
        root
    }

    fn add(&mut self, path: &[String], index: usize) {
        let Some((name, rest)) = path.split_first() else { return };
        if rest.is_empty() {
            self.members.push((name.clone(), Member::Column(index)));
            return;
        }
        let known =
            self.members.iter().position(|(member, inner)| member == name && matches!(inner, Member::Inside(_)));
        let at = known.unwrap_or_else(|| {
            self.members.push((name.clone(), Member::Inside(Self::default())));
            self.members.len() - 1
        });
        if let Member::Inside(node) = &mut self.members[at].1 {
            node.add(rest, index);
        }
    }

    /// Finds a member; `expected` is where it was in the record before, which mostly had the same order.
    fn find(&self, name: &str, expected: usize) -> Option<usize> {
        if self.members.get(expected).is_some_and(|(member, _)| member == name) {
            return Some(expected);
        }
        self.members.iter().position(|(member, _)| member == name)
    }
}

/// Reads one JSON object into the cells.
pub(super) fn read<'de, D: Deserializer<'de>>(node: &Node, cells: &mut Cells, json: D) -> Result<(), D::Error> {
    Object { node, cells, optional: false }.deserialize(json)
}

struct Object<'a> {
    node: &'a Node,
    cells: &'a mut Cells,
    /// Whether `null` may stand for the object.
    optional: bool,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        if self.optional { Ok(()) } else { Err(E::invalid_type(serde::de::Unexpected::Unit, &self)) }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut expected = 0;
        while let Some(found) = map.next_key_seed(Name { node: self.node, expected })? {
            match found.map(|index| (index, &self.node.members[index].1)) {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some((index, Member::Column(column))) => {
                    map.next_value_seed(self.cells.seed(*column))?;
                    expected = index + 1;
                }
                Some((index, Member::Inside(node))) => {
                    map.next_value_seed(Object { node, cells: &mut *self.cells, optional: true })?;
                    expected = index + 1;
                }
            }
        }
        Ok(())
    }
}

/// Reads a member's name as its place in the node, without keeping it.
struct Name<'a> {
    node: &'a Node,
    expected: usize,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.node.find(name, self.expected))
    }
}
