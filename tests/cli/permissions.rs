//! Permissions, tried where they are enforced: those of an application's role by calls of every kind and by the connector at
//! work, and those that the README asks for whoever runs `pipe`.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::{Value, json};

use super::{
    flink::{TRADES, put, trades},
    harness::{JAR, Place, wait_for},
    managed_flink::{APPLICATION, pipe, pipeline, start, target},
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

/// The rows in the stream of averages, without the record that is written to try whether it may be.
const ROWS: &str = r#"[json.loads(r["Data"]) for k in [client("kinesis")] for s in k.list_shards(StreamName="averages")["Shards"]
    for r in k.get_records(ShardIterator=k.get_shard_iterator(StreamName="averages", ShardId=s["ShardId"],
        ShardIteratorType="TRIM_HORIZON")["ShardIterator"])["Records"] if r["Data"] != b"{}"]"#;

/// What the rendered policy of a role allows on streams.
const ACTIONS: &str = r#"(lambda role: sorted(a for s in client("iam").get_role_policy(RoleName=role.split("/")[1],
    PolicyName="pipeline")["PolicyDocument"]["Statement"] for a in s["Action"] if a.startswith("kinesis:")))"#;

/// A policy for what `MiniStack` does not know and AWS does: of which stream an iterator is.
const ITERATORS: &str = r#"PolicyName="iterators", PolicyDocument=json.dumps(dict(Version="2012-10-17",
    Statement=[dict(Effect="Allow", Action="kinesis:GetRecords", Resource="*")]))"#;

