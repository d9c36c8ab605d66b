//! `pipe init`

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;

use crate::error::Error;
use crate::infer::{Sample, Sampled, infer};
use crate::recording::{Lines, Reader, Recorded, RecordingError};
use crate::spec::legal_stream_name;
use crate::streams::{Follower, Manners, Position};
use crate::ui::Ui;

use super::followed::{Target, Which};

/// How long to wait between two looks at a stream that has not been read to its end.
const PAUSE: Duration = Duration::from_millis(200);

/// Write a first pipeline.toml that runs
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe init\n  pipe init my-pipeline --from balance\n  pipe init orders --from-sample orders.jsonl\n  \
                        pipe init orders --from-sample kinesis://orders -n 50000"
)]
pub(super) struct Args {
    /// Where to write it
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,

    /// Which pipeline to begin with
    #[arg(long, value_name = "EXAMPLE", default_value = "ticker")]
    from: Example,

    /// Infer it from records: a file with one on each line, one of `pipe record`, or <kinesis://NAME>
    ///
    /// It has their columns and types, event time and partition key, a generator that makes records like them, and a first
    /// query. Read it before you rely on it.
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    from_sample: Option<String>,

    /// How many records are looked at
    #[arg(short, value_name = "N", default_value_t = SAMPLE, requires = "from_sample", value_parser = clap::value_parser!(u64).range(1..=MAX_SAMPLE))]
    n: u64,
}

/// How many records are looked at, where it is not said: enough for shares of a hundredth.
const SAMPLE: u64 = 10_000;
/// The most: all of them are held in memory.
const MAX_SAMPLE: u64 = 1_000_000;

/// The pipelines to begin with.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Example {
    /// Ten-second price statistics for each ticker, by event time
    Ticker,
    /// Three-minute balance statistics for each user, by arrival time
    Balance,
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let path = args.directory.join("pipeline.toml");
    if path.exists() {
        return Err(Error::Usage {
            message: format!("`{}` is there already", path.display()),
            hint: "name another folder, or move it away".to_owned(),
        });
    }
    let text = match (&args.from_sample, args.from) {
        (Some(sample), _) => inferred(sample, args.n, ui).await?,
        (None, Example::Ticker) => include_str!("../../pipelines/ticker.toml").to_owned(),
        (None, Example::Balance) => include_str!("../../pipelines/balance.toml").to_owned(),
    };
    std::fs::create_dir_all(&args.directory).map_err(|source| Error::write(&args.directory, source))?;
    std::fs::write(&path, text).map_err(|source| Error::write(&path, source))?;
    ui.note(&format!("wrote {}", path.display()));
    if args.directory.as_os_str() == "." {
        ui.note("`pipe up` runs it");
    } else {
        ui.note(&format!("`pipe up {}` runs it", path.display()));
    }
    Ok(())
}

/// Infers a pipeline from records.
async fn inferred(from: &str, most: u64, ui: &Ui) -> Result<String, Error> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let sample = match from.strip_prefix("kinesis://") {
        Some(name) => in_kinesis(name, most, ui).await?,
        None => in_file(Path::new(from), most)?,
    };
    infer(&sample).map_err(|error| Error::Usage {
        message: error.to_string(),
        hint: "a sample has a JSON object on each line, or values between commas".to_owned(),
    })
}

fn in_file(path: &Path, most: usize) -> Result<Sample, Error> {
    let file = File::open(path).map_err(|source| Error::read(path, source))?;
    let failed = |error: RecordingError| Error::Replay(error.into());
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("sample").to_owned();
    let mut sample =
        Sample { stream: legal_stream_name(&name), origin: path.display().to_string(), ..Sample::default() };
    match Reader::open(BufReader::new(file)).map_err(failed)? {
        Lines::Recording { stream, records } => {
            sample.stream = legal_stream_name(&stream);
            for record in records.take(most) {
                let Recorded { arrival, partition_key, data } = record.map_err(failed)?;
                sample.records.push(Sampled { arrival: Some(arrival), key: Some(partition_key), data });
            }
        }
        Lines::Plain(mut lines) => {
            if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
                let first = lines.next().transpose().map_err(failed)?.unwrap_or_default();
                match header(&first) {
                    Some(header) => sample.header = Some(header),
                    None => sample.records.push(Sampled { arrival: None, key: None, data: first }),
                }
            }
            for line in lines.take(most.saturating_sub(sample.records.len())) {
                sample.records.push(Sampled { arrival: None, key: None, data: line.map_err(failed)? });
            }
        }
    }
    Ok(sample)
}

/// Returns the names in the first line of a file, where that is what they are: none of them is a number.
fn header(line: &[u8]) -> Option<Vec<String>> {
    // Excel begins a file with the mark of its encoding.
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
    let names: Vec<String> = reader.records().next()?.ok()?.iter().map(str::to_owned).collect();
    let is_name = |text: &String| text.trim().starts_with(|first: char| first.is_alphabetic() || first == '_');
    names.iter().all(is_name).then_some(names)
}

async fn in_kinesis(name: &str, most: usize, ui: &Ui) -> Result<Sample, Error> {
    let which = Which { pipeline: Some(&format!("kinesis://{name}")), stream: None, target: None };
    let target = Target::open(which, ui).await?;
    let names = [name.to_owned()];
    let mut follower = Follower::open(target.log, &names, &Position::Earliest, Manners::ELSEWHERE).await?;
    let mut sample =
        Sample { stream: legal_stream_name(name), origin: format!("kinesis://{name}"), ..Sample::default() };
    loop {
        let (brought, at_end) = follower.poll().await?;
        for followed in brought {
            let marked = followed.marks.into_iter().zip(followed.records);
            sample.records.extend(marked.map(|((arrival, key), data)| Sampled {
                arrival: Some(arrival),
                key: Some(key),
                data,
            }));
        }
        ui.status(&format!("{} records of {name}", sample.records.len()));
        if at_end || sample.records.len() >= most {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    ui.clear_status();
    sample.records.truncate(most);
    Ok(sample)
}
