//! The connectors of a job's tables: where records come from and go to, as the options of each table.
//!
//! Nothing else of a job's text depends on them.

use serde::Serialize;

use crate::plan::{Plan, Stream, Table, TableFormat};
use crate::record::RecordFormat;
use crate::spec::{Connector, EngineKind, StreamsKind};
use crate::sql::FlinkVersion;

/// What stands in place of the address of streams on this machine, whose port is known only once it is served.
const LOCAL_ENDPOINT: &str = "${AWS_ENDPOINT_URL}";
/// What stands in place of the region, where the file says none.
const REGION: &str = "${AWS_REGION}";
/// What stands in place of the folder that the files of tables start at.
const FILES: &str = "${PIPE_FILES}";
/// With what right the endpoint on this machine is asked: it wants a signature, and takes any.
const ANYBODY: &str = "pipe";

/// Where the records of a job are.
#[derive(Debug, Clone)]
pub(crate) enum Connectors {
    /// In Kinesis streams, or what serves them as such.
    Kinesis { connector: Connector, region: String, endpoint: Option<String>, local: bool },
    /// In files of a folder: for each stream that is read `<stream>.jsonl` or `.csv`, for each that is written the folder
    /// `<stream>`. A job that reads files ends.
    Files {
        folder: String,
        /// The least version of Flink that the plan's target is for.
        version: FlinkVersion,
    },
}

/// One option of a table.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TableOption {
    /// Why it is there, where that is not plain.
    note: Option<&'static str>,
    key: &'static str,
    value: String,
}

fn option(key: &'static str, value: impl Into<String>) -> TableOption {
    TableOption { note: None, key, value: value.into() }
}

/// Returns what every table of rows in CSV says: an empty value is NULL, in quotes or not.
fn csv(delimiter: u8) -> Vec<TableOption> {
    let mut options = vec![option("format", "csv"), option("csv.null-literal", "")];
    if delimiter != RecordFormat::DELIMITER {
        // Flink takes escapes as Java has them.
        let written = match delimiter {
            b'\\' => "\\\\".to_owned(),
            b'\t' => "\\t".to_owned(),
            control if control.is_ascii_control() => format!("\\u{control:04x}"),
            plain => char::from(plain).to_string(),
        };
        options.push(option("csv.field-delimiter", written));
    }
    options
}

impl Connectors {
    /// Returns the connectors that a plan's target has.
    pub(crate) fn of(plan: &Plan) -> Self {
        let target = &plan.target;
        // The managed service runs beyond this machine's reach.
        let local = target.streams == StreamsKind::Local && target.engine != EngineKind::ManagedFlink;
        Self::Kinesis {
            connector: target.connector,
            region: target.region.clone().unwrap_or_else(|| REGION.to_owned()),
            endpoint: target.endpoint_url.clone().or_else(|| local.then(|| LOCAL_ENDPOINT.to_owned())),
            local: local && target.endpoint_url.is_none(),
        }
    }

