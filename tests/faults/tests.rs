//! What the proxy does to calls, seen from both sides.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Fault, Proxy, http::Message};

/// An endpoint that says how many calls it carried out.
fn endpoint() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let carried_out = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&carried_out);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut request, begun) = Message::head(&mut stream).unwrap().unwrap();
            request.read_body(&mut stream, begun, true).unwrap();
            counter.fetch_add(1, Ordering::Relaxed);
            let body = String::from_utf8(request.body).unwrap();
            // In two chunks, which the client must get as one body.
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-kept: yes\r\n\r\n";
            let answer = answer(&body);
            let (first, second) = answer.split_at(answer.len() / 2);
            let chunk = |part: &str| format!("{:x}\r\n{part}\r\n", part.len());
            write!(stream, "{head}{}{}0\r\n\r\n", chunk(first), chunk(second)).unwrap();
        }
    });
    (address, carried_out)
}

fn answer(body: &str) -> String {
    let request: Value = serde_json::from_str(body).unwrap_or_default();
    let Some(records) = request["Records"].as_array() else { return format!("passed {body}") };
    let records: Vec<Value> = records.iter().map(|record| json!({ "SequenceNumber": record["Data"] })).collect();
    json!({ "Records": records }).to_string()
}

/// Sends a request and returns all that comes back.
fn send(proxy: &Proxy, first_line: &str, header: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(proxy.url().strip_prefix("http://").unwrap()).unwrap();
    let length = body.len();
    write!(stream, "{first_line} HTTP/1.1\r\nhost: here\r\n{header}\r\ncontent-length: {length}\r\n\r\n{body}")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn get_records(proxy: &Proxy) -> String {
    send(proxy, "POST /", "x-amz-target: Kinesis_20131202.GetRecords", "{}")
}

const FORM: &str = "content-type: application/x-www-form-urlencoded; charset=utf-8";

#[test]
fn what_no_fault_is_meant_for_passes_whole() {
    let (address, carried_out) = endpoint();
    let proxy = Proxy::start(&address, 1, &[Fault::on("GetRecords").refused("Any").calls(1..2)]);
    let answer = get_records(&proxy);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("x-kept: yes\r\n"), "{answer}");
    assert!(answer.ends_with("content-length: 9\r\n\r\npassed {}"), "{answer}");
    assert!(get_records(&proxy).contains("400"));
    assert!(get_records(&proxy).ends_with("passed {}"));
    assert_eq!(
        (carried_out.load(Ordering::Relaxed), proxy.calls("GetRecords"), proxy.faulted("GetRecords")),
        (2, 3, 1)
    );
}

