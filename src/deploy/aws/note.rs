//! The note of a pipeline on AWS: enough to find all of it again without its file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::EngineKind;

use super::super::DeployError;
use super::super::Place;
use super::super::local::Folder;
use super::account::called;
use super::{Account, AwsError};

/// Its file in the pipeline's folder.
const FILE: &str = "aws.json";

/// A pipeline on AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The target of the file that it was put to work for.
    pub target: String,
    /// Where it is.
    pub place: Place,
    /// The twelve digits of the account.
    pub account: String,
    /// The bucket with its code, where it has some.
    pub bucket: Option<String>,
    /// The buckets with code of it from before the file named another one.
    #[serde(default)]
    pub left: Vec<String>,
    /// Whether its application is one of Kinesis Data Analytics for SQL.
    pub sql: bool,
    /// The version before the one that is being put in its place, until that one runs.
    pub before: Option<Version>,
}

/// A version of a stack that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its template.
    pub template: String,
    /// What was said to it.
    pub parameters: BTreeMap<String, String>,
}

impl Note {
    /// Reads the note of a pipeline, where there is one. One that cannot be read is a failure: it may name what costs
    /// money.
    pub fn of(folder: &Folder) -> Result<Option<Self>, AwsError> {
        let path = folder.path().join(FILE);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| AwsError::Note { path, reason: error.to_string() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DeployError::Folder { path, source }.into()),
        }
    }

    /// Returns what runs its queries.
    pub fn engine(&self) -> EngineKind {
        if self.sql { EngineKind::KinesisSql } else { EngineKind::ManagedFlink }
    }

    /// Fails where an account is not the one that it is about: credentials may be another's by now.
    pub fn expect(&self, pipeline: &str, account: &Account) -> Result<(), AwsError> {
        if self.account == account.id && self.place == account.place {
            return Ok(());
        }
        Err(AwsError::Elsewhere {
            pipeline: pipeline.to_owned(),
            noted: called(&self.account, &self.place),
            wanted: account.to_string(),
        })
    }

    /// Removes it.
    pub fn forget(folder: &Folder) {
        // One that is left behind leads to nothing.
        drop(std::fs::remove_file(folder.path().join(FILE)));
    }

    /// Writes it.
    pub fn write(&self, folder: &Folder) -> Result<(), AwsError> {
        Ok(folder.write_through(FILE, self)?)
    }
}
