//! `pipe kinesis`

use std::fs::DirBuilder;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::deploy::DeployError;
use crate::deploy::local::{LOOPBACK, listen};
use crate::error::Error;
use crate::kinesis_api::{Api, Certificate, Chaos, Hosts, Options, router, serve, upkeep};
use crate::streams::LogError;
use crate::streams::local::{Durability, LocalLog};
use crate::ui::{Format, Ui};

use super::stop_signal::stop_signal;

/// Serve the Kinesis Data Streams API on this machine, and nothing else
///
/// Clients of any language use it as they use AWS: with its address as the endpoint, and any credentials. Shards take and
/// give as much as they do there, and no more.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe kinesis\n  pipe kinesis --dir streams --port 4567\n  pipe kinesis --tls --no-limits\n  \
                        pipe kinesis --chaos throttle=5%,error=1%,latency=20ms±10ms,reshard=30s --seed 7"
)]
pub(super) struct Args {
    /// Where the streams are kept; in a folder that goes when the endpoint stops if not given
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,

    /// The port; 0 for any that is free. The first free one from 4567 if not given
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// The address to listen on. Beside loopback it answers to every name, and to everybody who reaches it
    #[arg(long, value_name = "ADDRESS", default_value_t = LOOPBACK, value_parser = address)]
    listen: IpAddr,

    /// Serve HTTPS, with a certificate that it makes for itself
    #[arg(long)]
    tls: bool,

    /// The region that the streams are in
    #[arg(long, value_name = "REGION", default_value = "us-east-1", value_parser = region)]
    region: String,

    /// How long streams are CREATING, UPDATING and DELETING
    #[arg(long, value_name = "DURATION", default_value = "100ms", value_parser = delay)]
    delay: Duration,

    /// Take and give as much as comes
    #[arg(long)]
    no_limits: bool,

    /// Trouble on purpose: shares of throttled and failing requests, how long answers wait, how often shards are split and
    /// merged
    #[arg(long, value_name = "TROUBLE")]
    chaos: Option<Chaos>,

    /// The seed of that trouble
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Stop after this time
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    duration: Option<Duration>,

    /// Acknowledge a record only when it would survive a loss of power
    #[arg(long)]
    fsync: bool,
}

/// Reads an address to listen on.
fn address(text: &str) -> Result<IpAddr, String> {
    if text == "localhost" {
        return Ok(LOOPBACK);
    }
    text.parse()
        .map_err(|_| "expected an IP address, such as 127.0.0.1, or 0.0.0.0 for every one of this machine".to_owned())
}

/// Reads the name of a region: ARNs and host names have it in them.
fn region(text: &str) -> Result<String, String> {
    let is_good = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    if !text.is_empty() && text.bytes().all(is_good) {
        Ok(text.to_owned())
    } else {
        Err("expected a region, such as eu-central-1".to_owned())
    }
}

/// The longest time that a change can be asked to take; nobody waits for one that long.
const LONGEST_DELAY: Duration = Duration::from_hours(24);

/// Reads how long a change takes.
fn delay(text: &str) -> Result<Duration, String> {
    let delay = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if delay <= LONGEST_DELAY { Ok(delay) } else { Err("a change takes a day at the most".to_owned()) }
}

/// Makes a folder that goes with this process. Where that is killed, its name tells what it was.
fn passing() -> std::io::Result<TempDir> {
    tempfile::Builder::new().prefix("pipe-kinesis-").tempdir()
}

/// Where streams are kept.
enum Place {
    Given(PathBuf),
    Passing(TempDir),
}

