//! A SQL application as the API describes it, written as the template that would make it.

use aws_sdk_kinesisanalytics::Client;
use aws_sdk_kinesisanalytics::types::{
    ApplicationDetail, InputDescription, InputParallelism, OutputDescription, ReferenceDataSourceDescription,
    SourceSchema,
};
use serde_json::{Map, Value, json};

use crate::document::Document;
use crate::streams::kinesis::told;

use super::LookError;

/// Asks for an application, and writes what it is told as a template: whatever reads templates reads it.
pub async fn describe_application(
    name: &str,
    region: Option<&str>,
    endpoint_url: Option<&str>,
) -> Result<Document, LookError> {
    let config = super::configured(region, endpoint_url).await;
    if config.region().is_none() {
        return Err(LookError::NoRegion);
    }
    let found = Client::new(&config).describe_application().application_name(name).send().await;
    let found =
        found.map_err(|error| LookError::Refused { operation: "DescribeApplication", message: told(&error) })?;
    let detail = found.application_detail().ok_or_else(|| LookError::Refused {
        operation: "DescribeApplication",
        message: "the answer describes no application".to_owned(),
    })?;
    let text = serde_json::to_string_pretty(&template(detail)).expect("a value of JSON is written");
    Ok(Document::new(format!("application {name}"), text))
}

fn template(detail: &ApplicationDetail) -> Value {
    let mut resources = Map::new();
    let inputs: Vec<Value> = detail.input_descriptions().iter().map(input).collect();
    let application = without_nothing(json!({
        "ApplicationName": detail.application_name(),
        "ApplicationCode": detail.application_code(),
        "Inputs": inputs,
    }));
    let mut add = |id: String, kind: &str, properties: Value| {
        resources.insert(id, json!({ "Type": format!("AWS::KinesisAnalytics::{kind}"), "Properties": properties }));
    };
    add("Application".to_owned(), "Application", application);
    for (index, described) in detail.output_descriptions().iter().enumerate() {
        let properties = json!({ "ApplicationName": detail.application_name(), "Output": output(described) });
        add(format!("Output{}", index + 1), "ApplicationOutput", properties);
    }
    for (index, described) in detail.reference_data_source_descriptions().iter().enumerate() {
        let properties =
            json!({ "ApplicationName": detail.application_name(), "ReferenceDataSource": table(described) });
        add(format!("ReferenceData{}", index + 1), "ApplicationReferenceDataSource", properties);
    }
    json!({ "Resources": resources })
}

fn input(input: &InputDescription) -> Value {
    let streams = input.kinesis_streams_input_description().map(|stream| arn(stream.resource_arn()));
    let firehose = input.kinesis_firehose_input_description().map(|firehose| arn(firehose.resource_arn()));
    let processing = input.input_processing_configuration_description();
    let processor = processing.and_then(|processing| processing.input_lambda_processor_description());
    let parallelism = input.input_parallelism().and_then(InputParallelism::count);
    without_nothing(json!({
        "NamePrefix": input.name_prefix(),
        "InputSchema": input.input_schema().map(schema),
        "KinesisStreamsInput": streams,
        "KinesisFirehoseInput": firehose,
        "InputParallelism": parallelism.map(|count| json!({ "Count": count })),
        "InputProcessingConfiguration":
            processor.map(|processor| json!({ "InputLambdaProcessor": arn(processor.resource_arn()) })),
    }))
}

fn output(output: &OutputDescription) -> Value {
    let format = output.destination_schema().map(|schema| schema.record_format_type().as_str());
    without_nothing(json!({
        "Name": output.name(),
        "DestinationSchema": format.map(|format| json!({ "RecordFormatType": format })),
        "KinesisStreamsOutput": output.kinesis_streams_output_description().map(|stream| arn(stream.resource_arn())),
        "KinesisFirehoseOutput":
            output.kinesis_firehose_output_description().map(|firehose| arn(firehose.resource_arn())),
        "LambdaOutput": output.lambda_output_description().map(|lambda| arn(lambda.resource_arn())),
    }))
}

fn table(table: &ReferenceDataSourceDescription) -> Value {
    let object = table.s3_reference_data_source_description();
    without_nothing(json!({
        "TableName": table.table_name(),
        "ReferenceSchema": table.reference_schema().map(schema),
        "S3ReferenceDataSource":
            object.map(|object| json!({ "BucketARN": object.bucket_arn(), "FileKey": object.file_key() })),
    }))
}

fn schema(schema: &SourceSchema) -> Value {
    let columns: Vec<Value> = schema
        .record_columns()
        .iter()
        .map(|column| {
            without_nothing(json!({ "Name": column.name(), "SqlType": column.sql_type(), "Mapping": column.mapping() }))
        })
        .collect();
    let format = schema.record_format().map(|format| {
        let parameters = format.mapping_parameters();
        let json_path = parameters.and_then(|parameters| parameters.json_mapping_parameters());
        let csv = parameters.and_then(|parameters| parameters.csv_mapping_parameters());
        let parameters = without_nothing(json!({
            "JSONMappingParameters": json_path.map(|json_path| json!({ "RecordRowPath": json_path.record_row_path() })),
            "CSVMappingParameters": csv.map(|csv| {
                json!({
                    "RecordRowDelimiter": csv.record_row_delimiter(),
                    "RecordColumnDelimiter": csv.record_column_delimiter(),
                })
            }),
        }));
        json!({ "RecordFormatType": format.record_format_type().as_str(), "MappingParameters": parameters })
    });
    without_nothing(json!({ "RecordFormat": format, "RecordColumns": columns }))
}

fn arn(arn: Option<&str>) -> Value {
    json!({ "ResourceARN": arn })
}

/// Takes the members out that the API left out.
fn without_nothing(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    value
}
