//! `ListStreams`.

use serde::{Deserialize, Serialize};

use super::{
    Api, Operation, Run,
    checks::ITEMS_UNASKED,
    describe_stream::{Brief, brief},
    error::ApiError,
    known::Known,
    text::Text,
    token::{self, StreamPage},
    wire::Body,
};

pub(super) const OPERATION: Operation = Operation { name: "ListStreams", run: Run::Whole(run) };

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input<'a> {
    limit: Option<i64>,
    #[serde(borrow)]
    exclusive_start_stream_name: Option<Text<'a>>,
    next_token: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Output<'a> {
    stream_names: Vec<&'a str>,
    has_more_streams: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
    stream_summaries: Vec<Brief<'a>>,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let limit = input.limit.unwrap_or(ITEMS_UNASKED);
    checks.items("limit", limit);
    if let Some(start) = &input.exclusive_start_stream_name {
        checks.name("exclusiveStartStreamName", start);
    }
    checks.finish()?;
    let start = match &input.next_token {
        Some(text) => Some(token::resume::<StreamPage>(text)?.behind),
        None => input.exclusive_start_stream_name.map(|start| start.to_string()),
    };
    let mut names = api.names();
    names.retain(|name| start.as_ref().is_none_or(|start| name > start));
    let more = names.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    names.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    // A stream that is deleted just now is listed no more.
    let streams: Vec<Known> = names.iter().filter_map(|name| api.stream(name).ok()).collect();
    body.answer(&Output {
        stream_names: streams.iter().map(|stream| stream.description.name.as_str()).collect(),
        has_more_streams: more,
        next_token: names.last().filter(|_| more).map(|last| token::next(&StreamPage { behind: last.clone() })),
        stream_summaries: streams.iter().map(|stream| brief(api, stream)).collect(),
    })
}
