//! A SQL application as the API describes it, written as the template that would make it.
//!
//! Owns the two versions of that API. May import what `deploy` may. Never judges what it is told: that is for whoever reads
//! templates.

mod parts;

use aws_config::SdkConfig;
use aws_sdk_kinesisanalytics::Client;
use aws_sdk_kinesisanalyticsv2::Client as ClientV2;
use aws_sdk_kinesisanalyticsv2::types::{ApplicationConfigurationDescription, RuntimeEnvironment};
use serde_json::{Map, Value, json};

use crate::document::Document;
use crate::streams::kinesis::told;

use super::super::EmptyEndpoint;

use parts::{v1, v2};

/// The call of both versions of the API.
const OPERATION: &str = "DescribeApplication";

/// An application cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DescribeError {
    /// The target names no region, and neither does the environment.
    #[error("no region is set; say `region` in the target, or set AWS_REGION")]
    NoRegion,
    /// The environment has an endpoint that is none.
    #[error("{0}: {help}", help = EmptyEndpoint::HELP)]
    EmptyEndpoint(#[from] EmptyEndpoint),
    /// What is there runs no SQL.
    #[error("it is an application of {runtime}, and only those of SQL-1_0 are brought over")]
    NotSql {
        /// The runtime environment that it has.
        runtime: String,
    },
    /// AWS refused or did not answer.
    #[error("{operation} failed: {message}")]
    Refused {
        /// The API operation.
        operation: &'static str,
        /// What it said.
        message: String,
    },
}

/// What an application consists of, each part as a template has it.
struct Described {
    name: String,
    code: Option<String>,
    inputs: Vec<Value>,
    outputs: Vec<Value>,
    tables: Vec<Value>,
}

/// Asks for an application, and writes what it is told as a template: whatever reads templates reads it. The second version
/// of the API is asked first: it knows the applications of both, and the first only its own.
pub async fn describe_application(
    name: &str,
    region: Option<&str>,
    endpoint_url: Option<&str>,
) -> Result<Document, DescribeError> {
    let config = super::configured(region, endpoint_url).await?;
    if config.region().is_none() {
        return Err(DescribeError::NoRegion);
    }
    let described = match second(&config, name).await {
        Err(DescribeError::Refused { message, .. }) => first(&config, name).await.map_err(|error| match error {
            DescribeError::Refused { operation, message: other } if other != message => DescribeError::Refused {
                operation,
                message: format!("{message}; and by version 1 of the API: {other}"),
            },
            other => other,
        }),
        other => other,
    }?;
    let text = serde_json::to_string_pretty(&described.template()).expect("a value of JSON is written");
    Ok(Document::new(format!("application {name}"), text))
}

async fn first(config: &SdkConfig, name: &str) -> Result<Described, DescribeError> {
    let found = Client::new(config).describe_application().application_name(name).send().await;
    let found = found.map_err(|error| refused(told(&error)))?;
    let detail = found.application_detail().ok_or_else(nothing)?;
    Ok(Described {
        name: detail.application_name().to_owned(),
        code: detail.application_code().map(str::to_owned),
        inputs: detail.input_descriptions().iter().map(v1::input).collect(),
        outputs: detail.output_descriptions().iter().map(v1::output).collect(),
        tables: detail.reference_data_source_descriptions().iter().map(v1::table).collect(),
    })
}

async fn second(config: &SdkConfig, name: &str) -> Result<Described, DescribeError> {
    let found = ClientV2::new(config).describe_application().application_name(name).send().await;
    let found = found.map_err(|error| refused(told(&error)))?;
    let detail = found.application_detail().ok_or_else(nothing)?;
    let runtime = detail.runtime_environment();
    if *runtime != RuntimeEnvironment::Sql10 {
        return Err(DescribeError::NotSql { runtime: runtime.as_str().to_owned() });
    }
    let configuration = detail.application_configuration_description();
    let sql = configuration.and_then(ApplicationConfigurationDescription::sql_application_configuration_description);
    let code = configuration
        .and_then(ApplicationConfigurationDescription::application_code_configuration_description)
        .and_then(|code| code.code_content_description())
        .and_then(|content| content.text_content());
    Ok(Described {
        name: detail.application_name().to_owned(),
        code: code.map(str::to_owned),
        inputs: sql.map(|sql| sql.input_descriptions().iter().map(v2::input).collect()).unwrap_or_default(),
        outputs: sql.map(|sql| sql.output_descriptions().iter().map(v2::output).collect()).unwrap_or_default(),
        tables: sql
            .map(|sql| sql.reference_data_source_descriptions().iter().map(v2::table).collect())
            .unwrap_or_default(),
    })
}

fn refused(message: String) -> DescribeError {
    DescribeError::Refused { operation: OPERATION, message }
}

fn nothing() -> DescribeError {
    refused("the answer describes no application".to_owned())
}

impl Described {
    fn template(self) -> Value {
        let mut resources = Map::new();
        let mut add = |id: String, kind: &str, properties: Value| {
            resources.insert(id, json!({ "Type": format!("AWS::KinesisAnalytics::{kind}"), "Properties": properties }));
        };
        let application = without_nothing(json!({
            "ApplicationName": self.name,
            "ApplicationCode": self.code,
            "Inputs": self.inputs,
        }));
        add("Application".to_owned(), "Application", application);
        for (number, output) in (1..).zip(self.outputs) {
            let properties = json!({ "ApplicationName": self.name, "Output": output });
            add(format!("Output{number}"), "ApplicationOutput", properties);
        }
        for (number, table) in (1..).zip(self.tables) {
            let properties = json!({ "ApplicationName": self.name, "ReferenceDataSource": table });
            add(format!("ReferenceData{number}"), "ApplicationReferenceDataSource", properties);
        }
        json!({ "Resources": resources })
    }
}

/// Takes the members out that the API left out.
fn without_nothing(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    value
}
