//! One request: which operation it asks for, its body, and the answer around the operation's own.

use std::io::Read;

use axum::{
    body::{self, Body},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::MultiGzDecoder;
use md5::{Digest, Md5};

use super::{
    Api, OPERATIONS, Operation, Run,
    error::{ApiError, Kind},
    event_stream,
    wire::{ALL, Body as Call, Wire},
};

const SERVICE: &str = "Kinesis_20131202";
/// The largest body: 10 MiB of records in base64, and 500 records' worth of JSON around them.
const BODY_BYTES: usize = 16 << 20;

/// Answers a request.
pub(super) async fn answer(State(api): State<Api>, request: Request) -> Response {
    let id = request_id(&api);
    let wire = spelling(request.headers());
    // What cannot be read can still be answered in JSON.
    let answered = *wire.as_ref().unwrap_or(&Wire::Json);
    let mut response = match run(api, request, wire).await {
        Ok(Answer::Whole(body)) => ([(header::CONTENT_TYPE, answered.content_type())], body).into_response(),
        Ok(Answer::Events(frames)) => ([(header::CONTENT_TYPE, event_stream::CONTENT_TYPE)], frames).into_response(),
        Err(error) => error.into_response(answered),
    };
    let extended = STANDARD.encode(Md5::digest(id.as_bytes()));
    for (name, value) in [("x-amzn-requestid", id), ("x-amz-id-2", extended)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The body of an answer.
enum Answer {
    Whole(Vec<u8>),
    Events(Body),
}

async fn run(api: Api, request: Request, wire: Result<Wire, ApiError>) -> Result<Answer, ApiError> {
    let (head, body) = request.into_parts();
    // Also where the answer is no: the server ends a connection whose body was not read, and with it the next request.
    let body = body::to_bytes(body, BODY_BYTES).await.map_err(|_| {
        ApiError::new(Kind::TooLarge, format!("the body must be whole and of at most {BODY_BYTES} bytes"))
    })?;
    if head.method != Method::POST {
        let message = "Unable to determine service/operation name to be authorized";
        return Err(ApiError::new(Kind::AccessDenied, message));
    }
    let wire = wire?;
    let operation = operation(&head.headers)?;
    if let Some(trouble) = api.trouble() {
        tokio::time::sleep(trouble.latency()).await;
        trouble.meet(operation.name)?;
    }
    api.throttle().operation(operation.name)?;
    let is_gzip = text(&head.headers, header::CONTENT_ENCODING.as_str()).eq_ignore_ascii_case("gzip");
    // Operations decode, hash and wait for the log: not on a thread that others' requests are waiting for.
    let answer = tokio::task::spawn_blocking(move || {
        let body = if is_gzip { unzipped(&body)?.into() } else { body };
        let call = Call { wire, bytes: &body };
        match operation.run {
            Run::Whole(run) => run(&api, call).map(Answer::Whole),
            Run::Events(run) => run(&api, call).map(Answer::Events),
        }
    });
    answer.await.map_err(|_| ApiError::new(Kind::Internal, "the operation did not end"))?
}

/// Unpacks a body.
fn unzipped(body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let mut whole = Vec::new();
    // One byte more tells a body that is too large from one that is just as large as it may be.
    let mut reader = MultiGzDecoder::new(body).take(BODY_BYTES as u64 + 1);
    reader
        .read_to_end(&mut whole)
        .map_err(|error| ApiError::new(Kind::Serialization, format!("the body is no gzip: {error}")))?;
    if whole.len() > BODY_BYTES {
        return Err(ApiError::new(Kind::TooLarge, format!("the body must be of at most {BODY_BYTES} bytes")));
    }
    Ok(whole)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default()
}

fn spelling(headers: &HeaderMap) -> Result<Wire, ApiError> {
    let kind = text(headers, header::CONTENT_TYPE.as_str()).split(';').next().unwrap_or_default().trim();
    let known = ALL.into_iter().find(|wire| wire.content_type() == kind);
    known.ok_or_else(|| {
        let [json, cbor] = ALL.map(Wire::content_type);
        ApiError::new(Kind::UnknownOperation, format!("the content type must be {json} or {cbor}, not `{kind}`"))
    })
}

fn operation(headers: &HeaderMap) -> Result<&'static Operation, ApiError> {
    let target = text(headers, "x-amz-target");
    let name = target.strip_prefix(SERVICE).and_then(|rest| rest.strip_prefix('.'));
    let known = name.and_then(|name| OPERATIONS.iter().find(|operation| operation.name == name));
    known.ok_or_else(|| {
        ApiError::new(Kind::UnknownOperation, format!("`{target}` is not an operation of this endpoint"))
    })
}

/// Returns a number for the request that no other of this process has, in the form of a UUID.
fn request_id(api: &Api) -> String {
    let count = api.count_request();
    let seed = [count.to_be_bytes(), u64::from(std::process::id()).to_be_bytes()].concat();
    let digits = format!("{:032x}", u128::from_be_bytes(Md5::digest(seed).into()));
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}
