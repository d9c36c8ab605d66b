//! A template as a tree of nodes, each with its place; short intrinsics are written out.

use std::collections::BTreeMap;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use crate::document::{Diagnostic, Document, Findings, Span};

/// The longest template (`CloudFormation` quota, template body in an S3 object).
const MAX_BYTES: usize = 1_048_576;
/// How deep a template may nest: far beyond what people write, and safe on any thread's stack.
const MAX_DEPTH: usize = 100;
/// The most nodes of a template with every alias written out: a megabyte of text without aliases has fewer.
const MAX_NODES: usize = 1_000_000;

/// A value of the template.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// What it is.
    pub(super) kind: NodeKind,
    /// Where it stands.
    pub(super) span: Span,
    /// How many nodes it is, with itself and all below it.
    size: usize,
    /// How deep it goes.
    depth: usize,
}

/// What a value of the template is.
#[derive(Debug, Clone)]
pub(super) enum NodeKind {
    /// Nothing: `null`, or a key without a value, or `AWS::NoValue`.
    Nothing,
    /// Text, a number or a boolean, as it is written.
    Text(String),
    /// `- a`
    List(Vec<Rc<Node>>),
    /// `key: value`, in order.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The key.
    pub(super) key: String,
    /// Where the key stands.
    pub(super) key_span: Span,
    /// The value.
    pub(super) value: Rc<Node>,
}

impl Node {
    /// Makes a node that does not stand in the template itself, such as the value of an intrinsic.
    pub(super) fn new(kind: NodeKind, span: Span) -> Self {
        let below: &mut dyn Iterator<Item = &Rc<Self>> = match &kind {
            NodeKind::Nothing | NodeKind::Text(_) => &mut std::iter::empty(),
            NodeKind::List(items) => &mut items.iter(),
            NodeKind::Map(entries) => &mut entries.iter().map(|entry| &entry.value),
        };
        let (size, depth) = below.fold((1, 0), |(size, depth): (usize, usize), node| {
            (size.saturating_add(node.size), depth.max(node.depth))
        });
        Self { kind, span, size, depth: depth + 1 }
    }

    /// Makes a text.
    pub(super) fn text(text: impl Into<String>, span: Span) -> Rc<Self> {
        Rc::new(Self::new(NodeKind::Text(text.into()), span))
    }

    /// Makes nothing, at a place.
    pub(super) fn nothing(span: Span) -> Rc<Self> {
        Rc::new(Self::new(NodeKind::Nothing, span))
    }

    /// Returns the text, where it is one.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the items, where it is a list.
    pub(super) fn as_list(&self) -> Option<&[Rc<Self>]> {
        match &self.kind {
            NodeKind::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the entries, where it is a map.
    pub(super) fn as_map(&self) -> Option<&[Entry]> {
        match &self.kind {
            NodeKind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns whether it is nothing.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self.kind, NodeKind::Nothing)
    }

    /// Returns the entry under a key, where it is a map that has it.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.as_map()?.iter().find(|entry| entry.key == key)
    }

    /// Returns the value under a key, where it is a map that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Rc<Self>> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Says what it is, for a message about what it should be.
    pub(super) fn noun(&self) -> &'static str {
        match self.kind {
            NodeKind::Nothing => "nothing",
            NodeKind::Text(_) => "text",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a map",
        }
    }
}

/// Reads a document as YAML, of which JSON is a part. What is wrong with it is a finding.
pub(super) fn read(document: &Document, findings: &Findings) -> Option<Rc<Node>> {
    let text = document.text();
    if text.len() > MAX_BYTES {
        findings.add(
            Diagnostic::new("the template is too long", 0..0)
                .label(format!("expected at most {MAX_BYTES} bytes, and there are {}", text.len())),
        );
        return None;
    }
    let text_without_tabs;
    // YAML takes no tab where it counts indentation, and JSON does: there a space means the same.
    let parsed = if text.trim_start().starts_with('{') && text.contains('\t') {
        text_without_tabs = text.replace('\t', " ");
        &text_without_tabs
    } else {
        text
    };
    match Builder::new(parsed).build() {
        Ok(root) => Some(root),
        Err(mistake) => {
            findings.add(*mistake);
            None
        }
    }
}

/// A list or map whose end has not come yet.
struct Open {
    items: Vec<Rc<Node>>,
    is_map: bool,
    anchor: usize,
    tag: Option<String>,
    start: usize,
    size: usize,
}

