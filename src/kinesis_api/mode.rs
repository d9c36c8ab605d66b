//! `UpdateStreamMode`.

use serde::Deserialize;

use super::{Api, Operation, Run, checks::Checks, error::ApiError, stream_name::stream_arn, text::Text, wire::Body};

pub(super) const OPERATION: Operation = Operation { name: "UpdateStreamMode", run: Run::Whole(run) };

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "StreamModeDetails")]
    mode: Option<Mode<'a>>,
    #[serde(rename = "WarmThroughputMiBps")]
    warm_mibps: Option<i64>,
}

/// The member of a request that says how shards are provided.
#[derive(Deserialize)]
pub(super) struct Mode<'a> {
    #[serde(borrow, rename = "StreamMode")]
    mode: Option<Text<'a>>,
}

impl Mode<'_> {
    /// Returns whether it is as many as the traffic asks for.
    pub(super) fn is_on_demand(&self, checks: &mut Checks) -> bool {
        let mode = checks.required("streamModeDetails.streamMode", self.mode.as_deref());
        if self.mode.is_some() {
            checks.one_of("streamModeDetails.streamMode", mode, &["PROVISIONED", "ON_DEMAND"]);
        }
        mode == "ON_DEMAND"
    }
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = Checks::default();
    let name = stream_arn(&mut checks, input.stream_arn.as_ref())?;
    let on_demand = match &input.mode {
        Some(mode) => mode.is_on_demand(&mut checks),
        None => checks.required("streamModeDetails", None),
    };
    if let Some(warm) = input.warm_mibps {
        checks.range("warmThroughputMiBps", warm, 0, i64::from(i32::MAX));
    }
    checks.finish()?;
    if !on_demand && input.warm_mibps.is_some() {
        return Err(ApiError::argument("WarmThroughputMiBps can only be given with the stream mode ON_DEMAND."));
    }
    api.update(name, |_, settings| {
        settings.on_demand = Some(on_demand);
        settings.spread &= on_demand;
        settings.warm_mibps = if on_demand { input.warm_mibps.or(settings.warm_mibps) } else { None };
        Ok(())
    })?;
    Ok(Vec::new())
}