impl Place {
    fn path(&self) -> &Path {
        match self {
            Self::Given(path) => path,
            Self::Passing(folder) => folder.path(),
        }
    }
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let mut asked = std::pin::pin!(stop_signal(false)?);
    let place = match &args.dir {
        Some(path) => {
            // Nobody else's business.
            let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
            made.map_err(|error| LogError::Storage { path: path.clone(), source: Box::new(error) })?;
            Place::Given(path.clone())
        }
        None => Place::Passing(passing().map_err(|error| Error::write(std::env::temp_dir(), error))?),
    };
    let durability = if args.fsync { Durability::Power } else { Durability::Process };
    let log = LocalLog::open(&place.path().join("log"), durability)?;
    let listener = listen(args.listen, args.port).await?;
    let address = listener.local_addr().map_err(DeployError::Endpoint)?;
    let certificate = args.certificate(place.path())?;
    let hosts = if args.listen.is_loopback() { Hosts::Loopback } else { Hosts::All };
    let api = Api::new(Arc::clone(&log), args.options());

    let (stop, mut stopped) = watch::channel(false);
    let stopping = async move {
        // An error means that nobody is left to say stop.
        drop(stopped.wait_for(|stop| *stop).await);
    };
    let mut serving = pin!(serve(listener, certificate.as_ref(), router(api.clone()), hosts, stopping));
    tell(args, address, certificate.as_ref(), ui)?;

    let over = async {
        match args.duration {
            Some(duration) => tokio::time::sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    let complain = |error: LogError| ui.note(&Error::from(error).full());
    let keeping = upkeep(api.clone(), complain);
    let cause = tokio::select! {
        asked = &mut asked => Err(asked),
        () = over => Ok(()),
        () = &mut serving => return Ok(()),
        () = keeping => Ok(()),
    };
    stop.send_replace(true);
    api.close();
    serving.await;
    if let Place::Given(_) = &place
        && let Err(error) = tokio::task::block_in_place(|| log.settle())
    {
        ui.note(&Error::from(error).full());
    }
    cause
}

impl Args {
    fn options(&self) -> Options {
        Options {
            region: self.region.clone(),
            delay: self.delay,
            limits: !self.no_limits,
            expires: true,
            chaos: self.chaos.map(|chaos| (chaos, self.seed)),
        }
    }

    fn certificate(&self, folder: &Path) -> Result<Option<Certificate>, Error> {
        if !self.tls {
            return Ok(None);
        }
        let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        if self.listen.is_unspecified() {
            // What others call this machine: its own name, and that by which containers know it.
            names.push(rustix::system::uname().nodename().to_string_lossy().into_owned());
            names.push("host.docker.internal".to_owned());
        } else {
            names.push(self.listen.to_string());
        }
        let folder = folder.join("tls");
        let made = Certificate::in_folder(&folder, names).map_err(|error| Error::write(&folder, error))?;
        Ok(Some(made))
    }
}

/// Says where it is.
fn tell(args: &Args, address: SocketAddr, certificate: Option<&Certificate>, ui: &Ui) -> Result<(), Error> {
    let scheme = if certificate.is_some() { "https" } else { "http" };
    // An address of all is none to call.
    let host = if address.ip().is_unspecified() { SocketAddr::new(LOOPBACK, address.port()) } else { address };
    let endpoint = format!("{scheme}://{host}");
    if ui.format() == Format::Table {
        ui.data(&format!("Kinesis at {endpoint}")).map_err(Error::stdout)?;
    } else {
        let trust = certificate.map(|certificate| certificate.path.display().to_string());
        ui.data(&json!({ "endpoint": endpoint, "certificate": trust }).to_string()).map_err(Error::stdout)?;
    }
    // The first AWS CLI knows the region by another name than the second.
    let region = &args.region;
    let mut lines =
        vec![format!("export AWS_ENDPOINT_URL_KINESIS={endpoint} AWS_REGION={region} AWS_DEFAULT_REGION={region}")];
    if let Some(certificate) = certificate {
        lines.push(format!("export AWS_CA_BUNDLE={}", certificate.path.display()));
    }
    if args.dir.is_none() {
        lines.push("its streams go when it stops: --dir keeps them".to_owned());
    }
    if !args.listen.is_loopback() {
        lines.push("whoever reaches this address may read and write everything".to_owned());
    }
    for line in lines {
        ui.note(&line);
    }
    Ok(())
}
