//! The parts of an application, as a template has them.

/// Both versions of the API describe the same parts by the same names, each in types of its own crate.
macro_rules! parts {
    ($version:ident, $sdk:ident) => {
        pub(super) mod $version {
            use $sdk::types::{
                InputDescription, InputParallelism, OutputDescription, ReferenceDataSourceDescription, SourceSchema,
            };
            use serde_json::{Value, json};

            use super::super::without_nothing;
            use super::arn;

            pub(in super::super) fn input(input: &InputDescription) -> Value {
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

            pub(in super::super) fn output(output: &OutputDescription) -> Value {
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

            pub(in super::super) fn table(table: &ReferenceDataSourceDescription) -> Value {
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
        }
    };
}

parts!(v1, aws_sdk_kinesisanalytics);
parts!(v2, aws_sdk_kinesisanalyticsv2);

/// A required member of one version may be left out in the other.
fn arn<'a>(arn: impl Into<Option<&'a str>>) -> serde_json::Value {
    serde_json::json!({ "ResourceARN": arn.into() })
}
