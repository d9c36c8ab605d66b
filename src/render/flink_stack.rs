//! Plan → the stack of Managed Service for Apache Flink, and what both stacks begin with.

use crate::infra::{
    Application, Code, Files, LogGroup, LogicalId, Principal, PropertyGroup, Resource, Role, Stack, Stream, Tag, Value,
};
use crate::plan::{self, Plan, Table};
use crate::spec::Connector;

use super::archive::archive;
use super::flink::{inputs, parallelism};
use super::watch::watch;

/// The longest description of a stack, in bytes, and of an application (AWS `CloudFormation` user guide,
/// template anatomy; Managed Service for Apache Flink API, `CreateApplication`).
const MAX_DESCRIPTION: usize = 1024;

/// Builds the stack: the streams, and the application with all that it needs where there is a job to run.
pub(super) fn stack(plan: &Plan, runs: bool) -> Stack {
    let mut stack = start(plan);
    if !runs {
        watch(plan, &[], &mut stack);
        return stack;
    }
    let principal = match plan.target.connector {
        Connector::V4 => Principal::LegacyFlink,
        Connector::V5 | Connector::V6 => Principal::Flink,
    };
    let mut role = Role::new(LogicalId::fixed("ApplicationRole"), principal, &plan.name);
    let code = Code::from_parameters();
    code.grant_read(&mut role);
    let group = LogGroup::new(LogicalId::fixed("ApplicationLogGroup"), name_log_group(plan));
    let log = group.log_stream(LogicalId::fixed("ApplicationLog"), "application");
    log.grant_write(&mut role);
    for from in inputs(plan) {
        stream(from).grant_read(&mut role);
    }
    for (_, stream_name) in plan.outputs() {
        let to = plan.stream(stream_name).expect("the plan has the stream of every query");
        stream(to).grant_write(&mut role);
    }
    stack.parameters.extend(code.parameters());
    let mut places = vec![
        ("AWS_PARTITION", Value::pseudo("AWS::Partition")),
        ("AWS_REGION", Value::pseudo("AWS::Region")),
        ("AWS_ACCOUNT_ID", Value::pseudo("AWS::AccountId")),
    ];
    let (there, here): (Vec<&Table>, Vec<&Table>) = plan.tables.iter().partition(|table| table.is_in_s3());
    if !here.is_empty() {
        let files = Files::from_parameters();
        files.grant_read(&mut role, here.iter().map(|table| table.file.as_str()));
        stack.parameters.extend(files.parameters());
        places.push(("PIPE_FILES", files.uri()));
    }
    for table in there {
        Files::grant_read_at(&mut role, &table.name, &table.file);
    }

    let runtime = plan.target.stack.runtime;
    let mut application = Application::new(LogicalId::fixed("Application"), &plan.name, runtime, code, &role);
    application.description = description(plan);
    application.parallelism = parallelism(plan);
    application.properties = vec![
        PropertyGroup {
            id: "kinesis.analytics.flink.run.options",
            entries: vec![("python", Value::text("main.py")), ("jarfile", Value::text("lib/pyflink-dependencies.jar"))],
        },
        // What main.py puts in place of the names in job.sql.
        PropertyGroup { id: "pipe.job", entries: places },
    ];
    let logging = application.log_to(LogicalId::fixed("ApplicationLogging"), &log);
    stack.tell("ApplicationName", "The name of the application", &application.id);
    stack.tell("ApplicationRoleName", "The name of the role of the application", &role.id);
    stack.tell("ApplicationLogGroupName", "The log group of the application", &group.id);
    stack.resources.extend([
        Resource::LogGroup(group),
        Resource::LogStream(log),
        Resource::Role(role),
        Resource::Application(application),
        Resource::LoggingOption(logging),
    ]);
    let reads: Vec<&str> = inputs(plan).map(|from| from.name.as_str()).collect();
    watch(plan, &reads, &mut stack);
    stack
}

/// Returns a stack with the plan's streams in it. The error stream is not one of them, because no engine on AWS writes it as
/// `pipe` does.
pub(super) fn start(plan: &Plan) -> Stack {
    let mut stack = Stack {
        description: description(plan),
        tags: vec![Tag { key: "pipeline", value: plan.name.clone() }, managed()],
        ..Stack::default()
    };
    for of in plan.kept_streams() {
        let stream = stream(of);
        stack.tell_stream(&stream);
        stack.resources.push(Resource::Stream(stream));
    }
    archive(plan, &mut stack);
    stack
}

/// Returns the mark of everything that `pipe` makes.
pub(super) fn managed() -> Tag {
    Tag { key: "managed-by", value: "pipe".to_owned() }
}

pub(super) fn stream(of: &plan::Stream) -> Stream {
    Stream::new(&of.name, of.capacity, of.retention_hours)
}

pub(super) fn name_log_group(plan: &Plan) -> String {
    format!("/aws/kinesis-analytics/{}", plan.name)
}

/// Returns the description, cut where AWS would refuse it.
pub(super) fn description(plan: &Plan) -> String {
    let whole = match &plan.description {
        Some(description) => format!("{}: {description}", plan.name),
        None => plan.name.clone(),
    };
    let end = (0..=whole.len().min(MAX_DESCRIPTION)).rev().find(|end| whole.is_char_boundary(*end)).unwrap_or(0);
    whole[..end].to_owned()
}
