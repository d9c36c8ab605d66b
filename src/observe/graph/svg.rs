//! SVG, drawn here: what can be put on a page, light or dark, without another program.

use std::collections::BTreeMap;

use super::layout::columns;
use super::{Graph, Node, NodeKind};

/// Sizes, in pixels.
const WIDTH: usize = 190;
const HEIGHT: usize = 52;
const GAP_X: usize = 90;
const GAP_Y: usize = 26;
const MARGIN: usize = 12;
/// How many letters of a text fit into a node.
const LETTERS: usize = 26;

const STYLE: &str = "\
  <style>
    text { font: 13px system-ui, sans-serif; fill: #1c2733 }
    .detail, .rate { font-size: 11px; fill: #4a5866 }
    .node { fill: #f3f6f9; stroke: #5b6b7b }
    .query { fill: #e3edfb; stroke: #2f63ad }
    .edge { fill: none; stroke: #5b6b7b; stroke-width: 1.5 }
    .late { stroke-dasharray: 5 4 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .detail, .rate { fill: #aab6c2 }
      .node { fill: #1f2a35; stroke: #8a99a8 }
      .query { fill: #1b3050; stroke: #7fb0f5 }
      .edge { stroke: #8a99a8 }
    }
  </style>
";

pub(super) fn write(graph: &Graph) -> String {
    let columns = columns(graph);
    let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
    let width = 2 * MARGIN + columns.len() * (WIDTH + GAP_X) - GAP_X.min(columns.len() * GAP_X);
    let height = 2 * MARGIN + rows * (HEIGHT + GAP_Y) - GAP_Y.min(rows * GAP_Y);
    let mut places: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut nodes = String::new();
    for (column, of_column) in columns.iter().enumerate() {
        // In the middle of the height.
        let above = (rows - of_column.len()) * (HEIGHT + GAP_Y) / 2;
        for (row, node) in of_column.iter().enumerate() {
            let (x, y) = (MARGIN + column * (WIDTH + GAP_X), MARGIN + above + row * (HEIGHT + GAP_Y));
            places.insert(&node.id, (x, y));
            nodes += &drawn(node, x, y);
        }
    }
    let mut edges = String::new();
    for edge in &graph.edges {
        let ((from_x, from_y), (to_x, to_y)) = (places[edge.from.as_str()], places[edge.to.as_str()]);
        let (x1, y1, x2, y2) = (from_x + WIDTH, from_y + HEIGHT / 2, to_x, to_y + HEIGHT / 2);
        let (middle, class) = (usize::midpoint(x1, x2), if edge.late { "edge late" } else { "edge" });
        edges += &format!(
            "  <path class=\"{class}\" marker-end=\"url(#tip)\" d=\"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}\"/>\n"
        );
        if let Some(label) = edge.label() {
            edges += &format!(
                "  <text class=\"rate\" data-edge=\"{}-{}\" text-anchor=\"middle\" x=\"{middle}\" y=\"{}\">{label}</text>\n",
                edge.from,
                edge.to,
                usize::midpoint(y1, y2).saturating_sub(6)
            );
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-label=\"pipeline {name}\">\n{STYLE}  <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" \
         refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0 8 4 0 8Z\" fill=\"#5b6b7b\"/></marker></defs>\n\
         {edges}{nodes}</svg>\n",
        name = escaped(&graph.pipeline)
    )
}

fn drawn(node: &Node, x: usize, y: usize) -> String {
    let (class, radius) = match node.kind {
        NodeKind::Generator => ("node", HEIGHT / 2),
        NodeKind::Stream => ("node", 4),
        NodeKind::Table => ("node", 0),
        NodeKind::Query => ("node query", 4),
    };
    let name = if node.kind == NodeKind::Generator { "generator" } else { &node.name };
    let middle = x + WIDTH / 2;
    format!(
        "  <g data-node=\"{id}\"><title>{kind} {full}: {all}</title><rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" rx=\"{radius}\"/><text text-anchor=\"middle\" x=\"{middle}\" y=\"{}\">{}</text><text class=\"detail\" \
         text-anchor=\"middle\" x=\"{middle}\" y=\"{}\">{}</text></g>\n",
        y + 22,
        escaped(&shortened(name)),
        y + 40,
        escaped(&shortened(&node.detail)),
        id = node.id,
        kind = node.kind.word(),
        full = escaped(&node.name),
        all = escaped(&node.detail),
    )
}

/// Cuts a text off that is longer than a node is wide; its title has all of it.
fn shortened(text: &str) -> String {
    if text.chars().count() <= LETTERS {
        return text.to_owned();
    }
    text.chars().take(LETTERS - 1).chain(['…']).collect()
}

fn escaped(text: &str) -> String {
    let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
