//! `UpdateStreamMode`.

use serde::Deserialize;

use super::{
    Api, Operation, Run,
    checks::Checks,
    create_stream::{expect_on_demand_room, expect_room},
    error::ApiError,
    stream_name::stream_arn,
    text::Text,
    wire::Body,
};

pub(super) const OPERATION: Operation = Operation { name: "UpdateStreamMode", run: Run::Whole(run) };

/// How often a stream can change its mode within 24 hours (Kinesis API reference, `UpdateStreamMode`).
const MOST_CHANGES: usize = 2;

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
    pub(super) fn is_on_demand(&self, checks: &mut Checks<'_>) -> bool {
        let mode = checks.required("streamModeDetails.streamMode", self.mode.as_deref());
        if self.mode.is_some() {
            checks.one_of("streamModeDetails.streamMode", mode, &["PROVISIONED", "ON_DEMAND"]);
        }
        mode == "ON_DEMAND"
    }
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
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
    api.updating(name, |stream| {
        let changes = on_demand != stream.is_on_demand();
        match (changes, on_demand) {
            (true, true) => expect_on_demand_room(api)?,
            (true, false) => expect_room(api, stream.description.shards.len())?,
            (false, _) => {}
        }
        api.change(name, |settings| {
            if changes {
                settings.moded.again(api, name, MOST_CHANGES, "given another mode")?;
            }
            settings.on_demand = Some(on_demand);
            settings.spread &= on_demand;
            settings.warm_mibps = if on_demand { input.warm_mibps.or(settings.warm_mibps) } else { None };
            Ok(())
        })
    })?;
    Ok(Vec::new())
}
