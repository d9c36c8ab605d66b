//! `pipe record`

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::recording::{Recorded, Writer};
use crate::streams::{Follower, Manners, Millis, Position};
use crate::ui::{Ui, count};

use super::followed::{Target, Which};
use super::tail::begin;

/// How often the status line is drawn anew.
const LOOK: Duration = Duration::from_millis(200);

/// Write the records of a stream into a file: their bytes, partition keys and arrival times
///
/// It takes what is there and, where the stream is alive, goes on until Ctrl-C, --for or -n; of a pipeline that does not run
/// it takes the records at rest. `pipe replay` plays the file again.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe record trades --to trades.jsonl\n  pipe record trades --pipeline ticker --from earliest --to day.jsonl\n  \
                        pipe record kinesis://orders --from -1h --for 10m --to orders.jsonl"
)]
pub(super) struct Args {
    /// A stream of the pipeline, or <kinesis://NAME> for any Kinesis stream
    #[arg(value_name = "STREAM")]
    stream: String,

    /// The file to write
    #[arg(long, value_name = "FILE")]
    to: PathBuf,

    /// The pipeline file or its bare name
    #[arg(long, value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// What is on this target; not given, it is what was put to work from this folder
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,

    /// Where to begin: latest, earliest, -15m, or a time such as 2026-02-02T10:15:30Z
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true, default_value = "earliest", value_parser = begin)]
    from: Position,

    /// End after this many records
    #[arg(short, value_name = "N")]
    n: Option<u64>,

    /// End after this long, such as 30s
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    duration: Option<Duration>,
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let is_kinesis = args.stream.starts_with("kinesis://");
    if let (true, Some(pipeline)) = (is_kinesis, &args.pipeline) {
        return Err(Error::Usage {
            message: "kinesis://NAME is a stream already".to_owned(),
            hint: format!("leave --pipeline {pipeline} out, or name a stream of it"),
        });
    }
    let which = if is_kinesis {
        Which { pipeline: Some(&args.stream), stream: None, target: args.target.as_deref() }
    } else {
        Which { pipeline: args.pipeline.as_deref(), stream: Some(&args.stream), target: args.target.as_deref() }
    };
    if args.to.exists() {
        return Err(Error::Usage {
            message: format!("`{}` is there already", args.to.display()),
            hint: "name another file, or move it away".to_owned(),
        });
    }
    let target = Target::open(which, ui).await?;
    let names: Vec<String> = target.streams.iter().map(|(name, _)| name.clone()).collect();
    let manners = if target.elsewhere { Manners::ELSEWHERE } else { Manners::HERE };
    let mut follower = Follower::open(Arc::clone(&target.log), &names, &args.from, manners).await?;
    let failed = |source| Error::write(&args.to, source);
    let file = BufWriter::new(File::create(&args.to).map_err(failed)?);
    let mut writer = Writer::new(file, names.first().map_or("", String::as_str)).map_err(failed)?;
    let written = follow(args, &target, (&mut follower, manners), &mut writer, ui).await;
    ui.clear_status();
    // What was written is kept, whatever ended it.
    writer.flush().map_err(failed)?;
    let written = written?;
    ui.note(&format!(
        "{} in {}",
        count(usize::try_from(written).unwrap_or(usize::MAX), "record", "records"),
        args.to.display()
    ));
    Ok(())
}

/// Writes what comes, until the end; returns how many records there were.
async fn follow(
    args: &Args,
    target: &Target,
    (follower, manners): (&mut Follower, Manners),
    writer: &mut Writer<impl Write>,
    ui: &Ui,
) -> Result<u64, Error> {
    let deadline = args.duration.map(|duration| Instant::now() + duration);
    let mut order = InOrder { writer, waiting: Vec::new(), left: args.n.unwrap_or(u64::MAX), written: 0 };
    let failed = |source| Error::write(&args.to, source);
    let mut looked = Instant::now();
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    while order.left > 0 && deadline.is_none_or(|deadline| Instant::now() < deadline) {
        let polled = tokio::select! {
            biased;
            _ = &mut interrupted => break,
            polled = follower.poll() => polled,
        };
        let (brought, at_end) = match polled {
            Ok(polled) => polled,
            Err(_) if target.ended().await.is_some() => break,
            Err(error) => return Err(error.into()),
        };
        for followed in brought {
            let records = followed.marks.into_iter().zip(followed.records);
            order.waiting.extend(records.map(|((arrival, partition_key), data)| Recorded {
                arrival,
                partition_key,
                data,
            }));
        }
        order.write_until(follower.reached()).map_err(failed)?;
        if looked.elapsed() >= LOOK {
            ui.status(&format!("{} records", order.written));
            looked = Instant::now();
        }
        if at_end && !target.live {
            break;
        }
        if at_end {
            let rest = deadline.map_or(manners.pause, |deadline| deadline.saturating_duration_since(Instant::now()));
            tokio::select! {
                _ = &mut interrupted => break,
                () = tokio::time::sleep(rest.min(manners.pause)) => {}
            }
        }
    }
    order.write_until(Millis::MAX).map_err(failed)?;
    Ok(order.written)
}

/// Writes records in the order of their arrival, whatever the shards that they are read from.
struct InOrder<'w, W> {
    writer: &'w mut Writer<W>,
    /// Before which others may come.
    waiting: Vec<Recorded>,
    left: u64,
    written: u64,
}

impl<W: Write> InOrder<'_, W> {
    /// Writes what arrived before a moment.
    fn write_until(&mut self, moment: Millis) -> std::io::Result<()> {
        self.waiting.sort_by_key(|record| record.arrival);
        let ready = self.waiting.partition_point(|record| record.arrival < moment);
        for record in self.waiting.drain(..ready) {
            if self.left > 0 {
                self.writer.write(&record)?;
                self.left -= 1;
                self.written += 1;
            }
        }
        Ok(())
    }
}
