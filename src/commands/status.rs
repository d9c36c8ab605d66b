//! `pipe status`

mod explain;

use serde_json::{Value, json};

use crate::deploy::aws::Note;
use crate::deploy::flink::JobState;
use crate::deploy::local::{Folder, Found, RunStatus, Waiting, at_rest};
use crate::deploy::remote::{Deployment, waiting};
use crate::engine::{QueryStatus, Sample, moment_text};
use crate::error::Error;
use crate::observe::{Finding, Seen, findings};
use crate::ui::{Format, Ui, csv_line, table};

use super::elsewhere::Elsewhere;
use super::locate;
use super::on_aws::{self, OnAws, Stands};

/// Show what runs: watermark, open windows, lag, late and bad records, and why there is no output
///
/// Works from another terminal while `pipe up` runs, and on what it left behind when it does not: of a pipeline in
/// Kinesis, it tells of the streams there, and of the job in Flink or the stack on AWS.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe status\n  pipe status ticker --explain\n  pipe status ticker -o json\n  pipe status ticker --target aws"
)]
pub(super) struct Args {
    /// A pipeline file, or the name of a pipeline
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// What is on this target on AWS, whoever put it there; not given, it is all that was put to work from this folder
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,

    /// Say of every stream and query why it gives what it gives: which shards are idle, what holds the watermark, when windows
    /// close, what is late, bad, throttled or hot, and what to do about each
    #[arg(long, conflicts_with = "target")]
    explain: bool,
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    if let Some(target) = &args.target {
        let plan = on_aws::plan(args.pipeline.as_deref(), target, ui)?;
        let on_aws = OnAws::of_plan(&plan).await?;
        on_aws.tell_elsewhere(ui);
        let on_aws = Some(on_aws.stands().await?);
        return Told { name: plan.name, on_aws, ..Told::default() }.tell(ui);
    }
    let (name, loaded) = locate::name(args.pipeline.as_deref(), ui).await?;
    let folder = Folder::of(&name);
    let deployment = Deployment::of(&folder)?;
    let run_here = deployment.as_ref().filter(|deployment| deployment.is_run_here());
    let target = run_here.map_or("local", |deployment| &deployment.target);
    let elsewhere = match &deployment {
        Some(deployment) => Some(Elsewhere::of(deployment).await),
        None => None,
    };
    let note = Note::of(&folder)?;
    let plan = match loaded.map(|loaded| loaded.plan(target, ui)).transpose() {
        // What is elsewhere can be told without the file.
        Err(_) if elsewhere.is_some() || note.is_some() => None,
        plan => plan?,
    };
    let mut contact = None;
    let mut status = match Found::of(&folder).await? {
        Found::Running(found) => contact.insert(found).status().await,
        Found::AtRest(log) => {
            let plan = plan.as_ref().ok_or_else(|| Error::Unavailable {
                message: format!("pipeline `{name}` does not run, and its file is not here"),
                hint: "name the file".to_owned(),
            })?;
            let mut status = at_rest(plan, &log)?;
            if let Some(deployment) = run_here {
                status.place = Some(deployment.place.to_string());
                status.waiting = Some(Waiting { bytes: waiting(&log, plan)?, reason: None });
            }
            Some(status)
        }
        Found::Absent => None,
    };
    let running = contact.is_some();
    let on_aws = match &note {
        Some(note) => match stands(&name, note).await {
            // What is here is told all the same.
            Err(error) if status.is_some() || elsewhere.is_some() => {
                ui.note(&format!("note: how it stands on AWS is not known: {error}"));
                None
            }
            stands => Some(stands?),
        },
        None => None,
    };
    if status.is_none() && elsewhere.is_none() && on_aws.is_none() {
        ui.note(&format!("pipeline `{name}` does not run, and has no records; `pipe up {name}` runs it"));
        locate::tell_others(&name, ui);
        return Ok(());
    }
    if let (Some(status), false) = (&mut status, running) {
        status.job = folder.job();
    }
    let job_state = match status.as_ref().and_then(|status| status.job.as_ref()) {
        Some(job) => Some(job.state().await.map_or_else(|error| error.to_string(), state_text)),
        None => None,
    };
    let findings = match &mut status {
        Some(status) => {
            let job = job_state.as_ref().map(|state| (state.clone(), state == "RUNNING"));
            let mut seen = Seen { running, job, ..Seen::default() };
            if let (true, Some(contact)) = (args.explain, &contact) {
                explain::look(contact, status, &mut seen).await;
            }
            findings(status, plan.as_ref(), &seen)
        }
        None => Vec::new(),
    };
    Told { name, status, running, job_state, elsewhere, on_aws, findings, explain: args.explain }.tell(ui)
}

/// All that is known of a pipeline.
#[derive(Default)]
struct Told {
    name: String,
    /// What runs here, or is left here.
    status: Option<RunStatus>,
    running: bool,
    /// How its job stands, where a Flink works for what is here.
    job_state: Option<String>,
    elsewhere: Option<Elsewhere>,
    on_aws: Option<Stands>,
    /// What there is to say of what runs here, and whether it was asked for.
    findings: Vec<Finding>,
    explain: bool,
}

