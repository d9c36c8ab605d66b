//! Resource policies: kept and told again, and asked by nobody.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Api, Operation, Run,
    checks::Checks,
    error::{ApiError, Kind},
    resource::Resource,
    text::Text,
    wire::Body,
};

pub(super) const DELETE: Operation = Operation { name: "DeleteResourcePolicy", run: Run::Whole(delete) };
pub(super) const GET: Operation = Operation { name: "GetResourcePolicy", run: Run::Whole(get) };
pub(super) const PUT: Operation = Operation { name: "PutResourcePolicy", run: Run::Whole(put) };

/// The longest policy: that of other services' resources (IAM quotas, "resource-based policies"), as Kinesis names none.
const MOST_BYTES: usize = 20 << 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input<'a> {
    #[serde(borrow, rename = "ResourceARN")]
    arn: Option<Text<'a>>,
    policy: Option<Text<'a>>,
}

impl Input<'_> {
    fn resource<'a>(&'a self, checks: &mut Checks<'_>) -> (Resource<'a>, &'a str) {
        (Resource::read(checks, self.arn.as_ref()), self.arn.as_deref().unwrap_or_default())
    }
}

fn get(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let (resource, arn) = input.resource(&mut checks);
    checks.finish()?;
    let settings = known(api, resource)?;
    let policy = settings.policies.get(arn).ok_or_else(|| none(arn))?;
    body.answer(&json!({ "Policy": policy }))
}

fn put(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let (resource, arn) = input.resource(&mut checks);
    let policy = checks.required("policy", input.policy.as_deref());
    checks.finish()?;
    if policy.len() > MOST_BYTES {
        let message = format!("The policy is longer than {MOST_BYTES} bytes.");
        return Err(ApiError::new(Kind::LimitExceeded, message));
    }
    if !serde_json::from_str::<Value>(policy)
        .is_ok_and(|policy| policy["Statement"].is_array() || policy["Statement"].is_object())
    {
        return Err(ApiError::argument("The policy is no JSON object with a Statement."));
    }
    known(api, resource)?;
    api.change(resource.stream(), |settings| {
        settings.policies.insert(arn.to_owned(), policy.to_owned());
        Ok(())
    })?;
    Ok(Vec::new())
}

fn delete(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let (resource, arn) = input.resource(&mut checks);
    checks.finish()?;
    known(api, resource)?;
    api.change(resource.stream(), |settings| settings.policies.remove(arn).map(drop).ok_or_else(|| none(arn)))?;
    Ok(Vec::new())
}

/// Returns the settings of the resource's stream, where it is there.
fn known(api: &Api, resource: Resource<'_>) -> Result<std::sync::Arc<super::settings::Settings>, ApiError> {
    let settings = api.stream(resource.stream())?.settings;
    if let Resource::Consumer(name) = resource {
        name.find(api, &settings)?;
    }
    Ok(settings)
}

fn none(arn: &str) -> ApiError {
    ApiError::new(Kind::ResourceNotFound, format!("Resource {arn} has no resource policy."))
}
