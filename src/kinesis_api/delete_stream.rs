//! `DeleteStream`.

use serde::Deserialize;

use super::{
    Api, Operation, Run,
    checks::Checks,
    error::{ApiError, Kind},
    named::Named,
    wire::Body,
};

pub(super) const OPERATION: Operation = Operation { name: "DeleteStream", run: Run::Whole(run) };

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, flatten)]
    named: Named<'a>,
    #[serde(rename = "EnforceConsumerDeletion")]
    with_consumers: Option<bool>,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = Checks::default();
    let name = input.named.stream(&mut checks)?;
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
