//! Where the nodes stand: in columns, each behind all that it is made of.

use std::collections::BTreeMap;

use super::{Graph, Node, NodeKind};

/// Returns the nodes by column, from what brings records to what is made of them in the end. A column is in the order of the
/// middle of what its nodes come from, so that few edges cross.
pub(super) fn columns(graph: &Graph) -> Vec<Vec<&Node>> {
    let mut depth: BTreeMap<&str, usize> = graph.nodes.iter().map(|node| (node.id.as_str(), 0)).collect();
    // As often as there are nodes is enough, as no edge leads back; one that did would end it too.
    for _ in &graph.nodes {
        for edge in &graph.edges {
            let behind = depth[edge.from.as_str()] + 1;
            let own = depth.get_mut(edge.to.as_str()).expect("edges lie between nodes");
            *own = (*own).max(behind.min(graph.nodes.len()));
        }
    }
    // What nothing comes from stands right before what reads it: a table, or a stream without a generator.
    let before = |node: &Node| {
        let readers = graph.edges.iter().filter(|edge| edge.from == node.id).map(|edge| depth[edge.to.as_str()]);
        readers.min().map_or(depth[node.id.as_str()], |first| first - 1)
    };
    let is_source = |node: &Node| graph.edges.iter().all(|edge| edge.to != node.id);
    let column = |node: &Node| if is_source(node) { before(node) } else { depth[node.id.as_str()] };
    let mut columns: Vec<Vec<&Node>> = Vec::new();
    for node in &graph.nodes {
        let column = column(node);
        if columns.len() <= column {
            columns.resize(column + 1, Vec::new());
        }
        columns[column].push(node);
    }
    columns.retain(|column| !column.is_empty());
    let mut rank: BTreeMap<&str, f64> = BTreeMap::new();
    for column in &mut columns {
        let middle = |node: &Node| {
            let from = graph.edges.iter().filter(|edge| edge.to == node.id);
            let ranks: Vec<f64> = from.filter_map(|edge| rank.get(edge.from.as_str()).copied()).collect();
            #[expect(clippy::cast_precision_loss, reason = "a few edges")]
            let count = ranks.len().max(1) as f64;
            ranks.iter().sum::<f64>() / count
        };
        let mut placed: Vec<(f64, bool, &Node)> =
            column.iter().map(|node| (middle(node), node.kind == NodeKind::Table, *node)).collect();
        placed.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)).then(one.2.cmp(other.2)));
        *column = placed.into_iter().map(|(.., node)| node).collect();
        for (place, node) in (0u32..).zip(column.iter()) {
            rank.insert(&node.id, f64::from(place));
        }
    }
    columns
}
