//! Which pipeline is meant, and what its file says.

use std::path::{Path, PathBuf};

use crate::deploy::aws::Note;
use crate::deploy::local::{Contact, Folder};
use crate::deploy::remote::Deployment;
use crate::document::{Diagnostic, Document, help_for};
use crate::engine::check_table;
use crate::error::Error;
use crate::plan::cost::Prices;
use crate::plan::{Plan, Trial};
use crate::spec::{Spec, TargetSpec, TestSpec};
use crate::ui::Ui;

/// The folder in which bare names are looked up.
const FOLDER: &str = "pipelines";
/// The file that is meant where none is named.
const DEFAULT: &str = "pipeline.toml";

/// A pipeline file that was read without a mistake of its own.
#[derive(Debug)]
pub(super) struct Loaded {
    document: Document,
    spec: Spec,
    /// The folder that the files of tables are looked up from.
    folder: PathBuf,
}

/// The tests of one file.
pub(super) struct TrialFile {
    pub(super) path: PathBuf,
    pub(super) document: Document,
    /// As they are written.
    pub(super) tests: Vec<TestSpec>,
    /// What they mean, in the same order.
    pub(super) trials: Vec<Trial>,
}

impl TrialFile {
    /// Keeps the tests that are wanted.
    pub(super) fn retain(&mut self, wants: impl Fn(&Trial) -> bool) {
        let both = std::mem::take(&mut self.tests).into_iter().zip(std::mem::take(&mut self.trials));
        (self.tests, self.trials) = both.filter(|(_, trial)| wants(trial)).unzip();
    }
}

impl Loaded {
    /// Reads a file. Fails with every mistake that can be seen in it, drawn.
    pub(super) fn open(path: &Path, ui: &Ui) -> Result<Self, Error> {
        let document = document(path, ui)?;
        match Spec::read(&document) {
            Ok(spec) => Ok(Self { document, spec, folder: path.parent().unwrap_or(Path::new("")).to_owned() }),
            Err(found) => {
                // Once more, as far as it can be understood: so that all mistakes are shown at once.
                let found = Plan::check(&document).err().unwrap_or(found);
                Err(Error::File { drawn: document.draw(&found, ui.color()) })
            }
        }
    }

    /// Returns what the file is called.
    pub(super) fn file_name(&self) -> &str {
        self.document.name()
    }

    /// Shows what the file holds that is understood although it should not stand there.
    pub(super) fn warn(&self, ui: &Ui) {
        let warnings = Plan::warnings(&self.document, &self.spec);
        if !warnings.is_empty() {
            ui.note(&self.document.draw(&warnings, ui.color()));
        }
    }

    /// Resolves the file for a target.
    pub(super) fn plan(&self, target: &str, ui: &Ui) -> Result<Plan, Error> {
        let names = || self.spec.targets.iter().map(|target| target.name.as_str());
        let found = self.spec.targets.iter().find(|known| known.name == target).ok_or_else(|| Error::Usage {
            message: format!("there is no target `{target}` in {}", self.document.name()),
            hint: help_for(target, names().collect::<Vec<_>>()),
        })?;
        self.resolve(found, ui)
    }

    /// Resolves the file for every target, in the order of their names.
    pub(super) fn plans(&self, ui: &Ui) -> Result<Vec<Plan>, Error> {
        let mut plans = Plan::check(&self.document)
            .map_err(|found| Error::File { drawn: self.document.draw(&found, ui.color()) })?;
        plans.sort_by(|a, b| a.target.name.cmp(&b.target.name));
        Ok(plans)
    }

