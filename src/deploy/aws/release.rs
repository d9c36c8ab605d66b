//! What a plan is to be in an account: its stack, its code and its tables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::plan::{EngineKind, Plan};
use crate::render::{self, Assembly, CODE_BUCKET, CODE_KEY, TABLES_BUCKET, TABLES_PREFIX, TEMPLATE};

use super::jar::{Jar, hex};
use super::package::Package;
use super::{Account, Application, AwsError, Bucket};

/// What a template is called in the bucket that is too long for a call.
pub(super) const LONG_TEMPLATE: &str = "template.yaml";
/// What the folder of tables begins with; so many digits of the hash of what is in them follow.
const TABLES: &str = "tables-";
const TABLES_DIGEST: usize = 16;

/// A plan as it is to be in an account.
#[derive(Debug, Clone)]
pub struct Release {
    /// The pipeline's name.
    pub name: String,
    /// The stack's template.
    pub template: String,
    /// The streams of the stack.
    pub streams: Vec<String>,
    /// What is said to the stack.
    pub parameters: BTreeMap<String, String>,
    /// The code, where the template has an application that needs it.
    pub package: Option<Package>,
    /// The files of tables, with the keys that they get.
    pub tables: Vec<(String, PathBuf)>,
    /// The bucket, where something is put into one.
    pub bucket: Option<String>,
    /// Whether the bucket is the account's one for all pipelines, which is made where it is missing.
    pub shared_bucket: bool,
    /// What runs the queries.
    pub engine: EngineKind,
}

impl Release {
    /// Says what a plan is to be. Fails with [`AwsError::NoJob`] where its target cannot run it. `folder` is that of the
    /// pipeline file.
    pub fn of(plan: &Plan, account: &Account, folder: &Path) -> Result<Self, AwsError> {
        let assembly = render::render(plan)?;
        let no_job = || AwsError::NoJob {
            target: plan.target.name.clone(),
            reasons: assembly.omissions().iter().map(|omission| omission.reason.clone()).collect(),
        };
        if !assembly.omissions().is_empty() {
            return Err(no_job());
        }
        let template = assembly.text(TEMPLATE).ok_or_else(no_job)?.to_owned();
        let mut release = Self {
            name: plan.name.clone(),
            template,
            streams: plan.kept_streams().map(|stream| stream.name.clone()).collect(),
            parameters: BTreeMap::new(),
            package: None,
            tables: Vec::new(),
            bucket: None,
            shared_bucket: plan.target.bucket.is_none(),
            engine: plan.target.engine,
        };
        if plan.target.engine == EngineKind::ManagedFlink {
            release.add_code(plan, &assembly, account, folder)?;
        }
        Ok(release)
    }

    fn add_code(&mut self, plan: &Plan, assembly: &Assembly, account: &Account, folder: &Path) -> Result<(), AwsError> {
        let Some(package) = Package::of(assembly, Jar::of(&plan.target, folder))? else { return Ok(()) };
        let name = plan.target.bucket.clone().unwrap_or_else(|| shared_bucket(account));
        let bucket = Bucket::new(account, &name);
        self.parameters.insert(CODE_BUCKET.to_owned(), bucket.arn());
        self.parameters.insert(CODE_KEY.to_owned(), format!("{}{}", self.prefix(), package.file()));
        if !plan.tables.is_empty() {
            let prefix = self.add_tables(plan, folder)?;
            self.parameters.insert(TABLES_BUCKET.to_owned(), name.clone());
            self.parameters.insert(TABLES_PREFIX.to_owned(), prefix);
        }
        self.package = Some(package);
        self.bucket = Some(name);
        Ok(())
    }

    /// Adds the files of tables that lie here; returns where they are to lie. It says what is in them: the application
    /// reads them when it starts, so that changed rows are a visible change.
    fn add_tables(&mut self, plan: &Plan, folder: &Path) -> Result<String, AwsError> {
        let mut digest = Sha256::new();
        let mut files = Vec::new();
        for table in plan.tables.iter().filter(|table| !table.is_in_s3()) {
            let path = folder.join(&table.file);
            let bytes = std::fs::read(&path).map_err(|source| AwsError::Io { path: path.clone(), source })?;
            digest.update(Sha256::digest(&bytes));
            files.push((table.file.clone(), path));
        }
        let prefix = format!("{}{TABLES}{}", self.prefix(), &hex(&digest.finalize())[..TABLES_DIGEST]);
        self.tables = files.into_iter().map(|(file, path)| (format!("{prefix}/{file}"), path)).collect();
        Ok(prefix)
    }

    /// Returns what the keys of everything of the pipeline begin with.
    pub fn prefix(&self) -> String {
        prefix(&self.name)
    }

    /// Returns the application, where the stack has one.
    pub fn application(&self, account: &Account) -> Option<Application> {
        let has_one = self.package.is_some() || self.engine == EngineKind::KinesisSql;
        has_one.then(|| Application::of(self.engine, account.config(), &self.name))
    }
}

/// Returns what the keys of everything of a pipeline begin with.
pub(super) fn prefix(pipeline: &str) -> String {
    format!("pipelines/{pipeline}/")
}

/// Returns whether an object of that key was put there for a pipeline, as far as a key tells: in a bucket that is not `pipe`'s
/// others may put things beside it.
pub(super) fn is_own(pipeline: &str, key: &str) -> bool {
    let is_hash = |text: &str, length| text.len() == length && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let Some(name) = key.strip_prefix(&prefix(pipeline)) else { return false };
    let is_code = name.strip_suffix(".zip").is_some_and(|digest| is_hash(digest, 64));
    let table = name.strip_prefix(TABLES).and_then(|rest| rest.split_once('/'));
    name == LONG_TEMPLATE || is_code || table.is_some_and(|(digest, _)| is_hash(digest, TABLES_DIGEST))
}

/// Returns the name of the bucket that all pipelines of an account and region share.
pub(super) fn shared_bucket(account: &Account) -> String {
    format!("{}-{}-{}", render::CODE_STACK, account.id, account.place.region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_put_beside_it_is_not_its_own() {
        let (code, table) = ("0f".repeat(32), "0123456789abcdef");
        for own in [format!("{code}.zip"), format!("tables-{table}/a/b.csv"), LONG_TEMPLATE.to_owned()] {
            assert!(is_own("shop", &format!("pipelines/shop/{own}")), "{own}");
            assert!(!is_own("sho", &format!("pipelines/shop/{own}")), "{own}");
        }
        for other in ["notes.txt", "build.zip", "tables-x/a.csv", "tables-0123456789abcdef", "", "old/template.yaml"] {
            assert!(!is_own("shop", &format!("pipelines/shop/{other}")), "{other}");
        }
    }
}
