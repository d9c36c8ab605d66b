//! An endpoint before the endpoint that refuses records as a busy shard of AWS does, which no emulator plays.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, body::Bytes, http::HeaderMap, http::StatusCode, response::IntoResponse};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::wire;

pub(super) struct Throttle {
    pub(super) url: String,
    /// How many records were refused.
    pub(super) refused: Arc<AtomicUsize>,
}

impl Throttle {
    /// Passes requests on. Every third record is refused the first time that it is put, and so is every record behind
    /// it with the same key, as when the shard of that key has had enough.
    pub(super) async fn start(address: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let refused = Arc::new(AtomicUsize::new(0));
        let (count, seen) = (Arc::clone(&refused), Arc::new(Mutex::new(HashSet::new())));
        let router = Router::new().fallback(async move |headers: HeaderMap, body: Bytes| {
            let target = headers.get("x-amz-target").unwrap().to_str().unwrap();
            let operation = target.split('.').next_back().unwrap();
            let mut body: Value = serde_json::from_slice(&body).unwrap();
            let mut passed = Vec::new();
            if operation == "PutRecords" {
                let records = body["Records"].as_array_mut().unwrap();
                passed = choose(records, &mut seen.lock().unwrap());
                count.fetch_add(passed.iter().filter(|passed| !**passed).count(), Ordering::Relaxed);
                let mut keep = passed.iter();
                records.retain(|_| *keep.next().unwrap());
                if records.is_empty() {
                    let answer = json!({ "FailedRecordCount": passed.len(), "Records": merge(&passed, &json!([])) });
                    return (StatusCode::OK, answer.to_string()).into_response();
                }
            }
            let answer = wire::call(&address, operation, &body.to_string()).await;
            let status = StatusCode::from_u16(answer.status).unwrap();
            if passed.is_empty() || !status.is_success() {
                return (status, answer.body).into_response();
            }
            let records = merge(&passed, &answer.json()["Records"]);
            let failed = passed.iter().filter(|passed| !**passed).count();
            (status, json!({ "FailedRecordCount": failed, "Records": records }).to_string()).into_response()
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, refused }
    }
}

/// Returns of each record whether it may pass.
fn choose(records: &[Value], seen: &mut HashSet<String>) -> Vec<bool> {
    let mut held = HashSet::new();
    let pass = |(index, record): (usize, &Value)| {
        let key = record["PartitionKey"].as_str().unwrap();
        let known = !seen.insert(record.to_string());
        if (index % 3 == 2 && !known) || held.contains(key) {
            held.insert(key.to_owned());
            return false;
        }
        true
    };
    records.iter().enumerate().map(pass).collect()
}

fn merge(passed: &[bool], answered: &Value) -> Vec<Value> {
    let mut answered = answered.as_array().unwrap().iter();
    let refusal = json!({ "ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded" });
    passed.iter().map(|passed| if *passed { answered.next().unwrap().clone() } else { refusal.clone() }).collect()
}
