//! Consumers that have shards pushed to them.

use serde::{Deserialize, Serialize};

use super::{
    Api, Operation, Run, account,
    changes::Status,
    checks::ITEMS_UNASKED,
    error::{ApiError, Kind},
    moment::Moment,
    resource::{ConsumerName, consumer_arn, no_consumer},
    settings::Consumer,
    stream_name::stream_arn,
    tags::{Given, expect_legal, optional},
    text::Text,
    token::{self, ConsumerPage},
    wire::Body,
};
use crate::streams::now;

pub(super) const REGISTER: Operation = Operation { name: "RegisterStreamConsumer", run: Run::Whole(register) };
pub(super) const DEREGISTER: Operation = Operation { name: "DeregisterStreamConsumer", run: Run::Whole(deregister) };
pub(super) const DESCRIBE: Operation = Operation { name: "DescribeStreamConsumer", run: Run::Whole(describe) };
pub(super) const LIST: Operation = Operation { name: "ListStreamConsumers", run: Run::Whole(list) };

/// The most consumers of one stream, and of one in the stream mode `ON_DEMAND` of an account that has committed to a minimum
/// (Kinesis API reference, `RegisterStreamConsumer`).
const MOST_CONSUMERS: usize = 20;
const MOST_COMMITTED: usize = 50;
/// The most that are CREATING at once (Kinesis API reference, `RegisterStreamConsumer`).
const MOST_CREATING: usize = 5;

/// A consumer that is being removed.
#[derive(Debug, Clone)]
pub(super) struct Leaving {
    stream: String,
    name: String,
    consumer: Consumer,
}

#[derive(Deserialize)]
struct Register<'a> {
    #[serde(borrow, rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "ConsumerName")]
    name: Option<Text<'a>>,
    #[serde(rename = "Tags")]
    tags: Given<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Registered<'a> {
    consumer: Shown<'a>,
}

fn register(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Register<'_> = body.parse()?;
    let mut checks = api.checks();
    let stream = stream_arn(&mut checks, input.stream_arn.as_ref())?;
    let name = checks.required("consumerName", input.name.as_deref());
    if input.name.is_some() {
        checks.name("consumerName", name);
    }
    let tags = optional(&mut checks, input.tags);
    checks.finish()?;
    let known = api.present(stream)?;
    let created = now();
    let consumer = Consumer { created, tags };
    expect_legal(&consumer.tags, &super::settings::Tags::new())?;
    if api.limits() && api.consumers().making() >= MOST_CREATING {
        let message = format!("{MOST_CREATING} consumers are CREATING already, which is the most.");
        return Err(ApiError::new(Kind::LimitExceeded, message));
    }
    let most = if known.is_on_demand() && account::is_committed(api)? { MOST_COMMITTED } else { MOST_CONSUMERS };
    let leaving = leaving(api, stream).any(|(leaving, _)| leaving == name);
    let exists = || {
        let message = format!("Consumer {name} of stream {} already exists.", api.arn(stream));
        ApiError::new(Kind::ResourceInUse, message)
    };
    let claim = api.consumers().claim(&consumer_arn(api, stream, name, created), Status::Creating);
    let claim = claim.map_err(|_| exists())?;
    api.change(stream, |settings| {
        if leaving || settings.consumers.contains_key(name) {
            return Err(exists());
        }
        if settings.consumers.len() >= most {
            let message = format!("Stream {stream} has {most} consumers already, which is the most.");
            return Err(ApiError::new(Kind::LimitExceeded, message));
        }
        settings.consumers.insert(name.to_owned(), consumer.clone());
        Ok(())
    })?;
    claim.made();
    body.answer(&Registered { consumer: shown(api, stream, name, &consumer) })
}

/// How a request names a consumer: by its ARN, or by its name and that of its stream.
#[derive(Deserialize)]
struct Meant<'a> {
    #[serde(borrow, rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "ConsumerName")]
    name: Option<Text<'a>>,
    #[serde(rename = "ConsumerARN")]
    arn: Option<Text<'a>>,
}

impl Meant<'_> {
    /// Returns its stream, its name and what is known of it.
    fn find(&self, api: &Api) -> Result<(&str, &str, Consumer), ApiError> {
        let mut checks = api.checks();
        if let Some(name) = &self.name {
            checks.name("consumerName", name);
        }
        if let Some(arn) = &self.arn {
            let consumer = ConsumerName::read(&mut checks, "consumerARN", arn);
            checks.finish()?;
            return match api.consumers().was(arn) {
                Some(leaving) => Ok((consumer.stream, consumer.name, leaving.consumer)),
                None => Ok((consumer.stream, consumer.name, find(api, consumer)?)),
            };
        }
        let stream = self.stream_arn.as_ref().map(|arn| super::stream_name::from_arn(&mut checks, "streamARN", arn));
        checks.finish()?;
        let (Some(stream), Some(name)) = (stream, self.name.as_deref()) else {
            let message = "Either the ConsumerARN must be provided, or the StreamARN and the ConsumerName.";
            return Err(ApiError::argument(message));
        };
        let settings = api.present(stream)?.settings;
        let leaving = || leaving(api, stream).find(|(leaving, _)| leaving == name).map(|(_, consumer)| consumer);
        let found = settings.consumers.get(name).cloned().or_else(leaving);
        Ok((stream, name, found.ok_or_else(|| no_consumer(api, stream, name))?))
    }
}

