//! The templates, and the filters through which everything passes on its way into them.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Serialize;
use tera::{Context, Tera, Value};

use crate::infra::Stack;
use crate::sql::Dialect;

use super::RenderError;
use super::flink::Job;
use super::kda_sql::Application;

const CLOUDFORMATION: &str = "cloudformation.yaml";
const KDA_SQL: &str = "kda.sql";
const FLINK_SQL: &str = "flink.sql";

static TEMPLATES: LazyLock<Tera> = LazyLock::new(|| {
    let mut tera = Tera::default();
    // Escaping for HTML would spoil SQL and YAML; each place says how it quotes.
    tera.autoescape_on(Vec::new());
    tera.register_filter("json", json);
    tera.register_filter("block", block);
    tera.register_filter("comment", comment);
    tera.register_filter("text", |value: &Value, _: &Options| quoted(value, |text| Dialect::Flink.text(text)));
    tera.register_filter("kda_name", |value: &Value, _: &Options| quoted(value, |text| Dialect::Kda.quote(text)));
    tera.register_filter("flink_name", |value: &Value, _: &Options| quoted(value, |text| Dialect::Flink.quote(text)));
    tera.add_raw_templates([
        (CLOUDFORMATION, include_str!("../../templates/cloudformation.yaml.tera")),
        (KDA_SQL, include_str!("../../templates/kda.sql.tera")),
        (FLINK_SQL, include_str!("../../templates/flink.sql.tera")),
    ])
    .expect("the templates are part of the program, and a test fills each of them in");
    tera
});

type Options = HashMap<String, Value>;

/// Writes a stack as a `CloudFormation` template.
pub(super) fn cloudformation(stack: &Stack) -> Result<String, RenderError> {
    stack.check()?;
    fill(CLOUDFORMATION, stack)
}

/// Writes the SQL of a KDA application.
pub(super) fn kda_sql(application: &Application) -> Result<String, RenderError> {
    fill(KDA_SQL, application)
}

/// Writes the SQL of a Flink job.
pub(super) fn flink_sql(job: &Job) -> Result<String, RenderError> {
    fill(FLINK_SQL, job)
}

fn fill(template: &'static str, about: &impl Serialize) -> Result<String, RenderError> {
    Context::from_serialize(about)
        .and_then(|context| TEMPLATES.render(template, &context))
        .map_err(|source| RenderError::Template { template, source })
}

/// Writes a value as JSON, which is YAML as well: what YAML readers refuse or take for the end of a line is escaped.
#[expect(clippy::unnecessary_wraps, reason = "what a filter has to return")]
fn json(value: &Value, _: &Options) -> tera::Result<Value> {
    let text = value.to_string();
    let escape = |letter| if is_plain(letter) { String::from(letter) } else { format!("\\u{:04x}", u32::from(letter)) };
    Ok(Value::String(text.chars().map(escape).collect()))
}

/// Writes a text as a literal block with `indent` spaces before each line, or as JSON where a block cannot hold it.
fn block(value: &Value, options: &Options) -> tera::Result<Value> {
    let text = value.as_str().ok_or_else(|| tera::Error::msg("only a text can be a block"))?;
    let indent = options.get("indent").and_then(Value::as_u64).and_then(|indent| usize::try_from(indent).ok());
    let indent = " ".repeat(indent.ok_or_else(|| tera::Error::msg("a block needs its `indent`"))?);
    let starts_plain = text.starts_with(|first: char| !first.is_whitespace());
    if !starts_plain || text.ends_with("\n\n") || !text.chars().all(|letter| letter == '\n' || is_plain(letter)) {
        return json(value, options);
    }
    let mut out = if text.ends_with('\n') { "|".to_owned() } else { "|-".to_owned() };
    for line in text.lines() {
        out.push('\n');
        if !line.is_empty() {
            out += &indent;
            out += line;
        }
    }
    Ok(Value::String(out))
}

/// Returns whether a letter may stand in YAML as it is.
fn is_plain(letter: char) -> bool {
    !letter.is_control() && !matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Writes a text as SQL comments, one per line of it.
fn comment(value: &Value, _: &Options) -> tera::Result<Value> {
    quoted(value, |text| {
        let lines = text.split(|letter: char| letter.is_control() && letter != '\t');
        lines.map(|line| format!("-- {}", line.trim())).collect::<Vec<_>>().join("\n")
    })
}

fn quoted(value: &Value, quote: impl Fn(&str) -> String) -> tera::Result<Value> {
    value.as_str().map(|text| Value::String(quote(text))).ok_or_else(|| tera::Error::msg("only a text can be quoted"))
}
