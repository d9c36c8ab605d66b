//! Tags of streams and of consumers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Api, Operation, Run,
    checks::Checks,
    error::ApiError,
    list::{List, Pairs},
    resource::Resource,
    settings::Tags,
    stream_name::stream_name,
    text::Text,
    wire::Body,
};

pub(super) const ADD: Operation = Operation { name: "AddTagsToStream", run: Run::Whole(add) };
pub(super) const REMOVE: Operation = Operation { name: "RemoveTagsFromStream", run: Run::Whole(remove) };
pub(super) const LIST: Operation = Operation { name: "ListTagsForStream", run: Run::Whole(list) };
pub(super) const TAG: Operation = Operation { name: "TagResource", run: Run::Whole(tag) };
pub(super) const UNTAG: Operation = Operation { name: "UntagResource", run: Run::Whole(untag) };
pub(super) const LIST_OF_RESOURCE: Operation =
    Operation { name: "ListTagsForResource", run: Run::Whole(list_of_resource) };

/// The most tags of one resource (Kinesis developer guide, "tag your streams").
const MOST_TAGS: usize = 50;
/// The most tags that the API's model lets a request have, and the most keys.
const MOST_TAGS_OF_REQUEST: usize = 200;
const MOST_KEYS_OF_REQUEST: usize = 50;
/// The most tags of an answer, and how many there are where a request does not say (the API's model).
const MOST_LISTED: i64 = 50;

/// Tags as a request gives them.
pub(super) type Given<'a> = Option<Pairs<Text<'a>, Text<'a>, MOST_TAGS_OF_REQUEST>>;
/// Keys of tags as a request gives them.
type Keys<'a> = Option<List<Text<'a>, MOST_KEYS_OF_REQUEST>>;

#[derive(Deserialize)]
struct Add<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "Tags")]
    tags: Given<'a>,
}

fn add(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Add<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    let tags = required(&mut checks, input.tags);
    checks.finish()?;
    api.active(name)?;
    put(api, Resource::Stream(name), tags)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag<'a> {
    #[serde(borrow, rename = "ResourceARN")]
    arn: Option<Text<'a>>,
    tags: Given<'a>,
}

fn tag(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Tag<'_> = body.parse()?;
    let mut checks = api.checks();
    let resource = Resource::read(&mut checks, input.arn.as_ref());
    let tags = required(&mut checks, input.tags);
    checks.finish()?;
    put(api, resource, tags)
}

#[derive(Deserialize)]
struct Remove<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "TagKeys")]
    keys: Keys<'a>,
}

fn remove(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Remove<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    let keys = required_keys(&mut checks, input.keys);
    checks.finish()?;
    api.active(name)?;
    take(api, Resource::Stream(name), &keys)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Untag<'a> {
    #[serde(borrow, rename = "ResourceARN")]
    arn: Option<Text<'a>>,
    tag_keys: Keys<'a>,
}

fn untag(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Untag<'_> = body.parse()?;
    let mut checks = api.checks();
    let resource = Resource::read(&mut checks, input.arn.as_ref());
    let keys = required_keys(&mut checks, input.tag_keys);
    checks.finish()?;
    take(api, resource, &keys)
}

#[derive(Deserialize)]
struct OfStream<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "ExclusiveStartTagKey")]
    start: Option<Text<'a>>,
    #[serde(rename = "Limit")]
    limit: Option<i64>,
}

fn list(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: OfStream<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    if let Some(start) = &input.start {
        checks.length("exclusiveStartTagKey", start, 1, KEY_CHARACTERS);
    }
    let limit = input.limit.unwrap_or(MOST_LISTED);
    checks.range("limit", limit, 1, MOST_LISTED);
    checks.finish()?;
    let tags = api.stream(name)?.settings.tags.clone();
    let mut left =
        tags.iter().filter(|(key, _)| input.start.as_ref().is_none_or(|start| key.as_str() > &**start)).peekable();
    let page: Vec<Value> = left.by_ref().take(usize::try_from(limit).unwrap_or_default()).map(shown).collect();
    body.answer(&json!({ "Tags": page, "HasMoreTags": left.peek().is_some() }))
}

#[derive(Deserialize)]
struct OfResource<'a> {
    #[serde(borrow, rename = "ResourceARN")]
    arn: Option<Text<'a>>,
}

