//! `pipe up --target aws` and what follows, against `MiniStack`. What was made is read back through the service's own API.

mod cloud;
mod in_the_way;

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpListener,
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use self::cloud::Cloud;
use super::harness::{Place, wait_for};
use crate::faults::{Fault, Proxy};

/// What `up` and `down` call, but for S3, whose calls have no names.
const OPERATIONS: [&str; 12] = [
    "CreateChangeSet",
    "DeleteStack",
    "DescribeApplication",
    "DescribeChangeSet",
    "DescribeStackEvents",
    "DescribeStacks",
    "ExecuteChangeSet",
    "GetCallerIdentity",
    "GetTemplate",
    "ListApplicationSnapshots",
    "StartApplication",
    "StopApplication",
];

fn signs(planned: &Value) -> Vec<&str> {
    planned["changes"].as_array().unwrap().iter().map(|change| change["change"].as_str().unwrap()).collect()
}

/// Looks at a pipeline that is up, from where it was put to work and from elsewhere, with its file and without.
fn expect_seen(cloud: Cloud) -> Cloud {
    let stands: Value = serde_json::from_str(&cloud.good(&["status", "-o", "json"]).stdout).unwrap();
    let stands = &stands["aws"];
    assert_eq!((&stands["running"], &stands["account"]), (&json!(true), &json!("000000000000")), "{stands}");
    assert_eq!(stands["stack"]["state"], "CREATE_COMPLETE", "{stands}");
    assert_eq!(stands["application"], json!({ "name": "shop_visits", "state": "RUNNING" }));
    let stream = |name: &str, shards: u32| json!({ "name": name, "shards": shards, "state": "ACTIVE" });
    assert_eq!(stands["streams"], json!([stream("counts", 1), stream("visits", 2)]));
    let tail = ["tail", "--stream", "visits", "--from", "earliest", "-n", "400", "-o", "json"];
    assert_eq!(cloud.good(&tail).stdout.lines().count(), 400);
    // Who did not put it there sees it too, and from where it was put there it is seen without its file.
    let other = Cloud { stack: cloud.stack, place: Place::empty() };
    other.write(&other.stack.url(), &[]);
    for arguments in [&["status", "--target", "aws", "-o", "table"][..], &["tail", "--target", "aws", "--for", "1ms"]] {
        let done = other.good(arguments);
        assert!(done.stdout.is_empty() || done.stdout.contains("application shop_visits is RUNNING"), "{done:?}");
    }
    assert!(other.good(&["status"]).stderr.contains("does not run"));
    other.pipe(&["tail"]).failed(69, &["--target"]);
    other.pipe(&["status", "--target", "local"]).failed(64, &["has no stack on AWS"]);
    let cloud = Cloud { stack: other.stack, place: cloud.place };
    std::fs::rename(cloud.place.path().join("pipeline.toml"), cloud.place.path().join("away")).unwrap();
    assert!(cloud.good(&["status", "-o", "table"]).stdout.contains("stack shop-visits is CREATE_COMPLETE"));
    cloud.pipe(&["tail"]).failed(64, &["name a stream with --stream: one of counts, visits"]);
    std::fs::rename(cloud.place.path().join("away"), cloud.place.path().join("pipeline.toml")).unwrap();
    cloud
}

