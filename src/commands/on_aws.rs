//! What is known of a pipeline that may be on AWS, for the commands that look at it or remove it.

use serde_json::{Value, json};

use crate::deploy::aws::{Account, Note, Standing, State};
use crate::deploy::local::Folder;
use crate::error::Error;
use crate::plan::{EngineKind, Plan};
use crate::ui::{Ui, table};

use super::elsewhere::StreamState;
use super::locate::{self, Loaded};

/// A pipeline that may be on AWS.
pub(super) struct OnAws {
    pub(super) account: Account,
    pub(super) pipeline: String,
    /// The target of the file that it was put to work for.
    pub(super) target: String,
    /// The bucket with its code, where it is not the account's own for all pipelines.
    pub(super) bucket: Option<String>,
    /// The buckets with its code from before, as far as they are noted.
    pub(super) left: Vec<String>,
    /// That it was put to work somewhere else from this folder, where that is noted.
    pub(super) elsewhere: Option<String>,
    pub(super) engine: EngineKind,
}

/// Reads the plan of a pipeline for a target that `--target` names, which has to be on AWS.
pub(super) fn plan(pipeline: Option<&str>, target: &str, ui: &Ui) -> Result<Plan, Error> {
    let plan = Loaded::open(&locate::file(pipeline)?, ui)?.plan(target, ui)?;
    if plan.target.engine.is_on_aws() {
        return Ok(plan);
    }
    Err(Error::Usage {
        message: format!("target `{target}` has no stack on AWS that --target could mean"),
        hint: "without --target it is what was put to work from this folder".to_owned(),
    })
}

/// Expects no application on AWS to write what a plan's queries would write, as far as this folder knows.
pub(super) fn expect_absent(plan: &Plan) -> Result<(), Error> {
    match Note::of(&Folder::of(&plan.name))? {
        None => Ok(()),
        Some(note) => Err(Error::Usage {
            message: format!(
                "pipeline `{}` was put to work on target {}, and two engines would write every row twice",
                plan.name, note.target
            ),
            hint: format!("`pipe down {}` removes it from there; then run this command again", plan.name),
        }),
    }
}

impl OnAws {
    /// Reaches the account that a plan is for.
    pub(super) async fn of_plan(plan: &Plan) -> Result<Self, Error> {
        let account = Account::of(&plan.target, true).await?;
        let noted = Note::of(&Folder::of(&plan.name))?;
        let (note, elsewhere) = match noted.map(|note| (note.expect(&plan.name, &account), note)) {
            Some((Ok(()), note)) => (Some(note), None),
            Some((Err(error), _)) => (None, Some(error.to_string())),
            None => (None, None),
        };
        let left = note.map_or_else(Vec::new, |note| note.left.into_iter().chain(note.bucket).collect());
        Ok(Self {
            account,
            left,
            elsewhere,
            pipeline: plan.name.clone(),
            target: plan.target.name.clone(),
            bucket: plan.target.bucket.clone(),
            engine: plan.target.engine,
        })
    }

    /// Reaches the account that a note tells of.
    pub(super) async fn of_note(pipeline: &str, note: &Note) -> Result<Self, Error> {
        let account = Account::at(&note.target, &note.place).await?;
        note.expect(pipeline, &account)?;
        Ok(Self {
            account,
            pipeline: pipeline.to_owned(),
            target: note.target.clone(),
            bucket: note.bucket.clone(),
            left: note.left.clone(),
            elsewhere: None,
            engine: note.engine(),
        })
    }

    /// Says what of this folder it is not about: what is absent in one place may run in another.
    pub(super) fn tell_elsewhere(&self, ui: &Ui) {
        if let Some(elsewhere) = &self.elsewhere {
            ui.note(&format!("note: {elsewhere}; `pipe down {}` removes it from there", self.pipeline));
        }
        locate::tell_others(&self.pipeline, ui);
    }

    /// Asks how it stands.
    pub(super) async fn stands(self) -> Result<Stands, Error> {
        let standing = Standing::of(&self.account, &self.pipeline, self.engine).await?;
        Ok(Stands { on: self, standing })
    }
}

/// How it stands.
pub(super) struct Stands {
    on: OnAws,
    standing: Standing,
}

impl Stands {
    /// Returns it for machines.
    pub(super) fn value(&self) -> Value {
        let stack = self.standing.stack.as_ref();
        json!({
            "target": self.on.target,
            "account": self.on.account.id,
            "region": self.on.account.place.region,
            "endpoint": self.on.account.place.endpoint,
            "running": self.standing.runs(),
            "stack": stack.map(|stack| json!({ "name": self.standing.name, "state": stack.status, "reason": stack.reason })),
            "application": self.standing.application.as_ref().map(|state| json!({ "name": self.on.pipeline, "state": state.as_str() })),
            "streams": self.streams().map(|stream| stream.value()).collect::<Vec<_>>(),
        })
    }

    /// Returns its streams as a table.
    pub(super) fn rows(&self) -> (Vec<String>, Vec<Vec<String>>) {
        (["stream", "shards", "state"].map(str::to_owned).to_vec(), self.streams().map(|stream| stream.row()).collect())
    }

    /// Writes it for people.
    pub(super) fn show(&self, ui: &Ui) -> std::io::Result<()> {
        let (OnAws { account, pipeline, target, .. }, Standing { name, .. }) = (&self.on, &self.standing);
        ui.data(&format!("pipeline {pipeline} is on target {target}: {account}"))?;
        let Some(stack) = &self.standing.stack else {
            return ui.data(&format!("there is no stack {name}: `pipe up --target {target}` makes it"));
        };
        let reason = stack.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        ui.data(&format!("stack {name} is {}{reason}", stack.status))?;
        ui.data(&match &self.standing.application {
            Some(state @ State::AtRest) => {
                format!("application {pipeline} is {}: `pipe up --target {target}` starts it", state.as_str())
            }
            Some(state) => format!("application {pipeline} is {}", state.as_str()),
            None => format!("there is no application {pipeline}"),
        })?;
        let (header, rows) = self.rows();
        ui.data(&table(&header, &rows))
    }

    fn streams(&self) -> impl Iterator<Item = StreamState> {
        self.standing.streams.iter().map(|(name, found)| StreamState::of(name, found))
    }
}
