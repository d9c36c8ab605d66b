//! Intrinsic functions, worked out to the values that the stack would have had.

use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::document::{Diagnostic, Span, help_for};

use super::node::{Node, NodeKind};
use super::template::Template;

/// The longest text that an intrinsic may make: that of a whole template (`CloudFormation` quota).
const MAX_TEXT: usize = 1_048_576;

/// What there is in place of an account's values, where none was given.
const PSEUDO: &[(&str, &str)] = &[
    ("AWS::AccountId", "123456789012"),
    ("AWS::NotificationARNs", ""),
    ("AWS::Partition", "aws"),
    ("AWS::Region", "us-east-1"),
    ("AWS::StackId", "stack"),
    ("AWS::StackName", "stack"),
    ("AWS::URLSuffix", "amazonaws.com"),
];

/// Types of resource whose names matter here: the property with the name, and the service and kind in an ARN.
const NAMED: &[(&str, &str, &str)] = &[
    ("AWS::Kinesis::Stream", "Name", "kinesis:*:stream/"),
    ("AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamName", "firehose:*:deliverystream/"),
    ("AWS::Lambda::Function", "FunctionName", "lambda:*:function:"),
    ("AWS::Serverless::Function", "FunctionName", "lambda:*:function:"),
    ("AWS::KinesisAnalytics::Application", "ApplicationName", "kinesisanalytics:*:application/"),
    ("AWS::KinesisAnalyticsV2::Application", "ApplicationName", "kinesisanalytics:*:application/"),
    ("AWS::S3::Bucket", "BucketName", "s3:"),
];

/// Returns the name of an intrinsic and what it is given, where a node is one.
fn intrinsic(node: &Node) -> Option<(&str, &Rc<Node>)> {
    match node.as_map()? {
        [only] if only.key == "Ref" || only.key.starts_with("Fn::") => {
            Some((only.key.strip_prefix("Fn::").unwrap_or(&only.key), &only.value))
        }
        _ => None,
    }
}