#[test]
fn a_refusal_has_the_form_of_its_protocol() {
    let (address, carried_out) = endpoint();
    let faults = [
        Fault::on("CreateStack").refused("Throttling"),
        Fault::on("PUT ?versioning").answered(503, "SlowDown"),
        Fault::on("PutObject").answered(500, "InternalError"),
        Fault::on("GetRecords").refused("ExpiredIteratorException"),
    ];
    let proxy = Proxy::start(&address, 1, &faults);
    let told = send(&proxy, "POST /", FORM, "Action=CreateStack&Version=2010-05-15&StackName=s");
    assert!(told.starts_with("HTTP/1.1 400 ") && told.contains("<ErrorResponse><Error><Type>Sender</Type>"), "{told}");
    assert!(told.contains("<Code>Throttling</Code>"), "{told}");
    let told = send(&proxy, "PUT /bucket?versioning", "x: y", "<a/>");
    assert!(told.starts_with("HTTP/1.1 503 ") && told.contains("?><Error><Code>SlowDown</Code>"), "{told}");
    let told = send(&proxy, "PUT /bucket/key?x-id=PutObject", "x: y", "data");
    assert!(told.starts_with("HTTP/1.1 500 ") && told.contains("<Code>InternalError</Code>"), "{told}");
    let told = get_records(&proxy);
    assert!(told.starts_with("HTTP/1.1 400 "), "{told}");
    assert!(told.contains(r#""__type":"ExpiredIteratorException""#), "{told}");
    assert_eq!(carried_out.load(Ordering::Relaxed), 0);
    assert_eq!(proxy.operations(), ["CreateStack", "PUT ?versioning", "PutObject", "GetRecords"]);
}

#[test]
fn a_client_hears_nothing_of_a_call_whether_or_not_it_was_carried_out() {
    let (address, carried_out) = endpoint();
    let proxy = Proxy::start(&address, 1, &[Fault::on("*").closed()]);
    assert_eq!((get_records(&proxy), carried_out.load(Ordering::Relaxed)), (String::new(), 0));
    proxy.set(&[Fault::on("*").unheard()]);
    assert_eq!(get_records(&proxy), "");
    assert_eq!(carried_out.load(Ordering::Relaxed), 1);
    let begun = Instant::now();
    proxy.set(&[Fault::on("*").delayed(Duration::from_millis(300))]);
    assert!(get_records(&proxy).ends_with("passed {}") && begun.elapsed() >= Duration::from_millis(300));
}

#[test]
fn chance_is_the_same_for_the_same_seed() {
    let (address, _) = endpoint();
    let fates = |seed: u64| {
        let proxy = Proxy::start(&address, seed, &[Fault::on("GetRecords").share(0.5)]);
        (0..40).map(|_| get_records(&proxy).is_empty()).collect::<Vec<_>>()
    };
    let first = fates(1);
    assert_eq!(first, fates(1));
    assert_ne!(first, fates(2));
    assert!((5..35).contains(&first.iter().filter(|lost| **lost).count()), "{first:?}");
    let proxy = Proxy::start(&address, 1, &[Fault::on("GetRecords").every(3)]);
    assert_eq!((0..6).map(|_| get_records(&proxy).is_empty()).collect::<Vec<_>>(), [false, false, true].repeat(2));
}

#[test]
fn entries_that_pass_are_answered_in_their_places() {
    let (address, carried_out) = endpoint();
    let proxy = Proxy::start(&address, 7, &[Fault::on("PutRecords").entries(0.1)]);
    let data: Vec<String> = (0..500).map(|index| STANDARD.encode(format!("{index}"))).collect();
    let records: Vec<Value> = data.iter().map(|data| json!({ "PartitionKey": "k", "Data": data })).collect();
    let body = json!({ "StreamName": "s", "Records": records }).to_string();
    let told = send(&proxy, "POST /", "x-amz-target: Kinesis_20131202.PutRecords", &body);
    let answer: Value = serde_json::from_str(told.split_once("\r\n\r\n").unwrap().1).unwrap();
    let answered = answer["Records"].as_array().unwrap();
    assert_eq!(answered.len(), 500);
    let refused =
        answered.iter().filter(|record| record["ErrorCode"] == "ProvisionedThroughputExceededException").count();
    assert!((20..80).contains(&refused), "{refused}");
    assert_eq!(answer["FailedRecordCount"], refused);
    for (record, data) in answered.iter().zip(&data) {
        assert!(record["SequenceNumber"] == *data || !record["ErrorCode"].is_null(), "{record} for {data}");
    }
    proxy.set(&[Fault::on("PutRecords").entries(1.0)]);
    let told = send(&proxy, "POST /", "x-amz-target: Kinesis_20131202.PutRecords", &body);
    assert!(told.contains(r#""FailedRecordCount":500"#));
    assert_eq!(carried_out.load(Ordering::Relaxed), 1, "where nothing passes, nothing is asked");
    proxy.set(&[Fault::on("PutRecords").saying("Others", "Records")]);
    let told = send(&proxy, "POST /", "x-amz-target: Kinesis_20131202.PutRecords", &body);
    assert!(told.contains("\r\n\r\n{\"Others\":"), "{told}");
}
