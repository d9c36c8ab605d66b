//! How the work of others is told to a person who waits for it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::deploy::aws::Progress;
use crate::ui::Ui;

/// How often something is said where nothing happens: a build server takes a silent job for a dead one after some minutes.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Tells what happens as it happens: on a terminal what is under way stands in one line at the bottom, and what is done
/// above it; elsewhere every change is a line, and a line comes now and then while nothing changes.
pub(super) struct Teller<'a> {
    ui: &'a Ui,
    state: Mutex<State>,
}

struct State {
    /// What is under way, and since when.
    working: BTreeMap<String, Instant>,
    told: Instant,
}

impl<'a> Teller<'a> {
    pub(super) fn new(ui: &'a Ui) -> Self {
        Self { ui, state: Mutex::new(State { working: BTreeMap::new(), told: Instant::now() }) }
    }

    /// Tells one thing.
    pub(super) fn tell(&self, progress: Progress) {
        // What another thread was about to tell when it broke off is no less true.
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match progress {
            Progress::Step(what) => {
                state.working.clear();
                self.say(&mut state, &what);
            }
            Progress::Resource { id, kind, status, reason } => {
                let began = *state.working.entry(id.clone()).or_insert_with(Instant::now);
                let under_way = status.ends_with("_IN_PROGRESS");
                if !under_way {
                    state.working.remove(&id);
                }
                if !under_way || !self.ui.is_terminal() {
                    let took = if under_way { String::new() } else { format!(" ({} s)", began.elapsed().as_secs()) };
                    // Why something begins is no news.
                    let reason = reason.filter(|_| status.ends_with("_FAILED"));
                    let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
                    self.say(&mut state, &format!("  {status:<20} {id} {kind}{took}{reason}"));
                }
            }
            Progress::Waiting { what, status, elapsed } => {
                if self.ui.is_terminal() {
                    let working: Vec<String> = state
                        .working
                        .iter()
                        .map(|(id, began)| format!("{id} {} s", began.elapsed().as_secs()))
                        .collect();
                    self.ui.status(&format!("{what}: {status}, {} s  {}", elapsed.as_secs(), working.join(", ")));
                } else if state.told.elapsed() >= HEARTBEAT {
                    self.say(&mut state, &format!("  still waiting: {what} is {status}, {} s", elapsed.as_secs()));
                }
            }
        }
    }

    fn say(&self, state: &mut State, text: &str) {
        state.told = Instant::now();
        self.ui.note(text);
    }
}
