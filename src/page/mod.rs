//! The page of a pipeline: a picture of it in a browser on this machine.
//!
//! Owns what the browser is given and who may ask. May import `observe`, `render` and what they import. Answers loopback names with the
//! page's token only, and lets the page ask nobody but its own origin.

mod columns;
mod events;
mod guard;
mod key;

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::deploy::local::{Contact, Folder};
use crate::plan::Plan;
use crate::streams::{Log, Manners};

pub use key::Key;

/// What the browser runs and shows. The script holds the page's own code and its chart library, put together by
/// `src/page/web/build.mjs`; it is kept here built, so that a build of this crate needs Node no more than its users do.
const HTML: &str = include_str!("web/index.html");
const STYLE: &str = include_str!("web/page.css");
const SCRIPT: &str = include_str!("web/page.built.js");

/// What a page shows of a pipeline besides how it stands.
pub struct Content {
    /// The pipeline's folder, by which the process is found that runs it.
    pub folder: Folder,
    /// The pipeline.
    pub plan: Plan,
    /// Where its streams are, if they are not in that process.
    pub elsewhere: Option<Arc<dyn Log>>,
    /// Its rendered SQL and templates.
    pub artifacts: Vec<Text>,
    /// Runs its tests and reports each.
    pub tests: Box<dyn Fn() -> Result<Vec<Value>, String> + Send + Sync>,
}

/// A file to be looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Text {
    /// Its path.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// A page that is served.
#[derive(Clone)]
struct Page {
    content: Arc<Content>,
    /// Turns true when no more events are to come.
    stop: watch::Receiver<bool>,
}

impl Page {
    /// Returns how the pipeline stands, where a process here runs it, and that process.
    async fn contact(&self) -> Option<Contact> {
        // What runs here is not what is elsewhere.
        if self.content.elsewhere.is_some() {
            return None;
        }
        Contact::find(&self.content.folder).await.ok().flatten()
    }

    /// Returns where its streams are, and how they are to be asked; `None` where nobody has them now.
    async fn log(&self) -> Option<(Arc<dyn Log>, Manners)> {
        if let Some(log) = &self.content.elsewhere {
            return Some((Arc::clone(log), Manners::ELSEWHERE));
        }
        let log = self.contact().await?.log().await;
        Some((Arc::new(log), Manners::HERE))
    }
}

/// Returns the routes of a page. Its events end when `stop` turns true.
pub fn routes(content: Content, key: &Key, stop: watch::Receiver<bool>) -> Router {
    let page = Page { content: Arc::new(content), stop };
    let secret = Router::new()
        .route("/", get(|| async { Html(HTML) }))
        .route("/events", get(events::events))
        .route("/artifacts", get(artifacts))
        .route("/tests", post(tests))
        .layer(middleware::from_fn_with_state(key.token().to_owned(), guard::with_token));
    // What is the same for everybody needs no token.
    let open = Router::new()
        .route("/page.css", get(|| async { ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE) }))
        .route("/page.js", get(|| async { ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT) }));
    secret.merge(open).layer(middleware::from_fn(guard::own_origin)).with_state(page)
}

async fn artifacts(State(page): State<Page>) -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(&page.content.artifacts)).into_response()
}

/// Runs the tests, which takes as long as they take.
async fn tests(State(page): State<Page>) -> Response {
    let ran = spawn_blocking(move || (page.content.tests)()).await;
    let report = match ran {
        Ok(Ok(tests)) => json!({ "tests": tests }),
        Ok(Err(error)) => json!({ "error": error }),
        Err(error) => json!({ "error": error.to_string() }),
    };
    ([(CACHE_CONTROL, "no-store")], Json(report)).into_response()
}
