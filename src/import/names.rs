//! Names of the template → names that a pipeline file may have.

pub(super) use crate::spec::legal_stream_name as stream;

/// The longest name of a pipeline (`spec`), and more than enough for a file.
const MAX_PIPELINE_NAME: usize = 64;

/// Makes a name of a pipeline: a letter, then letters, digits, `-` and `_`.
pub(super) fn pipeline(name: &str) -> String {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let kept: String = replaced(name, legal);
    let kept = kept.trim_start_matches(|first: char| !first.is_ascii_alphabetic());
    let kept: String = kept.chars().take(MAX_PIPELINE_NAME).collect();
    if kept.is_empty() { "imported".to_owned() } else { kept }
}

fn replaced(name: &str, legal: impl Fn(char) -> bool) -> String {
    name.chars().map(|letter| if legal(letter) { letter } else { '_' }).collect()
}

/// Makes a name that is not among the taken ones.
pub(super) fn free(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut candidate = name.to_owned();
    let mut number = 1_u32;
    while is_taken(&candidate) {
        number += 1;
        candidate = format!("{name}-{number}");
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_legal() {
        assert_eq!(pipeline("7-my app"), "my_app");
        assert_eq!(pipeline("ü"), "imported");
        assert_eq!(pipeline(&"a".repeat(100)).len(), 64);
        assert_eq!(stream("a b/c"), "a_b_c");
        assert_eq!(free("a", |name| name == "a" || name == "a-2"), "a-3");
    }
}