#[test]
fn a_pipeline_goes_up_changes_and_comes_down_whole() {
    let Some(cloud) = Cloud::start("a pipeline on AWS") else { return };
    let planned = cloud.plan(2);
    assert!(planned["changes"].as_array().unwrap().iter().all(|change| change["change"] == "create"), "{planned}");
    let resources = planned["changes"].as_array().unwrap().len();
    assert_eq!(cloud.everything()["stacks"], json!([]), "a plan makes nothing");
    let done = cloud.good(&["up", "--target", "aws", "--records", "400", "-o", "json"]);
    for said in
        ["making the bucket", "uploading", "starting application shop_visits", "the application shop_visits runs"]
    {
        assert!(done.stderr.contains(said), "{said}: {done:?}");
    }
    let all = cloud.everything();
    assert_eq!(all["stacks"], json!(["pipe-code CREATE_COMPLETE", "shop-visits CREATE_COMPLETE"]));
    assert_eq!(all["streams"], json!(["counts", "visits"]));
    assert_eq!(all["groups"], json!(["/aws/kinesis-analytics/shop_visits"]));
    assert_eq!((all["alarms"].as_array().unwrap().len(), &all["applications"]), (6, &json!(["shop_visits"])), "{all}");
    assert_eq!(all["dashboards"].as_array().unwrap().len(), 1, "{all}");
    let first = cloud.application();
    assert_eq!((&first["status"], &first["runtime"]), (&json!("RUNNING"), &json!("FLINK-1_20")));
    assert_eq!(all["objects"], json!([first["code"]]), "the application has the code that was put there");
    let count = cloud.stack.ask(
        r#"sum(len(k.get_records(ShardIterator=k.get_shard_iterator(StreamName="visits", ShardId=s["ShardId"],
            ShardIteratorType="TRIM_HORIZON")["ShardIterator"])["Records"])
            for k in [client("kinesis")] for s in k.list_shards(StreamName="visits")["Shards"])"#,
    );
    assert_eq!(count, 400, "the generator's records are in Kinesis");
    let bucket = cloud.stack.ask(
        r#"(lambda s, b: dict(
            versions=s.get_bucket_versioning(Bucket=b)["Status"],
            public=s.get_public_access_block(Bucket=b)["PublicAccessBlockConfiguration"],
            encryption=len(s.get_bucket_encryption(Bucket=b)["ServerSideEncryptionConfiguration"]["Rules"]),
            policy=s.get_bucket_policy(Bucket=b)["Policy"],
        ))(client("s3"), client("s3").list_buckets()["Buckets"][0]["Name"])"#,
    );
    assert_eq!((&bucket["versions"], &bucket["encryption"]), (&json!("Enabled"), &json!(1)), "{bucket}");
    assert!(bucket["public"].as_object().unwrap().values().all(|closed| closed == true), "{bucket}");
    assert!(bucket["policy"].as_str().unwrap().contains("aws:SecureTransport"), "{bucket}");

    let cloud = expect_seen(cloud);

    let planned = cloud.plan(0);
    assert_eq!(signs(&planned), vec!["keep"; resources], "{planned}");
    // What somebody changes by hand is seen.
    let keep = |days: u32| {
        let group = "/aws/kinesis-analytics/shop_visits";
        cloud.stack.ask(&format!(
            r#"client("logs").put_retention_policy(logGroupName="{group}", retentionInDays={days}) and None"#
        ));
    };
    keep(7);
    let planned = cloud.plan(0);
    let notes = planned["notes"].to_string();
    assert!(notes.contains("drift: ApplicationLogGroup: RetentionInDays is 7, and the template says 14"), "{notes}");
    keep(14);
    assert!(!cloud.plan(0)["notes"].to_string().contains("drift"));

    // The same once more is nothing, and the most that can be said has no secret in it.
    cloud.good(&["status", "-v"]);
    let done = cloud.good(&["up", "--target", "aws", "-d", "-v"]);
    assert!(done.stderr.contains("the stack shop_visits is as the file says"), "{done:?}");
    assert_eq!(cloud.application(), first);

    // Another query is other code: the application rests meanwhile, with a snapshot, and the old code goes.
    cloud.write(&cloud.stack.url(), &[("COUNT(*)", "COUNT(*) + 1")]);
    let planned = cloud.plan(2);
    let changed: Vec<&Value> =
        planned["changes"].as_array().unwrap().iter().filter(|change| change["change"] != "keep").collect();
    let application = changed.iter().find(|change| change["name"] == "Application").unwrap();
    assert_eq!(application["change"], "update", "{planned}");
    assert!(application["reasons"].to_string().contains("CodeKey"), "{planned}");
    assert!(application["state"].as_str().unwrap().contains("snapshot"), "{planned}");
    assert_eq!(cloud.application(), first, "a plan changes nothing");
    let done = cloud.good(&["up", "--target", "aws", "-d"]);
    for said in ["~    Application", "with a snapshot of its windows", "from snapshot"] {
        assert!(done.stderr.contains(said), "{said}: {done:?}");
    }
    let second = cloud.application();
    assert_eq!((&second["status"], &second["snapshots"]), (&json!("RUNNING"), &json!(["READY"])));
    assert_ne!(second["code"], first["code"]);
    assert_eq!(cloud.everything()["objects"], json!([second["code"]]));

    cloud.pipe(&["down"]).failed(1, &["needs a yes", "--yes"]);
    let done = cloud.good(&["down", "--yes"]);
    assert!(done.stderr.contains("the bucket pipe-code-000000000000-us-east-1 stays"), "{done:?}");
    cloud.expect_nothing();
    // What is absent is as it should be.
    let done = cloud.good(&["down", "--yes"]);
    assert!(done.stderr.contains("`pipe down pipeline.toml --target aws` removes it from here too"), "{done:?}");
    cloud.good(&["down", "--target", "aws", "--yes"]);
    cloud.expect_nothing();
    assert!(cloud.good(&["status", "--target", "aws", "-o", "table"]).stdout.contains("there is no stack shop-visits"));
}

