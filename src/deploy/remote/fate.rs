//! The streams of a pipeline that is taken down: which of them go.

use tokio::task::JoinSet;

use crate::streams::kinesis::Summary;
use crate::streams::{Log, LogError};

use super::{Account, Deployment, NotedStream, Origin, RemoteError};

/// What becomes of a stream when its pipeline is taken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was made for the pipeline, and is removed.
    Removed,
    /// It is gone already.
    Gone,
    /// It stays: it was there before the pipeline.
    Before,
    /// It stays: another one of its name was made since.
    Another,
    /// It stays: nobody knows whether it was made for the pipeline.
    Unknown,
}

impl Fate {
    /// Decides it by what is noted, and what is there.
    fn of(origin: Origin, found: Option<&Summary>) -> Self {
        match (found, origin) {
            (None, _) => Self::Gone,
            (Some(found), _) if found.is_going() => Self::Gone,
            (Some(_), Origin::Found) => Self::Before,
            (Some(_), Origin::Asked) => Self::Unknown,
            (Some(found), Origin::Made(created)) if found.was_made_at(created) => Self::Removed,
            (Some(_), Origin::Made(_)) => Self::Another,
        }
    }
}

impl Deployment {
    /// Removes the streams that were made for the pipeline, all at once, and what is noted of each that has met its fate.
    /// Returns what became of every stream; a failure of one does not spare the others.
    pub async fn remove_streams(&mut self) -> Result<Vec<(String, Result<Fate, RemoteError>)>, RemoteError> {
        if self.streams.is_empty() {
            return Ok(Vec::new());
        }
        let account = self.account().await?;
        let mut going = JoinSet::new();
        for noted in self.streams.clone() {
            let account = account.clone();
            going.spawn(async move { (remove(&account, &noted).await, noted.name) });
        }
        let mut fates = Vec::new();
        while let Some(ended) = going.join_next().await {
            let (fate, name) = match ended {
                Ok(ended) => ended,
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => continue,
            };
            if fate.is_ok() {
                self.forget_stream(&name);
            }
            fates.push((name, fate));
        }
        self.write()?;
        fates.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(fates)
    }
}

async fn remove(account: &Account, noted: &NotedStream) -> Result<Fate, RemoteError> {
    if noted.origin == Origin::Found {
        return Ok(Fate::Before);
    }
    let found = account.find(noted.id()).await?;
    let fate = Fate::of(noted.origin, found.as_ref());
    if fate == Fate::Removed {
        if found.is_some_and(|found| found.is_coming()) {
            account.log().until_active(noted.id()).await?;
        }
        match account.log().delete(noted.id()).await {
            Ok(()) | Err(LogError::UnknownStream { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(fate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_made_and_is_still_the_same_goes() {
        let stream = |status: &str| Summary {
            arn: "arn:aws:kinesis:r:1:stream/a".to_owned(),
            status: status.to_owned(),
            shards: 1,
            created: 7,
        };
        let (there, going) = (stream("ACTIVE"), stream("DELETING"));
        for (origin, fate) in [
            (Origin::Found, Fate::Before),
            (Origin::Asked, Fate::Unknown),
            (Origin::Made(7), Fate::Removed),
            (Origin::Made(6), Fate::Removed),
            (Origin::Made(-100_000), Fate::Another),
        ] {
            assert_eq!(Fate::of(origin, Some(&there)), fate, "{origin:?}");
            assert_eq!(Fate::of(origin, Some(&going)), Fate::Gone, "{origin:?}");
            assert_eq!(Fate::of(origin, None), Fate::Gone, "{origin:?}");
        }
    }
}