    /// Says what the job's text is written for.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Files { version: (1, _), .. } => "Flink SQL 1.20 over files.",
            Self::Files { .. } => "Flink SQL 2.x over files.",
            Self::Kinesis { connector, .. } => match connector {
                Connector::V4 => "Flink SQL 1.19 or 1.20 with the connector flink-sql-connector-kinesis 4.x.",
                Connector::V5 => "Flink SQL 1.20 with the connector flink-sql-connector-aws-kinesis-streams 5.x.",
                Connector::V6 => "Flink SQL 2.x with the connector flink-sql-connector-aws-kinesis-streams 6.x.",
            },
        }
    }

    /// Returns what has to be filled in before the job runs, and with what.
    pub(super) fn placeholders(&self, plan: &Plan) -> Vec<(&'static str, &'static str)> {
        let Self::Kinesis { connector, region, endpoint, .. } = self else { return Vec::new() };
        let by_arn = *connector != Connector::V4;
        [
            (by_arn, "${AWS_PARTITION}", "the partition of the region, in most of them aws"),
            (by_arn, "${AWS_ACCOUNT_ID}", "the account that owns the streams, 12 digits"),
            (region == REGION, REGION, "the region of the streams"),
            (
                endpoint.as_deref() == Some(LOCAL_ENDPOINT),
                LOCAL_ENDPOINT,
                "the address at which `pipe` serves the streams",
            ),
            (
                !plan.tables.is_empty(),
                FILES,
                "where the files of the tables lie: a path or a URI, such as s3://bucket/folder",
            ),
        ]
        .into_iter()
        .filter_map(|(there, name, what)| there.then_some((name, what)))
        .collect()
    }

    /// Returns the options of the table of a stream that is read.
    pub(super) fn source(&self, stream: &Stream) -> Vec<TableOption> {
        let mut options = match self {
            Self::Kinesis { connector, .. } => {
                let position = match connector {
                    Connector::V4 => "scan.stream.initpos",
                    Connector::V5 | Connector::V6 => "source.init.position",
                };
                let mut options = self.kinesis(&stream.name);
                options.push(option(position, "TRIM_HORIZON"));
                options
            }
            Self::Files { folder, .. } => {
                let file = format!("{folder}/{}.{}", stream.name, stream.format.ending());
                vec![option("connector", "filesystem"), option("path", file)]
            }
        };
        match stream.format {
            RecordFormat::Json => {
                options.extend([option("format", "json"), option("json.ignore-parse-errors", "true")]);
            }
            RecordFormat::Csv { delimiter } => {
                options.extend(csv(delimiter));
                options.push(option("csv.ignore-parse-errors", "true"));
            }
        }
        options
    }

    /// Returns the options of the table of a stream that is written.
    pub(super) fn sink(&self, stream: &Stream) -> Vec<TableOption> {
        let mut options = match self {
            Self::Kinesis { endpoint, .. } => {
                let mut options = self.kinesis(&stream.name);
                if endpoint.is_some() {
                    options.push(TableOption {
                        note: Some("An endpoint that is not AWS's rarely speaks HTTP/2."),
                        ..option("sink.http-client.protocol.version", "HTTP1_1")
                    });
                }
                options
            }
            Self::Files { folder, .. } => {
                vec![option("connector", "filesystem"), option("path", format!("{folder}/{}", stream.name))]
            }
        };
        match stream.format {
            RecordFormat::Json => options.extend([
                option("format", "json"),
                option("json.timestamp-format.standard", "ISO-8601"),
                option("json.encode.decimal-as-plain-number", "true"),
            ]),
            RecordFormat::Csv { delimiter } => {
                options.extend(csv(delimiter));
                options.push(option("csv.write-bigdecimal-in-scientific-notation", "false"));
            }
        }
        options
    }

    /// Returns the options of a table that streams are joined with.
    pub(super) fn table(&self, table: &Table) -> Vec<TableOption> {
        let path = match self {
            _ if table.is_in_s3() => table.file.clone(),
            Self::Kinesis { .. } => format!("{FILES}/{}", table.file),
            Self::Files { folder, .. } => format!("{folder}/{}", table.file),
        };
        let mut options = vec![option("connector", "filesystem"), option("path", path)];
        options.extend(match table.format {
            TableFormat::Csv => {
                [option("format", "csv"), option("csv.ignore-parse-errors", "true"), option("csv.null-literal", "")]
                    .to_vec()
            }
            TableFormat::Json => [option("format", "json"), option("json.ignore-parse-errors", "true")].to_vec(),
        });
        options
    }

    /// Returns the least version of Flink that the job's text is written for.
    pub(super) fn version(&self) -> FlinkVersion {
        match self {
            Self::Kinesis { connector, .. } => least_version(*connector),
            Self::Files { version, .. } => *version,
        }
    }

    /// Reads and writes files, as the plan's target is written otherwise.
    pub(crate) fn files(plan: &Plan, folder: &str) -> Self {
        Self::Files { folder: folder.to_owned(), version: least_version(plan.target.connector) }
    }

    /// Returns whether a record's key comes from the columns that its table is partitioned by. Files would lose them.
    pub(super) fn has_partition_keys(&self) -> bool {
        matches!(self, Self::Kinesis { .. })
    }

    /// Returns what every table of a Kinesis stream says.
    fn kinesis(&self, stream: &str) -> Vec<TableOption> {
        let Self::Kinesis { connector, region, endpoint, local } = self else { return Vec::new() };
        let name = match connector {
            Connector::V4 => option("stream", stream),
            Connector::V5 | Connector::V6 => option(
                "stream.arn",
                format!("arn:${{AWS_PARTITION}}:kinesis:{region}:${{AWS_ACCOUNT_ID}}:stream/{stream}"),
            ),
        };
        let mut options = vec![option("connector", "kinesis"), name, option("aws.region", region)];
        options.extend(endpoint.as_ref().map(|endpoint| option("aws.endpoint", endpoint)));
        if *local {
            options.extend([
                TableOption {
                    note: Some("The endpoint wants a signature, and takes any."),
                    ..option("aws.credentials.provider", "BASIC")
                },
                option("aws.credentials.basic.accesskeyid", ANYBODY),
                option("aws.credentials.basic.secretkey", ANYBODY),
            ]);
        }
        options
    }
}

/// Returns the least version of Flink that a connector is for.
fn least_version(connector: Connector) -> FlinkVersion {
    match connector {
        Connector::V4 | Connector::V5 => (1, 20),
        Connector::V6 => (2, 0),
    }
}
