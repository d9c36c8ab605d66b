//! `ListStreams`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Api, Operation, checks::Checks, describe_stream::brief, error::ApiError, request, text::Text};

pub(super) const OPERATION: Operation = Operation { name: "ListStreams", run };

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input<'a> {
    limit: Option<i64>,
    #[serde(borrow)]
    exclusive_start_stream_name: Option<Text<'a>>,
    next_token: Option<Text<'a>>,
}

fn run(api: &Api, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = request::parse(body)?;
    let mut checks = Checks::default();
    let limit = input.limit.unwrap_or(100);
    checks.range("limit", limit, 1, 10_000);
    if let Some(start) = &input.exclusive_start_stream_name {
        checks.name("exclusiveStartStreamName", start);
    }
    checks.finish()?;
    // The token is the last name listed: a list by names needs no more to go on.
    let start = input.next_token.or(input.exclusive_start_stream_name);
    let mut names = api.log().stream_names();
    names.retain(|name| start.as_ref().is_none_or(|start| name.as_str() > &**start));
    let more = names.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    names.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    // A stream that is deleted just now is listed no more.
    let streams: Vec<Value> =
        names.iter().filter_map(|name| api.describe(name).ok()).map(|stream| brief(api, &stream)).collect();
    let listed: Vec<&Value> = streams.iter().map(|stream| &stream["StreamName"]).collect();
    let mut answer = json!({ "StreamNames": listed, "HasMoreStreams": more });
    if let (true, Some(last)) = (more, names.last()) {
        answer["NextToken"] = last.as_str().into();
    }
    answer["StreamSummaries"] = streams.into();
    request::write(&answer)
}
