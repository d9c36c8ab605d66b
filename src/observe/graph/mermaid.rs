//! Mermaid: <https://mermaid.js.org/syntax/flowchart.html>.

use super::{Graph, Node, NodeKind};

pub(super) fn write(graph: &Graph) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for node in &graph.nodes {
        let (open, close) = match node.kind {
            NodeKind::Generator => ("([", "])"),
            NodeKind::Stream => ("[(", ")]"),
            NodeKind::Table => ("[/", "/]"),
            NodeKind::Query => ("[", "]"),
        };
        text += &format!("  {}{open}\"{}\"{close}\n", node.id, label(node));
    }
    for edge in &graph.edges {
        let line = if edge.late { "-.->" } else { "-->" };
        let label = edge.label().map_or_else(String::new, |label| format!("|{label}|"));
        text += &format!("  {} {line}{label} {}\n", edge.from, edge.to);
    }
    text
}

fn label(node: &Node) -> String {
    let name = if node.kind == NodeKind::Generator { "generator" } else { &node.name };
    format!("{}<br/><small>{}</small>", escaped(name), escaped(&node.detail))
}

/// Writes what would end the text, or begin markup, as an entity.
fn escaped(text: &str) -> String {
    let letter = |letter: char| match letter {
        '"' | '<' | '>' | '&' | '#' | '`' => format!("#{};", u32::from(letter)),
        letter if letter.is_control() => " ".to_owned(),
        letter => letter.to_string(),
    };
    text.chars().map(letter).collect()
}
