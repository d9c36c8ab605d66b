//! A stack: what exists and vanishes together.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

use super::{
    Alarm, Application, Attribute, Bucket, BucketPolicy, Dashboard, DeliveryStream, InfraError, LogGroup, LogStream,
    LoggingOption, LogicalId, Role, SqlApplication, SqlOutput, Stream, Value,
};

/// What the id of an output ends with that tells the name of a stream.
pub const STREAM_NAME: &str = "StreamName";

/// The types that something is known of besides, as `CloudFormation` names them.
pub const STREAM: &str = "AWS::Kinesis::Stream";
/// As [`STREAM`].
pub const APPLICATION: &str = "AWS::KinesisAnalyticsV2::Application";
/// As [`STREAM`].
pub const SQL_APPLICATION: &str = "AWS::KinesisAnalytics::Application";

/// Returns whether a type is that of an application, of either service.
pub fn is_application(kind: &str) -> bool {
    [APPLICATION, SQL_APPLICATION].contains(&kind)
}

/// A stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stack {
    /// What it is for.
    pub description: String,
    /// What every resource that takes tags carries.
    pub tags: Vec<Tag>,
    /// What is said when it is deployed.
    pub parameters: Vec<Parameter>,
    /// What it consists of.
    pub resources: Vec<Resource>,
    /// What it tells.
    pub outputs: Vec<Output>,
}

/// A mark on a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tag {
    /// Its name.
    pub key: &'static str,
    /// Its value.
    pub value: String,
}

/// A text that is said when the stack is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Its id.
    pub id: LogicalId,
    /// What it is.
    pub description: &'static str,
    /// The regular expression of what it may be.
    pub pattern: &'static str,
}

/// Something that a stack tells about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Output {
    /// Its id.
    pub id: LogicalId,
    /// What it is.
    pub description: String,
    /// Its value.
    pub value: Value,
}

/// Anything that a stack consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each holds the construct of its name")]
pub enum Resource {
    Stream(Stream),
    Role(Role),
    LogGroup(LogGroup),
    LogStream(LogStream),
    Application(Application),
    LoggingOption(LoggingOption),
    SqlApplication(SqlApplication),
    SqlOutput(SqlOutput),
    Bucket(Bucket),
    BucketPolicy(BucketPolicy),
    DeliveryStream(DeliveryStream),
    Alarm(Alarm),
    Dashboard(Dashboard),
}

impl Resource {
    /// Returns its id.
    pub fn id(&self) -> &LogicalId {
        match self {
            Self::Stream(stream) => &stream.id,
            Self::Role(role) => &role.id,
            Self::LogGroup(group) => &group.id,
            Self::LogStream(log) => &log.id,
            Self::Application(application) => &application.id,
            Self::LoggingOption(option) => &option.id,
            Self::SqlApplication(application) => &application.id,
            Self::SqlOutput(output) => &output.id,
            Self::Bucket(bucket) => &bucket.id,
            Self::BucketPolicy(policy) => &policy.id,
            Self::DeliveryStream(delivery) => &delivery.id,
            Self::Alarm(alarm) => &alarm.id,
            Self::Dashboard(dashboard) => &dashboard.id,
        }
    }

    /// Returns its type, as `CloudFormation` names it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Stream(_) => STREAM,
            Self::Role(_) => "AWS::IAM::Role",
            Self::LogGroup(_) => "AWS::Logs::LogGroup",
            Self::LogStream(_) => "AWS::Logs::LogStream",
            Self::Application(_) => APPLICATION,
            Self::LoggingOption(_) => "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption",
            Self::SqlApplication(_) => SQL_APPLICATION,
            Self::SqlOutput(_) => "AWS::KinesisAnalytics::ApplicationOutput",
            Self::Bucket(_) => "AWS::S3::Bucket",
            Self::BucketPolicy(_) => "AWS::S3::BucketPolicy",
            Self::DeliveryStream(_) => "AWS::KinesisFirehose::DeliveryStream",
            Self::Alarm(_) => "AWS::CloudWatch::Alarm",
            Self::Dashboard(_) => "AWS::CloudWatch::Dashboard",
        }
    }

    /// Returns the name that it has in its account, where the template says that: nothing else there may have it.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Stream(stream) => Some(&stream.name),
            Self::Application(application) => Some(&application.name),
            Self::SqlApplication(application) => Some(&application.name),
            Self::LogGroup(group) => Some(&group.name),
            _ => None,
        }
    }

    /// Returns what a person calls it, where its id does not say that.
    pub fn detail(&self) -> String {
        match self {
            Self::Stream(stream) => match stream.shards() {
                Some(1) => format!("{}, 1 shard", stream.name),
                Some(shards) => format!("{}, {shards} shards", stream.name),
                None => format!("{}, on demand", stream.name),
            },
            Self::Application(application) => application.runtime.to_owned(),
            Self::LogGroup(group) => group.name.clone(),
            _ => String::new(),
        }
    }

    fn has(&self, attribute: &str) -> bool {
        matches!(self, Self::Stream(_) | Self::Role(_) | Self::Bucket(_) | Self::Alarm(_))
            && attribute == Attribute::Arn.name()
    }
}

