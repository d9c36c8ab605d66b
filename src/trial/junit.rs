//! Runs of tests as `JUnit` has them, which every build server reads (the schema of Jenkins' xUnit plugin).

use std::fmt::Write;
use std::time::Duration;

use super::{Run, Status, Verdict};

/// Writes runs as a `JUnit` file, a suite for each pipeline and engine.
pub fn junit(runs: &[Run]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for suite in runs.chunk_by(|a, b| a.file == b.file && a.engine == b.engine) {
        let count = |status: Status| suite.iter().filter(|run| run.outcome.status() == status).count();
        let (first, took) = (&suite[0], suite.iter().map(|run| run.took).sum());
        put(
            &mut out,
            format_args!(
                "  <testsuite name=\"{} ({})\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{}\">\n",
                escaped(&first.pipeline),
                first.engine,
                suite.len(),
                count(Status::Failed),
                count(Status::NotRun),
                seconds(took),
            ),
        );
        for run in suite {
            case(run, &mut out);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(run: &Run, out: &mut String) {
    put(
        out,
        format_args!(
            "    <testcase classname=\"{}.{}\" name=\"{}\" file=\"{}\" line=\"{}\" time=\"{}\"",
            escaped(&run.pipeline),
            run.engine,
            escaped(&run.test),
            escaped(&run.file),
            run.line,
            seconds(run.took),
        ),
    );
    if run.outcome.status() == Status::Passed {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    for check in &run.outcome.checks {
        let place = format!("{}:{}, {}", run.file, check.line, check.stream);
        match &check.verdict {
            Verdict::NotRun(reason) if run.outcome.status() == Status::NotRun => {
                put(out, format_args!("      <skipped message=\"{}\"/>\n", escaped(&format!("{place}: {reason}"))));
                break;
            }
            Verdict::Held | Verdict::NotRun(_) => {}
            Verdict::Failed(failures) => {
                for failure in failures {
                    let table = failure.drawn().unwrap_or_default();
                    let message = format!("{place}: {}", failure.summary());
                    put(
                        out,
                        format_args!(
                            "      <failure message=\"{}\">{}</failure>\n",
                            escaped(&message),
                            escaped(&table)
                        ),
                    );
                }
            }
        }
    }
    out.push_str("    </testcase>\n");
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes every letter");
}

fn seconds(took: Duration) -> String {
    format!("{:.3}", took.as_secs_f64())
}

/// Writes text for XML, which has no control characters at all.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(letter),
            _ if letter.is_control() => out.push('\u{fffd}'),
            _ => out.push(letter),
        }
    }
    out
}