#[test]
fn a_rollout_that_is_killed_anywhere_goes_on_and_can_be_removed() {
    let Some((cloud, proxy)) = Cloud::behind_proxy("a rollout on AWS that is killed") else { return };
    // How many calls there are: each is a moment to be killed in.
    cloud.good(&["up", "--target", "aws", "-d"]);
    let up = proxy.operations();
    cloud.good(&["down", "--yes"]);
    let down = proxy.operations().len() - up.len();
    assert!(up.len() > 15 && down > 8, "{up:?} and {down}");
    let killed = |arguments: &[&str], nth: usize| {
        let before = proxy.operations().len();
        proxy.set(&[Fault::on("*").calls(nth..nth + 1).delayed(Duration::from_mins(10))]);
        let mut running = cloud.start_pipe(arguments);
        wait_for("the call to be killed in", || {
            (running.has_ended() || proxy.operations().len() > before + nth).then_some(())
        });
        drop(running);
        proxy.set(&[]);
    };
    let mut in_down = 0;
    for (nth, operation) in up.iter().enumerate() {
        killed(&["up", "--target", "aws", "-d"], nth);
        if nth % 3 == 0 {
            // What is half there is removed as well as what is whole.
            cloud.good(&["down", "--target", "aws", "--yes"]);
            cloud.expect_nothing();
            continue;
        }
        cloud.good(&["up", "--target", "aws", "-d"]);
        assert_eq!(cloud.application()["status"], "RUNNING", "killed in call {nth}, {operation}");
        killed(&["down", "--yes"], in_down % down);
        in_down += 1;
        cloud.good(&["down", "--target", "aws", "--yes"]);
        cloud.expect_nothing();
    }
    assert!(in_down >= down, "`down` was not killed in each of its calls");

    // What runs and is changed is stopped, changed and started: each is a moment, too.
    cloud.good(&["up", "--target", "aws", "-d"]);
    let change = |nth: usize| cloud.write(&proxy.url(), &[("COUNT(*)", &format!("COUNT(*) + {nth}"))]);
    change(1000);
    let before = proxy.operations().len();
    cloud.good(&["up", "--target", "aws", "-d"]);
    let update = proxy.operations()[before..].to_vec();
    assert!(update.iter().any(|operation| operation == "StopApplication"), "{update:?}");
    for (nth, operation) in update.iter().enumerate() {
        let ran = cloud.application()["code"].clone();
        change(nth);
        killed(&["up", "--target", "aws", "-d"], nth);
        cloud.good(&["up", "--target", "aws", "-d"]);
        let runs = cloud.application();
        assert_eq!(runs["status"], "RUNNING", "killed in call {nth}, {operation}");
        assert_ne!(runs["code"], ran, "killed in call {nth}, {operation}");
        assert_eq!(cloud.everything()["objects"], json!([runs["code"]]), "killed in call {nth}, {operation}");
        let note: Value = serde_json::from_str(&cloud.place.read(".pipe/shop_visits/aws.json")).unwrap();
        assert_eq!(note["before"], Value::Null, "killed in call {nth}, {operation}");
    }
    cloud.good(&["down", "--yes"]);
    cloud.expect_nothing();
}

