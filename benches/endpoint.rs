//! `pipe kinesis`, kinesalite and kinesis-mock side by side: each on its own in turn, under the same client.
//!
//! The client puts records of 120 bytes in requests of 500 over four connections, and reads them back 10,000 at a time. Every
//! endpoint is a process of its own with a stream of four shards, and keeps to no limits; `pipe` writes to the disk, the
//! others keep records in memory. Memory is the most that its process had.
//!
//! ```text
//! cargo bench --bench endpoint                 # all three; what is not there is installed into target/peers by npm
//! cargo bench --bench endpoint -- pipe 5000000 # one of them, with so many records each time
//! ```

#![allow(clippy::print_stdout, reason = "a program that prints its figures")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

const RECORDS: usize = 500;
const RECORD_BYTES: usize = 120;
const CONNECTIONS: usize = 4;
const SHARDS: usize = 4;
/// How many records are put over one connection, and then over all of them.
const PUT: usize = 50_000;
/// How many records are read at a time.
const READ: usize = 10_000;
/// How long an endpoint may take to answer first.
const PATIENCE: Duration = Duration::from_mins(1);

/// Makes the command that serves a port.
type Start = fn(u16) -> Command;

/// What there is to compare.
const ENDPOINTS: &[(&str, Start)] =
    &[("pipe", pipe), ("kinesalite 3.3.3", kinesalite), ("kinesis-mock 0.6.2", kinesis_mock)];

/// What one of them has shown.
struct Figures {
    name: &'static str,
    first_answer: Duration,
    idle: u64,
    put: f64,
    put_alone: f64,
    read: f64,
    memory: u64,
}

#[tokio::main]
async fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let records = wanted.iter().find_map(|argument| argument.parse().ok()).unwrap_or(PUT);
    let wanted: Vec<&String> = wanted.iter().filter(|argument| argument.parse::<usize>().is_err()).collect();
    let mut all = Vec::new();
    for (name, command) in ENDPOINTS {
        if wanted.is_empty() || wanted.iter().any(|wanted| name.starts_with(wanted.as_str())) {
            all.push(measure(name, *command, records).await);
        }
    }
    println!(
        "{:<20} {:>14} {:>9} {:>13} {:>13} {:>13} {:>11}",
        "", "first answer", "idle", "put, 1 conn.", "put, 4 conn.", "read", "most memory"
    );
    for figures in &all {
        println!(
            "{:<20} {:>11} ms {:>6} MB {:>11.0}/s {:>11.0}/s {:>11.0}/s {:>8} MB",
            figures.name,
            figures.first_answer.as_millis(),
            figures.idle >> 20,
            figures.put_alone,
            figures.put,
            figures.read,
            figures.memory >> 20
        );
    }
    let Some((own, others)) = all.split_first() else { return };
    for other in others {
        #[expect(clippy::cast_precision_loss, reason = "figures for reading")]
        let memory = other.memory as f64 / own.memory as f64;
        println!(
            "{} to {}: put {:.1}×, read {:.1}×, memory 1/{memory:.1}",
            own.name,
            other.name,
            own.put / other.put,
            own.read / other.read
        );
    }
}

