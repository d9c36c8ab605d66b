//! One request: which operation it asks for, its body, and the answer around the operation's own.

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    response::{IntoResponse, Response},
};

use super::{
    Api, OPERATIONS, Operation, Run,
    error::{ApiError, Kind},
    event_stream, get_records, intake, request_id, room,
    wire::{ALL, Body as Call, Wire},
};

const SERVICE: &str = "Kinesis_20131202";

/// Answers a request.
pub(super) async fn answer(State(api): State<Api>, request: Request) -> Response {
    let wire = spelling(request.headers());
    // What cannot be read can still be answered in JSON.
    let answered = *wire.as_ref().unwrap_or(&Wire::Json);
    let mut response = match run(api, request, wire).await {
        Ok(Answer::Whole(body)) => ([(header::CONTENT_TYPE, answered.content_type())], body).into_response(),
        Ok(Answer::Events(frames)) => ([(header::CONTENT_TYPE, event_stream::CONTENT_TYPE)], frames).into_response(),
        Err(error) => return error.into_response(answered),
    };
    request_id::give(&mut response);
    response
}

/// The body of an answer.
enum Answer {
    Whole(Bytes),
    Events(Body),
}

async fn run(api: Api, request: Request, wire: Result<Wire, ApiError>) -> Result<Answer, ApiError> {
    let (head, body) = request.into_parts();
    // Also where the answer is no: the server ends a connection whose body was not read, and with it the next request.
    let room = api.room().clone();
    let encoding = text(&head.headers, header::CONTENT_ENCODING.as_str());
    let is_gzip = ["gzip", "x-gzip"].iter().any(|gzip| encoding.eq_ignore_ascii_case(gzip));
    let taken = intake::read(body, is_gzip, &room).await?;
    if head.method != Method::POST {
        let message = "Unable to determine service/operation name to be authorized";
        return Err(ApiError::new(Kind::AccessDenied, message));
    }
    if !is_gzip && !["", "identity"].contains(&encoding) {
        let message = format!("The content encoding `{encoding}` is not known: a body is packed by gzip, or not.");
        return Err(ApiError::new(Kind::Serialization, message));
    }
    let wire = wire?;
    let operation = operation(&head.headers)?;
    if let Some(trouble) = api.trouble() {
        tokio::time::sleep(trouble.latency()).await;
        trouble.meet(operation.name)?;
    }
    api.throttle().operation(operation.name)?;
    // Only this one gives more than a little.
    let answer_room = if operation.name == get_records::OPERATION.name { room.answer().await } else { None };
    let turn = room.turn().await;
    // Operations decode, hash and wait for the log: not on a thread that others' requests are waiting for.
    let answer = tokio::task::spawn_blocking(move || {
        // Whoever has left is still worked for.
        let _turn = turn;
        let body = if is_gzip { intake::unzipped(&taken.bytes)?.into() } else { taken.bytes.clone() };
        let call = Call { wire, bytes: &body };
        call.expect_object()?;
        match operation.run {
            Run::Whole(run) => run(&api, call).map(|answer| Answer::Whole(room::held(answer, answer_room))),
            Run::Events(run) => run(&api, call).map(Answer::Events),
        }
    });
    answer.await.map_err(|_| ApiError::new(Kind::Internal, "the operation did not end"))?
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
