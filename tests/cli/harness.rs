//! The real binary at work in a temporary folder. Nothing that is started here outlives its value.

use std::{
    cell::Cell,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use pipe::streams::{
    ReadLimit, ShardId,
    local::{Durability, LocalLog},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::client::Client;

/// How long anything may take before it counts as hanging: far beyond what a busy machine needs.
pub(super) const PATIENCE: Duration = Duration::from_mins(3);
/// How often something is looked at that is waited for.
pub(super) const LOOK: Duration = Duration::from_millis(10);
const ALL: ReadLimit = ReadLimit { records: usize::MAX, bytes: usize::MAX };

/// Looks again and again until there is something to see; fails in the end, saying what was waited for.
pub(super) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(LOOK);
    }
}

/// A folder in which `pipe` is run.
pub(super) struct Place {
    dir: TempDir,
    runs: Cell<u32>,
    /// The address of the Kinesis that commands are told of.
    kinesis: Option<String>,
}

/// What a process said, and how it ended.
#[derive(Debug)]
pub(super) struct Done {
    status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// A record as it lies in a stream.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) shard: ShardId,
    pub(super) arrival: i64,
    pub(super) sequence: String,
    pub(super) partition_key: String,
    pub(super) data: Vec<u8>,
}

impl Place {
    /// Makes a folder without anything in it.
    pub(super) fn empty() -> Self {
        Self { dir: TempDir::new().unwrap(), runs: Cell::new(0), kinesis: None }
    }

    /// Makes a folder with a `pipeline.toml`.
    pub(super) fn new(pipeline: &str) -> Self {
        let place = Self::empty();
        place.write("pipeline.toml", pipeline);
        place
    }

    /// Makes a folder with a `pipeline.toml` whose target `lean` has its streams in the Kinesis at an address, and runs the
    /// queries itself.
    pub(super) fn over_kinesis(pipeline: &str, endpoint: &str) -> Self {
        let target = "\n[targets.lean]\nstreams = \"kinesis\"\nengine = \"embedded\"\n";
        Self { kinesis: Some(endpoint.to_owned()), ..Self::new(&format!("{pipeline}{target}")) }
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.path().join(path).exists()
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pipe"));
        command.current_dir(self.path()).args(arguments).stdin(Stdio::null()).env_remove("NO_COLOR");
        if let Some(endpoint) = &self.kinesis {
            command.env("AWS_ENDPOINT_URL_KINESIS", endpoint).env("AWS_REGION", "us-east-1");
            command.env("AWS_ACCESS_KEY_ID", "any").env("AWS_SECRET_ACCESS_KEY", "any").env_remove("AWS_PROFILE");
        }
        command
    }

    /// Runs a command to its end.
    pub(super) fn pipe(&self, arguments: &[&str]) -> Done {
        self.start(arguments).ended()
    }

    /// Runs a command to its end, which is to be a good one, and returns what it wrote.
    pub(super) fn output(&self, arguments: &[&str]) -> String {
        let done = self.pipe(arguments);
        assert_eq!(done.code(), Some(0), "{arguments:?}: {done:?}");
        done.stdout
    }

    /// Runs a command that was set up further to its end.
    pub(super) fn run(&self, command: Command) -> Done {
        self.spawn(command).ended()
    }

    /// Starts a command.
    pub(super) fn start(&self, arguments: &[&str]) -> Running {
        self.spawn(self.command(arguments))
    }

    /// Starts a command that was set up further.
    pub(super) fn spawn(&self, mut command: Command) -> Running {
        let run = self.runs.get();
        self.runs.set(run + 1);
        let [out, err] = ["out", "err"].map(|which| self.path().join(format!("{run}.{which}")));
        let file = |path: &Path| File::create(path).unwrap();
        let child = command.stdout(file(&out)).stderr(file(&err)).spawn().unwrap();
        Running { child, out, err }
    }

    /// Starts `pipe up` and waits until it is at work.
    pub(super) fn up(&self, arguments: &[&str]) -> Up {
        let mut running = self.start(&[&["up"], arguments].concat());
        let client = wait_for("`pipe up` to be at work", || {
            assert!(!running.has_ended(), "`pipe up` has ended: {:?}", running.said());
            let told = self.told()?;
            (told["pid"] == running.child.id()).then(|| Client::new(told["endpoint"].as_str().unwrap()))
        });
        Up { running, client }
    }

