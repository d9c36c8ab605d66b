//! `DeleteStream`.

use serde::Deserialize;

use super::{Api, Operation, checks::Checks, error::ApiError, stream_name::stream_name, text::Text, wire::Body};

pub(super) const OPERATION: Operation = Operation { name: "DeleteStream", run };

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = Checks::default();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    checks.finish()?;
    api.log().delete_stream(name)?;
    Ok(Vec::new())
}