#[test]
fn calls_that_are_throttled_or_fail_are_made_again() {
    let Some(cloud) = Cloud::start("AWS calls that fail") else { return };
    let every =
        |fault: fn(Fault) -> Fault| OPERATIONS.map(|operation| fault(Fault::on(operation).calls(0..1))).to_vec();
    let faults = [
        every(|fault| fault.refused("ThrottlingException")),
        every(|fault| fault.answered(500, "InternalFailure")),
        vec![Fault::on("*").every(2).answered(503, "SlowDown")],
        vec![Fault::on("*").every(3).closed()],
        // What is carried out and not heard of is asked for again.
        every(Fault::unheard),
        vec![Fault::on("*").every(3).unheard()],
    ];
    for fault in faults {
        let proxy = Proxy::start(&cloud.stack.url(), 7, &fault);
        cloud.write(&proxy.url(), &[]);
        cloud.good(&["up", "--target", "aws", "-d"]);
        assert_eq!(cloud.application()["status"], "RUNNING");
        cloud.write(&proxy.url(), &[("COUNT(*)", "COUNT(*) + 1")]);
        cloud.good(&["up", "--target", "aws", "-d"]);
        cloud.good(&["down", "--yes"]);
        cloud.expect_nothing();
        let operations: BTreeSet<String> = proxy.operations().into_iter().collect();
        let known = |operation: &String| OPERATIONS.contains(&operation.as_str());
        let others: Vec<&String> = operations.iter().filter(|operation| !known(operation)).collect();
        assert!(others.iter().all(|operation| !operation.starts_with(char::is_lowercase)), "{others:?}");
        assert!(operations.iter().any(|operation| proxy.faulted(operation) > 0));
        for operation in OPERATIONS {
            assert!(operations.contains(operation), "{operation} is not called any more: {operations:?}");
        }
    }
}

#[test]
fn what_does_not_run_is_put_back_to_what_ran() {
    let Some((cloud, proxy)) = Cloud::behind_proxy("an update on AWS that fails") else { return };
    cloud.good(&["up", "--target", "aws", "-d"]);
    let good = cloud.application();
    // Once started, the new version says for a while that it does not run.
    cloud.write(&proxy.url(), &[("COUNT(*)", "COUNT(*) + 1")]);
    let silent = Fault::on("DescribeApplication").calls(4..13).saying("\"READY\"", "\"RUNNING\"");
    proxy.set(&[silent]);
    let done = cloud.pipe(&["up", "--target", "aws", "-d"]);
    done.failed(1, &["rolled back", "does not run", "aws logs tail"]);
    proxy.set(&[]);
    assert_eq!(cloud.application()["code"], good["code"]);
    assert_eq!(cloud.application()["status"], "RUNNING");
    cloud.good(&["down", "--yes"]);
    cloud.expect_nothing();
}

/// Starts a server that is nothing like AWS.
fn something_else() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 1 << 14];
            if stream.read(&mut request).is_ok() {
                stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\nconnection: close\r\n\r\nnone").ok();
            }
        }
    });
    url
}

