//! CDK-style constructs: a stack of typed resources that refer to each other and grant each other what they need.
//!
//! Owns what stands in a stack, its logical ids, and least privilege: a role allows what was granted, on what granted it.
//! May import `plan` and what it imports. Knows nothing of a template's text: constructs serialize to plain data.

mod alarm;
mod application;
mod bucket;
mod code;
mod dashboard;
mod delivery_stream;
mod error;
mod files;
mod id;
mod log_group;
mod metric;
mod permission;
mod role;
mod sql_application;
mod stack;
mod stream;
mod value;

pub use alarm::Alarm;
pub use application::{Application, LoggingOption, PropertyGroup};
pub use bucket::{Bucket, BucketPolicy};
pub use code::Code;
pub use dashboard::{Dashboard, Widget};
pub use delivery_stream::DeliveryStream;
pub use error::InfraError;
pub use files::Files;
pub use id::LogicalId;
pub use log_group::{LogGroup, LogStream};
pub use metric::Metric;
pub use permission::Permission;
pub use role::{Principal, Role, Statement};
pub use sql_application::{SqlApplication, SqlColumn, SqlInput, SqlOutput};
pub use stack::{
    APPLICATION, Output, Parameter, Resource, SQL_APPLICATION, STREAM, STREAM_NAME, Stack, Tag, is_application,
};
pub use stream::Stream;
pub use value::{Attribute, Value};
