//! What Managed Service for Apache Flink does with an application: runs its zip on a Flink 1.20 that has no connector, with
//! its properties in `/etc/flink/application_properties.json`. `tests/peers/managed_flink.sh` starts the code.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;
use zip::ZipArchive;

use super::flink::Cluster;

/// The property group that says how the code is started (Managed Service for Apache Flink, "create a Python application").
const RUN_OPTIONS: &str = "kinesis.analytics.flink.run.options";
/// What it may say, and how `flink run` says it.
const OPTIONS: [(&str, &str); 3] = [("python", "-py"), ("jarfile", "--jarfile"), ("pyFiles", "-pyfs")];

/// The service.
pub(crate) struct ManagedFlink {
    cluster: Cluster,
    lib: TempDir,
    pyflink: PathBuf,
}

impl ManagedFlink {
    /// Starts it, with what its processes find in their environment: on AWS, the right of the application's role. It is
    /// made of what `PIPE_FLINK` and `PIPE_PYFLINK` name; `tests/run` installs both. Where something is not to be had, says
    /// what is left out.
    pub(crate) fn start(name: &str, environment: &[(&str, &str)], what: &str) -> Option<Self> {
        let flink = super::found("PIPE_FLINK", what)?.join("1.20");
        let pyflink = super::found("PIPE_PYFLINK", what)?;
        let namespace = Command::new("unshare").args(["--map-root-user", "--mount", "true"]).output();
        if !namespace.is_ok_and(|output| output.status.success()) {
            let said = format!("left out: {what} (this machine gives no mount namespace: `unshare -rm` fails)\n");
            io::stderr().write_all(said.as_bytes()).unwrap();
            return None;
        }
        let lib = TempDir::new().unwrap();
        for jar in fs::read_dir(flink).unwrap().map(|jar| jar.unwrap()) {
            let jar_name = jar.file_name().into_string().unwrap();
            if is_of_flink(&jar_name) {
                symlink(jar.path(), lib.path().join(jar_name)).unwrap();
            }
        }
        let cluster = Cluster::start(lib.path(), name, environment);
        Some(Self { cluster, lib, pyflink })
    }

    /// Starts an application: `zip` is its code, `properties` are the property groups that the service was told, and
    /// `parallelism` is what it was told of that.
    pub(crate) fn run(&self, zip: &Path, properties: &Value, parallelism: u64) {
        let folder = TempDir::new().unwrap();
        let code = folder.path().join("code");
        ZipArchive::new(File::open(zip).unwrap()).unwrap().extract(&code).unwrap();
        let told = folder.path().join("properties.json");
        fs::write(&told, properties.to_string()).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/managed_flink.sh");
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "bash"]).arg(script);
        command.arg(self.lib.path()).arg(&self.pyflink).arg(&self.cluster.folder).arg(told);
        command.args(["-p", &parallelism.to_string()]);
        for (option, value) in options(properties) {
            command.arg(option).arg(code.join(value));
        }
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(output.status.success() && said.contains("Job has been submitted"), "{said}");
    }

    /// Returns the names of its jobs with their states, and why those failed that did.
    pub(crate) fn jobs(&self) -> Vec<String> {
        let overview = self.cluster.ask("/jobs/overview");
        let jobs = overview["jobs"].as_array().unwrap().iter().map(|job| {
            let [name, state, id] = ["name", "state", "jid"].map(|member| job[member].as_str().unwrap());
            let exceptions = self.cluster.ask(&format!("/jobs/{id}/exceptions"));
            let causes = exceptions["root-exception"].as_str().unwrap_or_default();
            let causes = causes.lines().filter(|line| !line.starts_with("\tat "));
            format!("{name} {state} {}", causes.collect::<Vec<_>>().join(" "))
        });
        jobs.map(|job| job.trim_end().to_owned()).collect()
    }
}

/// The service has no connector, nor what only a connector needs.
fn is_of_flink(jar: &str) -> bool {
    let other = ["flink-connector-kinesis", "flink-sql-connector", "flink-sql-gateway"];
    ["flink-", "log4j-"].iter().any(|start| jar.starts_with(start)) && !other.iter().any(|start| jar.starts_with(start))
}

fn options(properties: &Value) -> Vec<(&'static str, String)> {
    let groups = properties.as_array().unwrap();
    let group = groups.iter().find(|group| group["PropertyGroupId"] == RUN_OPTIONS).expect("nothing says what is run");
    let options = group["PropertyMap"].as_object().unwrap().iter().map(|(name, value)| {
        let option = OPTIONS.iter().find(|(known, _)| known == name);
        let (_, option) = option.unwrap_or_else(|| panic!("the service knows no {name}"));
        (*option, value.as_str().unwrap().to_owned())
    });
    options.collect()
}
