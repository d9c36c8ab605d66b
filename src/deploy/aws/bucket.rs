//! The bucket that holds packaged code.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier, ObjectVersion};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{Account, AwsError, Refusal};

/// How long an upload may take: 60 MB at one megabit a second.
const UPLOAD: Duration = Duration::from_mins(10);
/// The most versions that one call removes (S3 API reference, `DeleteObjects`).
const AT_ONCE: usize = 1000;

/// How many versions of objects are counted at the most: 100 calls, which take half a minute.
const COUNTED: usize = 100_000;

/// What is in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weight {
    /// Its objects, each version of one.
    pub objects: usize,
    /// How large they are together.
    pub bytes: u64,
    /// Whether that is all that is in it.
    pub is_all: bool,
}

/// Where a page of a listing begins.
#[derive(Default)]
struct Start {
    key: Option<String>,
    version: Option<String>,
}

impl Start {
    /// Returns where the page behind one begins; `None` where it is the last.
    fn next(page: &ListObjectVersionsOutput) -> Option<Self> {
        let key = Some(page.next_key_marker().filter(|_| page.is_truncated() == Some(true))?.to_owned());
        Some(Self { key, version: page.next_version_id_marker().map(str::to_owned) })
    }
}

/// A bucket in an account. It is asked for with the account that owns it: a bucket of its name that is another's is refused.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    /// Its name.
    pub name: String,
    owner: String,
    partition: String,
    region: String,
    endpoint: Option<String>,
}

impl Bucket {
    /// Means the bucket of a name.
    pub fn new(account: &Account, name: &str) -> Self {
        // An endpoint that is not AWS's has no host for each bucket.
        let path_style = account.place.endpoint.is_some();
        let config = config::Builder::from(account.config()).force_path_style(path_style).build();
        Self {
            client: Client::from_conf(config),
            name: name.to_owned(),
            owner: account.id.clone(),
            partition: account.partition.clone(),
            region: account.place.region.clone(),
            endpoint: account.place.endpoint.clone(),
        }
    }

    /// Returns its Amazon resource name.
    pub fn arn(&self) -> String {
        format!("arn:{}:s3:::{}", self.partition, self.name)
    }

    /// Returns the address of an object as `CloudFormation` takes it.
    pub fn url(&self, key: &str) -> String {
        if let Some(endpoint) = &self.endpoint {
            return format!("{}/{}/{key}", endpoint.trim_end_matches('/'), self.name);
        }
        let suffix = if self.partition == "aws-cn" { ".cn" } else { "" };
        format!("https://{}.s3.{}.amazonaws.com{suffix}/{key}", self.name, self.region)
    }

    /// Returns whether it is there, and the account's.
    pub async fn exists(&self) -> Result<bool, AwsError> {
        match self.client.head_bucket().bucket(&self.name).expected_bucket_owner(&self.owner).send().await {
            Ok(_) => Ok(true),
            // The answer to HEAD has no body, and so no code but that of HTTP.
            Err(error) => match error.raw_response().map(|response| response.status().as_u16()) {
                Some(404) => Ok(false),
                Some(403) => Err(AwsError::NotOurs { bucket: self.name.clone() }),
                _ => Err(Refusal::of("HeadBucket", &error).into()),
            },
        }
    }

    /// Returns whether an object is there.
    pub async fn has(&self, key: &str) -> Result<bool, AwsError> {
        let request = self.client.head_object().bucket(&self.name).key(key).expected_bucket_owner(&self.owner);
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.raw_response().map(|response| response.status().as_u16()) {
                // Without the right to list a bucket, what is absent is forbidden.
                Some(404 | 403) => Ok(false),
                _ => Err(Refusal::of("HeadObject", &error).into()),
            },
        }
    }

    /// Puts an object. What arrives is checked against its SHA-256.
    pub async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), AwsError> {
        let checksum = STANDARD.encode(Sha256::digest(&bytes));
        let patience = TimeoutConfig::builder().operation_attempt_timeout(UPLOAD).build();
        let request = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .expected_bucket_owner(&self.owner)
            .checksum_sha256(checksum)
            .body(ByteStream::from(bytes))
            .customize()
            .config_override(config::Builder::new().timeout_config(patience));
        request.send().await.map(drop).map_err(|error| Refusal::of("PutObject", &error).into())
    }

    /// Removes every version of the objects under a prefix whose keys are to go; returns how many objects and versions that
    /// were. A bucket that is not there has none.
    pub async fn clear(&self, prefix: &str, goes: impl Fn(&str) -> bool) -> Result<usize, AwsError> {
        let (mut removed, mut from) = (0, Some(Start::default()));
        while let Some(marker) = from {
            let Some(page) = self.page(prefix, marker).await? else { break };
            let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
            let marks = page.delete_markers().iter().map(|mark| (mark.key(), mark.version_id()));
            let going: Vec<ObjectIdentifier> = versions
                .chain(marks)
                .filter_map(|(key, version)| Some((key?, version)))
                .filter(|(key, _)| goes(key))
                .filter_map(|(key, version)| {
                    ObjectIdentifier::builder().key(key).set_version_id(version.map(str::to_owned)).build().ok()
                })
                .collect();
            removed += going.len();
            for lot in going.chunks(AT_ONCE) {
                self.remove(lot.to_vec()).await?;
            }
            from = Start::next(&page);
        }
        Ok(removed)
    }

    /// Returns how much is in it, with old versions. Of one with very much it counts what comes first.
    pub async fn weigh(&self) -> Result<Weight, AwsError> {
        let mut weight = Weight { objects: 0, bytes: 0, is_all: true };
        let mut from = Some(Start::default());
        while let Some(marker) = from {
            if weight.objects >= COUNTED {
                weight.is_all = false;
                break;
            }
            let Some(page) = self.page("", marker).await? else { break };
            weight.objects += page.versions().len();
            let sizes = page.versions().iter().filter_map(ObjectVersion::size);
            weight.bytes += sizes.filter_map(|size| u64::try_from(size).ok()).sum::<u64>();
            from = Start::next(&page);
        }
        Ok(weight)
    }

    /// Lists versions of objects from a place on; `None` where the bucket is not there.
    async fn page(&self, prefix: &str, from: Start) -> Result<Option<ListObjectVersionsOutput>, AwsError> {
        let request = self.client.list_object_versions().bucket(&self.name).prefix(prefix);
        let request = request.expected_bucket_owner(&self.owner);
        match request.set_key_marker(from.key).set_version_id_marker(from.version).send().await {
            Ok(page) => Ok(Some(page)),
            Err(error) => {
                let refusal = Refusal::of("ListObjectVersions", &error);
                if refusal.is("NoSuchBucket") { Ok(None) } else { Err(refusal.into()) }
            }
        }
    }

    async fn remove(&self, objects: Vec<ObjectIdentifier>) -> Result<(), AwsError> {
        const OPERATION: &str = "DeleteObjects";
        let odd = |what: String| AwsError::Odd { operation: OPERATION, what };
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
        let delete = delete.map_err(|error| odd(error.to_string()))?;
        let request = self.client.delete_objects().bucket(&self.name).delete(delete).expected_bucket_owner(&self.owner);
        let answer = request.send().await.map_err(|error| Refusal::of(OPERATION, &error))?;
        match answer.errors().first() {
            Some(error) => Err(odd(format!(
                "{} stays: {}",
                error.key().unwrap_or("an object"),
                error.message().or(error.code()).unwrap_or("it does not say why")
            ))),
            None => Ok(()),
        }
    }
}