/// A role is tried with credentials of it: by calls of all kinds, and by the connector at work.
#[test]
fn the_role_of_the_application_allows_what_the_connector_calls_and_no_more() {
    const WHAT: &str = "the application's role at work on a real Flink";
    let Some(venv) = peers::environment(WHAT) else { return };
    let Some(stack) = MiniStack::start_strict(WHAT) else { return };
    let proxy = Proxy::start(&stack.url(), 1, &[]);
    let (text, records) = (pipeline(&proxy.url()), trades(500));
    let place = Place::new(&text);
    pipe(&place, &proxy.url(), &KEY, &["up", "--target", "aws", "--detach"]);
    let credentials = try_role(&venv, &stack, "packaged", ["trades", "averages"], "DescribeStream");
    let role = stack.ask(APPLICATION)["role"].clone();
    let owner = format!(r#"role_policy(RoleName={role}.split("/")[1]"#);
    stack.ask(&format!("client(\"iam\").put_{owner}, {ITERATORS})"));
    let mut environment: Vec<(&str, &str)> =
        credentials.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    // MiniStack gives data as text where it is to be bytes: both generations of the SDK are to speak JSON.
    environment.extend([("AWS_CBOR_DISABLE", "true"), ("CBOR_ENABLED", "false")]);
    let Some(service) = ManagedFlink::start("role", &environment, WHAT) else { return };
    let before = proxy.operations().len();
    start(&service, &stack, &place);
    put(&venv, &place, &stack.url(), &records);
    let plan = plan(&text);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ours = runtime.block_on(embedded(&plan, "averages", "trades", &records));
    let theirs = wait_for("the rows", || {
        let rows = stack.ask(ROWS);
        (rows.as_array().unwrap().len() >= ours.len()).then(|| rows.as_array().unwrap().clone())
    });
    assert_same_rows(&plan, "averages", &ours, &theirs);
    let called: BTreeSet<String> = proxy.operations()[before..].iter().map(|name| format!("kinesis:{name}")).collect();
    let allowed = stack.ask(&format!("{ACTIONS}({role})"));
    assert_eq!(json!(called), allowed, "what the connector called, and what the role allows on streams");
}

#[test]
fn the_role_for_the_connector_5_allows_what_that_one_calls() {
    const WHAT: &str = "the role of an application with the connector 5.x";
    let Some(venv) = peers::environment(WHAT) else { return };
    let Some(stack) = MiniStack::start_strict(WHAT) else { return };
    let place = Place::new(&pipeline(&stack.url()).replace("\"4.x\"", "\"5.x\"\njar = \"connector.jar\""));
    place.write("connector.jar", JAR);
    pipe(&place, &stack.url(), &KEY, &["up", "--target", "aws", "--detach"]);
    try_role(&venv, &stack, "packaged", ["trades", "averages"], "DescribeStreamSummary");
}

/// What a pipeline has that whoever may run it runs.
const GENERATOR: &str = r#"
[generators.trades]
rate = "200/s"
[generators.trades.fields]
traded_at = { kind = "now" }
ticker = { kind = "choice", of = ["AMZN", "AAPL"] }
price = { kind = "uniform", min = 1, max = 2 }
volume = { kind = "uniform", min = 1, max = 1000 }
"#;

/// The calls of S3, as they are told apart where they have no names, and the actions that they ask for.
const S3: [(&str, &[&str]); 4] = [
    ("HEAD", &["s3:GetObject", "s3:ListBucket"]),
    ("PutObject", &["s3:PutObject"]),
    ("GET ?versions", &["s3:ListBucketVersions"]),
    ("POST ?delete", &["s3:DeleteObject", "s3:DeleteObjectVersion"]),
];

/// Who has the permissions that the README names, and no others, can do everything, and needs each of them. `MiniStack`
/// makes what is in a stack without asking for a right, so that what `CloudFormation` needs is not tried.
#[test]
fn the_policy_of_the_readme_is_what_pipe_needs() {
    const WHAT: &str = "the permissions of whoever runs `pipe`";
    let Some(stack) = MiniStack::start_strict(WHAT) else { return };
    let proxy = Proxy::start(&stack.url(), 1, &[]);
    let text = TRADES.replace("NAME", "ticker") + GENERATOR + &target(&proxy.url()) + "jar = \"connector.jar\"\n";
    let place = Place::new(&text);
    place.write("connector.jar", JAR);
    // The bucket is there since another pipeline; here nobody speaks TLS, which its policy wants.
    for command in [&["up", "--target", "aws", "--detach"][..], &["down", "--yes"]] {
        pipe(&place, &proxy.url(), &KEY, command);
    }
    stack.ask(r#"client("s3").delete_bucket_policy(Bucket="pipe-code-000000000000-us-east-1")"#);
    let policy = policy().replace("111122223333", "000000000000");
    stack.ask(r#"client("iam").create_user(UserName="operator")"#);
    let owner = r#"client("iam").put_user_policy(UserName="operator""#;
    stack.ask(&format!("{owner}, PolicyName=\"pipe\", PolicyDocument={policy:?})"));
    stack.ask(&format!("{owner}, {ITERATORS})"));
    let key = stack.ask(r#"client("iam").create_access_key(UserName="operator")["AccessKey"]"#);
    let key = [("AWS_ACCESS_KEY_ID", "AccessKeyId"), ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey")]
        .map(|(variable, member)| (variable, key[member].as_str().unwrap()));

    let before = proxy.operations().len();
    let operate = |arguments: &[&str]| pipe(&place, &proxy.url(), &key, arguments);
    let planned = operate(&["plan", "--target", "aws", "-o", "json"]);
    operate(&["up", "--target", "aws", "--detach"]);
    place.write("pipeline.toml", &text.replace("COUNT(*)", "COUNT(*) + 1"));
    operate(&["plan", "--target", "aws"]);
    operate(&["up", "--target", "aws", "--records", "200"]);
    operate(&["status"]);
    operate(&["tail", "--stream", "trades", "--from", "earliest", "-n", "1"]);
    operate(&["down", "--yes"]);

    let policy: Value = serde_json::from_str(&policy).unwrap();
    let actions = |statement: &Value| match &statement["Action"] {
        Value::Array(actions) => actions.clone(),
        action => vec![action.clone()],
    };
    let allowed: BTreeSet<String> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(actions)
        .map(|action| action.as_str().unwrap().to_owned())
        .collect();
    let mut needed = BTreeSet::new();
    for operation in proxy.operations().split_off(before) {
        let of_s3 = S3.iter().find(|(name, _)| *name == operation).map(|(_, actions)| *actions);
        let named = allowed.iter().filter(|action| action.split(':').nth(1) == Some(operation.as_str()));
        let actions: Vec<&str> = of_s3.map_or_else(|| named.map(String::as_str).collect(), <[_]>::to_vec);
        assert!(!actions.is_empty() || operation == "GetCallerIdentity", "nothing allows {operation}");
        needed.extend(actions.into_iter().map(str::to_owned));
    }
    assert_eq!(needed, allowed, "what was called, and what the README asks for");
    let planned: Value = serde_json::from_str(&planned.stdout).unwrap();
    let steps = planned["permissions"]["operator"].as_array().unwrap();
    let told: BTreeSet<&str> =
        steps.iter().flat_map(|step| step["actions"].as_array().unwrap()).filter_map(Value::as_str).collect();
    let untold: Vec<&String> = allowed.iter().filter(|action| !told.contains(action.as_str())).collect();
    assert!(untold.is_empty(), "`plan` does not tell of {untold:?}");
}

/// Returns the policy that the README shows.
fn policy() -> String {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let [block] = readme.split("```json\n").skip(1).collect::<Vec<_>>()[..] else { panic!("one policy") };
    block.split("```").next().unwrap().to_owned()
}

/// Tries the role of an application by calls that it is to allow and to refuse: the stream that is read, the one that is
/// written, and the action that looks a stream up. Returns credentials of it.
fn try_role(
    venv: &Path,
    stack: &MiniStack,
    pipeline: &str,
    [read, written]: [&str; 2],
    describe: &str,
) -> [(String, String); 3] {
    let mut command = Command::new(venv.join("bin/python"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/role_boto3.py"));
    command.args([pipeline, read, written, describe]).env("AWS_ENDPOINT_URL", stack.url());
    let output = command.envs(KEY).env_remove("AWS_SESSION_TOKEN").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tried: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(tried["wrong"], json!([]), "{pipeline}");
    ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"]
        .map(|name| (name.to_uppercase(), tried["credentials"][name].as_str().unwrap().to_owned()))
}