    /// Returns the tests of the file and of the one beside it.
    pub(super) fn trials(&self, path: &Path, plan: &Plan, ui: &Ui) -> Result<Vec<TrialFile>, Error> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let read = |file: &str| std::fs::read(folder.join(file)).map_err(|error| error.to_string());
        let trials = |path: &Path, document: &Document, tests: Vec<TestSpec>| {
            let trials = plan.trials(document, &tests, &read);
            let trials = trials.map_err(|found| Error::File { drawn: document.draw(&found, ui.color()) })?;
            Ok::<_, Error>(TrialFile { path: path.to_owned(), document: document.clone(), tests, trials })
        };
        let mut found = vec![trials(path, &self.document, self.spec.tests.clone())?];
        let beside = super::test::beside(path);
        if beside.is_file() {
            let document = document(&beside, ui)?;
            let tests = TestSpec::read_all(&document)
                .map_err(|found| Error::File { drawn: document.draw(&found, ui.color()) })?;
            found.push(trials(&beside, &document, tests)?);
        }
        Ok(found)
    }

    /// Returns the prices to reckon with: those of a file that the command line names, of the one that the target names, or
    /// those that are built in.
    pub(super) fn prices(&self, plan: &Plan, named: Option<&Path>, ui: &Ui) -> Result<Prices, Error> {
        let path = match (named, &plan.target.prices) {
            (Some(named), _) => named.to_owned(),
            (None, Some(named)) => self.folder.join(named),
            (None, None) => return Ok(Prices::built_in()),
        };
        let document = document(&path, ui)?;
        Prices::read(&document).map_err(|found| Error::File { drawn: document.draw(&found, ui.color()) })
    }

    /// Reads the files of a plan's tables. Fails with what is wrong in them, drawn where the pipeline file names them.
    /// A file in S3 is a mistake where the plan is to run `here`, and not looked at elsewhere.
    pub(super) fn check_tables(&self, plan: &Plan, here: bool, ui: &Ui) -> Result<(), Error> {
        let mut found = Vec::new();
        for (table, spec) in plan.tables.iter().zip(&self.spec.tables) {
            let diagnostic = |message| Diagnostic::new(message, spec.file.span.clone());
            if table.is_in_s3() {
                if here {
                    found.push(
                        diagnostic(format!("table `{}` lies in S3, which this machine does not read", table.name))
                            .label("a file here is needed")
                            .help("put a copy beside the pipeline file and name that"),
                    );
                }
            } else if let Err(error) = check_table(table, &self.folder) {
                let help = error.help.clone();
                found.push(diagnostic(error.to_string()).label("this file").help(help));
            }
        }
        if found.is_empty() { Ok(()) } else { Err(Error::File { drawn: self.document.draw(&found, ui.color()) }) }
    }

    fn resolve(&self, target: &TargetSpec, ui: &Ui) -> Result<Plan, Error> {
        Plan::resolve(&self.document, &self.spec, target)
            .map_err(|found| Error::File { drawn: self.document.draw(&found, ui.color()) })
    }
}

fn document(path: &Path, ui: &Ui) -> Result<Document, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::read(path, source))?;
    let name = path.display().to_string();
    ui.detail(&format!("reading {name}"));
    let text = String::from_utf8(bytes).map_err(|error| Error::File {
        drawn: format!("error: `{name}` is not UTF-8 from byte {}", error.utf8_error().valid_up_to()),
    })?;
    Ok(with_files(Document::new(name, text), path))
}

/// Adds the files whose text is a part of a pipeline. Their paths start at the folder of the pipeline file.
fn with_files(mut document: Document, path: &Path) -> Document {
    let folder = path.parent().unwrap_or(Path::new(""));
    for file in Spec::files(&document) {
        let text = std::fs::read(folder.join(&file)).map_err(|error| error.to_string());
        let text = text.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()));
        document = document.with_file(file, text);
    }
    document
}

/// Finds the file of a pipeline.
pub(super) fn file(pipeline: Option<&str>) -> Result<PathBuf, Error> {
    match pipeline {
        Some(name) => named(name),
        None => match default_file() {
            Ok(path) => Ok(path),
            Err(files) => Err(ambiguous(&files)),
        },
    }
}

/// Finds the files of the pipelines named, or all there are.
pub(super) fn files(pipelines: &[String]) -> Result<Vec<PathBuf>, Error> {
    if !pipelines.is_empty() {
        return pipelines.iter().map(|name| named(name)).collect();
    }
    let mut files: Vec<PathBuf> = Path::new(DEFAULT).is_file().then(|| PathBuf::from(DEFAULT)).into_iter().collect();
    files.extend(in_folder());
    if files.is_empty() { Err(ambiguous(&[])) } else { Ok(files) }
}

