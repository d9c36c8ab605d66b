//! A real Flink: a cluster and a SQL gateway on loopback, one for all tests of this process, started by the first that
//! asks. `tests/peers/flink.sh` runs it, and ends it with this process, however that ends.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use pipe::deploy::flink::{Answer, FlinkError, Gateway, Places, Session, statements};
use pipe::plan::{Plan, Stream};
use pipe::record::RecordFormat;
use pipe::render::{FLINK_JOB, render_flink_on_files};
use serde_json::Value;
use tempfile::TempDir;

/// How long it may take until all of it answers, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_mins(3);
const LOOK: Duration = Duration::from_millis(100);
/// What the harness sets beside the text of a job that runs over files: one reader, as the files are read in their
/// order; a watermark behind every row, so that lateness does not depend on batches; and an answer when all is done.
const SETTINGS: [&str; 3] = [
    "SET 'parallelism.default' = '1'",
    "SET 'pipeline.auto-watermark-interval' = '0'",
    "SET 'table.dml-sync' = 'true'",
];

/// The versions that `tests/run` installs, each in a folder of its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V1_20,
    V2_2,
}

/// The cluster of each version.
static FLINK: [OnceLock<Flink>; 2] = [const { OnceLock::new() }; 2];

/// A cluster.
pub(crate) struct Flink {
    /// The gateway's address.
    pub(crate) gateway: String,
    /// The connector of its version, as `connector` of a target names it; 2.2 may be without one.
    pub(crate) connector: &'static str,
    cluster: Cluster,
}

/// Returns the cluster of Flink 1.20; see [`of_version`].
pub(crate) fn flink(what: &str) -> Option<&'static Flink> {
    of_version(Version::V1_20, what)
}

/// Returns the cluster of a version, of what `PIPE_FLINK` names; `tests/run` installs it and names it. Where that is not
/// set, says what is left out.
pub(crate) fn of_version(version: Version, what: &str) -> Option<&'static Flink> {
    let home = super::found("PIPE_FLINK", what)?;
    Some(FLINK[version as usize].get_or_init(|| Flink::start(version, &home)))
}

impl Version {
    /// As the folder is called, and as the versions of its patches begin.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::V1_20 => "1.20",
            Self::V2_2 => "2.2",
        }
    }
}

/// The processes of a cluster.
pub(super) struct Cluster {
    /// Its folder, with its configuration. The script makes and removes it: this process may be killed.
    pub(super) folder: PathBuf,
    /// The ports of its own interface and of the gateway.
    pub(super) rest: u16,
    gateway: u16,
    /// Its end ends the cluster, and so does that of this process.
    _script: Child,
}

impl Cluster {
    /// Starts one with the jars of a folder, a name of its own and what its processes find in their environment; with a
    /// gateway where its jar is there.
    pub(super) fn start(lib: &Path, name: &str, environment: &[(&str, &str)]) -> Self {
        let folder = env::temp_dir().join(format!("pipe-flink-{name}-{}", std::process::id()));
        let ports = free_ports::<6>();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/flink.sh");
        let mut command = Command::new("bash");
        command.arg(script).arg(lib).arg(&folder).args(ports.map(|port| port.to_string()));
        // Whoever runs the tests may be somebody.
        command.env_remove("AWS_SESSION_TOKEN").envs(environment.iter().copied());
        let mut script = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let [rest, gateway, ..] = ports;
        let jars = fs::read_dir(lib).unwrap().map(|jar| jar.unwrap().file_name().into_string().unwrap());
        let has_gateway = jars.into_iter().any(|jar| jar.starts_with("flink-sql-gateway"));
        let begun = Instant::now();
        while !has_slots(rest) || has_gateway && !answers(gateway) {
            let ended = script.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "Flink has not started: {}", logs(&folder));
            thread::sleep(LOOK);
        }
        Self { folder, rest, gateway, _script: script }
    }

    /// Returns what the cluster's own interface answers.
    pub(super) fn ask(&self, path: &str) -> Value {
        serde_json::from_str(&get(self.rest, path).unwrap()).unwrap()
    }
}

impl Flink {
    fn start(version: Version, home: &Path) -> Self {
        let lib = home.join(version.name());
        // The endpoint asks for a signature and takes any.
        let anybody = [("AWS_ACCESS_KEY_ID", "pipe"), ("AWS_SECRET_ACCESS_KEY", "pipe")];
        let cluster = Cluster::start(&lib, version.name(), &anybody);
        let jars = fs::read_dir(lib).unwrap().map(|jar| jar.unwrap().file_name().into_string().unwrap());
        let old = jars.into_iter().any(|jar| jar.starts_with("flink-connector-kinesis-4"));
        let connector = match version {
            Version::V1_20 if old => "4.x",
            Version::V1_20 => "5.x",
            Version::V2_2 => "6.x",
        };
        Self { gateway: format!("http://127.0.0.1:{}", cluster.gateway), connector, cluster }
    }