#[test]
fn what_aws_refuses_comes_with_what_to_do() {
    let Some(cloud) = Cloud::start("refusals of AWS") else { return };
    let url = cloud.stack.url();
    let proxy = Proxy::start(&url, 1, &[]);
    let refused = |fault: Fault, code: i32, words: &[&str]| {
        proxy.set(&[fault]);
        cloud.write(&proxy.url(), &[]);
        cloud.pipe(&["up", "--target", "aws", "-d", "--yes"]).failed(code, words);
    };
    refused(Fault::on("GetCallerIdentity").refused("ExpiredToken"), 69, &["ExpiredToken", "aws sso login"]);
    refused(Fault::on("GetCallerIdentity").refused("InvalidClientTokenId"), 69, &["does not know these credentials"]);
    refused(Fault::on("CreateChangeSet").refused("AccessDenied"), 77, &["CreateChangeSet", "permission"]);
    refused(Fault::on("CreateChangeSet").refused("LimitExceededException"), 1, &["Service Quotas"]);
    proxy.set(&[]);
    // Nothing to sign with, and nobody there.
    let mut command = cloud.place.command(&["up", "--target", "aws", "-d", "--yes"]);
    for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"] {
        command.env_remove(variable);
    }
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", cloud.place.path());
    cloud.place.run(command).failed(69, &["credentials", "AWS_PROFILE"]);
    cloud.write("http://127.0.0.1:9", &[]);
    cloud.pipe(&["up", "--target", "aws", "-d", "--yes"]).failed(69, &["endpoint_url"]);
    // Somebody else there, and no address at all.
    cloud.write(&something_else(), &[]);
    cloud.pipe(&["status", "--target", "aws"]).failed(69, &["answers, and not as AWS does", "something else is there"]);
    cloud.write("", &[("endpoint_url = \"\"\n", "")]);
    for (variable, value, words) in [
        ("AWS_ENDPOINT_URL", "", ["AWS_ENDPOINT_URL is set, and to nothing", "unset it"]),
        ("AWS_ENDPOINT_URL_S3", "", ["AWS_ENDPOINT_URL_S3 is set, and to nothing", "unset it"]),
    ] {
        let mut command = cloud.command(&["status", "--target", "aws"]);
        cloud
            .place
            .run({
                command.env(variable, value);
                command
            })
            .failed(69, &words);
    }
    let mut command = cloud.command(&["status", "--target", "aws"]);
    command.env("AWS_ENDPOINT_URL", "nonsense");
    let done = cloud.place.run(command);
    done.failed(69, &["`nonsense`: endpoint must contain scheme", "AWS_ENDPOINT_URL"]);
    assert!(!done.stderr.contains("SdkBody"), "{done:?}");
    let url = proxy.url();
    cloud.write(&url, &[("region = \"us-east-1\"\n", "")]);
    let mut command = cloud.command(&["up", "--target", "aws", "-d", "--yes"]);
    command.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION").env("HOME", cloud.place.path());
    cloud.place.run(command).failed(69, &["no AWS region is set", "AWS_REGION"]);
    let mut command = cloud.command(&["up", "--target", "aws", "-d", "--yes"]);
    command.env("AWS_REGION", "").env_remove("AWS_DEFAULT_REGION").env("HOME", cloud.place.path());
    cloud.place.run(command).failed(69, &["no AWS region is set", "AWS_REGION"]);
    cloud.write(&url, &[("connector.jar", "missing.jar")]);
    for command in ["up -d --yes", "plan"] {
        let arguments: Vec<&str> = command.split(' ').chain(["--target", "aws"]).collect();
        cloud.pipe(&arguments).failed(69, &["missing.jar", "`jar` names a file"]);
    }
    cloud.place.write("no.jar", "no jar");
    cloud.write(&url, &[("connector.jar", "no.jar")]);
    cloud.pipe(&["up", "--target", "aws", "-d", "--yes"]).failed(69, &["it is no jar"]);
    cloud.write(
        &url,
        &[(
            "connector.jar\"",
            "connector.jar\"\njar_sha256 = \"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"",
        )],
    );
    cloud.pipe(&["up", "--target", "aws", "-d", "--yes"]).failed(69, &["SHA-256", "jar_sha256"]);
    cloud.write(&url, &[("connector.jar\"", "connector.jar\"\nbucket = \"nobodys-bucket\"")]);
    cloud.pipe(&["up", "--target", "aws", "-d", "--yes"]).failed(69, &["the bucket `nobodys-bucket`"]);
    let note = cloud.place.read(".pipe/shop_visits/aws.json");
    assert!(!note.contains("nobodys-bucket"), "what is not there holds nothing that is to go: {note}");
    assert_eq!(proxy.calls("StartApplication"), 0);
    assert_eq!(cloud.everything()["streams"], json!([]));
}

