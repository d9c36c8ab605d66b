//! The sections of a template, read only as far as they are needed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::document::{Diagnostic, Findings, Span, Spanned, help_for, nearest};

use super::node::{Entry, Node};

/// How many intrinsics may stand within or refer to one another: far beyond what people write, and safe on any thread's
/// stack.
const MAX_DEPTH: usize = 60;
/// How many intrinsics are worked out in all: names that refer to one another could otherwise double without end.
const MAX_STEPS: usize = 200_000;

/// A template with values for its parameters. Mistakes go to its findings.
pub(super) struct Template<'f> {
    root: Rc<Node>,
    given: &'f [(String, String)],
    pub(super) findings: &'f Findings,
    depth: Cell<usize>,
    steps: Cell<usize>,
    assumed: RefCell<BTreeMap<String, String>>,
}

/// A resource that is part of the stack.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    /// Its logical name.
    pub(super) id: Spanned<String>,
    /// Its type, such as `AWS::Kinesis::Stream`.
    pub(super) kind: Spanned<String>,
    /// What it is set up with; a map, or nothing.
    pub(super) properties: Rc<Node>,
}

impl<'f> Template<'f> {
    /// Takes the tree of a template and what its parameters are given.
    pub(super) fn new(root: Rc<Node>, given: &'f [(String, String)], findings: &'f Findings) -> Self {
        let assumed = RefCell::default();
        Self { root, given, findings, depth: Cell::new(0), steps: Cell::new(0), assumed }
    }

    /// Returns the whole tree.
    pub(super) fn root(&self) -> &Rc<Node> {
        &self.root
    }

    /// Returns the entries of a section, where there is one.
    pub(super) fn section(&self, name: &str) -> &[Entry] {
        self.root.get(name).and_then(|section| section.as_map()).unwrap_or_default()
    }

    /// Returns the value that a parameter was given from outside.
    pub(super) fn given(&self, name: &str) -> Option<&'f str> {
        self.given.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Reports values for parameters that the template does not have.
    pub(super) fn check_given(&self) {
        let names = || self.section("Parameters").iter().map(|entry| entry.key.as_str());
        for (name, _) in self.given {
            if name.starts_with("AWS::") || names().any(|known| known == name) {
                continue;
            }
            let place = self.root.entry("Parameters").map_or(0..0, |entry| entry.key_span.clone());
            self.findings.add(
                Diagnostic::new(format!("the template has no parameter `{name}`"), place)
                    .label("not among these")
                    .help(help_for(name, names().collect::<Vec<_>>())),
            );
        }
    }

    /// Returns the resources whose conditions hold, and the names of those whose do not.
    pub(super) fn resources(&self) -> (Vec<Resource>, Vec<Spanned<String>>) {
        let mut left_out = Vec::new();
        let mut resources = Vec::new();
        match self.root.entry("Resources") {
            Some(entry) if entry.value.as_map().is_some() => {}
            Some(entry) => self.findings.add(
                Diagnostic::new(format!("`Resources` is {}", entry.value.noun()), entry.value.span.clone())
                    .label("expected a map of resources"),
            ),
            None => self.findings.add(self.without_resources()),
        }
        for entry in self.section("Resources") {
            let id = Spanned::new(entry.key.clone(), entry.key_span.clone());
            if entry.key.starts_with("Fn::") {
                self.findings.add(
                    Diagnostic::new(format!("`{}` is not supported", entry.key), entry.key_span.clone())
                        .label("resources are made here when the stack is")
                        .help("import what the stack was made of: aws cloudformation get-template --template-stage Processed"),
                );
                continue;
            }
            let Some(kind) = entry.value.get("Type").and_then(|kind| Some(self.plain(kind)?.to_owned())) else {
                self.findings.add(
                    Diagnostic::new(format!("resource `{}` has no `Type`", entry.key), entry.key_span.clone())
                        .label("expected a map with `Type` and `Properties`"),
                );
                continue;
            };
            let condition = entry.value.get("Condition").filter(|condition| !condition.is_nothing());
            if let Some(condition) = condition
                && !self.plain(condition).is_some_and(|name| self.condition(name, &condition.span))
            {
                left_out.push(id);
                continue;
            }
            let nothing = || Node::nothing(entry.key_span.clone());
            let properties = entry.value.get("Properties").map_or_else(nothing, Rc::clone);
            let place = entry.value.get("Type").map_or_else(|| id.span.clone(), |kind| kind.span.clone());
            resources.push(Resource { id, kind: Spanned::new(kind, place), properties });
        }
        (resources, left_out)
    }

    fn without_resources(&self) -> Diagnostic {
        let end = self.root.span.start;
        let slip =
            self.root.as_map().unwrap_or_default().iter().find(|entry| nearest(&entry.key, ["Resources"]).is_some());
        let place = slip.map_or(end..end, |entry| entry.key_span.clone());
        let diagnostic =
            Diagnostic::new("the template has no `Resources`", place).label("expected a section of this name");
        match slip {
            Some(_) => diagnostic.help("did you mean `Resources`?"),
            None => diagnostic.help("is this a CloudFormation template?"),
        }
    }

    /// Returns a text in which no intrinsic may stand.
    fn plain<'n>(&self, node: &'n Node) -> Option<&'n str> {
        let text = node.as_text();
        if text.is_none() {
            self.findings.add(
                Diagnostic::new(format!("this is {}", node.noun()), node.span.clone()).label("expected a plain name"),
            );
        }
        text
    }

    /// Finds a resource, whatever its condition.
    pub(super) fn resource(&self, id: &str) -> Option<&Rc<Node>> {
        self.section("Resources").iter().find(|entry| entry.key == id).map(|entry| &entry.value)
    }

    /// Notes that something was taken for something that only a running stack knows.
    pub(super) fn assume(&self, what: impl Into<String>, value: impl Into<String>) {
        self.assumed.borrow_mut().insert(what.into(), value.into());
    }

    /// Returns what was taken for what only a running stack knows.
    pub(super) fn assumed(&self) -> BTreeMap<String, String> {
        self.assumed.borrow().clone()
    }

    /// Works out something within which other things are worked out; gives up where that would not end.
    pub(super) fn within<T>(&self, place: &Span, work: impl FnOnce() -> Option<T>) -> Option<T> {
        let steps = self.steps.get();
        if steps >= MAX_STEPS || self.depth.get() >= MAX_DEPTH {
            // Said once: whatever stands around it fails for the same reason.
            if steps != usize::MAX {
                self.findings.add(
                    Diagnostic::new("this cannot be worked out", place.clone())
                        .label("it refers to itself in the end, or to too many others"),
                );
            }
            self.steps.set(usize::MAX);
            return None;
        }
        self.steps.set(steps + 1);
        self.depth.set(self.depth.get() + 1);
        let worked = work();
        self.depth.set(self.depth.get() - 1);
        worked
    }
}