/// Returns the consumers of a stream that are being removed, with their names.
fn leaving(api: &Api, stream: &str) -> impl Iterator<Item = (String, Consumer)> {
    let leaving = api.consumers().leaving().into_iter().filter(move |leaving| leaving.stream == stream);
    leaving.map(|leaving| (leaving.name, leaving.consumer))
}

/// Returns what is known of a consumer.
pub(super) fn find(api: &Api, name: ConsumerName<'_>) -> Result<Consumer, ApiError> {
    Ok(name.find(api, &api.present(name.stream)?.settings)?.clone())
}

fn deregister(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Meant<'_> = body.parse()?;
    let (stream, name, consumer) = input.find(api)?;
    let arn = consumer_arn(api, stream, name, consumer.created);
    let in_use = || {
        let message = format!("Consumer {name} is not ACTIVE, instead in state DELETING");
        ApiError::new(Kind::ResourceInUse, message)
    };
    let leaving = Leaving { stream: stream.to_owned(), name: name.to_owned(), consumer };
    let claim = api.consumers().remove(&arn, leaving).map_err(|_| in_use())?;
    api.change(stream, |settings| {
        settings.consumers.remove(name).ok_or_else(in_use)?;
        settings.policies.remove(&arn);
        Ok(())
    })?;
    api.subscriptions().end(&arn, &no_consumer(api, stream, name));
    claim.made();
    Ok(Vec::new())
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Described<'a> {
    consumer_description: Shown<'a>,
}

fn describe(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Meant<'_> = body.parse()?;
    let (stream, name, consumer) = input.find(api)?;
    let described = Shown { stream_arn: Some(api.arn(stream)), ..shown(api, stream, name, &consumer) };
    body.answer(&Described { consumer_description: described })
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow, rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "NextToken")]
    next_token: Option<Text<'a>>,
    #[serde(rename = "MaxResults")]
    most: Option<i64>,
    #[serde(rename = "StreamCreationTimestamp")]
    created: Option<Moment>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed<'a> {
    consumers: Vec<Shown<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

fn list(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: List<'_> = body.parse()?;
    let mut checks = api.checks();
    let stream = stream_arn(&mut checks, input.stream_arn.as_ref())?;
    let most = input.most.unwrap_or(ITEMS_UNASKED);
    checks.items("maxResults", most);
    checks.finish()?;
    let known = api.present(stream)?;
    let after = match &input.next_token {
        Some(_) if input.created.is_some() => {
            return Err(ApiError::argument("NextToken cannot be provided together with StreamCreationTimestamp."));
        }
        Some(text) => {
            let page: ConsumerPage = token::resume(text)?;
            if page.created != known.description.created {
                return Err(ApiError::argument("NextToken is of another stream."));
            }
            Some(page.after)
        }
        None => {
            known.expect_created(input.created)?;
            None
        }
    };
    let mut consumers = known.settings.consumers.clone();
    consumers.extend(leaving(api, stream));
    let mut left = consumers.iter().filter(|(name, _)| after.as_ref().is_none_or(|after| *name > after)).peekable();
    let page: Vec<(&String, &Consumer)> = left.by_ref().take(usize::try_from(most).unwrap_or_default()).collect();
    let last = page.last().filter(|_| left.peek().is_some());
    let created = known.description.created;
    let next_token = last.map(|(last, _)| token::next(&ConsumerPage { created, after: (*last).clone() }));
    let consumers = page.iter().map(|(name, consumer)| shown(api, stream, name, consumer)).collect();
    body.answer(&Listed { consumers, next_token })
}

/// A consumer as answers show it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown<'a> {
    consumer_name: &'a str,
    #[serde(rename = "ConsumerARN")]
    consumer_arn: String,
    consumer_status: &'static str,
    consumer_creation_timestamp: Moment,
    #[serde(rename = "StreamARN", skip_serializing_if = "Option::is_none")]
    stream_arn: Option<String>,
}

fn shown<'a>(api: &Api, stream: &str, name: &'a str, consumer: &Consumer) -> Shown<'a> {
    let arn = consumer_arn(api, stream, name, consumer.created);
    Shown {
        consumer_name: name,
        consumer_status: api.consumers().status(&arn).word(),
        consumer_arn: arn,
        consumer_creation_timestamp: Moment(consumer.created),
        stream_arn: None,
    }
}