    /// Returns what the running pipeline tells others, or the last one told that ended without a word.
    pub(super) fn told(&self) -> Option<Value> {
        let folders = fs::read_dir(self.path().join(".pipe")).ok()?;
        let mut texts = folders.filter_map(|folder| fs::read(folder.unwrap().path().join("run.json")).ok());
        texts.find_map(|text| serde_json::from_slice(&text).ok())
    }

    /// Returns the JSON rows of a stream of a pipeline that does not run, as `pipe tail` shows them.
    pub(super) fn rows(&self, stream: &str) -> Vec<Value> {
        let text = self.output(&["tail", "--stream", stream, "--from", "earliest", "-o", "json"]);
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Returns the records of a stream of a pipeline that does not run, read without `pipe tail`.
    pub(super) fn stored(&self, pipeline: &str, stream: &str) -> Vec<Stored> {
        let log = LocalLog::open(&self.path().join(".pipe").join(pipeline).join("log"), Durability::Process).unwrap();
        let mut stored = Vec::new();
        for shard in log.describe_stream(stream).unwrap().shards {
            for block in log.read_from(stream, shard.id, 0, ALL).unwrap().blocks {
                stored.extend(block.records().enumerate().map(|(index, record)| Stored {
                    shard: shard.id,
                    arrival: block.arrival(),
                    sequence: block.sequence(index).to_string(),
                    partition_key: record.partition_key.to_owned(),
                    data: record.data.to_vec(),
                }));
            }
        }
        stored
    }
}

impl Done {
    /// Returns the exit code; `None` where a signal ended the process.
    pub(super) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Expects a failure with this code and all of these words on stderr, and nothing on stdout.
    #[track_caller]
    pub(super) fn failed(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code(), Some(code), "{self:?}");
        assert!(words.iter().all(|word| self.stderr.contains(word)), "expected {words:?} in {self:?}");
        assert_eq!(self.stdout, "");
    }
}

/// What stands for the jar of a connector: an archive with nothing in it (APPNOTE.TXT 4.3.16).
pub(super) const JAR: &str = "PK\u{5}\u{6}\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// A process; it is killed when this is dropped.
pub(super) struct Running {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Running {
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Returns what it has written so far to stdout and stderr.
    pub(super) fn said(&self) -> (String, String) {
        let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        (read(&self.out), read(&self.err))
    }

    /// Returns the rows that it has written so far as JSON.
    pub(super) fn rows(&self) -> Vec<Value> {
        let (text, _) = self.said();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Writes a line to its stdin, which was made a pipe.
    pub(super) fn tell(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Asks it to end.
    pub(super) fn terminate(&self) {
        send(self.child.id(), Signal::TERM);
    }

    /// Sends Ctrl-C.
    pub(super) fn interrupt(&self) {
        send(self.child.id(), Signal::INT);
    }

    /// Waits for its end.
    pub(super) fn ended(mut self) -> Done {
        let status = wait_for("a process to end", || self.child.try_wait().unwrap());
        let (stdout, stderr) = self.said();
        Done { status, stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A running pipeline.
pub(super) struct Up {
    pub(super) running: Running,
    pub(super) client: Client,
}

impl Up {
    /// Ends it with `kill -9`.
    pub(super) fn kill(self) {
        drop(self);
    }

    /// Ends it with Ctrl-C, which is to be clean.
    pub(super) fn stop(self) -> Done {
        self.running.interrupt();
        let done = self.running.ended();
        assert_eq!(done.code(), Some(130), "{done:?}");
        done
    }

    /// Returns what `pipe status` is told.
    pub(super) fn status(&self) -> Value {
        self.client.status().unwrap()
    }

    /// Waits until every query has consumed its whole stream and has no window open.
    pub(super) fn settle(&self) -> Value {
        wait_for("every window to close", || {
            let status = self.status();
            let records = |stream: &Value| {
                let streams = status["streams"].as_array().unwrap();
                streams.iter().find(|held| held["name"] == *stream).unwrap()["records"].clone()
            };
            let settled = status["queries"]
                .as_array()
                .unwrap()
                .iter()
                .all(|query| query["counters"]["records"] == records(&query["from"]) && query["open_windows"] == 0);
            settled.then_some(status)
        })
    }
}

/// A process that was started by another one; it is killed when this is dropped.
pub(super) struct Background(pub(super) u32);

impl Background {
    /// Says that it has ended.
    pub(super) fn gone(self) {
        std::mem::forget(self);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        send(self.0, Signal::KILL);
    }
}

fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    // It may have ended already.
    let _sent = kill_process(pid, signal);
}
