//! An account that a pipeline goes to: a `MiniStack`, and a folder with the pipeline.

use std::process::Command;

use serde_json::{Value, json};

use super::super::harness::{Done, JAR, Place, Running};
use crate::{
    faults::Proxy,
    peers::ministack::{KEY, MiniStack},
};

const PIPELINE: &str = r#"
[pipeline]
name = "shop_visits"
description = "Visits by shop"

[streams.visits]
shards = 2
partition_key = "shop"
event_time = { column = "at", delay = "1s", idle = "5s" }
[streams.visits.columns]
at   = "TIMESTAMP(3)"
shop = "VARCHAR(8)"

[streams.counts]

[generators.visits]
rate = "200/s"
[generators.visits.fields]
at   = { kind = "now" }
shop = { kind = "choice", of = ["A", "B", "C", "D"] }

[queries.counts]
from = "visits"
window = { kind = "tumbling", size = "10s" }
group_by = ["shop"]
select = { visits = "COUNT(*)" }

[targets.aws]
region = "us-east-1"
endpoint_url = "URL"
connector = "4.x"
jar = "connector.jar"
# MiniStack has no alarms on a rate.
alarms = ["behind", "throttled", "down"]
"#;

/// The statuses of everything that is made, one call for each service.
const EVERYTHING: &str = r#"dict(
    stacks=sorted(s["StackName"] + " " + s["StackStatus"] for s in client("cloudformation").describe_stacks()["Stacks"]),
    streams=sorted(client("kinesis").list_streams()["StreamNames"]),
    objects=sorted(o["Key"] for b in client("s3").list_buckets()["Buckets"]
        for v in [client("s3").list_object_versions(Bucket=b["Name"])]
        for o in v.get("Versions", []) + v.get("DeleteMarkers", [])),
    roles=len(client("iam").list_roles()["Roles"]),
    groups=sorted(g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"]),
    applications=[n for n in ["shop_visits"] if is_there(client("kinesisanalyticsv2").describe_application, ApplicationName=n)],
    alarms=sorted(a["AlarmName"] for a in client("cloudwatch").describe_alarms()["MetricAlarms"]),
    dashboards=[d["DashboardName"] for d in client("cloudwatch").list_dashboards()["DashboardEntries"]],
    deliveries=client("firehose").list_delivery_streams()["DeliveryStreamNames"],
)"#;

const APPLICATION: &str = r#"(lambda d: dict(
    status=d["ApplicationStatus"],
    runtime=d["RuntimeEnvironment"],
    code=d["ApplicationConfigurationDescription"]["ApplicationCodeConfigurationDescription"]
        ["CodeContentDescription"]["S3ApplicationCodeLocationDescription"]["FileKey"],
    snapshots=[s["SnapshotStatus"] for s in client("kinesisanalyticsv2").list_application_snapshots(
        ApplicationName="shop_visits")["SnapshotSummaries"]],
))(client("kinesisanalyticsv2").describe_application(ApplicationName="shop_visits")["ApplicationDetail"])"#;

/// A place whose pipeline goes to a `MiniStack`.
pub(super) struct Cloud {
    pub(super) stack: MiniStack,
    pub(super) place: Place,
}

impl Cloud {
    pub(super) fn start(what: &str) -> Option<Self> {
        let stack = MiniStack::start(what)?;
        let place = Place::empty();
        place.write("connector.jar", JAR);
        let cloud = Self { stack, place };
        cloud.write(&cloud.stack.url(), &[]);
        Some(cloud)
    }

    /// Starts one that is asked through a proxy, in which nothing goes wrong yet.
    pub(super) fn behind_proxy(what: &str) -> Option<(Self, Proxy)> {
        let cloud = Self::start(what)?;
        let proxy = Proxy::start(&cloud.stack.url(), 1, &[]);
        cloud.write(&proxy.url(), &[]);
        Some((cloud, proxy))
    }

    /// Writes the pipeline with changes.
    pub(super) fn write(&self, url: &str, changes: &[(&str, &str)]) {
        let mut text = PIPELINE.replace("URL", url);
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        self.place.write("pipeline.toml", &text);
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(arguments);
        command.envs(KEY).env_remove("AWS_PROFILE").env_remove("AWS_ENDPOINT_URL");
        command
    }

    pub(super) fn pipe(&self, arguments: &[&str]) -> Done {
        self.place.run(self.command(arguments))
    }

    pub(super) fn start_pipe(&self, arguments: &[&str]) -> Running {
        self.place.spawn(self.command(arguments))
    }

    pub(super) fn good(&self, arguments: &[&str]) -> Done {
        let done = self.pipe(arguments);
        assert_eq!(done.code(), Some(0), "{arguments:?}: {done:?}");
        self.expect_no_secret(&done);
        done
    }

    pub(super) fn plan(&self, code: i32) -> Value {
        let done = self.pipe(&["plan", "--target", "aws", "--detailed-exitcode", "-o", "json"]);
        assert_eq!(done.code(), Some(code), "{done:?}");
        self.expect_no_secret(&done);
        serde_json::from_str(&done.stdout).unwrap()
    }

    /// What is secret is nowhere that a person or another program sees.
    pub(super) fn expect_no_secret(&self, done: &Done) {
        let secret = KEY[1].1;
        assert!(!done.stdout.contains(secret) && !done.stderr.contains(secret), "{done:?}");
        let grep = Command::new("grep").args(["-r", "-l", secret, ".pipe"]).current_dir(self.place.path()).output();
        assert_eq!(String::from_utf8_lossy(&grep.unwrap().stdout), "");
    }

    pub(super) fn everything(&self) -> Value {
        self.stack.ask(EVERYTHING)
    }

    pub(super) fn application(&self) -> Value {
        self.stack.ask(APPLICATION)
    }

    /// What is left when everything is gone: the bucket that all pipelines share.
    pub(super) fn expect_nothing(&self) {
        let left = self.everything();
        let stacks: Vec<&str> = left["stacks"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(stacks.iter().all(|stack| *stack == "pipe-code CREATE_COMPLETE"), "{left}");
        for what in ["streams", "objects", "groups", "applications", "alarms", "dashboards", "deliveries"] {
            assert_eq!(left[what], json!([]), "{left}");
        }
        assert_eq!(left["roles"], 0, "{left}");
        assert!(!self.place.has(".pipe/shop_visits/aws.json"));
    }
}
