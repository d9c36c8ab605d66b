//! The language of Graphviz: <https://graphviz.org/doc/info/lang.html>.

use super::{Graph, NodeKind};

pub(super) fn write(graph: &Graph) -> String {
    let mut text = format!("digraph {} {{\n  rankdir=LR\n  node [fontname=\"sans-serif\"]\n", quoted(&graph.pipeline));
    for node in &graph.nodes {
        let (name, shape) = match node.kind {
            NodeKind::Generator => ("generator", "oval"),
            NodeKind::Stream => (node.name.as_str(), "cylinder"),
            NodeKind::Table => (node.name.as_str(), "note"),
            NodeKind::Query => (node.name.as_str(), "box"),
        };
        text += &format!("  {} [label={}, shape={shape}]\n", node.id, quoted(&format!("{name}\n{}", node.detail)));
    }
    for edge in &graph.edges {
        let mut attributes = Vec::new();
        attributes.extend(edge.label().map(|label| format!("label={}", quoted(&label))));
        attributes.extend(edge.late.then(|| "style=dashed".to_owned()));
        let attributes = if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) };
        text += &format!("  {} -> {}{attributes}\n", edge.from, edge.to);
    }
    text + "}\n"
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