fn list_of_resource(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: OfResource<'_> = body.parse()?;
    let mut checks = api.checks();
    let resource = Resource::read(&mut checks, input.arn.as_ref());
    checks.finish()?;
    let settings = api.stream(resource.stream())?.settings;
    let tags = match resource {
        Resource::Stream(_) => &settings.tags,
        Resource::Consumer(name) => &name.find(api, &settings)?.tags,
    };
    body.answer(&json!({ "Tags": tags.iter().map(shown).collect::<Vec<Value>>() }))
}

fn shown((key, value): (&String, &String)) -> Value {
    json!({ "Key": key, "Value": value })
}

/// The most characters of a tag's key and of its value (the API's model).
const KEY_CHARACTERS: usize = 128;
const VALUE_CHARACTERS: usize = 256;

fn required(checks: &mut Checks<'_>, tags: Given<'_>) -> Tags {
    let present = tags.is_some();
    let tags = checks.required("tags", tags);
    if present {
        checks.count("tags", tags.len(), 1, MOST_TAGS_OF_REQUEST);
    }
    checked(checks, &tags)
}

/// Checks tags that a request may give with something else.
pub(super) fn optional(checks: &mut Checks<'_>, tags: Given<'_>) -> Tags {
    if let Some(tags) = &tags {
        checks.count("tags", tags.len(), 1, MOST_TAGS_OF_REQUEST);
    }
    checked(checks, &tags.unwrap_or_default())
}

fn checked(checks: &mut Checks<'_>, tags: &BTreeMap<Text<'_>, Text<'_>>) -> Tags {
    for (key, value) in tags {
        checks.length("tags", key, 1, KEY_CHARACTERS);
        checks.length("tags", value, 0, VALUE_CHARACTERS);
    }
    tags.iter().map(|(key, value)| ((**key).to_owned(), (**value).to_owned())).collect()
}

fn required_keys(checks: &mut Checks<'_>, keys: Keys<'_>) -> Vec<String> {
    let present = keys.is_some();
    let keys = checks.required("tagKeys", keys);
    if present {
        checks.count("tagKeys", keys.len(), 1, MOST_KEYS_OF_REQUEST);
    }
    for key in &*keys {
        checks.length("tagKeys", key, 1, KEY_CHARACTERS);
    }
    keys.iter().map(|key| (**key).to_owned()).collect()
}

/// What keys begin with that only AWS gives (Kinesis developer guide, "tag restrictions").
const RESERVED: &str = "aws:";

/// Says whether a text can be part of a tag (Kinesis developer guide, "tag restrictions").
fn is_legal(text: &str) -> bool {
    text.chars().all(|one| one.is_alphanumeric() || one.is_whitespace() || "_./=+-@:".contains(one))
}

/// Refuses what cannot be tags of a resource that has some.
pub(super) fn expect_legal(tags: &Tags, has: &Tags) -> Result<(), ApiError> {
    if !tags.iter().all(|(key, value)| is_legal(key) && is_legal(value)) {
        let message = "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - @ :.";
        return Err(ApiError::argument(message));
    }
    if let Some(key) = tags.keys().find(|key| key.to_lowercase().starts_with(RESERVED)) {
        let message = format!("The tag key {key} begins with `{RESERVED}`, which is AWS's own.");
        return Err(ApiError::argument(message));
    }
    let total = has.len() + tags.keys().filter(|key| !has.contains_key(*key)).count();
    if total > MOST_TAGS {
        return Err(ApiError::argument(format!(
            "A resource has {MOST_TAGS} tags at the most, and this one would have {total}."
        )));
    }
    Ok(())
}

fn put(api: &Api, resource: Resource<'_>, tags: Tags) -> Result<Vec<u8>, ApiError> {
    with(api, resource, |has| {
        expect_legal(&tags, has)?;
        has.extend(tags);
        Ok(())
    })
}

fn take(api: &Api, resource: Resource<'_>, keys: &[String]) -> Result<Vec<u8>, ApiError> {
    with(api, resource, |has| {
        for key in keys {
            has.remove(key);
        }
        Ok(())
    })
}

fn with(
    api: &Api,
    resource: Resource<'_>,
    change: impl FnOnce(&mut Tags) -> Result<(), ApiError>,
) -> Result<Vec<u8>, ApiError> {
    api.stream(resource.stream())?;
    api.change(resource.stream(), |settings| match resource {
        Resource::Stream(_) => change(&mut settings.tags),
        Resource::Consumer(name) => {
            name.find(api, settings)?;
            settings.consumers.get_mut(name.name).map_or(Ok(()), |consumer| change(&mut consumer.tags))
        }
    })?;
    Ok(Vec::new())
}