#[test]
fn what_stays_of_an_archive_is_told_with_what_it_costs() {
    let Some(cloud) = Cloud::start("an archive on AWS") else { return };
    cloud.write(&cloud.stack.url(), &[("alarms = ", "archive = [\"visits\"]\nalarms = ")]);
    cloud.good(&["up", "--target", "aws", "-d"]);
    let bucket = cloud.stack.ask(
        r#"[o["OutputValue"] for o in client("cloudformation").describe_stacks(StackName="shop-visits")["Stacks"][0]["Outputs"]
            if o["OutputKey"] == "ArchiveBucketName"][0]"#,
    );
    let bucket = bucket.as_str().unwrap();
    for _ in 0..2 {
        cloud.stack.ask(&format!(
            r#"client("s3").put_object(Bucket="{bucket}", Key="visits/1", Body=b"x" * 30_000_000) and None"#
        ));
    }
    let done = cloud.good(&["down", "--yes"]);
    let told = format!(
        "the bucket {bucket} with the archive stays, with 2 objects of 0.056 GB together: less than a cent a month"
    );
    assert!(done.stderr.contains(&told), "{told}: {done:?}");
    assert!(done.stderr.contains("at $0.023 a gigabyte (as of "), "{done:?}");
    let kept = cloud.stack.ask(&format!(r#"client("s3").list_object_versions(Bucket="{bucket}")["Versions"]"#));
    assert_eq!(kept.as_array().unwrap().len(), 2, "what was archived stays");
}

#[test]
fn a_stack_of_many_streams_goes_up_through_the_bucket() {
    let Some(cloud) = Cloud::start("a long template") else { return };
    let streams: Vec<String> =
        (0..60).map(|nth| format!("[streams.kept_{nth}]\ncolumns = {{ shop = \"VARCHAR(8)\" }}\n")).collect();
    cloud.write(&cloud.stack.url(), &[("[streams.counts]", &(streams.concat() + "[streams.counts]"))]);
    cloud.good(&["render", "--out", "rendered"]);
    assert!(cloud.place.read("rendered/aws/template.yaml").len() > 51_200);
    cloud.good(&["up", "--target", "aws", "-d"]);
    assert_eq!(cloud.everything()["streams"].as_array().unwrap().len(), 62);
    let planned = cloud.plan(0);
    assert!(planned["notes"].to_string().contains("longer than the 51200 bytes"), "{}", planned["notes"]);
    cloud.write(&cloud.stack.url(), &[("[streams.counts]", &(streams[1..].concat() + "[streams.counts]\nshards = 2"))]);
    let planned = cloud.plan(2);
    let changed = planned["changes"].as_array().unwrap().iter().filter(|change| change["change"] != "keep");
    let changed: Vec<String> =
        changed.map(|change| format!("{} {}", change["change"], change["what"]).replace('"', "")).collect();
    let expected = [
        "remove AWS::CloudWatch::Alarm",
        "remove AWS::Kinesis::Stream",
        "remove AWS::CloudWatch::Alarm",
        "update AWS::Kinesis::Stream",
        "update AWS::CloudWatch::Dashboard",
    ];
    assert_eq!(changed, expected, "{planned}");
    // Another query is another key, which stands in no template.
    let all = streams.concat() + "[streams.counts]";
    cloud.write(&cloud.stack.url(), &[("[streams.counts]", &all), ("COUNT(*)", "COUNT(*) + 1")]);
    let planned = cloud.plan(2);
    let application =
        planned["changes"].as_array().unwrap().iter().find(|change| change["name"] == "Application").unwrap();
    assert_eq!((&application["change"], &application["reasons"]), (&json!("update"), &json!(["CodeKey"])), "{planned}");
    cloud.write(&cloud.stack.url(), &[("[streams.counts]", &all)]);
    let done = cloud.good(&["up", "--target", "aws", "-d"]);
    assert!(done.stderr.contains("is as the file says"), "{done:?}");
    cloud.good(&["down", "--yes"]);
    cloud.expect_nothing();
}

#[test]
fn a_rollout_that_is_interrupted_says_what_goes_on_and_goes_on_itself() {
    let Some((cloud, proxy)) = Cloud::behind_proxy("a rollout on AWS that is interrupted") else { return };
    for operation in ["CreateChangeSet", "ExecuteChangeSet", "StartApplication"] {
        proxy.set(&[Fault::on(operation).delayed(Duration::from_mins(10))]);
        let before = proxy.calls(operation);
        let running = cloud.start_pipe(&["up", "--target", "aws", "-d"]);
        wait_for(operation, || (proxy.calls(operation) > before).then_some(()));
        running.interrupt();
        let done = running.ended();
        done.failed(
            130,
            &[
                "broken off",
                "`pipe up pipeline.toml --target aws` goes on with it",
                "`pipe down pipeline.toml --target aws` removes it",
            ],
        );
        proxy.set(&[]);
    }
    cloud.good(&["up", "--target", "aws", "-d"]);
    assert_eq!(cloud.application()["status"], "RUNNING");
    proxy.set(&[Fault::on("DeleteStack").delayed(Duration::from_mins(10))]);
    let running = cloud.start_pipe(&["down", "--yes"]);
    wait_for("DeleteStack", || (proxy.calls("DeleteStack") > 0).then_some(()));
    running.interrupt();
    running.ended().failed(130, &["broken off", "the same command again removes the rest"]);
    proxy.set(&[]);
    cloud.good(&["down", "--yes"]);
    cloud.expect_nothing();
}

#[test]
fn no_record_of_a_generator_is_lost_when_up_is_killed_and_entries_are_refused() {
    let Some(cloud) = Cloud::start("a generator on AWS that is killed") else { return };
    let proxy = Proxy::start(&cloud.stack.url(), 5, &[Fault::on("PutRecords").entries(0.1)]);
    cloud.write(
        &proxy.url(),
        &[
            ("shop = \"VARCHAR(8)\"", "shop = \"VARCHAR(8)\"\nnumber = \"BIGINT\""),
            ("at   = { kind = \"now\" }", "at = { kind = \"now\" }\nnumber = { kind = \"sequence\" }"),
        ],
    );
    let generated = || {
        let text = cloud
            .place
            .has(".pipe/shop_visits/generated.json")
            .then(|| cloud.place.read(".pipe/shop_visits/generated.json"));
        text.and_then(|text| serde_json::from_str::<Value>(&text).ok()?["visits"].as_u64()).unwrap_or(0)
    };
    for _ in 0..4 {
        let noted = generated();
        let running = cloud.start_pipe(&["up", "--target", "aws"]);
        // Some records after it was noted how far the generator is, which is not noted any more.
        wait_for("a note", || (generated() > noted + 100).then_some(()));
        let before = proxy.calls("PutRecords");
        wait_for("records to be put", || (proxy.calls("PutRecords") > before + 5).then_some(()));
        drop(running);
    }
    cloud.good(&["up", "--target", "aws", "--records", "300"]);
    assert!(proxy.faulted("PutRecords") > 20);
    let numbers = cloud.stack.ask(
        r#"[json.loads(r["Data"])["number"] for k in [client("kinesis")] for s in k.list_shards(StreamName="visits")["Shards"]
            for r in k.get_records(ShardIterator=k.get_shard_iterator(StreamName="visits", ShardId=s["ShardId"],
            ShardIteratorType="TRIM_HORIZON")["ShardIterator"])["Records"]]"#,
    );
    let numbers: Vec<u64> = numbers.as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect();
    let different: BTreeSet<u64> = numbers.iter().copied().collect();
    assert!(different.len() > 500, "{}", different.len());
    assert!(different.iter().copied().eq(0..different.len() as u64), "a number is missing: {different:?}");
    assert!(numbers.len() < different.len() + 4 * 400, "no more is made again than what was not noted");
}

