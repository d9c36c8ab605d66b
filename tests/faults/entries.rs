//! Entries of `PutRecords` that are refused while the others pass.

use rand::{Rng, rngs::StdRng};
use serde_json::{Value, json};

/// Takes entries out of a request by chance, and returns of each whether it passes.
pub(super) fn choose(request: &mut Value, share: f64, chance: &mut StdRng) -> Vec<bool> {
    let records = request["Records"].as_array_mut().unwrap();
    let passed: Vec<bool> = records.iter().map(|_| !chance.random_bool(share)).collect();
    let mut keep = passed.iter();
    records.retain(|_| *keep.next().unwrap());
    passed
}

/// Returns the answer to the whole request, where `answered` is what the endpoint said of the entries that passed.
pub(super) fn merge(passed: &[bool], answered: &Value) -> Value {
    let refusal = json!({ "ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded" });
    let mut answers = answered["Records"].as_array().into_iter().flatten();
    let records: Vec<Value> =
        passed.iter().map(|passed| if *passed { answers.next().unwrap().clone() } else { refusal.clone() }).collect();
    let failed = records.iter().filter(|record| !record["ErrorCode"].is_null()).count();
    json!({ "FailedRecordCount": failed, "Records": records })
}