impl Told {
    fn tell(&self, ui: &Ui) -> Result<(), Error> {
        let told = match ui.format() {
            Format::Json => self.value().and_then(|value| ui.data(&value.to_string())),
            Format::Csv => {
                let rows = self.status.as_ref().map(query_rows);
                let rows = rows.or_else(|| self.elsewhere.as_ref().map(Elsewhere::rows));
                let (header, rows) = rows.or_else(|| self.on_aws.as_ref().map(Stands::rows)).unwrap_or_default();
                std::iter::once(&header).chain(&rows).try_for_each(|row| ui.data(&csv_line(row)))
            }
            Format::Table => self.show(ui),
        };
        told.map_err(Error::stdout)
    }

    /// Returns it for machines.
    fn value(&self) -> std::io::Result<Value> {
        let mut value = match &self.status {
            Some(status) => serde_json::to_value(status)?,
            None => json!({ "pipeline": self.name }),
        };
        value["running"] = self.running.into();
        if let Some(state) = &self.job_state {
            value["job"]["state"] = state.as_str().into();
        }
        if let Some(elsewhere) = &self.elsewhere {
            value["deployment"] = elsewhere.value();
            if elsewhere.is_run_here() {
                value["deployment"]["running"] = self.running.into();
            }
        }
        if let Some(on_aws) = &self.on_aws {
            value["aws"] = on_aws.value();
        }
        if self.explain {
            value["findings"] = serde_json::to_value(&self.findings)?;
        }
        if let (false, Some(members)) = (self.running, value.as_object_mut()) {
            // What does not run has neither.
            members.remove("pid");
            members.remove("endpoint");
        }
        Ok(value)
    }

    /// Writes it for people.
    fn show(&self, ui: &Ui) -> std::io::Result<()> {
        if let Some(status) = &self.status {
            show(status, self.running, ui)?;
            if self.explain {
                explain::show(&self.findings, ui)?;
            } else {
                explain::show_silence(status, &self.findings, ui)?;
            }
            if let (Some(job), Some(state)) = (&status.job, &self.job_state) {
                ui.data(&format!("Flink job {} ({}) at {}: {state}", job.name, job.id, job.gateway))?;
            }
        }
        if let Some(elsewhere) = &self.elsewhere {
            elsewhere.show(&self.name, ui)?;
        }
        self.on_aws.as_ref().map_or(Ok(()), |on_aws| on_aws.show(ui))
    }
}

/// Asks how a pipeline stands that its note says is on AWS.
async fn stands(name: &str, note: &Note) -> Result<Stands, Error> {
    OnAws::of_note(name, note).await?.stands().await
}

pub(super) fn state_text(state: Option<JobState>) -> String {
    state.map_or_else(|| "GONE".to_owned(), |state| state.as_str().to_owned())
}

fn show(status: &RunStatus, running: bool, ui: &Ui) -> std::io::Result<()> {
    ui.data(&match (&status.place, running) {
        (None, true) => {
            format!("pipeline {} runs (process {}, endpoint {})", status.pipeline, status.pid, status.endpoint)
        }
        (Some(place), true) => format!("pipeline {} runs (process {}, {place})", status.pipeline, status.pid),
        (_, false) => format!("pipeline {} does not run; this is what it left", status.pipeline),
    })?;
    let header = ["stream", "shards", "records", "bytes"].map(str::to_owned);
    let rows: Vec<Vec<String>> = status
        .streams
        .iter()
        .map(|stream| {
            vec![stream.name.clone(), stream.shards.to_string(), stream.records.to_string(), stream.bytes.to_string()]
        })
        .collect();
    if status.place.is_none() {
        ui.data(&table(&header, &rows))?;
    }
    if status.job.is_none() {
        let (header, rows) = query_rows(status);
        ui.data(&table(&header, &rows))?;
    }
    if let Some(waiting) = status.waiting.as_ref().filter(|waiting| waiting.bytes > 0) {
        let reason = waiting.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        ui.data(&format!("{} bytes of rows wait to be written to Kinesis{reason}", waiting.bytes))?;
    }
    for query in &status.queries {
        for note in &query.notes {
            ui.data(&format!("note: {note}"))?;
        }
        samples("late", &query.late, ui)?;
        samples("bad", &query.bad, ui)?;
    }
    Ok(())
}

fn query_rows(status: &RunStatus) -> (Vec<String>, Vec<Vec<String>>) {
    let header =
        ["query", "consumed", "behind", "watermark", "open windows", "open groups", "closed", "rows", "late", "bad"];
    let row = |query: &QueryStatus| {
        vec![
            query.name.clone(),
            query.counters.records.to_string(),
            humantime::format_duration(std::time::Duration::from_millis(query.millis_behind.unsigned_abs()))
                .to_string(),
            query.watermark.map_or_else(String::new, moment_text),
            query.open_windows.to_string(),
            query.open_groups.to_string(),
            query.counters.windows.to_string(),
            query.counters.rows.to_string(),
            query.counters.late.to_string(),
            query.counters.bad.to_string(),
        ]
    };
    (header.map(str::to_owned).to_vec(), status.queries.iter().map(row).collect())
}

fn samples(what: &str, samples: &[Sample], ui: &Ui) -> std::io::Result<()> {
    for sample in samples {
        ui.data(&format!("{what}: {} ({} {}): {}", sample.reason, sample.shard, sample.sequence_number, sample.data))?;
    }
    Ok(())
}
