//! The page of a pipeline, as `pipe up --ui` and `pipe view` serve it.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::deploy::local::{DeployError, Folder, LOOPBACK, listen, listen_from};
use crate::error::Error;
use crate::kinesis_api::{Hosts, serve};
use crate::page::{self, Content, Key, Text};
use crate::plan::Plan;
use crate::render::Artifact;
use crate::streams::Log;

use super::render::rendered;
use super::test;

/// A page that is served.
pub(super) struct Browser {
    address: String,
    stop: watch::Sender<bool>,
    served: JoinHandle<()>,
}

impl Browser {
    /// Begins to serve the page of a pipeline file. `plans` has one for each target; `elsewhere` is where the streams are, if
    /// no process here has them.
    pub(super) async fn open(
        path: &Path,
        (plan, plans): (&Plan, &[Plan]),
        elsewhere: Option<Arc<dyn Log>>,
        port: Option<u16>,
    ) -> Result<Self, Error> {
        let folder = Folder::of(&plan.name);
        folder.make()?;
        let key = Key::of(&folder).map_err(|source| Error::read(folder.path(), source))?;
        let listener = match port {
            Some(port) => listen(LOOPBACK, Some(port)).await?,
            None => listen_from(LOOPBACK, key.port()).await?,
        };
        let port = listener.local_addr().map_err(DeployError::Endpoint)?.port();
        // Another page of the pipeline has the port that is kept, and goes on with it.
        let kept = Key::known(&folder).ok().flatten().map(|key| key.port()).filter(|kept| taken(*kept, port));
        key.keep(&folder, kept.unwrap_or(port)).map_err(|source| Error::write(folder.path(), source))?;
        let file = path.to_owned();
        let content = Content {
            folder,
            plan: plan.clone(),
            elsewhere,
            artifacts: artifacts(plans)?,
            tests: Box::new(move || test::report(&file).map_err(|error| error.full())),
        };
        let stop = watch::Sender::new(false);
        let router = page::routes(content, &key, stop.subscribe());
        let mut stopped = stop.subscribe();
        let served = tokio::spawn(async move {
            let stopped = async move {
                // An error means that nobody is left to say stop.
                drop(stopped.wait_for(|stop| *stop).await);
            };
            serve(listener, None, router, Hosts::Loopback, stopped).await;
        });
        Ok(Self { address: key.address(port), stop, served })
    }

    /// Returns where it is to be seen.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Ends it.
    pub(super) async fn close(self) {
        self.stop.send_replace(true);
        // What failed in it has been told to whoever asked.
        self.served.await.ok();
    }
}

/// Returns whether somebody listens on a port that is not ours.
fn taken(kept: u16, own: u16) -> bool {
    kept != own && std::net::TcpListener::bind((LOOPBACK, kept)).is_err()
}

/// Renders everything, by target.
fn artifacts(plans: &[Plan]) -> Result<Vec<Text>, Error> {
    let mut texts = Vec::new();
    for (folder, assembly) in rendered(plans)? {
        let text =
            |artifact: &Artifact| Text { path: format!("{folder}/{}", artifact.path), text: artifact.text.clone() };
        texts.extend(assembly.artifacts().iter().map(text));
    }
    Ok(texts)
}
