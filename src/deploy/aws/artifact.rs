//! A jar in a Maven repository, fetched into a cache.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::AwsError;
use super::jar::{expect, hex};

/// The largest jar that is taken: that of an application with all its code (Managed Service for Apache Flink quotas).
const LARGEST: u64 = 512 << 20;
/// How long a repository may take to begin an answer, and to give all of it: 60 MB at one megabit a second.
const CONNECT: Duration = Duration::from_secs(20);
const DOWNLOAD: Duration = Duration::from_mins(10);

/// A jar in a repository.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Artifact {
    group: &'static str,
    name: &'static str,
    version: &'static str,
    /// The SHA-256 of the jar. Where there is none here, the repository's own SHA-1 is what a download is held to.
    pub(super) sha256: Option<&'static str>,
}

impl Artifact {
    pub(super) const fn new(
        group: &'static str,
        name: &'static str,
        version: &'static str,
        sha256: Option<&'static str>,
    ) -> Self {
        Self { group, name, version, sha256 }
    }

    /// Returns its coordinates.
    pub(super) fn coordinates(&self) -> String {
        format!("{}:{}:{}", self.group, self.name, self.version)
    }

    /// Returns its bytes out of the cache, or fetched into it. They have the SHA-256 that is wanted, where one is.
    pub(super) fn bytes(&self, repository: &str, sha256: Option<&str>) -> Result<Vec<u8>, AwsError> {
        let file = format!("{}-{}.jar", self.name, self.version);
        let url = format!("{repository}/{}/{}/{}/{file}", self.group.replace('.', "/"), self.name, self.version);
        let path = cache()?.join(file);
        let noted = path.with_extension("jar.sha256");
        if let Ok(bytes) = std::fs::read(&path) {
            let first = std::fs::read_to_string(&noted).ok();
            let wanted = sha256.or(first.as_deref());
            // What lies there and is not whole is fetched anew.
            if wanted.is_some() && expect(&self.coordinates(), &bytes, wanted).is_ok() {
                return Ok(bytes);
            }
        }
        let bytes = self.download(&url, LARGEST)?;
        match sha256 {
            Some(_) => expect(&self.coordinates(), &bytes, sha256)?,
            None => self.expect_told(&bytes, &url)?,
        }
        write(&noted, hex(&Sha256::digest(&bytes)).as_bytes())?;
        write(&path, &bytes)?;
        Ok(bytes)
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
        AwsError::Jar { jar: self.coordinates(), reason, help: help.to_owned() }
    }
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
