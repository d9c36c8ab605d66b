//! `IncreaseStreamRetentionPeriod` and `DecreaseStreamRetentionPeriod`.

use serde::Deserialize;

use super::{
    Api, Operation, Run, error::ApiError, settings::RETENTION_HOURS, stream_name::stream_name, text::Text, wire::Body,
};

pub(super) const INCREASE: Operation =
    Operation { name: "IncreaseStreamRetentionPeriod", run: Run::Whole(|api, body| run(api, body, true)) };
pub(super) const DECREASE: Operation =
    Operation { name: "DecreaseStreamRetentionPeriod", run: Run::Whole(|api, body| run(api, body, false)) };

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "RetentionPeriodHours")]
    hours: Option<i64>,
}

fn run(api: &Api, body: Body<'_>, increase: bool) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    let hours = checks.required("retentionPeriodHours", input.hours);
    checks.finish()?;
    let (least, most) = (RETENTION_HOURS.start(), RETENTION_HOURS.end());
    api.update(name, |_, settings| {
        if hours < *least {
            return Err(ApiError::argument(format!(
                "Minimum allowed retention period is {least} hours. Requested retention period ({hours} hours) is too short."
            )));
        }
        if hours > *most {
            return Err(ApiError::argument(format!(
                "Maximum allowed retention period is {most} hours. Requested retention period ({hours} hours) is too long."
            )));
        }
        let existing = settings.retention_hours;
        let (wrong, than, other) = if increase {
            (hours < existing, "shorter", "DecreaseRetentionPeriod")
        } else {
            (hours > existing, "longer", "IncreaseRetentionPeriod")
        };
        if wrong {
            return Err(ApiError::argument(format!(
                "Requested retention period ({hours} hours) for stream {name} can not be {than} than existing retention \
                 period ({existing} hours). Use {other} API."
            )));
        }
        settings.retention_hours = hours;
        Ok(())
    })?;
    Ok(Vec::new())
}
