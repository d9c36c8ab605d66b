//! What is in an account already when a pipeline comes to it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{super::harness::wait_for, cloud::Cloud, signs};
use crate::faults::Fault;

/// What is in the way in a plan, and why.
fn conflicts(planned: &Value) -> Vec<(String, String)> {
    let changes = planned["changes"].as_array().unwrap().iter().filter(|change| change["change"] == "conflict");
    let text = |change: &Value, member: &str| change[member].as_str().unwrap().to_owned();
    changes
        .map(|change| (format!("{} {}", text(change, "what"), text(change, "name")), text(change, "detail")))
        .collect()
}

#[test]
fn names_that_are_taken_are_seen_before_anything_is_done() {
    let Some(cloud) = Cloud::start("names that are taken on AWS") else { return };
    cloud.stack.ask(
        r#"client("kinesis").create_stream(StreamName="visits", ShardCount=1) and client("kinesisanalyticsv2").create_application(
            ApplicationName="shop_visits", RuntimeEnvironment="FLINK-1_20", ServiceExecutionRole="arn:aws:iam::000000000000:role/x")
            and None"#,
    );
    let others = "it is there already, and not of this pipeline's stack";
    let expected = [
        ("AWS::Kinesis::Stream VisitsStream".to_owned(), format!("visits: {others}")),
        ("AWS::KinesisAnalyticsV2::Application Application".to_owned(), format!("shop_visits: {others}")),
    ];
    assert_eq!(conflicts(&cloud.plan(2)), expected);
    let summary = cloud.good(&["plan", "--target", "aws", "--summary", "-o", "table"]);
    assert!(summary.stdout.contains("! 2 in the way"), "{summary:?}");
    cloud
        .pipe(&["up", "--target", "aws", "-d", "--yes"])
        .failed(1, &[&format!("stream `visits`: {others}; application `shop_visits`: {others}"), "used as they are"]);
    let all = cloud.everything();
    assert_eq!((&all["stacks"], &all["objects"]), (&json!([]), &json!([])), "nothing was done: {all}");
    cloud.stack.ask(r#"client("kinesis").delete_stream(StreamName="visits") and None"#);
    cloud.stack.ask(
        r#"client("kinesisanalyticsv2").delete_application(ApplicationName="shop_visits",
            CreateTimestamp=client("kinesisanalyticsv2").describe_application(ApplicationName="shop_visits")
                ["ApplicationDetail"]["CreateTimestamp"]) and None"#,
    );
    cloud.good(&["up", "--target", "aws", "-d"]);
    // A stream that is new in the file is as much in the way of a stack that is there.
    cloud.stack.ask(r#"client("kinesis").create_stream(StreamName="kept", ShardCount=1) and None"#);
    cloud.write(
        &cloud.stack.url(),
        &[("[streams.counts]", "[streams.kept.columns]\na = \"INTEGER\"\n[streams.counts]")],
    );
    let expected = [("AWS::Kinesis::Stream KeptStream".to_owned(), format!("kept: {others}"))];
    assert_eq!(conflicts(&cloud.plan(2)), expected);
    cloud.pipe(&["up", "--target", "aws", "-d", "--yes"]).failed(1, &["stream `kept`"]);
    assert_eq!(cloud.application()["status"], "RUNNING");
}

#[test]
fn the_stack_of_a_name_that_comes_to_the_same_is_the_other_pipelines() {
    let Some(cloud) = Cloud::start("two pipelines with one stack") else { return };
    cloud.good(&["up", "--target", "aws", "-d"]);
    cloud.write(&cloud.stack.url(), &[("shop_visits", "shop-visits")]);
    cloud.pipe(&["up", "--target", "aws", "-d", "--yes"]).failed(
        1,
        &["was not made for pipeline `shop-visits`, but for `shop_visits`", "`-` where that of a pipeline has `_`"],
    );
    // The stack for everybody's code can be somebody else's as well.
    cloud.write(&cloud.stack.url(), &[]);
    cloud.good(&["down", "--yes"]);
    cloud.stack.ask(
        r#"client("s3").delete_bucket(Bucket=client("s3").list_buckets()["Buckets"][0]["Name"]) and
            client("cloudformation").delete_stack(StackName="pipe-code") and None"#,
    );
    cloud.stack.ask(
        r#"client("cloudformation").create_stack(StackName="pipe-code", TemplateBody=json.dumps(
            {"Resources": {"S": {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "theirs", "ShardCount": 1}}}}))"#,
    );
    cloud
        .pipe(&["up", "--target", "aws", "-d", "--yes"])
        .failed(1, &["there is a stack `pipe-code` that `pipe` did not make", "name a `bucket` of your own"]);
}

