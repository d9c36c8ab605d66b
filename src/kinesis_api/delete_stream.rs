//! `DeleteStream`.

use serde::Deserialize;

use super::{
    Api, Operation, Run,
    error::{ApiError, Kind},
    stream_name::stream_name,
    text::Text,
    wire::Body,
};

pub(super) const OPERATION: Operation = Operation { name: "DeleteStream", run: Run::Whole(run) };

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "EnforceConsumerDeletion")]
    with_consumers: Option<bool>,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    checks.finish()?;
    let known = api.stream(name)?;
    if !known.settings.consumers.is_empty() && input.with_consumers != Some(true) {
        let message = format!(
            "Stream {name} has {} consumers: deregister them first, or delete it with EnforceConsumerDeletion.",
            known.settings.consumers.len()
        );
        return Err(ApiError::new(Kind::ResourceInUse, message));
    }
    api.remove(known)?;
    Ok(Vec::new())
}