/// An endpoint at work; it is stopped when this is dropped.
struct Endpoint {
    process: Child,
    address: SocketAddr,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Endpoint {
    /// Returns a number of bytes that the system has counted of its process.
    fn memory(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
        line.trim_end_matches("kB").trim_matches([':', ' ', '\t']).parse::<u64>().unwrap() << 10
    }
}

async fn measure(name: &'static str, command: Start, records: usize) -> Figures {
    let port = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = command(port);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let endpoint = Endpoint { process: command.spawn().unwrap(), address: SocketAddr::from(([127, 0, 0, 1], port)) };
    let mut client = loop {
        if let Some(mut client) = connect(endpoint.address).await
            && call(&mut client, endpoint.address, "ListStreams", "{}").await.is_some()
        {
            break client;
        }
        assert!(begun.elapsed() < PATIENCE, "{name} does not answer");
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    let first_answer = begun.elapsed();
    let idle = endpoint.memory("VmRSS");
    let create = json!({ "StreamName": "in", "ShardCount": SHARDS }).to_string();
    call(&mut client, endpoint.address, "CreateStream", &create).await.unwrap();
    loop {
        let described = call(&mut client, endpoint.address, "DescribeStreamSummary", r#"{"StreamName":"in"}"#).await;
        if described.is_some_and(|body| body["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let body = Bytes::from(body());
    let put_alone = put_over(endpoint.address, 1, records, &body).await;
    let put = put_over(endpoint.address, CONNECTIONS, records, &body).await;
    // Node ends a connection that has rested for five seconds.
    let mut client = connect(endpoint.address).await.unwrap();
    let begun = Instant::now();
    let found = read_all(&mut client, endpoint.address).await;
    let read = rate(found, begun.elapsed());
    if found != 2 * records {
        println!("{name} has {found} of {} records", 2 * records);
    }
    let memory = endpoint.memory("VmHWM");
    Figures { name, first_answer, idle, put, put_alone, read, memory }
}

fn rate(records: usize, took: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "figures for reading")]
    let records = records as f64;
    records / took.as_secs_f64()
}

async fn connect(address: SocketAddr) -> Option<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await.ok()?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    Some(sender)
}

/// Calls an operation and returns the body of a good answer, not read yet; otherwise what went wrong.
async fn send(
    client: &mut SendRequest<Full<Bytes>>,
    address: SocketAddr,
    operation: &str,
    body: Bytes,
) -> Result<Bytes, String> {
    let signature =
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=a";
    let request = Request::post("/")
        .header("host", address.to_string())
        .header("x-amz-target", format!("Kinesis_20131202.{operation}"))
        .header("content-type", "application/x-amz-json-1.1")
        // kinesalite wants something that looks like a signature.
        .header("authorization", signature)
        .header("x-amz-date", "20260101T000000Z")
        .body(Full::new(body))
        .unwrap();
    client.ready().await.map_err(|error| error.to_string())?;
    let answer = client.send_request(request).await.map_err(|error| error.to_string())?;
    let status = answer.status();
    let body = answer.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
    if status.is_success() { Ok(body) } else { Err(format!("{status}: {}", String::from_utf8_lossy(&body))) }
}

async fn call(
    client: &mut SendRequest<Full<Bytes>>,
    address: SocketAddr,
    operation: &str,
    body: &str,
) -> Option<Value> {
    let body = send(client, address, operation, Bytes::from(body.to_owned())).await.ok()?;
    Some(if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() })
}

/// Puts records over so many connections; returns how many in a second.
async fn put_over(address: SocketAddr, connections: usize, records: usize, body: &Bytes) -> f64 {
    let begun = Instant::now();
    let clients: Vec<_> =
        (0..connections).map(|_| tokio::spawn(put(address, body.clone(), records / connections))).collect();
    for client in clients {
        client.await.unwrap();
    }
    rate(records, begun.elapsed())
}

/// Sends the same request over one connection, again and again.
async fn put(address: SocketAddr, body: Bytes, records: usize) {
    let mut client = connect(address).await.unwrap();
    for _ in 0..records / RECORDS {
        send(&mut client, address, "PutRecords", body.clone()).await.unwrap();
    }
}

fn body() -> String {
    let data = STANDARD.encode([b'x'; RECORD_BYTES]);
    let records: Vec<String> =
        (0..RECORDS).map(|index| format!("{{\"Data\":\"{data}\",\"PartitionKey\":\"key-{index}\"}}")).collect();
    format!("{{\"StreamName\":\"in\",\"Records\":[{}]}}", records.join(","))
}

/// Reads every shard from its beginning; returns how many records there are.
async fn read_all(client: &mut SendRequest<Full<Bytes>>, address: SocketAddr) -> usize {
    let mut found = 0;
    for shard in 0..SHARDS {
        let place = json!({
            "StreamName": "in",
            "ShardId": format!("shardId-{shard:012}"),
            "ShardIteratorType": "TRIM_HORIZON",
        });
        let place = call(client, address, "GetShardIterator", &place.to_string()).await.unwrap();
        let mut iterator = place["ShardIterator"].clone();
        loop {
            let read = json!({ "ShardIterator": iterator, "Limit": READ }).to_string();
            let answer = send(client, address, "GetRecords", Bytes::from(read)).await.unwrap();
            // The client is to take less time than the endpoint: records are counted by a name that each has.
            let records = memchr::memmem::find_iter(&answer, b"\"PartitionKey\"").count();
            found += records;
            if records == 0 {
                break;
            }
            iterator = next(&answer);
        }
    }
    found
}

/// Returns where the next read goes on.
fn next(answer: &[u8]) -> Value {
    let name = b"\"NextShardIterator\":\"";
    let begin = memchr::memmem::find(answer, name).unwrap() + name.len();
    let end = begin + memchr::memchr(b'"', &answer[begin..]).unwrap();
    Value::from(std::str::from_utf8(&answer[begin..end]).unwrap())
}

fn pipe(port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipe"));
    command.args(["kinesis", "--no-limits", "--port", &port.to_string()]);
    command
}

fn kinesalite(port: u16) -> Command {
    let folder = installed("kinesalite", "kinesalite@3.3.3");
    let mut command = Command::new("node");
    command.current_dir(folder).arg("-e").arg(format!(
        "require('kinesalite')({{shardLimit:500}}).listen({port},'127.0.0.1');process.stdin.resume();process.stdin.on('end',()=>process.exit(0))"
    ));
    command
}

fn kinesis_mock(port: u16) -> Command {
    let package = installed("kinesis-mock", "kinesis-local@0.6.2").join("node_modules/kinesis-local");
    let tls = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("node");
    command.current_dir(package).arg("-r");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/kinesis_mock.js")).arg("main.js");
    command.env("KINESIS_MOCK_PLAIN_PORT", port.to_string()).env("KINESIS_MOCK_TLS_PORT", tls.to_string());
    command.env("LOG_LEVEL", "ERROR");
    command
}

/// Returns the folder of an npm package, which is installed there where it is not yet.
fn installed(folder: &str, package: &str) -> PathBuf {
    // Beside the profile's folder, in which cargo has put the binary.
    let target = Path::new(env!("CARGO_BIN_EXE_pipe")).ancestors().nth(2).unwrap();
    let folder = target.join("peers").join(folder);
    if !folder.join("node_modules").exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let npm = ["install", "--silent", "--no-audit", "--no-fund", "--prefix"];
        let done = Command::new("npm").args(npm).arg(&folder).arg(package).status().unwrap();
        assert!(done.success(), "npm could not install {package}");
    }
    folder
}