impl Template<'_> {
    /// Returns the value of a node: itself, or what its intrinsic gives. What stands below is left as it is.
    pub(super) fn value(&self, node: &Rc<Node>) -> Option<Rc<Node>> {
        let Some((name, given)) = intrinsic(node) else { return Some(Rc::clone(node)) };
        let place = &node.span;
        self.within(place, || match name {
            "Ref" => self.reference(&self.text(given)?, place),
            "GetAtt" => self.attribute(given, place),
            "Sub" => self.substitute(given, place),
            "Join" => {
                let [between, items] = self.arguments(name, given, place)?;
                let between = self.text(&between)?;
                let items = self.list(&items)?;
                let texts: Option<Vec<String>> = items.iter().map(|item| self.text(item)).collect();
                self.made(texts?.join(&between), place)
            }
            "Select" => {
                let [index, items] = self.arguments(name, given, place)?;
                let index: Option<usize> = self.text(&index)?.parse().ok();
                let items = self.list(&items)?;
                let found = index.and_then(|index| items.get(index));
                if found.is_none() {
                    self.refuse(
                        "`Fn::Select` finds nothing",
                        place,
                        format!("expected 0 to {}", items.len().max(1) - 1),
                    );
                }
                self.value(found?)
            }
            "Split" => {
                let [at, text] = self.arguments(name, given, place)?;
                let (at, text) = (self.text(&at)?, self.text(&text)?);
                let parts = if at.is_empty() { vec![text.as_str()] } else { text.split(at.as_str()).collect() };
                let parts = parts.into_iter().map(|part| Node::text(part, place.clone())).collect();
                Some(Rc::new(Node::new(NodeKind::List(parts), place.clone())))
            }
            "If" => {
                let [condition, yes, no] = self.arguments(name, given, place)?;
                let holds = self.condition(&self.text(&condition)?, &condition.span);
                self.value(if holds { &yes } else { &no })
            }
            "FindInMap" => self.find_in_map(given, place),
            "ImportValue" => {
                let export = self.text(given)?;
                self.assume(format!("the value that another stack exports as `{export}`"), export.clone());
                Some(Node::text(export, place.clone()))
            }
            "Base64" => self.made(STANDARD.encode(self.text(given)?), place),
            "GetAZs" => {
                let region =
                    self.text(given).filter(|region| !region.is_empty()).or_else(|| self.pseudo("AWS::Region"))?;
                let zones = ["a", "b", "c"].map(|zone| Node::text(format!("{region}{zone}"), place.clone()));
                Some(Rc::new(Node::new(NodeKind::List(zones.to_vec()), place.clone())))
            }
            _ => {
                self.findings.add(
                    Diagnostic::new(format!("`Fn::{name}` is not supported"), place.clone())
                        .label("its value is needed here")
                        .help("write the value itself in a copy of the template, and import that"),
                );
                None
            }
        })
    }

    /// Returns the text of a node.
    pub(super) fn text(&self, node: &Rc<Node>) -> Option<String> {
        let value = self.value(node)?;
        if let Some(text) = value.as_text() {
            return Some(text.to_owned());
        }
        self.refuse(&format!("this is {}", value.noun()), &node.span, "expected text".to_owned());
        None
    }

    /// Returns the items of a node that is a list, without those that are nothing.
    pub(super) fn list(&self, node: &Rc<Node>) -> Option<Vec<Rc<Node>>> {
        let value = self.value(node)?;
        let Some(items) = value.as_list() else {
            self.refuse(&format!("this is {}", value.noun()), &node.span, "expected a list".to_owned());
            return None;
        };
        let items: Option<Vec<Rc<Node>>> = items.iter().map(|item| self.value(item)).collect();
        Some(items?.into_iter().filter(|item| !item.is_nothing()).collect())
    }

    /// Returns whether a condition of the template holds.
    pub(super) fn condition(&self, name: &str, place: &Span) -> bool {
        let entries = self.section("Conditions");
        let Some(entry) = entries.iter().find(|entry| entry.key == name) else {
            self.findings.add(
                Diagnostic::new(format!("there is no condition `{name}`"), place.clone())
                    .label("unknown condition")
                    .help(help_for(name, entries.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>())),
            );
            return false;
        };
        self.holds(&entry.value).unwrap_or(false)
    }

    fn holds(&self, node: &Rc<Node>) -> Option<bool> {
        let place = &node.span;
        self.within(place, || match node.as_map() {
            Some([only]) if only.key == "Condition" => {
                Some(self.condition(only.value.as_text().unwrap_or_default(), &only.value.span))
            }
            Some([only]) => match only.key.as_str() {
                "Fn::Equals" => {
                    let [one, other] = self.arguments("Equals", &only.value, place)?;
                    Some(self.text(&one)? == self.text(&other)?)
                }
                "Fn::Not" => {
                    let [inner] = self.arguments("Not", &only.value, place)?;
                    Some(!self.holds(&inner)?)
                }
                "Fn::And" => Some(only.value.as_list()?.iter().all(|item| self.holds(item) == Some(true))),
                "Fn::Or" => Some(only.value.as_list()?.iter().any(|item| self.holds(item) == Some(true))),
                _ => {
                    self.refuse(
                        "this is not a condition",
                        place,
                        "expected Equals, Not, And, Or or Condition".to_owned(),
                    );
                    None
                }
            },
            _ => {
                self.refuse("this is not a condition", place, "expected Equals, Not, And, Or or Condition".to_owned());
                None
            }
        })
    }

    /// Returns what `!Ref` gives.
    fn reference(&self, name: &str, place: &Span) -> Option<Rc<Node>> {
        if name == "AWS::NoValue" {
            return Some(Node::nothing(place.clone()));
        }
        if let Some(value) = self.pseudo(name) {
            return Some(Node::text(value, place.clone()));
        }
        let parameters = self.section("Parameters");
        if let Some(entry) = parameters.iter().find(|entry| entry.key == name) {
            return self.parameter(name, &entry.value, place);
        }
        if self.resource(name).is_some() {
            return Some(Node::text(self.name_of(name)?, place.clone()));
        }
        let names = parameters.iter().chain(self.section("Resources")).map(|entry| entry.key.as_str());
        self.findings.add(
            Diagnostic::new(format!("there is no parameter or resource `{name}`"), place.clone())
                .label("unknown name")
                .help(help_for(name, names.collect::<Vec<_>>())),
        );
        None
    }

    fn pseudo(&self, name: &str) -> Option<String> {
        let (_, default) = PSEUDO.iter().find(|(pseudo, _)| *pseudo == name)?;
        if let Some(given) = self.given(name) {
            return Some(given.to_owned());
        }
        self.assume(format!("`{name}`"), *default);
        Some((*default).to_owned())
    }

    fn parameter(&self, name: &str, declared: &Rc<Node>, place: &Span) -> Option<Rc<Node>> {
        let kind = declared.get("Type").and_then(|kind| kind.as_text()).unwrap_or("String");
        let default = declared.get("Default").and_then(|default| default.as_text());
        // The default of such a parameter is the name under which the value is kept elsewhere.
        let default = default.filter(|_| !kind.starts_with("AWS::SSM::Parameter::Value"));
        let Some(value) = self.given(name).or(default) else {
            self.findings.add(
                Diagnostic::new(format!("parameter `{name}` has no value"), place.clone())
                    .label("its value is needed here")
                    .other(declared.span.clone(), "it has no default")
                    .help(format!("give it one: --parameter {name}=VALUE")),
            );
            return None;
        };
        if kind == "CommaDelimitedList" || kind.starts_with("List<") {
            let items = value.split(',').map(|item| Node::text(item.trim(), place.clone())).collect();
            return Some(Rc::new(Node::new(NodeKind::List(items), place.clone())));
        }
        Some(Node::text(value, place.clone()))
    }

    /// Returns the name that a resource has on AWS, or would have.
    pub(super) fn name_of(&self, id: &str) -> Option<String> {
        let resource = self.resource(id)?;
        let kind = resource.get("Type").and_then(|kind| kind.as_text()).unwrap_or_default();
        let property = NAMED.iter().find(|(named, ..)| *named == kind).map_or("Name", |(_, property, _)| *property);
        let name = resource.get("Properties").and_then(|properties| properties.get(property));
        let name = name.and_then(|name| self.value(name)).filter(|name| !name.is_nothing());
        Some(name.and_then(|name| Some(name.as_text()?.to_owned())).unwrap_or_else(|| id.to_owned()))
    }

    fn attribute(&self, given: &Rc<Node>, place: &Span) -> Option<Rc<Node>> {
        let (id, attribute) = if given.as_list().is_some() {
            let [id, attribute] = self.arguments("GetAtt", given, place)?;
            (self.text(&id)?, self.text(&attribute)?)
        } else {
            let text = self.text(given)?;
            let (id, attribute) = text.split_once('.').unwrap_or((&text, ""));
            (id.to_owned(), attribute.to_owned())
        };
        Some(Node::text(self.attribute_of(&id, &attribute, place)?, place.clone()))
    }

    fn attribute_of(&self, id: &str, attribute: &str, place: &Span) -> Option<String> {
        let Some(resource) = self.resource(id) else {
            let names = self.section("Resources").iter().map(|entry| entry.key.as_str());
            self.findings.add(
                Diagnostic::new(format!("there is no resource `{id}`"), place.clone())
                    .label("unknown name")
                    .help(help_for(id, names.collect::<Vec<_>>())),
            );
            return None;
        };
        let kind = resource.get("Type").and_then(|kind| kind.as_text()).unwrap_or_default();
        let form = NAMED.iter().find(|(named, ..)| *named == kind).map(|(_, _, form)| *form);
        let (Some(form), "Arn") = (form, attribute) else {
            let made_up = format!("{id}.{attribute}");
            self.assume(format!("`{attribute}` of `{id}`"), made_up.clone());
            return Some(made_up);
        };
        let name = self.within(place, || self.name_of(id))?;
        let Some((service, before_name)) = form.split_once('*') else {
            return Some(format!("arn:aws:s3:::{name}"));
        };
        let (region, account) = (self.pseudo("AWS::Region")?, self.pseudo("AWS::AccountId")?);
        Some(format!("arn:aws:{service}{region}:{account}{before_name}{name}"))
    }

    /// Puts values in the places of `${…}`; `${!…}` stands for itself without the `!`.
    fn substitute(&self, given: &Rc<Node>, place: &Span) -> Option<Rc<Node>> {
        let (text, own) = match given.as_list() {
            Some([text, own]) => (self.text(text)?, Some(self.value(own)?)),
            _ => (self.text(given)?, None),
        };
        let mut made = String::new();
        let mut rest = text.as_str();
        while let Some((before, behind)) = rest.split_once("${") {
            made.push_str(before);
            let Some((name, behind)) = behind.split_once('}') else {
                self.refuse("a `${` of `Fn::Sub` does not end", place, "expected `}` behind it".to_owned());
                return None;
            };
            rest = behind;
            if let Some(literal) = name.strip_prefix('!') {
                made.push_str(&format!("${{{literal}}}"));
            } else if let Some(value) = own.as_ref().and_then(|own| own.get(name.trim())) {
                made.push_str(&self.text(value)?);
            } else if let Some((id, attribute)) = name.trim().split_once('.') {
                made.push_str(&self.attribute_of(id, attribute, place)?);
            } else {
                let value = self.within(place, || self.reference(name.trim(), place))?;
                made.push_str(&self.text(&value)?);
            }
            if made.len() > MAX_TEXT {
                return self.made(made, place);
            }
        }
        made.push_str(rest);
        self.made(made, place)
    }

    fn find_in_map(&self, given: &Rc<Node>, place: &Span) -> Option<Rc<Node>> {
        let keys = self.list(given)?;
        let keys: Vec<String> = keys.iter().take(3).map(|key| self.text(key)).collect::<Option<_>>()?;
        let mut at = self.root().get("Mappings").cloned();
        for key in &keys {
            at = at.and_then(|map| map.get(key).cloned());
        }
        if keys.len() < 3 || at.is_none() {
            let missing = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            self.findings.add(
                Diagnostic::new("`Fn::FindInMap` finds nothing", place.clone())
                    .label(format!("no value under {missing}"))
                    .help("where a key is a region or another value of the stack: --parameter AWS::Region=…"),
            );
            return None;
        }
        at
    }

    /// Returns the arguments of an intrinsic that takes so many.
    fn arguments<const N: usize>(&self, name: &str, given: &Rc<Node>, place: &Span) -> Option<[Rc<Node>; N]> {
        let items = given.as_list().unwrap_or_default();
        let arguments: Result<[Rc<Node>; N], _> = items.to_vec().try_into();
        if arguments.is_err() {
            self.refuse(&format!("`Fn::{name}` is not given what it takes"), place, format!("expected a list of {N}"));
        }
        arguments.ok()
    }

    fn made(&self, text: String, place: &Span) -> Option<Rc<Node>> {
        if text.len() > MAX_TEXT {
            self.refuse("this makes too long a text", place, format!("expected at most {MAX_TEXT} bytes"));
            return None;
        }
        Some(Node::text(text, place.clone()))
    }

    fn refuse(&self, what: &str, place: &Span, label: String) {
        self.findings.add(Diagnostic::new(what, place.clone()).label(label));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Findings};
    use crate::import::node;

    const TEMPLATE: &str = r#"
