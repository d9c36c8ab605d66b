//! The packaged application: what `main.py` starts, with the connector's jar.

use std::io::{Cursor, Write};

use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::render::{Assembly, FLINK_JAR, FLINK_JOB, FLINK_MAIN};

use super::AwsError;
use super::jar::{Jar, hex};

/// A package, whose name says what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    digest: String,
    /// Its texts, by their paths.
    texts: Vec<(&'static str, String)>,
    jar: Jar,
}

impl Package {
    /// Packs the job of an assembly, where it has one.
    pub fn of(assembly: &Assembly, jar: Jar) -> Result<Option<Self>, AwsError> {
        let texts = [FLINK_MAIN, FLINK_JOB].map(|path| assembly.text(path).map(|text| (path, text.to_owned())));
        let Some(texts) = texts.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
        let mut digest = Sha256::new();
        for part in texts.iter().map(|(_, text)| text.as_str()).chain([jar.identity()?.as_str()]) {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        Ok(Some(Self { digest: hex(&digest.finalize()), texts, jar }))
    }

    /// Returns its name: another one for other contents, so that a changed query is a visible change.
    pub fn file(&self) -> String {
        format!("{}.zip", self.digest)
    }

    /// Returns the connector's jar.
    pub fn jar(&self) -> &Jar {
        &self.jar
    }

    /// Returns the whole of it as a zip: the same bytes for the same contents.
    pub async fn zip(&self) -> Result<Vec<u8>, AwsError> {
        let jar = self.jar.bytes().await?;
        let failed = |error: zip::result::ZipError| AwsError::Odd { operation: "zip", what: error.to_string() };
        let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(jar.len() + (64 << 10))));
        let texts = self.texts.iter().map(|(path, text)| (*path, text.as_bytes(), CompressionMethod::Deflated));
        // A jar is compressed already.
        for (path, bytes, method) in texts.chain([(FLINK_JAR, jar.as_slice(), CompressionMethod::Stored)]) {
            let options = SimpleFileOptions::DEFAULT.compression_method(method).unix_permissions(0o644);
            zip.start_file(path, options).map_err(failed)?;
            zip.write_all(bytes).map_err(|error| failed(error.into()))?;
        }
        Ok(zip.finish().map_err(failed)?.into_inner())
    }
}
