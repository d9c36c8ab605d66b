//! A producer that never tries again, so that a test knows what was acknowledged and what was not.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// An endpoint that may go away at any moment.
#[derive(Debug, Clone)]
pub(super) struct Client {
    address: String,
}

impl Client {
    /// Takes the address as `pipe` prints it.
    pub(super) fn new(endpoint: &str) -> Self {
        Self { address: endpoint.strip_prefix("http://").unwrap().to_owned() }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts one record; `None` where no good answer came.
    pub(super) fn put(&self, stream: &str, key: &str, data: &[u8]) -> Option<()> {
        let body = json!({ "StreamName": stream, "PartitionKey": key, "Data": STANDARD.encode(data) });
        self.call("PutRecord", &body).map(drop)
    }

    /// Puts records of different keys, and returns of each whether it was acknowledged.
    pub(super) fn put_all(&self, stream: &str, records: &[(String, Vec<u8>)]) -> Option<Vec<bool>> {
        let entry = |(key, data): &(String, Vec<u8>)| json!({ "PartitionKey": key, "Data": STANDARD.encode(data) });
        let records: Vec<Value> = records.iter().map(entry).collect();
        let answer = self.call("PutRecords", &json!({ "StreamName": stream, "Records": records }))?;
        let acknowledged = |record: &Value| record["SequenceNumber"].is_string();
        Some(answer["Records"].as_array()?.iter().map(acknowledged).collect())
    }

    /// Makes a stream.
    pub(super) fn create(&self, stream: &str, shards: u32) {
        // The answer has no body.
        self.call("CreateStream", &json!({ "StreamName": stream, "ShardCount": shards }));
    }

    /// Removes a stream.
    pub(super) fn delete(&self, stream: &str) {
        // The answer has no body, and a pipeline that reads the stream ends.
        self.call("DeleteStream", &json!({ "StreamName": stream }));
    }

    /// Asks how the pipeline stands.
    pub(super) fn status(&self) -> Option<Value> {
        self.get("/_pipe/status")
    }

    /// Gets what is at a path.
    pub(super) fn get(&self, path: &str) -> Option<Value> {
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address);
        self.send(head.as_bytes()).filter(|(status, _)| *status == 200).map(|(_, body)| body)
    }

    /// Calls an operation; `None` where no good answer came, or none with a body.
    pub(super) fn call(&self, operation: &str, body: &Value) -> Option<Value> {
        let (status, answer) = self.answer(operation, body)?;
        (status == 200).then_some(answer)
    }

    /// Calls an operation, and returns the status of the answer and its body; `null` where that is empty.
    pub(super) fn answer(&self, operation: &str, body: &Value) -> Option<(u16, Value)> {
        let body = body.to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n\
             x-amz-target: Kinesis_20131202.{operation}\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.send(request.as_bytes())
    }

    /// Sends a request and returns the status and the body of an answer that came whole.
    fn send(&self, request: &[u8]) -> Option<(u16, Value)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        stream.write_all(request).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let answer = String::from_utf8(answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        Some((status, if body.is_empty() { Value::Null } else { serde_json::from_str(body).ok()? }))
    }
}
