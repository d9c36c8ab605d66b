//! Templates of applications that AWS deleted, and what becomes of them.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
};

use serde_json::{Value, json};

use super::harness::{Done, Place};

/// What a template is brought over with, beside its own name.
const ARGUMENTS: &[(&str, &[&str])] =
    &[("intrinsics.yml", &["--parameter", "Environment=prod"]), ("sql_elsewhere.yml", &["--sql", "sql_elsewhere.sql"])];

/// Templates that need a hand after they were brought over: their reports say where.
const UNFINISHED: &[&str] = &["loop.yml", "reference_table.yml"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import")
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == ending)
}

/// The files of a folder that are templates, sorted.
fn templates(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| has_ending(name, "yml") || has_ending(name, "json")).collect();
    names.sort();
    names
}

fn pinned(folder: &str, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn stem(name: &str) -> &str {
    name.split('.').next().unwrap()
}

/// A place with everything of `tests/import`.
fn place() -> Place {
    let place = Place::empty();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            place.write(path.file_name().unwrap().to_str().unwrap(), &fs::read_to_string(&path).unwrap());
        }
    }
    place
}

fn import(place: &Place, name: &str) -> Done {
    let own = ARGUMENTS.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, arguments)| *arguments);
    place.pipe(&[&["import", name, "-o", "table"], own].concat())
}

#[test]
fn every_template_becomes_a_pipeline_that_checks() {
    let names = templates(&folder());
    assert!(names.len() >= 12, "{names:?}");
    for name in names {
        let place = place();
        let done = import(&place, &name);
        assert_eq!(done.stdout, "", "{name}");
        let check = place.pipe(&["check", "pipeline.toml"]);
        let codes = if UNFINISHED.contains(&name.as_str()) { (Some(1), Some(78)) } else { (Some(0), Some(0)) };
        assert_eq!((done.code(), check.code()), codes, "{name}: {done:?}");
        let mut written = format!("{}\n--- pipeline.toml\n{}", done.stderr, place.read("pipeline.toml"));
        for line in
            done.stderr.lines().filter_map(|line| line.strip_prefix("wrote ")).filter(|path| has_ending(path, "sql"))
        {
            written += &format!("\n--- {line}\n{}", place.read(line));
        }
        pinned("../import", stem(&name), &written);
    }
}

#[test]
fn every_mistake_of_a_template_has_its_place() {
    let broken = folder().join("broken");
    for name in templates(&broken) {
        let place = Place::empty();
        place.write(&name, &fs::read_to_string(broken.join(&name)).unwrap());
        let done = place.pipe(&["import", &name]);
        done.failed(78, &["error: "]);
        assert!(!place.has("pipeline.toml"), "{name}");
        pinned("../import/broken", stem(&name), &done.stderr);
    }
}

#[test]
fn what_is_written_runs_in_either_form() {
    let arguments = ["import", "sql_elsewhere.yml", "--sql", "sql_elsewhere.sql", "--keep-sql"];
    let mut counted = Vec::new();
    for arguments in [&arguments[..], &arguments[..4]] {
        let place = place();
        place.output(arguments);
        place.output(&["up", "--records", "20"]);
        // The last window is over once its second is.
        let up = place.up(&["--no-generator"]);
        up.settle();
        up.stop();
        let mut keys: BTreeMap<String, u64> = BTreeMap::new();
        for row in place.rows("OUT_A") {
            *keys.entry(row["K"].as_str().unwrap().to_owned()).or_default() += row["N"].as_u64().unwrap();
        }
        assert_eq!(keys.values().sum::<u64>(), 20, "{keys:?}");
        counted.push(keys);
    }
    assert_eq!(counted[0], counted[1], "the SQL as it was and its declared form");
}

#[test]
fn the_sql_is_kept_where_it_is_asked_for() {
    let place = place();
    let done = place.pipe(&["import", "tutorial.yml", "--keep-sql", "--out", "kept/app.toml"]);
    assert!(place.read("kept/app.toml").contains("sql_file = \"balance-analytics.sql\""), "{done:?}");
    let sql = place.read("kept/balance-analytics.sql");
    assert!(
        sql.starts_with("CREATE OR REPLACE STREAM \"DESTINATION_SQL_STREAM\" (\n    \"userName\" VARCHAR(8)"),
        "{sql}"
    );
}

