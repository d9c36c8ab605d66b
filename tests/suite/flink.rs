//! The SQL gateway's client against a real Flink.

use std::time::{Duration, Instant};

use pipe::deploy::flink::{FlinkError, Gateway, Submitted};
use serde_json::json;

use crate::peers::flink::flink;

/// A stream without an end that needs nothing from outside.
const ENDLESS: [&str; 2] = [
    "CREATE TEMPORARY TABLE ticks (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '5')",
    "CREATE TEMPORARY TABLE nowhere (n BIGINT) WITH ('connector' = 'blackhole')",
];

fn job(name: &str, last: &str) -> Vec<String> {
    let named = format!("SET 'pipeline.name' = '{name}'");
    std::iter::once(named.as_str()).chain(ENDLESS).chain([last]).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_gives_its_rows_page_by_page() {
    let Some(flink) = flink("the SQL gateway's client: rows") else { return };
    let count = 12_000;
    let answers = flink
        .run_sql(&[
            format!(
                "CREATE TEMPORARY TABLE n (n BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '{count}', \
                 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '{count}')"
            ),
            "SELECT n, CAST(n AS DOUBLE) / 2 AS half, CASE WHEN n > 1 THEN 'x' END AS t FROM n".to_owned(),
        ])
        .await
        .unwrap();
    assert_eq!(answers[0].columns, ["result"]);
    let rows = &answers[1];
    assert_eq!(rows.columns, ["n", "half", "t"]);
    assert_eq!(rows.rows.len(), count);
    let mut sorted: Vec<_> = rows.rows.iter().map(|row| row.fields.clone()).collect();
    sorted.sort_by_key(|fields| fields[0].as_u64());
    assert_eq!(sorted[0], [json!(1), json!(0.5), json!(null)]);
    assert_eq!(sorted[count - 1], [json!(count), json!(6000.0), json!("x")]);
    assert!(rows.rows.iter().all(|row| row.kind == "INSERT"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_its_root_cause() {
    let Some(flink) = flink("the SQL gateway's client: refusals") else { return };
    for (statement, cause) in [
        ("SELECT * FROM nope", "Object 'nope' not found"),
        ("SELECT 1 +", "Encountered \"+ <EOF>\" at line 1, column 10."),
        ("SELECT CAST('x' AS INT)", "For input string: 'x'. Invalid character found."),
    ] {
        match flink.run_sql(&[statement]).await {
            Err(FlinkError::Refused { cause: found }) => assert_eq!(found, cause),
            other => panic!("{statement}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_runs_once_until_it_is_stopped() {
    let Some(flink) = flink("the SQL gateway's client: jobs") else { return };
    let gateway = Gateway::at(&flink.gateway);
    let statements = job("stopped", "INSERT INTO nowhere SELECT n FROM ticks");
    let submitted = Submitted::run(&gateway, "stopped", &statements).await.unwrap();
    assert!(submitted.state().await.unwrap().unwrap().is_running());
    let tasks = flink.cluster(&format!("/jobs/{}", submitted.id));
    assert!(tasks["vertices"].as_array().unwrap().iter().all(|task| task["status"] == "RUNNING"), "{tasks}");
    let again = Submitted::run(&gateway, "stopped", &statements).await.expect_err("it runs already");
    assert!(matches!(&again, FlinkError::Running { id, .. } if *id == submitted.id), "{again}");
    assert!(submitted.stop().await.unwrap());
    assert_eq!(submitted.state().await.unwrap().unwrap().as_str(), "CANCELED");
    assert!(!submitted.stop().await.unwrap(), "once is enough");
    let gone = Submitted { id: "00000000000000000000000000000000".to_owned(), ..submitted };
    assert_eq!(gone.state().await.unwrap(), None);
    assert!(!gone.stop().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_fails_says_why() {
    let Some(flink) = flink("the SQL gateway's client: failures") else { return };
    let gateway = Gateway::at(&flink.gateway);
    let statements = job("failing", "INSERT INTO nowhere SELECT CAST('x' || CAST(n AS STRING) AS BIGINT) FROM ticks");
    let error = match Submitted::run(&gateway, "failing", &statements).await {
        Err(error) => error,
        // Its first row may come behind the moment at which all of it ran.
        Ok(submitted) => tokio::time::timeout(Duration::from_mins(1), submitted.watch(Duration::from_millis(50)))
            .await
            .expect("it fails"),
    };
    let text = error.to_string();
    assert!(text.starts_with("the Flink job `failing` is FAILED: For input string: 'x"), "{text}");
    assert!(!text.contains('\n') && !text.contains("Exception"), "{text}");
}

#[tokio::test]
async fn nobody_at_the_address_is_said() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let begun = Instant::now();
    let error = Gateway::at(&address).open().await.expect_err("nobody answers");
    assert!(matches!(error, FlinkError::Unreachable { .. }) && error.is_unavailable(), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}
