//! How a pipeline stands that has its streams in Kinesis, for `pipe status`.

use std::fmt::Display;

use serde_json::{Value, json};

use crate::deploy::remote::{Deployment, Origin};
use crate::streams::kinesis::Summary;
use crate::ui::{Ui, table};

use super::status::state_text;

/// What is known of it now.
pub(super) struct Elsewhere {
    place: String,
    target: String,
    /// Whether a process of this machine runs its queries, which has no job.
    run_here: bool,
    /// The job's name, number, gateway and state.
    job: Option<[String; 4]>,
    /// Whether the job is there and not over.
    runs: bool,
    /// Each with whether it was made for the pipeline.
    streams: Vec<(StreamState, bool)>,
}

/// How a stream stands.
pub(super) struct StreamState {
    name: String,
    /// How many shards it has; none where it is not there, or nobody tells.
    shards: Option<u32>,
    state: String,
}

impl StreamState {
    /// Says what was found. What could not be asked is told in place of its state.
    pub(super) fn of(name: &str, found: &Result<Option<Summary>, impl Display>) -> Self {
        let (shards, state) = match found {
            Ok(Some(found)) => (Some(found.shards), found.status.clone()),
            Ok(None) => (None, "GONE".to_owned()),
            Err(error) => (None, error.to_string()),
        };
        Self { name: name.to_owned(), shards, state }
    }

    /// Returns it for machines.
    pub(super) fn value(&self) -> Value {
        json!({ "name": self.name, "shards": self.shards, "state": self.state })
    }

    /// Returns it as the row of a table.
    pub(super) fn row(&self) -> Vec<String> {
        let shards = self.shards.map_or_else(String::new, |shards| shards.to_string());
        vec![self.name.clone(), shards, self.state.clone()]
    }
}

impl Elsewhere {
    /// Asks for everything that is noted. What does not answer is told in place of its state.
    pub(super) async fn of(deployment: &Deployment) -> Self {
        let (mut job, mut runs) = (None, false);
        if let Some(noted) = &deployment.job {
            let state = noted.state().await;
            runs = matches!(&state, Ok(Some(state)) if !state.is_over());
            let state = state.map_or_else(|error| error.to_string(), state_text);
            job = Some([noted.name.clone(), noted.id.clone(), noted.gateway.clone(), state]);
        }
        let account = deployment.account().await;
        let mut streams = Vec::new();
        for noted in &deployment.streams {
            let found = match &account {
                Ok(account) => account.find(noted.id()).await.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            let state = StreamState::of(&noted.name, &found);
            streams.push((state, matches!(noted.origin, Origin::Made(_))));
        }
        let run_here = deployment.is_run_here();
        Self { run_here, place: deployment.place.to_string(), target: deployment.target.clone(), job, runs, streams }
    }

    /// Returns whether its queries are run by a process of this machine.
    pub(super) fn is_run_here(&self) -> bool {
        self.run_here
    }

    /// Returns it for machines.
    pub(super) fn value(&self) -> Value {
        let job = self
            .job
            .as_ref()
            .map(|[name, id, gateway, state]| json!({ "name": name, "id": id, "gateway": gateway, "state": state }));
        let stream = |(stream, made): &(StreamState, bool)| {
            let mut value = stream.value();
            value["made"] = (*made).into();
            value
        };
        json!({
            "target": self.target,
            "place": self.place,
            "running": self.runs,
            "job": job,
            "streams": self.streams.iter().map(stream).collect::<Vec<_>>(),
        })
    }

    /// Returns its streams as a table.
    pub(super) fn rows(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let header = ["stream", "shards", "state", "`pipe down`"].map(str::to_owned).to_vec();
        let rows = self.streams.iter().map(|(stream, made)| {
            let fate = if *made { "removes it" } else { "leaves it" };
            [stream.row(), vec![fate.to_owned()]].concat()
        });
        (header, rows.collect())
    }

    /// Writes it for people.
    pub(super) fn show(&self, pipeline: &str, ui: &Ui) -> std::io::Result<()> {
        let (header, rows) = self.rows();
        ui.data(&format!("pipeline {pipeline} is on target {}: {}", self.target, self.place))?;
        ui.data(&table(&header, &rows))?;
        match &self.job {
            Some([name, id, gateway, state]) => ui.data(&format!("Flink job {name} ({id}) at {gateway}: {state}")),
            None if self.run_here => Ok(()),
            None => ui.data("no Flink job was submitted; `pipe up` goes on with that"),
        }
    }
}
