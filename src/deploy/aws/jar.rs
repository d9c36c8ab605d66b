//! The connector's jar: which one it is, and where it is had from.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zip::result::ZipError;
use zip::{ZipArchive, ZipWriter};

use crate::plan::{Connector, Target};

use super::AwsError;
use super::artifact::Artifact;

/// What is in the repository for a connector.
#[derive(Debug, PartialEq, Eq)]
struct Release {
    connector: Artifact,
    /// What its classes need and neither it nor Flink has.
    needs: &'static [Artifact],
}

/// The newest of each line; Managed Service for Apache Flink runs 1.20 with 5.x, and 2.x with 6.x (its developer guide,
/// "connectors"). What a connector needs, and in which version, is in its POM; the jars of 5.x and 6.x hold all of it.
const RELEASES: [(Connector, Release); 3] = [
    (
        Connector::V4,
        Release {
            connector: Artifact::new(
                "org.apache.flink",
                "flink-connector-kinesis",
                "4.3.0-1.19",
                Some("458071bc89150ebe541c19dda851f6d65c12909d42a778ba558630b6332b035b"),
            ),
            needs: &[
                Artifact::new(
                    "commons-codec",
                    "commons-codec",
                    "1.15",
                    Some("b3e9f6d63a790109bf0d056611fbed1cf69055826defeb9894a71369d246ed63"),
                ),
                Artifact::new(
                    "commons-logging",
                    "commons-logging",
                    "1.1.3",
                    Some("70903f6fc82e9908c8da9f20443f61d90f0870a312642991fe8462a0b9391784"),
                ),
                Artifact::new(
                    "joda-time",
                    "joda-time",
                    "2.8.1",
                    Some("b4670b95f75957c974284c5f3ada966040be2578f643c5c6083d262162061fa2"),
                ),
            ],
        },
    ),
    (
        Connector::V5,
        Release {
            connector: Artifact::new("org.apache.flink", "flink-sql-connector-aws-kinesis-streams", "5.1.0-1.20", None),
            needs: &[],
        },
    ),
    (
        Connector::V6,
        Release {
            connector: Artifact::new("org.apache.flink", "flink-sql-connector-aws-kinesis-streams", "6.0.0-2.0", None),
            needs: &[],
        },
    ),
];

/// The jar of a target's connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jar {
    source: Source,
    /// What the bytes of the file or of the connector have to have, where that is known.
    sha256: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// A file here.
    File(PathBuf),
    /// What a Maven repository has.
    Maven { repository: String, release: &'static Release },
}

impl Jar {
    /// Returns the jar of a target. Paths start at `folder`, which is that of the pipeline file.
    pub fn of(target: &Target, folder: &Path) -> Self {
        if let Some(path) = &target.jar {
            return Self { source: Source::File(folder.join(path)), sha256: target.jar_sha256.clone() };
        }
        let release = RELEASES.iter().find(|(connector, _)| *connector == target.connector);
        let (_, release) = release.expect("every connector has a release");
        Self {
            source: Source::Maven { repository: target.maven.trim_end_matches('/').to_owned(), release },
            sha256: target.jar_sha256.clone().or_else(|| release.connector.sha256.map(str::to_owned)),
        }
    }

    /// Returns its coordinates or its path.
    pub fn name(&self) -> String {
        match &self.source {
            Source::File(path) => path.display().to_string(),
            Source::Maven { release, .. } => release.connector.coordinates(),
        }
    }

    /// Returns what tells it from every other jar without having it: a release never changes once it is out.
    pub fn identity(&self) -> Result<String, AwsError> {
        let own = match (&self.source, &self.sha256) {
            (_, Some(sha256)) => sha256.clone(),
            (Source::File(path), None) => hex(&Sha256::digest(read(path)?)),
            (Source::Maven { .. }, None) => self.name(),
        };
        let needs = match &self.source {
            Source::File(_) => &[],
            Source::Maven { release, .. } => release.needs,
        };
        Ok(needs.iter().fold(own, |all, need| format!("{all} {}", need.coordinates())))
    }

    /// Returns its bytes, which are what they should be: those of the file, or of the connector with all that it needs.
    pub async fn bytes(&self) -> Result<Vec<u8>, AwsError> {
        let jar = self.clone();
        let got = tokio::task::spawn_blocking(move || match &jar.source {
            Source::File(path) => {
                let bytes = read(path)?;
                expect(&jar.name(), &bytes, jar.sha256.as_deref())?;
                // What is none would stop the application before AWS finds out.
                ZipArchive::new(Cursor::new(&bytes)).map_err(|error| AwsError::Jar {
                    jar: jar.name(),
                    reason: format!("it is no jar: {error}"),
                    help: "`jar` names the connector's file as its repository has it".to_owned(),
                })?;
                Ok(bytes)
            }
            Source::Maven { repository, release } => {
                let connector = release.connector.bytes(repository, jar.sha256.as_deref())?;
                let needs = release.needs.iter().map(|need| need.bytes(repository, need.sha256));
                let needs = needs.collect::<Result<Vec<_>, _>>()?;
                unite(connector, needs).map_err(|error| AwsError::Odd { operation: "zip", what: error.to_string() })
            }
        });
        got.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }
}

/// Puts what is in other jars into one: the service takes a single jar.
fn unite(jar: Vec<u8>, others: Vec<Vec<u8>>) -> Result<Vec<u8>, ZipError> {
    if others.is_empty() {
        return Ok(jar);
    }
    let mut whole = ZipWriter::new_append(Cursor::new(jar))?;
    for other in others {
        let mut other = ZipArchive::new(Cursor::new(other))?;
        for index in 0..other.len() {
            let file = other.by_index_raw(index)?;
            // A jar has one manifest: its own.
            if file.is_file() && !file.name()?.starts_with("META-INF/") {
                whole.raw_copy_file(file)?;
            }
        }
    }
    Ok(whole.finish()?.into_inner())
}

/// Expects the bytes of a jar to have a SHA-256, where one is wanted.
pub(super) fn expect(jar: &str, bytes: &[u8], wanted: Option<&str>) -> Result<(), AwsError> {
    let found = hex(&Sha256::digest(bytes));
    match wanted {
        Some(wanted) if !wanted.trim().eq_ignore_ascii_case(&found) => Err(AwsError::Jar {
            jar: jar.to_owned(),
            reason: format!("it has the SHA-256 {found}, and {wanted} is wanted"),
            help: "it is not the jar that was meant: look at `maven`, `jar` and `jar_sha256` of the target".to_owned(),
        }),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, AwsError> {
    std::fs::read(path).map_err(|error| AwsError::Jar {
        jar: path.display().to_string(),
        reason: error.to_string(),
        help: "`jar` names a file, from the pipeline file's folder on; left out, the jar comes from a Maven repository"
            .to_owned(),
    })
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        text.push_str(&format!("{byte:02x}"));
        text
    })
}
