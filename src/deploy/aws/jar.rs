//! The connector's jar: which one it is, and where it is had from.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::plan::{Connector, Target};

use super::AwsError;

/// The largest jar that is taken: that of an application with all its code (Managed Service for Apache Flink quotas).
const LARGEST: u64 = 512 << 20;
/// How long a repository may take to begin an answer, and to give all of it: 60 MB at one megabit a second.
const CONNECT: Duration = Duration::from_secs(20);
const DOWNLOAD: Duration = Duration::from_mins(10);

/// What is in the repository for a connector.
struct Release {
    artifact: &'static str,
    version: &'static str,
    /// The SHA-256 of the jar. Where there is none here, the repository's own SHA-1 is what a download is held to.
    sha256: Option<&'static str>,
}

/// The newest of each line; Managed Service for Apache Flink runs 1.20 with 5.x, and 2.x with 6.x (its developer guide,
/// "connectors").
const RELEASES: [(Connector, Release); 3] = [
    (
        Connector::V4,
        Release {
            artifact: "flink-connector-kinesis",
            version: "4.3.0-1.19",
            sha256: Some("458071bc89150ebe541c19dda851f6d65c12909d42a778ba558630b6332b035b"),
        },
    ),
    (
        Connector::V5,
        Release { artifact: "flink-sql-connector-aws-kinesis-streams", version: "5.1.0-1.20", sha256: None },
    ),
    (
        Connector::V6,
        Release { artifact: "flink-sql-connector-aws-kinesis-streams", version: "6.0.0-2.0", sha256: None },
    ),
];

/// The jar of a target's connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jar {
    source: Source,
    /// What its bytes have to have, where that is known.
    sha256: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// A file here.
    File(PathBuf),
    /// A file in a Maven repository.
    Maven { repository: String, artifact: &'static str, version: &'static str },
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
            source: Source::Maven {
                repository: target.maven.trim_end_matches('/').to_owned(),
                artifact: release.artifact,
                version: release.version,
            },
            sha256: target.jar_sha256.clone().or_else(|| release.sha256.map(str::to_owned)),
        }
    }

    /// Returns its coordinates or its path.
    pub fn name(&self) -> String {
        match &self.source {
            Source::File(path) => path.display().to_string(),
            Source::Maven { artifact, version, .. } => format!("org.apache.flink:{artifact}:{version}"),
        }
    }

    /// Returns what tells it from every other jar without having it: a release never changes once it is out.
    pub fn identity(&self) -> Result<String, AwsError> {
        match (&self.source, &self.sha256) {
            (_, Some(sha256)) => Ok(sha256.clone()),
            (Source::File(path), None) => Ok(hex(&Sha256::digest(read(path)?))),
            (Source::Maven { .. }, None) => Ok(self.name()),
        }
    }

    /// Returns its bytes: those of the file, or of the cache, or fetched into it. They are what they should be.
    pub async fn bytes(&self) -> Result<Vec<u8>, AwsError> {
        let jar = self.clone();
        let got = tokio::task::spawn_blocking(move || match &jar.source {
            Source::File(path) => {
                let bytes = read(path)?;
                jar.expect(&bytes, jar.sha256.as_deref())?;
                Ok(bytes)
            }
            Source::Maven { repository, artifact, version } => {
                let file = format!("{artifact}-{version}.jar");
                let url = format!("{repository}/org/apache/flink/{artifact}/{version}/{file}");
                jar.cached(&cache()?.join(file), &url)
            }
        });
        got.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    fn cached(&self, path: &Path, url: &str) -> Result<Vec<u8>, AwsError> {
        let noted = path.with_extension("jar.sha256");
        if let Ok(bytes) = std::fs::read(path) {
            let first = std::fs::read_to_string(&noted).ok();
            let wanted = self.sha256.as_deref().or(first.as_deref());
            // What lies there and is not whole is fetched anew.
            if wanted.is_some() && self.expect(&bytes, wanted).is_ok() {
                return Ok(bytes);
            }
        }
        let bytes = self.download(url, LARGEST)?;
        match &self.sha256 {
            Some(sha256) => self.expect(&bytes, Some(sha256))?,
            None => self.expect_told(&bytes, url)?,
        }
        write(&noted, hex(&Sha256::digest(&bytes)).as_bytes())?;
        write(path, &bytes)?;
        Ok(bytes)
    }

    fn expect(&self, bytes: &[u8], wanted: Option<&str>) -> Result<(), AwsError> {
        let found = hex(&Sha256::digest(bytes));
        match wanted {
            Some(wanted) if !wanted.trim().eq_ignore_ascii_case(&found) => Err(self.wrong(
                format!("it has the SHA-256 {found}, and {wanted} is wanted"),
                "it is not the jar that was meant: look at `maven`, `jar` and `jar_sha256` of the target",
            )),
            _ => Ok(()),
        }
    }

    /// Holds a jar to what the repository tells of it.
    fn expect_told(&self, bytes: &[u8], url: &str) -> Result<(), AwsError> {
        let told = self.download(&format!("{url}.sha1"), 1 << 10)?;
        let told = String::from_utf8_lossy(&told);
        let told = told.split_whitespace().next().unwrap_or_default();
        let found = hex(&Sha1::digest(bytes));
        if told.eq_ignore_ascii_case(&found) {
            return Ok(());
        }
        Err(self.wrong(
            format!("it has the SHA-1 {found}, and the repository tells of {told}"),
            "it did not come whole: run the command again, or say `jar_sha256` in the target",
        ))
    }

    fn download(&self, url: &str, largest: u64) -> Result<Vec<u8>, AwsError> {
        let failed = |reason: String| {
            self.wrong(
                format!("it could not be fetched from {url}: {reason}"),
                "say another repository with `maven` in the target, or the path of a jar that is here with `jar`",
            )
        };
        let tls = ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build();
        let agent = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(DOWNLOAD))
            .tls_config(tls)
            .build()
            .new_agent();
        let mut answer = agent.get(url).call().map_err(|error| failed(error.to_string()))?;
        let mut bytes = Vec::new();
        let mut reader = answer.body_mut().as_reader().take(largest + 1);
        reader.read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
        if bytes.len() as u64 > largest {
            return Err(failed(format!("it is larger than {largest} bytes")));
        }
        Ok(bytes)
    }

    fn wrong(&self, reason: String, help: &str) -> AwsError {
        AwsError::Jar { jar: self.name(), reason, help: help.to_owned() }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, AwsError> {
    std::fs::read(path).map_err(|source| AwsError::Io { path: path.to_owned(), source })
}

/// Writes a file in one step: another process sees all of it or nothing.
fn write(path: &Path, bytes: &[u8]) -> Result<(), AwsError> {
    let failed = |source| AwsError::Io { path: path.to_owned(), source };
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path)).map_err(failed)
}

/// Returns the folder of what was fetched, which is there then (XDG base directory specification).
fn cache() -> Result<PathBuf, AwsError> {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks where caches are")]
    let folder = std::env::var_os("XDG_CACHE_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
        .join("pipe");
    std::fs::create_dir_all(&folder).map_err(|source| AwsError::Io { path: folder.clone(), source })?;
    Ok(folder)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        text.push_str(&format!("{byte:02x}"));
        text
    })
}
