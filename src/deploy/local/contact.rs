//! Reaching the process that runs a pipeline, from another one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::net::TcpStream;

use crate::streams::LogError;
use crate::streams::kinesis::{Credentials, KinesisLog};
use crate::streams::local::{Durability, LocalLog};

use super::control::{RunStatus, STATUS_PATH};
use super::folder::Running;
use super::{DeployError, Folder, REGION};

/// How long an answer may take before the process counts as silent.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a process may take to stop cleanly before it is ended.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// How long a process may hold a log without saying that it runs the pipeline.
const START_PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// A process that runs a pipeline and answers.
#[derive(Debug)]
pub struct Contact {
    running: Running,
}

impl Contact {
    /// Finds the process that runs the pipeline of a folder; `None` where none does.
    pub async fn find(folder: &Folder) -> Result<Option<Self>, DeployError> {
        let Some(running) = folder.running() else { return Ok(None) };
        if !is_alive(running.pid) {
            return Ok(None);
        }
        let contact = Self { running };
        match contact.status().await {
            Some(status) if status.pid == contact.running.pid => Ok(Some(contact)),
            // The number belongs to another process by now, unless somebody holds the log.
            _ if !is_locked(folder)? => Ok(None),
            _ => Err(DeployError::Silent { pipeline: folder.pipeline().to_owned(), pid: Some(contact.running.pid) }),
        }
    }

    /// Returns the process.
    pub fn pid(&self) -> u32 {
        self.running.pid
    }

    /// Returns the endpoint's address.
    pub fn endpoint(&self) -> &str {
        &self.running.endpoint
    }

    /// Asks how the pipeline stands; `None` where no answer comes.
    pub async fn status(&self) -> Option<RunStatus> {
        let body = tokio::time::timeout(PATIENCE, get(&self.running.endpoint, STATUS_PATH)).await.ok()??;
        serde_json::from_slice(&body).ok()
    }

    /// Returns whether the process has ended, or does so soon: one that stops closes its endpoint first, and another
    /// pipeline may have that port by now.
    pub async fn has_ended(&self, folder: &Folder) -> bool {
        let begun = Instant::now();
        while folder.running().as_ref() == Some(&self.running) && is_alive(self.running.pid) {
            if begun.elapsed() >= PATIENCE {
                return false;
            }
            tokio::time::sleep(PAUSE).await;
        }
        true
    }

    /// Returns its streams, read through the endpoint.
    pub async fn log(&self) -> KinesisLog {
        KinesisLog::connect(Some(&self.running.endpoint), REGION, Credentials::Dummy).await
    }
}

/// A pipeline that does not run, and cannot be run as long as this is there: its log is taken.
pub struct Stopped {
    folder: Folder,
    log: Option<Arc<LocalLog>>,
    ran: bool,
}

impl Stopped {
    /// Returns whether it ran.
    pub fn ran(&self) -> bool {
        self.ran
    }

    /// Removes its folder and everything in it.
    pub fn remove(self) -> Result<(), DeployError> {
        self.folder.remove(self.log)
    }
}

/// Stops the process that runs the pipeline of a folder, where there is one: politely, and after half a minute without
/// asking.
pub async fn stop(folder: &Folder) -> Result<Stopped, DeployError> {
    let begun = Instant::now();
    let mut signals = [Signal::TERM, Signal::KILL].into_iter();
    let mut asked: Option<(u32, Instant)> = None;
    loop {
        if let Holder::Us(log) = hold(folder)? {
            return Ok(Stopped { folder: folder.clone(), log, ran: asked.is_some() });
        }
        match asked {
            Some((pid, since)) if since.elapsed() >= STOP_PATIENCE => match signals.next() {
                Some(signal) => {
                    signal_process(pid, signal);
                    asked = Some((pid, Instant::now()));
                }
                None => return Err(silent(folder)),
            },
            Some(_) => {}
            // Only a process that answers for the pipeline is signalled: a number in a file may be anybody's by now.
            None => {
                if let Ok(Some(contact)) = Contact::find(folder).await {
                    asked = Some((contact.running.pid, Instant::now()));
                    signals.next().into_iter().for_each(|signal| signal_process(contact.running.pid, signal));
                } else if begun.elapsed() >= START_PATIENCE {
                    return Err(silent(folder));
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Says who holds the log of a folder, as far as it can be told.
pub(super) fn silent(folder: &Folder) -> DeployError {
    let pipeline = folder.pipeline().to_owned();
    match folder.running().filter(|running| is_alive(running.pid)) {
        Some(running) => DeployError::Silent { pipeline, pid: Some(running.pid) },
        None => DeployError::Held { pipeline },
    }
}

/// Who has the log of a folder open.
enum Holder {
    /// This process now, where there is a log that can be read.
    Us(Option<Arc<LocalLog>>),
    /// Another process.
    Another,
}

/// Takes the log of a folder, if nobody has it.
fn hold(folder: &Folder) -> Result<Holder, DeployError> {
    if !folder.has_log() {
        return Ok(Holder::Us(None));
    }
    match LocalLog::open(&folder.log(), Durability::Process) {
        Ok(log) => Ok(Holder::Us(Some(log))),
        Err(LogError::Locked { .. }) => Ok(Holder::Another),
        // A log that cannot be read is nobody's.
        Err(LogError::Format { .. } | LogError::Storage { .. }) => Ok(Holder::Us(None)),
        Err(error) => Err(error.into()),
    }
}

/// Returns whether another process has the log of a folder open: the lock is the truth, whatever files say.
fn is_locked(folder: &Folder) -> Result<bool, DeployError> {
    Ok(matches!(hold(folder)?, Holder::Another))
}

fn process(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

fn is_alive(pid: u32) -> bool {
    process(pid).is_some_and(|pid| test_kill_process(pid).is_ok())
}

fn signal_process(pid: u32, signal: Signal) {
    if let Some(pid) = process(pid) {
        // It may be gone already, which is what is wanted.
        kill_process(pid, signal).ok();
    }
}

async fn get(endpoint: &str, path: &str) -> Option<Bytes> {
    let address = endpoint.strip_prefix("http://")?;
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let connection = tokio::spawn(connection);
    let request = Request::get(path).header("host", address).body(Empty::<Bytes>::new()).ok()?;
    let answer = sender.send_request(request).await.ok()?;
    let body = answer.into_body().collect().await.ok()?.to_bytes();
    connection.abort();
    Some(body)
}