Parameters:
  Env: {Type: String, Default: dev}
  Names: {Type: CommaDelimitedList, Default: "a, b"}
  Open: {Type: String}
Mappings:
  Sizes: {dev: {Shards: 1}, prod: {Shards: 8}}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsNot: !Not [!Condition IsProd]
  Both: !And [!Condition IsNot, !Equals [a, a]]
  Either: !Or [!Condition IsProd, !Condition Both]
Resources:
  S: {Type: "AWS::Kinesis::Stream", Properties: {Name: !Sub "${Env}-trades"}}
  Loop: {Type: "AWS::Kinesis::Stream", Properties: {Name: !Sub "${Loop}x"}}
"#;

    fn evaluate(expression: &str, given: &[(String, String)]) -> Result<String, String> {
        let document = Document::new("t.yml", format!("{TEMPLATE}X: {expression}\n"));
        let findings = Findings::new();
        let root = node::read(&document, &findings).expect("YAML");
        let value = {
            let template = Template::new(root, given, &findings);
            let node = Rc::clone(template.root().get("X").expect("an expression"));
            template.value(&node).map(|value| match &value.kind {
                NodeKind::List(items) => {
                    items.iter().map(|item| template.text(item).unwrap_or_default()).collect::<Vec<_>>().join("|")
                }
                NodeKind::Nothing => "nothing".to_owned(),
                _ => template.text(&value).unwrap_or_default(),
            })
        };
        let found = findings.into_sorted();
        if found.is_empty() { Ok(value.expect("a value")) } else { Err(found[0].message().to_owned()) }
    }

    #[test]
    fn intrinsics_give_what_the_stack_would_have_had() {
        let prod = [("Env".to_owned(), "prod".to_owned())];
        for (expression, value) in [
            ("!Ref Env", "prod"),
            ("!Ref Names", "a|b"),
            ("!Ref S", "prod-trades"),
            ("!GetAtt S.Arn", "arn:aws:kinesis:us-east-1:123456789012:stream/prod-trades"),
            ("{'Fn::GetAtt': [S, Arn]}", "arn:aws:kinesis:us-east-1:123456789012:stream/prod-trades"),
            ("!Sub '${S}/${!Literal}/${AWS::Partition}'", "prod-trades/${Literal}/aws"),
            ("!Sub ['${a}-${Env}', {a: !Ref S}]", "prod-trades-prod"),
            ("!Join ['-', [!Ref Env, b, !Select [1, !Ref Names]]]", "prod-b-b"),
            ("!Select ['1', !Split [',', 'x,y']]", "y"),
            ("!If [IsProd, p, d]", "p"),
            ("!If [IsNot, p, !Ref 'AWS::NoValue']", "nothing"),
            ("!If [Either, p, d]", "p"),
            ("!FindInMap [Sizes, !Ref Env, Shards]", "8"),
            ("!ImportValue shared", "shared"),
            ("!Base64 abc", "YWJj"),
        ] {
            assert_eq!(evaluate(expression, &prod).as_deref(), Ok(value), "{expression}");
        }
    }

    #[test]
    fn what_cannot_be_worked_out_says_why() {
        for (expression, message) in [
            ("!Ref Open", "parameter `Open` has no value"),
            ("!Ref Envi", "there is no parameter or resource `Envi`"),
            ("!GetAtt T.Arn", "there is no resource `T`"),
            ("!Sub '${Env'", "a `${` of `Fn::Sub` does not end"),
            ("!Select [7, [a]]", "`Fn::Select` finds nothing"),
            ("!Join [a]", "`Fn::Join` is not given what it takes"),
            ("!If [Nope, a, b]", "there is no condition `Nope`"),
            ("!FindInMap [Sizes, nowhere, Shards]", "`Fn::FindInMap` finds nothing"),
            ("!Cidr [a, b]", "`Fn::Cidr` is not supported"),
            ("!Ref Loop", "this cannot be worked out"),
        ] {
            assert_eq!(evaluate(expression, &[]), Err(message.to_owned()), "{expression}");
        }
    }
}