impl Stack {
    /// Tells the main name of a resource.
    pub fn tell(&mut self, id: &'static str, what: &str, resource: &LogicalId) {
        let value = Value::reference(resource);
        self.outputs.push(Output { id: LogicalId::fixed(id), description: what.to_owned(), value });
    }

    /// Tells the name and the Amazon resource name of a stream.
    pub fn tell_stream(&mut self, stream: &Stream) {
        let about = |what: &str| format!("The {what} of the stream {}", stream.name);
        let id = |suffix| LogicalId::derived(&stream.name, suffix);
        let name = Value::reference(&stream.id);
        self.outputs.push(Output { id: id(STREAM_NAME), description: about("name"), value: name });
        self.outputs.push(Output { id: id("StreamArn"), description: about("ARN"), value: stream.arn() });
    }

    /// Checks that ids are unique, that everything referred to is there, and that no role allows more than what it names:
    /// the one wildcard is that of objects in a bucket of the stack, which cannot be named before they are written.
    pub fn check(&self) -> Result<(), InfraError> {
        let mut known: BTreeMap<&str, Option<&Resource>> = BTreeMap::new();
        let parameters = self.parameters.iter().map(|parameter| (&parameter.id, None));
        let resources = self.resources.iter().map(|resource| (resource.id(), Some(resource)));
        for (id, resource) in parameters.chain(resources) {
            if known.insert(id.as_str(), resource).is_some() {
                return Err(InfraError::Duplicate { id: id.as_str().to_owned() });
            }
        }
        let mut outputs: Vec<&LogicalId> = self.outputs.iter().map(|output| &output.id).collect();
        outputs.sort();
        if let Some(twice) = outputs.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(InfraError::Duplicate { id: twice[0].as_str().to_owned() });
        }
        let plain = self.plain();
        check_references(&plain, &known)?;
        check_statements(&plain, &known)
    }

    fn plain(&self) -> Json {
        serde_json::to_value(self).expect("constructs are plain data")
    }
}

/// What every stack knows of itself.
const PSEUDO_PREFIX: &str = "AWS::";

fn check_references(plain: &Json, known: &BTreeMap<&str, Option<&Resource>>) -> Result<(), InfraError> {
    let resolve = |name: &str| {
        let found = match name.split_once('.') {
            _ if name.starts_with(PSEUDO_PREFIX) => true,
            None => known.contains_key(name),
            Some((id, attribute)) => known.get(id).copied().flatten().is_some_and(|resource| resource.has(attribute)),
        };
        if found { Ok(()) } else { Err(InfraError::Dangling { name: name.to_owned() }) }
    };
    match plain {
        Json::Array(items) => items.iter().try_for_each(|item| check_references(item, known)),
        Json::Object(members) => members.iter().try_for_each(|(key, value)| match (key.as_str(), value) {
            ("Ref", Json::String(name)) => resolve(name),
            ("Fn::GetAtt", Json::Array(path)) => {
                let path: Vec<&str> = path.iter().filter_map(Json::as_str).collect();
                resolve(&path.join("."))
            }
            ("Fn::Sub", Json::String(text)) => {
                text.split("${").skip(1).try_for_each(|rest| resolve(rest.split('}').next().unwrap_or(rest)))
            }
            _ => check_references(value, known),
        }),
        _ => Ok(()),
    }
}

