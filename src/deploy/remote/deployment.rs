//! The note of a pipeline that is elsewhere: what was made, and where.

use serde::{Deserialize, Serialize};

use crate::streams::Millis;
use crate::streams::kinesis::Summary;

use super::super::flink::Submitted;
use super::super::local::Folder;
use super::super::{DeployError, Place};
use super::{Account, RemoteError};

/// Its file in the pipeline's folder.
const FILE: &str = "deployment.json";

/// A pipeline that is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The pipeline's name.
    pub pipeline: String,
    /// The target of the file that it was put to work for.
    pub target: String,
    /// Where its streams are.
    pub place: Place,
    /// The address of the SQL gateway of the Flink that runs its queries; none where a process of this machine does.
    #[serde(default)]
    pub gateway: Option<String>,
    /// Its streams.
    pub streams: Vec<NotedStream>,
    /// The job that runs its queries, as soon as there is one.
    pub job: Option<Submitted>,
    /// Whether a job is on its way into Flink, of which nothing was heard yet.
    #[serde(default)]
    pub submitting: bool,
    /// The SQL of that job.
    pub sql: String,
}

/// A stream of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotedStream {
    /// Its name.
    pub name: String,
    /// How it came to be there.
    pub origin: Origin,
    /// Its ARN, as soon as it is known: whose it is.
    pub arn: Option<String>,
}

impl NotedStream {
    /// Returns by what it is asked for: by its ARN no other account's stream of the same name is found.
    pub fn id(&self) -> &str {
        self.arn.as_deref().unwrap_or(&self.name)
    }
}

/// How a stream came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// It was there before.
    Found,
    /// It was asked for, and nothing was heard of that.
    Asked,
    /// It was made at this moment: another one of its name is not this one.
    Made(Millis),
}

impl Deployment {
    /// Begins a note of nothing yet.
    pub fn new(pipeline: &str, target: &str, place: &Place, gateway: Option<&str>) -> Self {
        Self {
            pipeline: pipeline.to_owned(),
            target: target.to_owned(),
            place: place.clone(),
            gateway: gateway.map(str::to_owned),
            streams: Vec::new(),
            job: None,
            submitting: false,
            sql: String::new(),
        }
    }

    /// Reads the note of a pipeline, where there is one. One that cannot be read is a failure: it may name what costs
    /// money.
    pub fn of(folder: &Folder) -> Result<Option<Self>, RemoteError> {
        let path = folder.path().join(FILE);
        match std::fs::read(&path) {
            Ok(bytes) => {
                Self::parse(&bytes).map(Some).map_err(|error| RemoteError::Note { path, reason: error.to_string() })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DeployError::Folder { path, source }.into()),
        }
    }

    fn parse(bytes: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes)
    }

    /// Writes the note.
    pub fn write(&self) -> Result<(), RemoteError> {
        Ok(Folder::of(&self.pipeline).write_through(FILE, self)?)
    }

    /// Returns whether its queries are run by a process of this machine.
    pub fn is_run_here(&self) -> bool {
        self.gateway.is_none()
    }

    /// Fails where the pipeline is in another place than it is asked for now.
    pub fn expect_place(&self, place: &Place, gateway: Option<&str>) -> Result<(), RemoteError> {
        if self.place == *place && self.gateway.as_deref() == gateway {
            return Ok(());
        }
        let wanted = said(place, gateway);
        Err(RemoteError::Elsewhere { pipeline: self.pipeline.clone(), noted: self.said(), wanted })
    }

    /// Fails where a pipeline that is to have its streams on this machine has them elsewhere, and its state here.
    pub fn expect_none_run_here(folder: &Folder) -> Result<(), RemoteError> {
        match Self::of(folder)?.filter(Self::is_run_here) {
            None => Ok(()),
            Some(noted) => {
                Err(RemoteError::Elsewhere { noted: noted.said(), wanted: HERE.to_owned(), pipeline: noted.pipeline })
            }
        }
    }

    /// Fails where a pipeline that is to have its streams elsewhere has records on this machine.
    pub fn expect_no_records(folder: &Folder, place: &Place) -> Result<(), RemoteError> {
        if !folder.has_log() {
            return Ok(());
        }
        Err(RemoteError::Elsewhere {
            pipeline: folder.pipeline().to_owned(),
            noted: HERE.to_owned(),
            wanted: said(place, None),
        })
    }

    fn said(&self) -> String {
        said(&self.place, self.gateway.as_deref())
    }

    /// Reaches the account of its streams.
    pub async fn account(&self) -> Result<Account, RemoteError> {
        Account::at(&self.target, &self.place).await
    }

    /// Fails where the streams that were made cannot be asked for: with the right to another account they would seem to be
    /// gone.
    pub async fn expect_account(&self, account: &Account) -> Result<(), RemoteError> {
        for noted in self.streams.iter().filter(|noted| matches!(noted.origin, Origin::Made(_))) {
            account.find(noted.id()).await?;
        }
        Ok(())
    }

    /// Returns the job, where it runs or comes to.
    pub async fn live_job(&self) -> Result<Option<&Submitted>, RemoteError> {
        let Some(job) = &self.job else { return Ok(None) };
        let state = job.state().await?;
        Ok(state.is_some_and(|state| !state.is_over()).then_some(job))
    }

    /// Notes a stream that was found. What is noted of it already stays, unless it is another one by now: what was asked for
    /// may be this one.
    pub(super) fn note_found(&mut self, name: &str, found: &Summary) {
        let ours = |origin: Origin| match origin {
            Origin::Made(created) => found.was_made_at(created),
            Origin::Asked => true,
            Origin::Found => false,
        };
        if !self.streams.iter().any(|noted| noted.name == name && ours(noted.origin)) {
            self.note_stream(name, Origin::Found, Some(&found.arn));
        }
    }

    /// Notes how a stream came to be there, and its ARN where that is known.
    pub(super) fn note_stream(&mut self, name: &str, origin: Origin, arn: Option<&str>) {
        let arn = arn.map(str::to_owned);
        match self.streams.iter_mut().find(|known| known.name == name) {
            Some(known) => *known = NotedStream { origin, arn: arn.or(known.arn.take()), name: name.to_owned() },
            None => self.streams.push(NotedStream { name: name.to_owned(), origin, arn }),
        }
    }

    /// Removes what is noted of a stream.
    pub(super) fn forget_stream(&mut self, name: &str) {
        self.streams.retain(|noted| noted.name != name);
    }
}

