//! The code that `pipe up --target aws` uploads, at work: on a real Flink that starts it as Managed Service for Apache Flink
//! does, with the properties that the application in the stack has.

use super::{
    flink::{TRADES, lines, put, trades},
    harness::{Done, Place, wait_for},
};
use crate::{
    faults::Proxy,
    peers::{
        self,
        managed_flink::ManagedFlink,
        ministack::{KEY, MiniStack},
    },
    suite::equality::{assert_same_rows, embedded, plan},
};

/// What serves the streams on this machine; its own query writes nothing.
const KINESIS: &str = r#"
[pipeline]
name = "kinesis"

[streams.trades]
shards = 2
partition_key = "ticker"
[streams.trades.columns]
ticker = "VARCHAR(8)"

[streams.averages]

[queries.averages]
from = "trades"
where = "ticker = 'NOBODY'"
"#;

/// The application as the service describes it: where its code is, what it is told, and its role.
pub(super) const APPLICATION: &str = r#"(lambda d: dict(
    role=d["ServiceExecutionRole"],
    code=d["ApplicationConfigurationDescription"]["ApplicationCodeConfigurationDescription"]
        ["CodeContentDescription"]["S3ApplicationCodeLocationDescription"],
    properties=d["ApplicationConfigurationDescription"]["EnvironmentPropertyDescriptions"]["PropertyGroupDescriptions"],
    parallelism=d["ApplicationConfigurationDescription"]["FlinkApplicationConfigurationDescription"]
        ["ParallelismConfigurationDescription"],
))(client("kinesisanalyticsv2").describe_application(ApplicationName="packaged")["ApplicationDetail"])"#;

const TARGET: &str = r#"
[targets.aws]
region = "us-east-1"
connector = "4.x"
endpoint_url = "URL"
# MiniStack has no alarms on a rate.
alarms = ["behind", "throttled", "down"]
"#;

pub(super) fn pipeline(endpoint: &str) -> String {
    TRADES.replace("NAME", "packaged") + &target(endpoint)
}

pub(super) fn target(endpoint: &str) -> String {
    TARGET.replace("URL", endpoint)
}

/// Runs a command that is to succeed, with somebody's key where an endpoint is.
pub(super) fn pipe(place: &Place, endpoint: &str, key: &[(&str, &str)], arguments: &[&str]) -> Done {
    let mut command = place.command(arguments);
    command.envs(key.iter().copied()).env_remove("AWS_SESSION_TOKEN").env_remove("AWS_PROFILE");
    command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "us-east-1");
    let done = place.run(command);
    assert_eq!(done.code(), Some(0), "{arguments:?}: {done:?}");
    done
}

/// Has the service start the application with the very bytes that lie in the bucket, and waits until it runs.
pub(super) fn start(service: &ManagedFlink, stack: &MiniStack, place: &Place) {
    let application = stack.ask(APPLICATION);
    let (bucket, key) = (&application["code"]["BucketARN"], &application["code"]["FileKey"]);
    let zip = place.path().join("code.zip");
    stack.ask(&format!(r#"client("s3").download_file({bucket}.split(":::")[1], {key}, "{}")"#, zip.display()));
    let parallelism = application["parallelism"]["Parallelism"].as_u64().unwrap();
    service.run(&zip, &application["properties"], parallelism);
    wait_for("the job to run", || {
        let jobs = service.jobs();
        assert!(!jobs.iter().any(|job| job.contains("FAILED")), "{jobs:?}");
        (jobs == ["packaged RUNNING"]).then_some(())
    });
}

#[test]
fn the_zip_in_the_bucket_gives_the_rows_of_the_embedded_engine() {
    const WHAT: &str = "the uploaded zip on a real Flink";
    let Some(venv) = peers::environment(WHAT) else { return };
    let Some(stack) = MiniStack::start(WHAT) else { return };
    // Streams here take any right.
    let Some(service) = ManagedFlink::start("packaged", &KEY, WHAT) else { return };
    let kinesis = Place::new(KINESIS);
    let up = kinesis.up(&[]);
    let proxy = Proxy::start(&stack.url(), 1, &[]);
    let (text, records) = (pipeline(&proxy.url()), trades(4000));
    let plan = plan(&text);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ours = runtime.block_on(embedded(&plan, "averages", "trades", &records));
    assert!(ours.len() >= 140, "{}", ours.len());

    let place = Place::new(&text);
    pipe(&place, &proxy.url(), &KEY, &["up", "--target", "aws", "--detach"]);
    // To the target one endpoint is all of AWS; from now on its streams are those that the application reads and writes.
    proxy.route("Kinesis_20131202", &up.client.url());
    start(&service, &stack, &place);
    put(&venv, &place, &up.client.url(), &records);
    let count = ours.len().to_string();
    let tail = ["tail", "kinesis://averages", "--from", "earliest", "-n", &count, "-o", "json"];
    let done = pipe(&place, &proxy.url(), &KEY, &tail);
    assert_same_rows(&plan, "averages", &ours, &lines(&done.stdout));
    assert_eq!(service.jobs(), ["packaged RUNNING"]);

    pipe(&place, &proxy.url(), &KEY, &["down", "--yes"]);
    drop(service);
    up.stop();
    assert_eq!(kinesis.stored("kinesis", "averages").len(), ours.len(), "no row came twice");
}