fn check_statements(plain: &Json, known: &BTreeMap<&str, Option<&Resource>>) -> Result<(), InfraError> {
    let wildcard = |value: &Json| {
        let text = value.to_string();
        if text.contains('*') && !is_objects(value, known) { Err(InfraError::Wildcard { text }) } else { Ok(()) }
    };
    match plain {
        Json::Array(items) => items.iter().try_for_each(|item| check_statements(item, known)),
        Json::Object(members) => match (&members.get("actions"), &members.get("resources")) {
            (Some(Json::Array(actions)), Some(Json::Array(resources))) => {
                actions.iter().chain(resources).try_for_each(wildcard)
            }
            _ => members.values().try_for_each(|member| check_statements(member, known)),
        },
        _ => Ok(()),
    }
}

/// Returns whether a resource is the objects of a folder in a bucket of the stack: `${Bucket.Arn}/folder/*`.
fn is_objects(resource: &Json, known: &BTreeMap<&str, Option<&Resource>>) -> bool {
    let folder = || {
        let text = resource.get("Fn::Sub")?.as_str()?.strip_prefix("${")?.strip_suffix("/*")?;
        let (bucket, folder) = text.split_once(".Arn}/")?;
        let of_the_stack = matches!(known.get(bucket), Some(Some(Resource::Bucket(_))));
        (of_the_stack && !folder.is_empty() && !folder.contains(['*', '?', '$'])).then_some(folder)
    };
    folder().is_some()
}

#[cfg(test)]
mod tests {
    use super::super::Principal;
    use super::*;
    use crate::streams::Capacity;

    fn role() -> Role {
        Role::new(LogicalId::fixed("ApplicationRole"), Principal::Flink, "ticker")
    }

    #[test]
    fn grants_name_what_granted_them() {
        let stream = Stream::new("trades", Capacity::Provisioned(2), 24);
        let mut role = role();
        stream.grant_read(&mut role);
        let mut stack = Stack { resources: vec![Resource::Role(role)], ..Stack::default() };
        assert_eq!(stack.check(), Err(InfraError::Dangling { name: "TradesStream.Arn".to_owned() }));
        stack.tell_stream(&stream);
        stack.resources.push(Resource::Stream(stream.clone()));
        assert_eq!(stack.check(), Ok(()));
        stack.resources.push(Resource::Stream(stream));
        assert_eq!(stack.check(), Err(InfraError::Duplicate { id: "TradesStream".to_owned() }));
    }

    #[test]
    fn wildcards_and_unknown_names_are_found_in_text_too() {
        let mut wide = role();
        let everything = vec![Value::sub("arn:${AWS::Partition}:kinesis:*")];
        wide.allow("Wide".to_owned(), "It reads.".to_owned(), &["kinesis:GetRecords"], everything);
        let stack = Stack { resources: vec![Resource::Role(wide)], ..Stack::default() };
        assert!(matches!(stack.check(), Err(InfraError::Wildcard { .. })));
        let bucket = Bucket::new(LogicalId::fixed("Archive"), None);
        let writes = |prefix: &str, there: bool| {
            let mut archiving = role();
            bucket.grant_write(&mut archiving, &[prefix]);
            let mut resources = vec![Resource::Role(archiving)];
            resources.extend(there.then(|| Resource::Bucket(bucket.clone())));
            Stack { resources, ..Stack::default() }.check()
        };
        assert_eq!(writes("streams/trades/", true), Ok(()));
        assert!(matches!(writes("", true), Err(InfraError::Wildcard { .. })), "a whole bucket is no folder");
        assert!(writes("streams/trades/", false).is_err());
        let group = LogGroup::new(LogicalId::fixed("Logs"), "/x");
        let log = group.log_stream(LogicalId::fixed("Log"), "x");
        let mut logging = role();
        log.grant_write(&mut logging);
        let stack = Stack { resources: vec![Resource::Role(logging), Resource::LogStream(log)], ..Stack::default() };
        assert_eq!(stack.check(), Err(InfraError::Dangling { name: "Logs".to_owned() }));
    }
}