#[test]
fn an_application_that_gives_no_snapshot_is_stopped_without() {
    let Some((cloud, proxy)) = Cloud::behind_proxy("an application on AWS whose job is down") else { return };
    cloud.good(&["up", "--target", "aws", "-d"]);
    let down = Fault::on("StopApplication").calls(0..1).refused("InvalidApplicationConfigurationException");
    proxy.set(std::slice::from_ref(&down));
    cloud.write(&proxy.url(), &[("COUNT(*)", "COUNT(*) + 1")]);
    let done = cloud.good(&["up", "--target", "aws", "-d"]);
    assert!(done.stderr.contains("stopping application shop_visits without a snapshot: "), "{done:?}");
    assert_eq!(cloud.application()["status"], "RUNNING");
    proxy.set(&[down]);
    let done = cloud.good(&["down", "--yes"]);
    assert!(done.stderr.contains("without a snapshot: "), "{done:?}");
    cloud.expect_nothing();
}

#[test]
fn a_change_that_is_refused_or_overtaken_leaves_what_ran_running() {
    let Some((cloud, proxy)) = Cloud::behind_proxy("a change on AWS that does not come to pass") else { return };
    cloud.good(&["up", "--target", "aws", "-d"]);
    let ran = cloud.application()["code"].clone();
    cloud.write(&proxy.url(), &[("COUNT(*)", "COUNT(*) + 1")]);
    let cases: [(&str, i32, &[&str]); 2] = [
        ("AccessDenied", 77, &["ExecuteChangeSet", "permission"]),
        ("InvalidChangeSetStatus", 1, &["was changed by somebody else meanwhile", "looks at the stack anew"]),
    ];
    for (code, exit, words) in cases {
        proxy.set(&[Fault::on("ExecuteChangeSet").refused(code)]);
        cloud.pipe(&["up", "--target", "aws", "-d"]).failed(exit, words);
        let runs = cloud.application();
        assert_eq!((&runs["status"], &runs["code"]), (&json!("RUNNING"), &ran), "{code}");
    }
    proxy.set(&[]);
    let done = cloud.good(&["up", "--target", "aws", "-d"]);
    assert!(done.stderr.contains("it stops with a snapshot and starts from it"), "{done:?}");
    assert_ne!(cloud.application()["code"], ran);
}