/// What a pipeline is in that has its streams here.
const HERE: &str = "the folder `.pipe` of this machine";

/// Says where a pipeline is.
fn said(place: &Place, gateway: Option<&str>) -> String {
    match gateway {
        Some(gateway) => format!("{place} with the Flink at {gateway}"),
        None => format!("{place} with the engine of this machine"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> Deployment {
        let place = Place { region: "eu-west-1".to_owned(), endpoint: None };
        Deployment::new("ticker", "flink", &place, Some("http://f:8083"))
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let mut note = note();
        note.note_stream("a", Origin::Found, Some("arn:aws:kinesis:r:1:stream/a"));
        note.note_stream("b", Origin::Asked, None);
        note.note_stream("c", Origin::Made(1_770_027_330_123), None);
        note.sql = "SELECT 'ü';\n".to_owned();
        note.job =
            Some(Submitted { gateway: "http://f:8083".to_owned(), id: "1".to_owned(), name: "ticker".to_owned() });
        let bytes = serde_json::to_vec(&note).expect("JSON");
        assert_eq!(Deployment::parse(&bytes).expect("a note"), note);
    }

    #[test]
    fn a_note_that_breaks_off_is_not_read_as_one_of_nothing() {
        let whole = serde_json::to_vec(&note()).expect("JSON");
        for end in 0..whole.len() {
            Deployment::parse(&whole[..end]).expect_err("not a whole note");
        }
        Deployment::parse(b"{}").expect_err("nothing is noted");
    }

    #[test]
    fn what_was_made_stays_made_as_long_as_it_is_the_same() {
        let found = |created: Millis| Summary {
            arn: "arn:aws:kinesis:r:1:stream/a".to_owned(),
            status: "ACTIVE".to_owned(),
            shards: 1,
            created,
        };
        let mut note = note();
        note.note_stream("a", Origin::Made(5), None);
        note.note_found("a", &found(5));
        assert_eq!(note.streams[0].origin, Origin::Made(5));
        note.note_found("a", &found(1_000_000));
        assert_eq!(note.streams[0].origin, Origin::Found, "somebody else's");
        assert_eq!(note.streams[0].id(), "arn:aws:kinesis:r:1:stream/a");
        note.note_stream("b", Origin::Asked, None);
        note.note_found("b", &found(7));
        assert_eq!(note.streams[1].origin, Origin::Asked, "it may be the one that was asked for");
        assert_eq!(note.streams[1].id(), "b");
        note.forget_stream("a");
        assert_eq!(note.streams.len(), 1);
    }

    #[test]
    fn another_place_is_said_with_both() {
        let note = note();
        note.expect_place(&note.place, Some("http://f:8083")).expect("the same place");
        let other = Place { endpoint: Some("http://127.0.0.1:1".to_owned()), ..note.place.clone() };
        for (place, gateway) in [(&other, "http://f:8083"), (&note.place, "http://g:8083")] {
            let error = note.expect_place(place, Some(gateway)).expect_err("another place").to_string();
            assert!(error.contains("Kinesis in eu-west-1 with the Flink at http://f:8083"), "{error}");
            assert!(error.contains(&format!("{place} with the Flink at {gateway}")), "{error}");
        }
        let here = note.expect_place(&note.place, None).expect_err("another engine").to_string();
        assert!(here.ends_with("and the file says Kinesis in eu-west-1 with the engine of this machine"), "{here}");
    }
}