struct Builder<'t> {
    text: &'t str,
    /// The byte at which each character begins, and the length of the text.
    starts: Vec<usize>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Rc<Node>>,
    root: Option<Rc<Node>>,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        Self { text, starts, open: Vec::new(), anchors: BTreeMap::new(), root: None }
    }

    fn build(mut self) -> Result<Rc<Node>, Box<Diagnostic>> {
        let mut documents = 0;
        for event in Parser::new_from_str(self.text) {
            let (event, span) = event.map_err(|error| self.syntax(error.marker(), error.info()))?;
            let span = self.byte(&span.start)..self.byte(&span.end);
            match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(Diagnostic::new("a second document begins here", span)
                            .label("a template is one document")
                            .help("take the rest into a file of its own")
                            .into());
                    }
                }
                Event::Alias(anchor) => {
                    let found = self.anchors.get(&anchor).cloned();
                    let node = found.ok_or_else(|| -> Box<Diagnostic> {
                        Diagnostic::new("an alias stands within what it names", span.clone())
                            .label("it would never end")
                            .into()
                    })?;
                    self.add(node, span)?;
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let kind = if style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL") {
                        NodeKind::Nothing
                    } else {
                        NodeKind::Text(text.into_owned())
                    };
                    let node = written_out(Node::new(kind, span.clone()), tag.as_deref().and_then(short));
                    self.anchored(anchor, &node);
                    self.add(node, span)?;
                }
                Event::SequenceStart(anchor, tag) => self.begin(false, anchor, tag.as_deref(), &span)?,
                Event::MappingStart(anchor, tag) => self.begin(true, anchor, tag.as_deref(), &span)?,
                Event::SequenceEnd | Event::MappingEnd => self.end(&span)?,
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            }
        }
        self.root.ok_or_else(|| -> Box<Diagnostic> {
            Diagnostic::new("the template is empty", 0..0)
                .label("nothing stands here")
                .help("expected a CloudFormation template with `Resources`")
                .into()
        })
    }

    fn begin(&mut self, is_map: bool, anchor: usize, tag: Option<&Tag>, span: &Span) -> Result<(), Box<Diagnostic>> {
        if self.open.len() == MAX_DEPTH {
            return Err(too_deep(span.clone()).into());
        }
        let tag = tag.and_then(short);
        self.open.push(Open { items: Vec::new(), is_map, anchor, tag, start: span.start, size: 1 });
        Ok(())
    }

    fn end(&mut self, span: &Span) -> Result<(), Box<Diagnostic>> {
        let open = self.open.pop().expect("the parser ends only what it began");
        // The end of a block is where the next thing begins; its own text ends before the space between.
        let end = open.start + self.text[open.start..span.end.max(open.start)].trim_end().len();
        let whole = open.start..end;
        let kind = if open.is_map { map(&open.items)? } else { NodeKind::List(open.items) };
        let node = written_out(Node::new(kind, whole.clone()), open.tag);
        self.anchored(open.anchor, &node);
        self.add(node, whole)
    }

    fn add(&mut self, node: Rc<Node>, span: Span) -> Result<(), Box<Diagnostic>> {
        let depth = self.open.len();
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.size = open.size.saturating_add(node.size);
        if open.size > MAX_NODES {
            return Err(Diagnostic::new("the template is too much with its aliases written out", span)
                .label(format!("more than {MAX_NODES} values with this one"))
                .into());
        }
        if depth + node.depth > MAX_DEPTH {
            return Err(too_deep(span).into());
        }
        open.items.push(node);
        Ok(())
    }

    fn anchored(&mut self, anchor: usize, node: &Rc<Node>) {
        // The parser counts anchors from 1; 0 stands for none.
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(node));
        }
    }

    fn byte(&self, marker: &Marker) -> usize {
        self.starts.get(marker.index()).copied().unwrap_or(self.text.len())
    }

    fn syntax(&self, marker: &Marker, said: &str) -> Diagnostic {
        let at = self.byte(marker);
        let end = self.text[at..].chars().next().map_or(at, |letter| at + letter.len_utf8());
        Diagnostic::new("the template is neither YAML nor JSON from here on", at..end).label(said.to_owned())
    }
}

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new("the template nests too deeply", span).label(format!("expected at most {MAX_DEPTH} levels"))
}

