//! `MiniStack`, which stands for AWS: `CloudFormation`, S3, IAM, Kinesis and the control plane of Managed Service for Apache
//! Flink, on loopback. One for each test that asks; it ends with it.

use std::{
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// How long it may take until it answers, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(20);
/// Where it is said to be.
const REGION: &str = "us-east-1";
/// The key of everybody who asks it.
pub(crate) const KEY: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "a-secret-that-nobody-is-told")];

/// A running one.
pub(crate) struct MiniStack {
    child: Child,
    port: u16,
    python: PathBuf,
    _state: TempDir,
}

impl MiniStack {
    /// Starts one from the virtual environment that `PIPE_MINISTACK` names, to be asked with the boto3 of `PIPE_PEERS`;
    /// `tests/run` makes both. Where they are not set, says what is left out.
    pub(crate) fn start(what: &str) -> Option<Self> {
        Self::of(what, false)
    }

    /// Starts one that allows what the policies allow and no more, as AWS does. Who signs with [`KEY`] may do everything.
    pub(crate) fn start_strict(what: &str) -> Option<Self> {
        Self::of(what, true)
    }

    fn of(what: &str, strict: bool) -> Option<Self> {
        let venv = super::found("PIPE_MINISTACK", what)?;
        let python = super::environment(what)?.join("bin/python");
        let state = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(venv.join("bin/python"));
        command.args(["-m", "ministack"]).env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port.to_string());
        // Listeners that nobody asks for would be on ports that others may want.
        command.env("SFTP_ENABLED", "0").env("IOT_MTLS_ENABLED", "0").env("STATE_DIR", state.path());
        command.env("AUTH", strict.to_string());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut stack = Self { child, port, python, _state: state };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(stack.child.try_wait().unwrap().is_none(), "MiniStack has ended");
            assert!(begun.elapsed() < PATIENCE, "MiniStack does not answer");
            thread::sleep(LOOK);
        }
        Some(stack)
    }

    /// Returns its address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Evaluates an expression of Python in which `client("s3")` is boto3's client of a service, and returns its value.
    pub(crate) fn ask(&self, expression: &str) -> Value {
        let program = format!(
            "import boto3, botocore, json\n\
             def is_there(call, **what):\n    try: return bool(call(**what))\n    except botocore.exceptions.ClientError: return False\n\
             client = lambda service: boto3.client(service, endpoint_url={:?}, region_name={REGION:?})\n\
             print(json.dumps({expression}, default=str))",
            self.url()
        );
        let asked = Command::new(&self.python).args(["-c", &program]).envs(KEY).output().unwrap();
        assert!(asked.status.success(), "{expression}: {}", String::from_utf8_lossy(&asked.stderr));
        serde_json::from_slice(&asked.stdout).unwrap()
    }
}

impl Drop for MiniStack {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