/// Finds the name of a pipeline for a command that needs no file: the one named, that of the default file, or the only
/// one running, or the only one with a folder.
pub(super) async fn name(pipeline: Option<&str>, ui: &Ui) -> Result<(String, Option<Loaded>), Error> {
    let path = match pipeline {
        Some(name) => match named(name) {
            Ok(path) => Ok(path),
            // A pipeline whose file is gone can still be stopped and looked at by its name.
            Err(_) if Folder::all().iter().any(|folder| folder.pipeline() == name) => {
                return Ok((name.to_owned(), None));
            }
            Err(error) => return Err(error),
        },
        None => default_file(),
    };
    let files = match path {
        Ok(path) => {
            let loaded = Loaded::open(&path, ui);
            // The file has another pipeline by now, and what was put to work under the name is still meant.
            let other = |name: &&str| loaded.as_ref().map_or(true, |loaded| loaded.spec.name.value != **name);
            if let Some(name) = pipeline.filter(|name| is_bare(name)).filter(other)
                && Folder::all().iter().any(|folder| folder.pipeline() == name)
            {
                return Ok((name.to_owned(), None));
            }
            let loaded = loaded?;
            return Ok((loaded.spec.name.value.clone(), Some(loaded)));
        }
        Err(files) => files,
    };
    let folders = Folder::all();
    let mut running = Vec::new();
    for folder in &folders {
        // What is elsewhere runs without a process here.
        let elsewhere = !matches!(Deployment::of(folder), Ok(None)) || !matches!(Note::of(folder), Ok(None));
        if elsewhere || matches!(Contact::find(folder).await, Ok(Some(_)) | Err(_)) {
            running.push(folder);
        }
    }
    let only = match (running.as_slice(), folders.as_slice()) {
        ([only], _) => *only,
        ([], [only]) => only,
        _ => return Err(ambiguous(&files)),
    };
    let name = only.pipeline().to_owned();
    let loaded =
        files.iter().filter_map(|path| Loaded::open(path, ui).ok()).find(|loaded| loaded.spec.name.value == name);
    let loaded = loaded.or_else(|| last_run(only, ui));
    Ok((name, loaded))
}

/// Tells of other pipelines that were put to work elsewhere from this folder: a file that was given another name does not
/// tell of them any more.
pub(super) fn tell_others(pipeline: &str, ui: &Ui) {
    let target = |folder: &Folder| match (Note::of(folder), Deployment::of(folder)) {
        (Ok(Some(note)), _) => Some(note.target),
        (_, Ok(Some(deployment))) => Some(deployment.target),
        _ => None,
    };
    let others = Folder::all().into_iter().filter(|folder| folder.pipeline() != pipeline);
    for (other, target) in others.filter_map(|folder| Some((folder.pipeline().to_owned(), target(&folder)?))) {
        ui.note(&format!(
            "note: pipeline `{other}` was put to work from this folder on target {target}: `pipe down {other}` removes it"
        ));
    }
}

/// The file from which a pipeline was run last, where it is still its own.
fn last_run(folder: &Folder, ui: &Ui) -> Option<Loaded> {
    let loaded = Loaded::open(&folder.file()?, ui).ok()?;
    (loaded.spec.name.value == folder.pipeline()).then_some(loaded)
}

fn is_bare(name: &str) -> bool {
    !name.contains(['/', '\\']) && Path::new(name).extension().is_none_or(|extension| extension != "toml")
}

fn named(name: &str) -> Result<PathBuf, Error> {
    // Whoever names the tests means the pipeline that they are of.
    let path = PathBuf::from(name);
    if is_tests(&path) {
        return named(&path.with_extension("").with_extension("toml").display().to_string());
    }
    let path = if is_bare(name) { Path::new(FOLDER).join(format!("{name}.toml")) } else { PathBuf::from(name) };
    if path.is_file() {
        return Ok(path);
    }
    let files = in_folder();
    let names: Vec<&str> = files.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
    let hint = if names.is_empty() {
        "`pipe init` writes a first pipeline.toml".to_owned()
    } else {
        help_for(Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or(name), names)
    };
    Err(Error::Usage { message: format!("there is no pipeline file `{}`", path.display()), hint })
}

/// The default file, or the candidates among which it cannot be chosen.
fn default_file() -> Result<PathBuf, Vec<PathBuf>> {
    let default = PathBuf::from(DEFAULT);
    if default.is_file() {
        return Ok(default);
    }
    let mut files = in_folder();
    if files.len() == 1 { Ok(files.remove(0)) } else { Err(files) }
}

fn in_folder() -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(FOLDER) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == "toml") && !is_tests(path) && path.is_file()
        })
        .collect();
    files.sort();
    files
}

/// Returns whether a file holds the tests of the pipeline beside it.
fn is_tests(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.strip_suffix(super::test::TEST_EXTENSION).is_some_and(|stem| stem.ends_with('.'))
}

fn ambiguous(files: &[PathBuf]) -> Error {
    if files.is_empty() {
        return Error::Usage {
            message: "there is no pipeline file here".to_owned(),
            hint: "name one, or let `pipe init` write a first pipeline.toml".to_owned(),
        };
    }
    let names: Vec<String> = files.iter().map(|path| format!("`{}`", path.display())).collect();
    Error::Usage {
        message: "it is not clear which pipeline is meant".to_owned(),
        hint: format!("name one of {}", names.join(", ")),
    }
}