#[test]
fn the_report_is_data_for_a_program() {
    let place = place();
    let lines = place.output(&["import", "tutorial.yml"]);
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let wide = rows.iter().find(|row| row["construct"] == "policy in `AnalyticsRole`").unwrap();
    assert_eq!((&wide["verdict"], &wide["line"]), (&json!("lint"), &json!(33)));
    let table = place.output(&["import", "tutorial.yml", "-o", "csv", "--out", "other.toml"]);
    assert_eq!(table.lines().next(), Some("verdict,construct,detail,help,line"));
    assert_eq!(table.lines().count(), rows.len() + 1);
}

#[test]
fn nothing_is_written_over() {
    let place = place();
    place.write("pipeline.toml", "mine");
    place.pipe(&["import", "tutorial.yml"]).failed(64, &["`pipeline.toml` is there already", "--out"]);
    place.write("click-alerts.sql", "mine");
    place
        .pipe(&["import", "several_pumps.yml", "--out", "new.toml"])
        .failed(64, &["`click-alerts.sql` is there already"]);
    assert_eq!((place.read("pipeline.toml").as_str(), place.has("new.toml")), ("mine", false));
}

#[test]
fn a_parameter_is_one_of_the_template() {
    let place = place();
    let done = place.pipe(&["import", "intrinsics.yml", "--parameter", "Enviroment=dev"]);
    done.failed(78, &["the template has no parameter `Enviroment`", "did you mean `Environment`?"]);
    place.pipe(&["import", "intrinsics.yml", "--parameter", "Environment"]).failed(64, &["expected NAME=VALUE"]);
    place.pipe(&["import"]).failed(64, &["TEMPLATE"]);
    place.pipe(&["import", "nowhere.yml"]).failed(1, &["`nowhere.yml` could not be read"]);
}

/// Answers calls of the API one by one, and returns what was asked.
fn answer(answers: Vec<(&'static str, Value)>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answering = thread::spawn(move || {
        let answer = |(status, body): (&str, Value)| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            let mut room = [0; 4096];
            // The body is one small object, the last thing that is sent.
            while !asked.ends_with(b"}") {
                let read = stream.read(&mut room).unwrap();
                assert!(read > 0, "the request ends early: {}", String::from_utf8_lossy(&asked));
                asked.extend_from_slice(&room[..read]);
            }
            let body = body.to_string();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
            String::from_utf8(asked).unwrap()
        };
        answers.into_iter().map(answer).collect()
    });
    (url, answering)
}

fn import_live(place: &Place, url: &str) -> Done {
    let arguments =
        ["import", "--application", "ticker", "--region", "eu-central-1", "--endpoint-url", url, "-o", "table"];
    let mut command = place.command(&arguments);
    command.env("AWS_ACCESS_KEY_ID", "pipe").env("AWS_SECRET_ACCESS_KEY", "pipe").env_remove("AWS_PROFILE");
    place.run(command)
}

/// An application as the first version of the API describes it.
fn described() -> Value {
    json!({ "ApplicationDetail": {
        "ApplicationName": "ticker",
        "ApplicationARN": "arn:aws:kinesisanalytics:eu-central-1:123456789012:application/ticker",
        "ApplicationStatus": "RUNNING",
        "ApplicationVersionId": 3,
        "CreateTimestamp": 1_500_000_000.0,
        "ApplicationCode": "CREATE STREAM \"OUT\" (\"ticker\" VARCHAR(8), \"high\" DOUBLE);\n\
            CREATE PUMP \"P\" AS INSERT INTO \"OUT\" SELECT STREAM \"ticker\", MAX(\"price\") FROM \"IN_001\"\n\
            GROUP BY \"ticker\", FLOOR(\"IN_001\".ROWTIME TO MINUTE);",
        "InputDescriptions": [{
            "InputId": "1.1",
            "NamePrefix": "IN",
            "InAppStreamNames": ["IN_001"],
            "InputParallelism": { "Count": 1 },
            "InputProcessingConfigurationDescription": { "InputLambdaProcessorDescription": {
                "ResourceARN": "arn:aws:lambda:eu-central-1:123456789012:function:clean",
                "RoleARN": "arn:aws:iam::123456789012:role/r"
            } },
            "KinesisStreamsInputDescription": {
                "ResourceARN": "arn:aws:kinesis:eu-central-1:123456789012:stream/trades",
                "RoleARN": "arn:aws:iam::123456789012:role/r"
            },
            "InputSchema": {
                "RecordFormat": {
                    "RecordFormatType": "JSON",
                    "MappingParameters": { "JSONMappingParameters": { "RecordRowPath": "$" } }
                },
                "RecordEncoding": "UTF-8",
                "RecordColumns": [
                    { "Name": "ticker", "Mapping": "$.quote.ticker", "SqlType": "VARCHAR(8)" },
                    { "Name": "price", "Mapping": "$.quote.price", "SqlType": "DOUBLE" }
                ]
            },
            "InputStartingPositionConfiguration": { "InputStartingPosition": "NOW" }
        }],
        "OutputDescriptions": [{
            "OutputId": "1.2",
            "Name": "OUT",
            "KinesisStreamsOutputDescription": {
                "ResourceARN": "arn:aws:kinesis:eu-central-1:123456789012:stream/highs",
                "RoleARN": "arn:aws:iam::123456789012:role/r"
            },
            "DestinationSchema": { "RecordFormatType": "JSON" }
        }],
        "ReferenceDataSourceDescriptions": [{
            "ReferenceId": "2.1",
            "TableName": "Companies",
            "S3ReferenceDataSourceDescription": {
                "BucketARN": "arn:aws:s3:::reference",
                "FileKey": "companies.csv",
                "ReferenceRoleARN": "arn:aws:iam::123456789012:role/r"
            },
            "ReferenceSchema": {
                "RecordFormat": {
                    "RecordFormatType": "CSV",
                    "MappingParameters": {
                        "CSVMappingParameters": { "RecordRowDelimiter": "\n", "RecordColumnDelimiter": "," }
                    }
                },
                "RecordColumns": [{ "Name": "ticker", "SqlType": "VARCHAR(8)" }]
            }
        }]
    } })
}

