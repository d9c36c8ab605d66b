//! The folder of a pipeline: its log, what is known of the process that runs it, and that process's output.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::streams::local::LocalLog;

use super::super::flink::Submitted;
use super::DeployError;

/// The folder that holds those of all pipelines, below the one that `pipe` is run in.
const ROOT: &str = ".pipe";

/// `.pipe/<pipeline>/`
#[derive(Debug, Clone)]
pub struct Folder {
    pipeline: String,
    path: PathBuf,
}

/// What a running process tells others, in `run.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Running {
    /// The process.
    pub(in super::super) pid: u32,
    /// Where its endpoint answers.
    pub(in super::super) endpoint: String,
    /// The pipeline file that it runs.
    pub(in super::super) file: String,
}

impl Folder {
    /// Returns the folder of a pipeline, whether or not it is there.
    pub fn of(pipeline: &str) -> Self {
        Self { pipeline: pipeline.to_owned(), path: Path::new(ROOT).join(pipeline) }
    }

    /// Returns the folders that are there, in the order of their names.
    pub fn all() -> Vec<Self> {
        let Ok(entries) = fs::read_dir(ROOT) else { return Vec::new() };
        let mut names: Vec<String> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| entry.file_name().into_string().ok())
            // What is being removed has a name with a dot in front, which no pipeline has.
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        names.iter().map(|name| Self::of(name)).collect()
    }

    /// Returns the pipeline's name.
    pub fn pipeline(&self) -> &str {
        &self.pipeline
    }

    /// Returns the folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns where the log lies.
    pub fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// Returns where a background process writes what it says.
    pub fn output(&self) -> PathBuf {
        self.path.join("up.log")
    }

    /// Returns whether there is a log.
    pub fn has_log(&self) -> bool {
        self.log().is_dir()
    }

    /// Returns the pipeline file that was run last, as it was named then.
    pub fn file(&self) -> Option<PathBuf> {
        Some(PathBuf::from(fs::read_to_string(self.path.join("file")).ok()?))
    }

    /// Notes which pipeline file is run.
    pub fn note_file(&self, file: &str) -> Result<(), DeployError> {
        let path = self.path.join("file");
        fs::write(&path, file).map_err(|source| DeployError::Folder { path, source })
    }

    fn job_file(&self) -> PathBuf {
        self.path.join("job.json")
    }

    /// Returns the Flink job that was submitted last and not ended by its process.
    pub fn job(&self) -> Option<Submitted> {
        serde_json::from_slice(&fs::read(self.job_file()).ok()?).ok()
    }

    /// Notes which Flink job is the pipeline's, for when its process ends without a word.
    pub(super) fn note_job(&self, job: &Submitted) -> Result<(), DeployError> {
        self.write("job.json", job)
    }

    /// Removes that note.
    pub fn forget_job(&self) {
        // One that is left behind names a job that is over.
        drop(fs::remove_file(self.job_file()));
    }

    fn running_file(&self) -> PathBuf {
        self.path.join("run.json")
    }

    /// Makes the folder, and says in it that git has no business there.
    pub fn make(&self) -> Result<(), DeployError> {
        let failed = |source| DeployError::Folder { path: self.path.clone(), source };
        fs::create_dir_all(&self.path).map_err(failed)?;
        let ignore = Path::new(ROOT).join(".gitignore");
        if ignore.exists() { Ok(()) } else { fs::write(ignore, "*\n").map_err(failed) }
    }

    pub(super) fn running(&self) -> Option<Running> {
        serde_json::from_slice(&fs::read(self.running_file()).ok()?).ok()
    }

    /// Tells others of this process, in one step: they see all of it or nothing.
    pub(in super::super) fn tell(&self, running: &Running) -> Result<(), DeployError> {
        self.write("run.json", running)
    }

    /// Takes the folder for as long as the file that is returned lives; `None` where another process has it.
    pub fn lock(&self) -> Result<Option<fs::File>, DeployError> {
        self.locked("lock")
    }

    /// Takes the making of records for as long as the file that is returned lives; `None` where another process makes them.
    pub fn lock_producers(&self) -> Result<Option<fs::File>, DeployError> {
        self.locked("producers.lock")
    }

    fn locked(&self, name: &str) -> Result<Option<fs::File>, DeployError> {
        self.make()?;
        let path = self.path.join(name);
        let file = fs::File::create(&path).and_then(|file| match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        });
        file.map_err(|source| DeployError::Folder { path, source })
    }

    /// Writes a note, in one step.
    pub(in super::super) fn write(&self, name: &str, content: &impl Serialize) -> Result<(), DeployError> {
        let (path, draft) = (self.path.join(name), self.draft(name, content)?);
        fs::rename(&draft, &path).map_err(|source| DeployError::Folder { path, source })
    }

    /// Writes a note, in one step that a loss of power does not undo.
    pub(in super::super) fn write_through(&self, name: &str, content: &impl Serialize) -> Result<(), DeployError> {
        let (path, draft) = (self.path.join(name), self.draft(name, content)?);
        let sync = |path: &Path| fs::File::open(path).and_then(|file| file.sync_all());
        let written = sync(&draft).and_then(|()| fs::rename(&draft, &path)).and_then(|()| sync(&self.path));
        written.map_err(|source| DeployError::Folder { path, source })
    }

    fn draft(&self, name: &str, content: &impl Serialize) -> Result<PathBuf, DeployError> {
        let path = self.path.join(format!("{name}.new"));
        let written = serde_json::to_vec_pretty(content).map_err(Into::into).and_then(|bytes| fs::write(&path, bytes));
        match written {
            Ok(()) => Ok(path),
            Err(source) => Err(DeployError::Folder { path, source }),
        }
    }

    /// Takes back what this process told.
    pub(in super::super) fn untell(&self) {
        if self.running().is_some_and(|running| running.pid == std::process::id()) {
            self.forget();
        }
    }

    /// Removes what a process told that is gone.
    pub(in super::super) fn forget(&self) {
        // What is left behind is recognised as stale: the process is gone.
        drop(fs::remove_file(self.running_file()));
    }

    /// Removes the folder and everything in it, and the folder of all pipelines where this was the last. Takes the log,
    /// where there is one: nobody else can open it until it has another name.
    pub(super) fn remove(&self, log: Option<Arc<LocalLog>>) -> Result<(), DeployError> {
        let failed = |source| DeployError::Folder { path: self.path.clone(), source };
        let gone = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
        let aside = Path::new(ROOT).join(format!(".{}-{}", self.pipeline, std::process::id()));
        match fs::rename(&self.path, &aside) {
            Err(error) if gone(&error) => {}
            renamed => renamed.map_err(failed)?,
        }
        drop(log);
        match fs::remove_dir_all(&aside) {
            Err(error) if gone(&error) => {}
            removed => removed.map_err(failed)?,
        }
        if Self::all().is_empty() {
            let root = Path::new(ROOT);
            drop(fs::remove_file(root.join(".gitignore")));
            // Somebody else's file in there keeps it.
            drop(fs::remove_dir(root));
        }
        Ok(())
    }
}