#[test]
fn a_stack_that_never_was_is_cleaned_up_after_asking_and_a_strangers_is_left() {
    let Some(cloud) = Cloud::start("stacks on AWS that are in the way") else { return };
    cloud.stack.ask(
        r#"client("cloudformation").create_stack(StackName="shop-visits", TemplateBody=json.dumps(
            {"Resources": {"S": {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "theirs", "ShardCount": 1}}}}))"#,
    );
    for command in [&["up", "--target", "aws", "-d", "--yes"][..], &["down", "--target", "aws", "--yes"]] {
        cloud
            .pipe(command)
            .failed(1, &["a stack `shop-visits` that was not made for pipeline `shop_visits`", "another name"]);
    }
    assert_eq!(cloud.everything()["streams"], json!(["theirs"]));
    assert_eq!(
        conflicts(&cloud.plan(2)),
        [(
            "AWS::CloudFormation::Stack shop-visits".to_owned(),
            "there is a stack `shop-visits` that was not made for pipeline `shop_visits`".to_owned()
        )]
    );
    cloud.stack.ask(r#"client("cloudformation").delete_stack(StackName="shop-visits")"#);
    // A stack whose first making failed.
    cloud.stack.ask(
        r#"client("cloudformation").create_stack(StackName="shop-visits", TemplateBody=json.dumps(
            {"Resources": {"A": {"Type": "AWS::KinesisAnalyticsV2::Application", "Properties":
                {"ApplicationName": "x", "RuntimeEnvironment": "SQL-1_0", "ServiceExecutionRole": "arn:aws:iam::1:role/x"}}}}),
            Tags=[{"Key": "managed-by", "Value": "pipe"}, {"Key": "pipeline", "Value": "shop_visits"}])"#,
    );
    wait_for("the stack to be rolled back", || {
        let stacks = cloud.everything()["stacks"].to_string();
        stacks.contains("shop-visits ROLLBACK_COMPLETE").then_some(())
    });
    let planned = cloud.plan(2);
    assert!(signs(&planned).iter().all(|sign| *sign == "create"), "{planned}");
    assert!(planned["notes"].to_string().contains("was never whole (ROLLBACK_COMPLETE)"), "{planned}");
    cloud.pipe(&["up", "--target", "aws", "-d"]).failed(1, &["never whole", "needs a yes"]);
    cloud.good(&["up", "--target", "aws", "-d", "--yes"]);
    assert_eq!(cloud.application()["status"], "RUNNING");
}

#[test]
fn what_is_only_proposed_has_no_tags_and_is_in_nobodys_way() {
    let Some((cloud, proxy)) = Cloud::behind_proxy("a proposal on AWS that was left") else { return };
    proxy.set(&[Fault::on("ExecuteChangeSet").delayed(Duration::from_mins(10))]);
    let running = cloud.start_pipe(&["up", "--target", "aws", "-d"]);
    wait_for("the proposal", || (proxy.calls("ExecuteChangeSet") > 0).then_some(()));
    drop(running);
    // As AWS does, which gives a stack its tags with the first change that is carried out.
    proxy.set(&[Fault::on("DescribeStacks").saying("Untold>", "Tags>")]);
    cloud.good(&["up", "--target", "aws", "-d"]);
    assert_eq!(cloud.application()["status"], "RUNNING");
}

#[test]
fn what_others_keep_in_the_bucket_stays() {
    let Some(cloud) = Cloud::start("a bucket on AWS that others use") else { return };
    cloud.stack.ask(
        r#"client("s3").create_bucket(Bucket="our-code") and client("s3").put_object(Bucket="our-code",
            Key="pipelines/shop_visits/build.zip", Body=b"theirs") and None"#,
    );
    cloud.write(&cloud.stack.url(), &[("connector.jar\"", "connector.jar\"\nbucket = \"our-code\"")]);
    cloud.good(&["up", "--target", "aws", "-d"]);
    assert_eq!(cloud.everything()["objects"].as_array().unwrap().len(), 2);
    // Another bucket: what was put into the first one goes from there.
    cloud.stack.ask(r#"client("s3").create_bucket(Bucket="new-code") and None"#);
    cloud.write(&cloud.stack.url(), &[("connector.jar\"", "connector.jar\"\nbucket = \"new-code\"")]);
    let done = cloud.good(&["up", "--target", "aws", "-d"]);
    assert!(done.stderr.contains("removed the code in our-code"), "{done:?}");
    let all = cloud.everything();
    assert_eq!(all["objects"].as_array().unwrap().len(), 2, "{all}");
    let note: Value = serde_json::from_str(&cloud.place.read(".pipe/shop_visits/aws.json")).unwrap();
    assert_eq!((&note["bucket"], &note["left"]), (&json!("new-code"), &json!([])));
    // Broken off before that, it goes with the rest.
    let code =
        all["objects"].as_array().unwrap().iter().filter_map(Value::as_str).find(|key| !key.ends_with("build.zip"));
    cloud
        .stack
        .ask(&format!(r#"client("s3").put_object(Bucket="our-code", Key="{}", Body=b"code") and None"#, code.unwrap()));
    cloud
        .place
        .write(".pipe/shop_visits/aws.json", &note.to_string().replace("\"left\":[]", "\"left\":[\"our-code\"]"));
    cloud.good(&["down", "--yes"]);
    assert_eq!(cloud.everything()["objects"], json!(["pipelines/shop_visits/build.zip"]));
}

#[test]
fn a_pipeline_is_found_by_its_name_when_its_file_has_another() {
    let Some(cloud) = Cloud::start("a pipeline on AWS whose file has another name") else { return };
    cloud.good(&["up", "--target", "aws", "-d"]);
    cloud.write(&cloud.stack.url(), &[("name = \"shop_visits\"", "name = \"renamed\"")]);
    let text = cloud.place.read("pipeline.toml");
    cloud.place.write("pipelines/shop_visits.toml", &text);
    let told =
        "pipeline `shop_visits` was put to work from this folder on target aws: `pipe down shop_visits` removes it";
    for command in [&["down"][..], &["status"]] {
        let done = cloud.good(command);
        assert!(done.stderr.contains(told), "{command:?}: {done:?}");
    }
    assert!(
        cloud.good(&["status", "shop_visits", "-o", "table"]).stdout.contains("application shop_visits is RUNNING")
    );
    cloud.good(&["down", "shop_visits", "--yes"]);
    cloud.expect_nothing();
}
