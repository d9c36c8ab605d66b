//! Names that become names on AWS and folders on this machine.

use crate::document::{Diagnostic, Spanned, Value};

/// The longest name of a stream (Kinesis API, `CreateStream`).
const MAX_STREAM_NAME: usize = 128;
/// The longest name of a pipeline: with what is added to it, it must stay a legal stack and application name (128).
const MAX_PIPELINE_NAME: usize = 64;
/// The stack that the code of all pipelines lies in: as a pipeline's name is that of its stack, none has this one.
pub const CODE_STACK: &str = "pipe-code";
/// The longest name of a column (KDA SQL reference, identifiers).
const MAX_COLUMN_NAME: usize = 128;

/// Returns the name of the stack of a pipeline: that of a stack has no `_` (`CloudFormation` API reference, `CreateStack`).
pub fn stack_name(pipeline: &str) -> String {
    pipeline.replace('_', "-")
}

/// Reads the name of the pipeline.
pub(super) fn pipeline(value: &Value<'_>) -> Option<Spanned<String>> {
    let name = value.text()?;
    let legal = name.value.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.value.len() <= MAX_PIPELINE_NAME
        && name.value.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'));
    if !legal {
        value.findings().add(
            Diagnostic::new(format!("`{}` cannot be the name of a pipeline", name.value), name.span.clone())
                .label("not a legal name")
                .help(format!("a letter, then letters, digits, `-` and `_`; at most {MAX_PIPELINE_NAME}")),
        );
    }
    if stack_name(&name.value).eq_ignore_ascii_case(CODE_STACK) {
        value.findings().add(
            Diagnostic::new(format!("`{}` is reserved", name.value), name.span.clone())
                .label(format!("its stack would be `{CODE_STACK}`, in which the code of all pipelines lies"))
                .help("choose another name"),
        );
    }
    legal.then_some(name)
}

/// Makes a name of a stream out of any text.
pub fn legal_stream_name(text: &str) -> String {
    let kept = text.chars().take(MAX_STREAM_NAME);
    let name: String = kept.map(|letter| if is_of_stream_name(letter) { letter } else { '_' }).collect();
    if name.is_empty() { "stream".to_owned() } else { name }
}

fn is_of_stream_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.')
}

/// Takes the key of a section as the name of a stream.
pub(super) fn stream(value: &Value<'_>) -> Option<Spanned<String>> {
    let name = value.key();
    let legal = (1..=MAX_STREAM_NAME).contains(&name.len()) && name.chars().all(is_of_stream_name);
    if !legal {
        value.findings().add(
            Diagnostic::new(format!("`{name}` cannot be the name of a stream"), value.key_span())
                .label("not a legal name")
                .help(format!("letters, digits, `-`, `_` and `.`; 1 to {MAX_STREAM_NAME}, as Kinesis has it")),
        );
    }
    legal.then(|| Spanned::new(name.to_owned(), value.key_span()))
}

/// Takes a key as the name of a column.
pub(super) fn column(value: &Value<'_>) -> Option<Spanned<String>> {
    let name = value.key();
    let legal = (1..=MAX_COLUMN_NAME).contains(&name.len()) && !name.chars().any(char::is_control);
    if !legal {
        value.findings().add(
            Diagnostic::new(format!("`{}` cannot be the name of a column", name.escape_debug()), value.key_span())
                .label("not a legal name")
                .help(format!("1 to {MAX_COLUMN_NAME} characters, none of them a control character")),
        );
    }
    legal.then(|| Spanned::new(name.to_owned(), value.key_span()))
}