#[test]
fn a_pipeline_is_removed_from_where_it_is_and_nowhere_else() {
    let Some(cloud) = Cloud::start("a pipeline in another account") else { return };
    let others = "[targets.other]\nstreams = \"kinesis\"\nengine = \"managed-flink\"\nregion = \"eu-west-1\"\n\
                  endpoint_url = \"URL\"\njar = \"connector.jar\"\n\n[targets.aws]";
    let others = others.replace("URL", &cloud.stack.url());
    cloud.write(&cloud.stack.url(), &[("[targets.aws]", &others)]);
    cloud.good(&["up", "--target", "aws", "-d"]);
    // What is not on another target is gone from there, and what is on this one is still known.
    let done = cloud.good(&["down", "--target", "other", "--yes"]);
    assert!(done.stderr.contains("there is no stack of pipeline `shop_visits` in account 000000000000 in eu-west-1"));
    assert!(done.stderr.contains("note: pipeline `shop_visits` is in account 000000000000 in us-east-1"), "{done:?}");
    let status = cloud.good(&["status", "--target", "other"]);
    assert!(status.stderr.contains("is in account 000000000000 in us-east-1"), "{status:?}");
    // Two engines would write every row twice.
    let lean = "[targets.lean]\nstreams = \"kinesis\"\nengine = \"embedded\"\nregion = \"us-east-1\"\nendpoint_url = \"URL\"\n\n";
    let lean = lean.replace("URL", &cloud.stack.url()) + &others;
    cloud.write(&cloud.stack.url(), &[("[targets.aws]", &lean)]);
    let words =
        ["was put to work on target aws, and two engines would write every row twice", "`pipe down shop_visits`"];
    cloud.pipe(&["up", "--target", "lean"]).failed(64, &words);
    cloud.write(&cloud.stack.url(), &[("[targets.aws]", &others)]);
    cloud.pipe(&["up", "--target", "other", "-d", "--yes"]).failed(1, &["is in account 000000000000 in us-east-1"]);
    let note = cloud.place.read(".pipe/shop_visits/aws.json");
    assert!(note.contains("us-east-1"), "{note}");
    // Credentials of another account see none of it, which is no reason to forget it.
    cloud.place.write(".pipe/shop_visits/aws.json", &note.replace("000000000000", "111122223333"));
    for command in [&["down", "--yes"][..], &["up", "--target", "aws", "-d"], &["status"]] {
        cloud.pipe(command).failed(1, &["is in account 111122223333", "lead to account 000000000000", "credentials"]);
    }
    cloud.place.write(".pipe/shop_visits/aws.json", &note);
    assert_eq!(cloud.application()["status"], "RUNNING");
    cloud.good(&["down", "--yes"]);
    cloud.expect_nothing();
}

#[test]
fn a_plan_sees_what_was_changed_by_hand_in_a_change_set_where_it_can() {
    let Some((cloud, proxy)) = Cloud::behind_proxy("change sets that see drift") else { return };
    cloud.good(&["up", "--target", "aws", "-d"]);
    cloud.write(&proxy.url(), &[("COUNT(*)", "COUNT(*) + 1")]);
    // What does not know of drift refuses to be asked for it, and is asked without.
    proxy.set(&[Fault::on("CreateChangeSet").calls(0..1).refused("ValidationError")]);
    cloud.plan(2);
    assert_eq!((proxy.faulted("CreateChangeSet"), proxy.calls("DetectStackDrift")), (1, 1));
    // What does know of it says so, and nothing else is asked.
    let mode = "<DeploymentMode>REVERT_DRIFT</DeploymentMode><StackId>";
    proxy.set(&[Fault::on("DescribeChangeSet").saying(mode, "<StackId>")]);
    cloud.plan(2);
    assert_eq!(proxy.calls("DetectStackDrift"), 1);
    let drifted = "<Action>Modify</Action><ResourceDriftStatus>MODIFIED</ResourceDriftStatus>";
    proxy.set(&[Fault::on("DescribeChangeSet").saying(drifted, "<Action>Modify</Action>")]);
    let planned = cloud.plan(2);
    assert!(planned["changes"].to_string().contains("somebody has modified it by hand"), "{planned}");
}
