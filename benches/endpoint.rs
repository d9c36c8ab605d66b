//! The Kinesis endpoint under `PutRecords` of 500 records of 120 bytes, over loopback, from clients in this process.
//! Prints records per second for one and for four connections.
//!
//! ```text
//! cargo bench --bench endpoint
//! ```

#![allow(clippy::print_stdout, reason = "a program that prints its figures")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use pipe::kinesis_api::{Api, Hosts, Options, router, serve};
use pipe::streams::Capacity;
use pipe::streams::local::{Durability, LocalLog};
use tokio::net::{TcpListener, TcpStream};

const RECORDS: usize = 500;
const RECORD_BYTES: usize = 120;
const SECONDS: u64 = 5;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let log = LocalLog::open(folder.path(), Durability::Process).unwrap();
    log.create_stream("in", Capacity::Provisioned(4)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let api = router(Api::new(Arc::clone(&log), Options::default()));
    tokio::spawn(serve(listener, api, Hosts::Loopback, std::future::pending()));
    let body = Bytes::from(body());
    for connections in [1, 4] {
        let begun = Instant::now();
        let clients: Vec<_> = (0..connections).map(|_| tokio::spawn(put(address, body.clone()))).collect();
        let mut records = 0;
        for client in clients {
            records += client.await.unwrap();
        }
        let seconds = begun.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "figures for reading")]
        let rate = records as f64 / seconds;
        println!("PutRecords of {RECORDS}, {connections} connections: {rate:.0} records/s");
    }
    assert!(log.stats("in").unwrap().records > 0);
}

/// Sends the same request over one connection until the time is over; returns how many records were taken.
async fn put(address: SocketAddr, body: Bytes) -> usize {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let end = Instant::now() + Duration::from_secs(SECONDS);
    let mut records = 0;
    while Instant::now() < end {
        let request = Request::post("/")
            .header("host", address.to_string())
            .header("x-amz-target", "Kinesis_20131202.PutRecords")
            .header("content-type", "application/x-amz-json-1.1")
            .body(Full::new(body.clone()))
            .unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert!(answer.status().is_success());
        answer.into_body().collect().await.unwrap();
        records += RECORDS;
    }
    records
}

fn body() -> String {
    let data = STANDARD.encode([b'x'; RECORD_BYTES]);
    let records: Vec<String> =
        (0..RECORDS).map(|index| format!("{{\"Data\":\"{data}\",\"PartitionKey\":\"key-{index}\"}}")).collect();
    format!("{{\"StreamName\":\"in\",\"Records\":[{}]}}", records.join(","))
}
