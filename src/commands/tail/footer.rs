//! What stands below the rows: how the queries are, and why nothing comes where nothing does.

use std::time::Duration;

use tokio::time::Instant;

use crate::deploy::local::RunStatus;
use crate::observe::{Finding, Rates, Seen, Weight, findings};
use crate::plan::{Operator, Plan};
use crate::ui::{Ui, count};
use crate::window::{Micros, Shape};

use super::super::followed::Target;
use super::super::show::Progress;

/// How often it is asked how the pipeline stands.
const ASK: Duration = Duration::from_secs(1);
/// How much longer than a window nothing must come until it is said why: what the engine and the way here take.
const GRACE: Duration = Duration::from_secs(3);
/// The length of a window where there is none.
const NO_WINDOW: Duration = Duration::from_secs(10);

/// What is known of the pipeline whose rows are shown.
pub(super) struct Footer {
    progress: Option<Progress>,
    /// How it stood the last time.
    before: Option<RunStatus>,
    asked: Option<Instant>,
    /// When rows came last, or it was said why none come.
    since: Instant,
    /// After how long without a row it is said why.
    patience: Duration,
    said: bool,
    line: String,
}

impl Footer {
    pub(super) fn new(plan: Option<&Plan>) -> Self {
        let patience = plan.and_then(longest_step).unwrap_or(NO_WINDOW).saturating_add(GRACE);
        Self {
            progress: None,
            before: None,
            asked: None,
            since: Instant::now(),
            patience,
            said: false,
            line: String::new(),
        }
    }

    /// Notes that rows have come.
    pub(super) fn came(&mut self) {
        (self.since, self.said) = (Instant::now(), false);
    }

    /// Looks how the pipeline stands where that is due, and says why nothing comes where nothing has for long. Returns
    /// whether what stands below is to be drawn.
    pub(super) async fn look(&mut self, target: &Target, hidden: usize, ui: &Ui) -> bool {
        let silent = !self.said && self.since.elapsed() >= self.patience;
        // Elsewhere nobody reads the line.
        let due = (ui.is_terminal() || silent) && self.asked.is_none_or(|asked| asked.elapsed() >= ASK);
        if !due {
            return false;
        }
        self.asked = Some(Instant::now());
        // A chart has its turn all the same.
        let Some(status) = target.status().await else { return true };
        if let (true, Some(before)) = (silent, &self.before) {
            self.said = true;
            let seen = Seen { running: true, rates: Rates::between(before, &status), ..Seen::default() };
            self.say_why(&findings(&status, target.plan.as_ref(), &seen), ui);
        }
        self.before = Some(status.clone());
        let progress = self.progress.get_or_insert_with(|| Progress::of(status.clone()));
        self.line = progress.line(status);
        if hidden > 0 {
            self.line += &format!(" | {} not shown", count(hidden, "row", "rows"));
        }
        true
    }

    /// Returns the line.
    pub(super) fn line(&self) -> &str {
        &self.line
    }

    fn say_why(&self, found: &[Finding], ui: &Ui) {
        let passed = humantime::format_duration(Duration::from_secs(self.since.elapsed().as_secs()));
        let (worse, notes): (Vec<_>, Vec<_>) = found.iter().partition(|finding| finding.weight != Weight::Note);
        let said = if worse.is_empty() { notes } else { worse };
        if said.is_empty() {
            ui.note(&format!("nothing has come for {passed}; its records come, and no window has closed"));
            return;
        }
        ui.note(&format!("nothing has come for {passed}:"));
        for finding in said {
            let todo = finding.todo.as_ref().map_or_else(String::new, |todo| format!("; {todo}"));
            ui.note(&format!("  {}: {}{todo}", finding.about, finding.what));
        }
    }
}

/// Returns how far apart rows of the slowest query are at the most.
fn longest_step(plan: &Plan) -> Option<Duration> {
    let steps = plan.relations.iter().filter_map(|relation| match &relation.operator {
        Operator::Group(group) => step(group.window.shape()),
        _ => None,
    });
    Some(Duration::from_micros(steps.max()?.unsigned_abs()))
}

fn step(shape: Shape) -> Option<Micros> {
    match shape {
        Shape::Panes(panes) => Some(panes.size),
        Shape::Session(length) | Shape::Stagger(length) => Some(length),
        Shape::Frame(_) => None,
    }
}