/// Pairs keys with their values.
fn map(items: &[Rc<Node>]) -> Result<NodeKind, Box<Diagnostic>> {
    let mut entries: Vec<Entry> = Vec::new();
    for pair in items.chunks_exact(2) {
        let [key, value] = pair else { continue };
        let name = match &key.kind {
            NodeKind::Text(text) => text.clone(),
            NodeKind::Nothing => String::new(),
            _ => {
                return Err(Diagnostic::new(format!("a key is {}", key.noun()), key.span.clone())
                    .label("expected a name")
                    .into());
            }
        };
        entries.push(Entry { key: name, key_span: key.span.clone(), value: Rc::clone(value) });
    }
    let mut first: BTreeMap<&str, &Span> = BTreeMap::new();
    for entry in &entries {
        if let Some(other) = first.insert(&entry.key, &entry.key_span) {
            return Err(Diagnostic::new(format!("`{}` is there twice", entry.key), entry.key_span.clone())
                .label("a key is written once")
                .other(other.clone(), "first here")
                .into());
        }
    }
    Ok(NodeKind::Map(entries))
}

/// Returns the name of a short intrinsic: `Ref` for `!Ref`. Tags of YAML's own schema say nothing that is needed.
fn short(tag: &Tag) -> Option<String> {
    (tag.handle == "!" && !tag.suffix.is_empty()).then(|| tag.suffix.clone())
}

/// Writes `!Ref x` as `Ref: x` and `!Sub x` as `Fn::Sub: x`.
fn written_out(node: Node, tag: Option<String>) -> Rc<Node> {
    let Some(tag) = tag else { return Rc::new(node) };
    let key = if matches!(tag.as_str(), "Ref" | "Condition") { tag } else { format!("Fn::{tag}") };
    let span = node.span.clone();
    let entry = Entry { key, key_span: span.clone(), value: Rc::new(node) };
    Rc::new(Node::new(NodeKind::Map(vec![entry]), span))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Rc<Node>, String> {
        let findings = Findings::new();
        let document = Document::new("t.yml", text);
        read(&document, &findings).ok_or_else(|| document.draw(&findings.into_sorted(), false))
    }

    #[test]
    fn short_and_long_intrinsics_are_the_same() {
        let short = parse("a: !GetAtt S.Arn\nb: !Sub 'x${Y}'\nc: !Ref Z").expect("YAML");
        let long =
            parse(r#"{"a": {"Fn::GetAtt": "S.Arn"}, "b": {"Fn::Sub": "x${Y}"}, "c": {"Ref": "Z"}}"#).expect("JSON");
        for key in ["a", "b", "c"] {
            let entry = |root: &Rc<Node>| {
                let value = root.get(key).expect("a key").as_map().expect("a map")[0].clone();
                (value.key, value.value.as_text().map(str::to_owned))
            };
            assert_eq!(entry(&short), entry(&long));
        }
    }

    #[test]
    fn a_place_is_in_bytes_and_ends_with_its_text() {
        let text = "ä: ü\nlist:\n  - é\n  - b\n\nnext: 1\n";
        let root = parse(text).expect("YAML");
        let span = root.get("ä").expect("a key").span.clone();
        assert_eq!(&text[span], "ü");
        let span = root.get("list").expect("a key").span.clone();
        assert_eq!(&text[span], "- é\n  - b");
    }

    #[test]
    fn json_may_be_indented_with_tabs() {
        let root = parse("{\n\t\"a\": [\n\t\t1,\n\t\t2\n\t]\n}\n").expect("JSON");
        assert_eq!(root.get("a").and_then(|list| list.as_list()).map(<[_]>::len), Some(2));
    }

    #[test]
    fn what_would_grow_without_end_is_refused() {
        let line = |level: u32| format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1);
        let bomb = (1..40).map(line).collect::<Vec<_>>().concat();
        let drawn = parse(&format!("a0: &a0 x\n{bomb}")).expect_err("a bomb");
        assert!(drawn.contains("too much with its aliases"), "{drawn}");
        let drawn = parse("a: &a [*a]").expect_err("a circle");
        assert!(drawn.contains("within what it names"), "{drawn}");
        for deep in ["[".repeat(100_000), "{\"a\":".repeat(100_000), "- ".repeat(100_000)] {
            let drawn = parse(&deep).expect_err("too deep");
            // The parser has a limit of its own in brackets.
            assert!(drawn.contains("too deeply") || drawn.contains("recursion limit"), "{drawn}");
        }
    }

    #[test]
    fn mistakes_have_their_place() {
        let drawn = parse("a: 1\nb: [1, 2\nc: 3\n").expect_err("a mistake");
        assert!(drawn.contains("neither YAML nor JSON"), "{drawn}");
        let drawn = parse("a: 1\na: 2\n").expect_err("a mistake");
        assert!(drawn.contains("`a` is there twice") && drawn.contains("t.yml:2:1"), "{drawn}");
        assert!(parse("").expect_err("a mistake").contains("empty"));
        assert!(parse("--- a\n--- b\n").expect_err("a mistake").contains("second document"));
    }
}