    /// Opens a session of its own.
    pub(crate) async fn session(&self) -> Session {
        Gateway::at(&self.gateway).open().await.unwrap()
    }

    /// Returns what the cluster's own interface answers.
    pub(crate) fn cluster(&self, path: &str) -> Value {
        self.cluster.ask(path)
    }

    /// Runs statements in a session of their own.
    pub(crate) async fn run_sql(&self, statements: &[impl AsRef<str>]) -> Result<Vec<Answer>, FlinkError> {
        let session = self.session().await;
        let result = run(&session, statements).await;
        session.close().await.unwrap();
        result
    }

    /// Runs the job that is rendered for a plan over records, those of each stream in their order, until all of them are
    /// read and every window is closed. Returns the rows of each stream that it writes, in no order.
    pub(crate) async fn run_job(
        &self,
        plan: &Plan,
        records: &[(&str, &[String])],
    ) -> Result<BTreeMap<String, Vec<Value>>, FlinkError> {
        let folder = TempDir::new().unwrap();
        for (stream, records) in records {
            let ending = plan.stream(stream).unwrap().format.ending();
            fs::write(folder.path().join(format!("{stream}.{ending}")), records.join("\n") + "\n").unwrap();
        }
        for table in &plan.tables {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/equality").join(&table.file);
            fs::copy(from, folder.path().join(&table.file)).unwrap();
        }
        let assembly = render_flink_on_files(plan, folder.path().to_str().unwrap()).unwrap();
        let reasons = || assembly.omissions().iter().map(|omission| omission.reason.as_str()).collect::<String>();
        let text = assembly.text(FLINK_JOB).ok_or_else(|| FlinkError::NoJob { reason: reasons() })?;
        let mut job = statements(text, &nowhere()).unwrap();
        // Behind the job's own settings, and before what starts it.
        let last = job.len() - 1;
        job.splice(last..last, SETTINGS.map(str::to_owned));
        self.run_sql(&job).await?;
        let mut rows = BTreeMap::new();
        for (_, stream) in plan.outputs() {
            rows.insert(stream.to_owned(), written(&folder.path().join(stream), plan.stream(stream).unwrap()));
        }
        Ok(rows)
    }
}

async fn run(session: &Session, statements: &[impl AsRef<str>]) -> Result<Vec<Answer>, FlinkError> {
    let mut answers = Vec::new();
    for statement in statements {
        answers.push(session.run(statement.as_ref()).await?);
    }
    Ok(answers)
}

/// A job over files has no places to fill in.
fn nowhere() -> Places {
    Places {
        endpoint: String::new(),
        region: String::new(),
        account: String::new(),
        partition: String::new(),
        files: String::new(),
    }
}

/// Reads the rows that a job has written to a folder; a job without any makes none.
fn written(folder: &Path, stream: &Stream) -> Vec<Value> {
    let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
    let files = files.map(|file| file.unwrap().path());
    // What is not finished yet has a name that begins with a dot.
    let finished = files.filter(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.'));
    let texts: Vec<String> = finished.map(|path| fs::read_to_string(path).unwrap()).collect();
    let lines: Vec<&[u8]> = match stream.format {
        RecordFormat::Json => texts.iter().flat_map(|text| text.lines()).map(str::as_bytes).collect(),
        // A value may hold a line end.
        RecordFormat::Csv { .. } => texts.iter().map(String::as_bytes).filter(|text| !text.is_empty()).collect(),
    };
    let rows = lines.into_iter().flat_map(|line| stream.json_rows(line));
    rows.map(|row| serde_json::from_slice(&row).unwrap()).collect()
}

fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    // All at once: otherwise one might come twice.
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// Returns whether a cluster has its slots.
fn has_slots(rest: u16) -> bool {
    let overview = get(rest, "/overview").and_then(|body| serde_json::from_str::<Value>(&body).ok());
    overview.and_then(|overview| overview["slots-available"].as_u64()).unwrap_or(0) > 0
}

/// Returns whether a gateway answers.
fn answers(gateway: u16) -> bool {
    get(gateway, "/v1/info").is_some_and(|body| body.contains("Flink"))
}

fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.1 200").then(|| body.to_owned())
}

/// Returns the ends of what the processes said.
fn logs(folder: &Path) -> String {
    ["jobmanager", "taskmanager", "gateway"]
        .map(|name| {
            let text = fs::read_to_string(folder.join(format!("log/{name}.log"))).unwrap_or_default();
            let lines: Vec<&str> = text.lines().rev().take(20).collect();
            format!("\n{name}:\n{}", lines.into_iter().rev().collect::<Vec<_>>().join("\n"))
        })
        .concat()
}