/// The same application as the second version describes it.
fn described_by_v2() -> Value {
    let mut detail = described()["ApplicationDetail"].take();
    let mut take = |name: &str| detail.as_object_mut().unwrap().remove(name).unwrap();
    let code = take("ApplicationCode");
    let sql = json!({
        "InputDescriptions": take("InputDescriptions"),
        "OutputDescriptions": take("OutputDescriptions"),
        "ReferenceDataSourceDescriptions": take("ReferenceDataSourceDescriptions"),
    });
    detail["RuntimeEnvironment"] = json!("SQL-1_0");
    detail["ApplicationConfigurationDescription"] = json!({
        "ApplicationCodeConfigurationDescription": {
            "CodeContentType": "PLAINTEXT",
            "CodeContentDescription": { "TextContent": code }
        },
        "SqlApplicationConfigurationDescription": sql
    });
    json!({ "ApplicationDetail": detail })
}

fn unknown() -> (&'static str, Value) {
    let refusal = json!({ "__type": "ResourceNotFoundException", "message": "Application ticker not found" });
    ("400 Bad Request", refusal)
}

/// Either version of the API tells the same.
#[test]
fn a_live_application_is_read_through_its_api() {
    let v2 = "KinesisAnalytics_20180523.DescribeApplication";
    let v1 = "KinesisAnalytics_20150814.DescribeApplication";
    let of_v2 = (vec![("200 OK", described_by_v2())], vec![v2]);
    let of_v1 = (vec![unknown(), ("200 OK", described())], vec![v2, v1]);
    for (answers, operations) in [of_v2, of_v1] {
        let place = Place::empty();
        let (url, answering) = answer(answers);
        let done = import_live(&place, &url);
        let asked = answering.join().unwrap();
        assert_eq!(asked.len(), operations.len());
        for (asked, operation) in asked.iter().zip(operations) {
            assert!(asked.contains(operation), "{asked}");
            assert!(asked.ends_with(r#"{"ApplicationName":"ticker"}"#), "{asked}");
        }
        // The file of its table is still in S3.
        assert_eq!(done.code(), Some(1), "{done:?}");
        pinned("../import", "live", &format!("{}\n--- pipeline.toml\n{}", done.stderr, place.read("pipeline.toml")));
    }
}

#[test]
fn an_application_that_is_not_there_is_said_so() {
    let place = Place::empty();
    let (url, answering) = answer(vec![unknown(), unknown()]);
    let done = import_live(&place, &url);
    answering.join().unwrap();
    done.failed(69, &["application `ticker` could not be read", "Application ticker not found", "--region"]);
    assert!(!done.stderr.contains("version 1 of the API"), "both said the same: {done:?}");
    assert!(!place.has("pipeline.toml"));
}

#[test]
fn an_application_of_flink_is_said_to_be_one() {
    let place = Place::empty();
    let mut described = described_by_v2();
    described["ApplicationDetail"]["RuntimeEnvironment"] = json!("FLINK-1_20");
    let (url, answering) = answer(vec![("200 OK", described)]);
    let done = import_live(&place, &url);
    answering.join().unwrap();
    done.failed(69, &["it is an application of FLINK-1_20, and only those of SQL-1_0 are brought over"]);
}
