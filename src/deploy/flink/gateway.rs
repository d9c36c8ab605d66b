//! The SQL gateway: sessions, and statements within them.

use std::time::Duration;

use hyper::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::answer::{Answer, Errors, Page, ResultType, SessionConfig, SessionOpened, StatementSubmitted};
use super::error::root_cause;
use super::{FlinkError, http};

/// How soon a statement that is not ready is asked for again: at first, and in the end.
const PAUSE: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(200));

/// How long a statement may take until the gateway has begun with it: most of that is what it does to submit a job.
const PATIENCE: Duration = Duration::from_mins(3);

/// A Flink SQL gateway.
#[derive(Debug, Clone)]
pub struct Gateway {
    address: String,
}

/// A session of a gateway; what is set and created in it is not seen by others.
#[derive(Debug)]
pub struct Session {
    gateway: Gateway,
    handle: String,
}

impl Gateway {
    /// Means the gateway at an address, such as `http://127.0.0.1:8083`.
    pub fn at(address: &str) -> Self {
        Self { address: address.trim_end_matches('/').to_owned() }
    }

    /// Returns the address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Opens a session.
    pub async fn open(&self) -> Result<Session, FlinkError> {
        let body = json!({ "properties": {} });
        let opened: SessionOpened = self.ask(Method::POST, "/v2/sessions", Some(&body)).await?;
        Ok(Session { gateway: self.clone(), handle: opened.session_handle })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, FlinkError> {
        let reply = http::call(&self.address, method, path, body).await?;
        if reply.status.is_success() {
            return serde_json::from_slice(&reply.body).map_err(|error| self.odd(error.to_string()));
        }
        match serde_json::from_slice::<Errors>(&reply.body) {
            // The last one has the trace; those before it say that there is one.
            Ok(Errors { errors }) => {
                Err(FlinkError::Refused { cause: root_cause(errors.last().map_or("", String::as_str)) })
            }
            Err(_) => Err(self.odd(format!("it answered {}", reply.status))),
        }
    }

    fn odd(&self, what: String) -> FlinkError {
        FlinkError::NotAGateway { address: self.address.clone(), what }
    }
}

impl Session {
    /// Runs a statement and returns all that it gives; of a query without an end, that is never.
    pub async fn run(&self, statement: &str) -> Result<Answer, FlinkError> {
        let path = format!("/v2/sessions/{}/statements", self.handle);
        let submitted: StatementSubmitted =
            self.gateway.ask(Method::POST, &path, Some(&json!({ "statement": statement }))).await?;
        let operation = format!("/v2/sessions/{}/operations/{}", self.handle, submitted.operation_handle);
        let mut next = format!("{operation}/result/0?rowFormat=JSON");
        let (mut pause, longest) = PAUSE;
        let mut answer = Answer::default();
        let begun = Instant::now();
        loop {
            let page: Page = self.gateway.ask(Method::GET, &next, None).await?;
            if page.result_type == ResultType::NotReady && begun.elapsed() > PATIENCE {
                return Err(FlinkError::Silent { address: self.gateway.address.clone(), seconds: PATIENCE.as_secs() });
            }
            let came = page.results.as_ref().is_some_and(|results| !results.data.is_empty());
            if let Some(results) = page.results {
                if !results.columns.is_empty() {
                    answer.columns = results.columns.into_iter().map(|column| column.name).collect();
                }
                answer.rows.extend(results.data);
            }
            answer.job = answer.job.or(page.job);
            match page.next_result_uri {
                Some(uri) if page.result_type != ResultType::Eos => next = uri,
                _ => break,
            }
            // Results of a query that runs come page by page, with empty ones in between.
            if came {
                (pause, _) = PAUSE;
            } else {
                sleep(pause).await;
                pause = (pause * 2).min(longest);
            }
        }
        // What is left behind goes with the session; a long one would gather results.
        self.gateway.ask::<Value>(Method::DELETE, &format!("{operation}/close"), None).await?;
        Ok(answer)
    }

    /// Returns what the session is set to.
    pub(super) async fn setting(&self, key: &str) -> Result<Option<String>, FlinkError> {
        let path = format!("/v2/sessions/{}", self.handle);
        let mut config: SessionConfig = self.gateway.ask(Method::GET, &path, None).await?;
        Ok(config.properties.remove(key))
    }

    /// Closes the session. Jobs that it started go on.
    pub async fn close(self) -> Result<(), FlinkError> {
        let path = format!("/v2/sessions/{}", self.handle);
        self.gateway.ask::<Value>(Method::DELETE, &path, None).await?;
        Ok(())
    }
}
