//! What a plan's streams find in an account: those that are there, and those that are to be made.

use std::future::Future;

use crate::plan::{ERROR_STREAM, EngineKind, Plan, Stream};
use crate::streams::kinesis::Summary;
use crate::streams::{Capacity, LogError};

use super::super::flink::Places;
use super::{Account, Deployment, NotedStream, Origin, RemoteError};

/// How many streams may be in the making at once (Kinesis API reference, `CreateStream`).
const AT_ONCE: usize = 5;

/// A stream that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Its shards.
    pub capacity: Capacity,
    /// What is there.
    pub found: Option<Summary>,
}

impl Wanted {
    /// Returns the shards that are there, where the file says others.
    pub fn other_shards(&self) -> Option<u32> {
        match (&self.found, self.capacity) {
            (Some(found), Capacity::Provisioned(shards)) if found.shards != shards => Some(found.shards),
            // On demand there are as many as the traffic asks for.
            _ => None,
        }
    }
}

/// The streams of a plan in an account.
#[derive(Debug, Clone)]
pub struct Shape {
    /// All of them, in the order of the file.
    pub streams: Vec<Wanted>,
}

impl Shape {
    /// Names the streams of a plan that its queries read or write, without looking: Flink keeps no late rows, and no
    /// records that cannot be read.
    pub fn unseen(plan: &Plan) -> Self {
        let embedded = plan.target.engine == EngineKind::Embedded;
        let wanted = |stream: &Stream| Wanted { name: stream.name.clone(), capacity: stream.capacity, found: None };
        let mut streams: Vec<Wanted> = plan.kept_streams().map(wanted).collect();
        if embedded {
            let capacity = Capacity::Provisioned(1);
            streams.push(Wanted { name: ERROR_STREAM.to_owned(), capacity, found: None });
        }
        Self { streams }
    }

    /// Looks at every stream that the queries of a plan read or write.
    pub async fn of(plan: &Plan, account: &Account) -> Result<Self, RemoteError> {
        let mut shape = Self::unseen(plan);
        for stream in &mut shape.streams {
            stream.found = account.find(&stream.name).await?;
        }
        Ok(shape)
    }

    /// Returns the streams that are to be made.
    pub fn missing(&self) -> impl Iterator<Item = &Wanted> {
        self.streams.iter().filter(|stream| stream.found.is_none())
    }

    /// Makes what is missing and waits until all can be used, or until it is told to stop.
    ///
    /// Every stream is noted before it is asked for, and when it was made as soon as that is known: between the two
    /// nothing but the end of the process comes. One that somebody else makes at this moment is theirs.
    pub async fn make<E: From<RemoteError>>(
        &mut self,
        account: &Account,
        note: &mut Deployment,
        mut stop: impl Future<Output = E> + Unpin,
    ) -> Result<(), E> {
        for stream in &self.streams {
            match &stream.found {
                Some(found) if found.is_going() => {
                    let place = account.place().clone();
                    return Err(RemoteError::Going { stream: stream.name.clone(), place }.into());
                }
                Some(found) => note.note_found(&stream.name, found),
                None => {}
            }
        }
        note.write()?;
        for lot in self.streams.chunks_mut(AT_ONCE) {
            for stream in lot.iter_mut().filter(|stream| stream.found.is_none()) {
                stream.found = Some(begin(stream, account, note).await?);
            }
            for stream in lot {
                tokio::select! {
                    error = &mut stop => return Err(error),
                    settled = settle(stream, account, note) => settled?,
                }
            }
        }
        Ok(())
    }

    /// Returns what a job has to be told of the streams: whose they are and where, as they say themselves. `None` before
    /// any is there.
    pub fn places(&self, account: &Account, files: String) -> Result<Option<Places>, RemoteError> {
        let Some((stream, found)) = self.streams.iter().find_map(|stream| Some((stream, stream.found.as_ref()?)))
        else {
            return Ok(None);
        };
        let (partition, region, owner) = found
            .place()
            .ok_or_else(|| RemoteError::NoAccount { stream: stream.name.clone(), arn: found.arn.clone() })?;
        Ok(Some(Places {
            endpoint: account.place().endpoint.clone().unwrap_or_default(),
            region: region.to_owned(),
            account: owner.to_owned(),
            partition: partition.to_owned(),
            files,
        }))
    }
}

/// Asks for a stream, and notes whose it is.
async fn begin(stream: &Wanted, account: &Account, note: &mut Deployment) -> Result<Summary, RemoteError> {
    note.note_stream(&stream.name, Origin::Asked, None);
    note.write()?;
    let begun = account.log().begin_stream(&stream.name, stream.capacity).await;
    match begun {
        Ok(summary) => {
            note.note_stream(&stream.name, Origin::Made(summary.created), Some(&summary.arn));
            note.write()?;
            Ok(summary)
        }
        // A client that hears nothing asks again, so that this may be the one: nobody knows, and it is not removed unasked.
        Err(LogError::StreamExists { .. }) => Ok(account.log().summary(&stream.name).await?),
        // It may have been made all the same, so that the note stays.
        Err(error) => Err(error.into()),
    }
}

/// Waits until a stream can be used. What is then said of its making is noted: before, it is said of one in the making.
async fn settle(stream: &mut Wanted, account: &Account, note: &mut Deployment) -> Result<(), RemoteError> {
    let Some(found) = stream.found.as_ref().filter(|found| found.is_coming()) else { return Ok(()) };
    account.log().until_active(&stream.name).await?;
    let summary = account.log().summary(&stream.name).await?;
    let made = |noted: &NotedStream| noted.name == stream.name && noted.origin == Origin::Made(found.created);
    if note.streams.iter().any(made) {
        note.note_stream(&stream.name, Origin::Made(summary.created), Some(&summary.arn));
        note.write()?;
    }
    stream.found = Some(summary);
    Ok(())
}
