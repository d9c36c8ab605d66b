//! The word that was probably meant.

/// The letters from which on a word stands for a longer one that begins with it.
const MIN_BEGINNING: usize = 3;

/// Returns the candidate nearest to `word`, where one is near: at most a third of its letters differ, or one begins with
/// the other, case aside.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            *distance <= (candidate.len().max(word.len()) / 3).max(1) || begins(&word, &candidate.to_lowercase())
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn begins(one: &str, other: &str) -> bool {
    one.len().min(other.len()) >= MIN_BEGINNING && (one.starts_with(other) || other.starts_with(one))
}

/// Returns a help line for an unknown word: the nearest legal one, else all of them.
pub fn help_for<'a>(word: &str, legal: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(candidate) = nearest(word, legal.clone()) {
        return format!("did you mean `{candidate}`?");
    }
    let all: Vec<String> = legal.into_iter().map(|word| format!("`{word}`")).collect();
    if all.is_empty() { "there is none in this file".to_owned() } else { format!("one of {}", all.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_none() {
        assert_eq!(nearest("tumblng", ["tumbling", "hopping"]), Some("tumbling"));
        assert_eq!(nearest("Uniform", ["uniform", "normal"]), Some("uniform"));
        assert_eq!(nearest("maximum", ["min", "max"]), Some("max"));
        assert_eq!(nearest("banana", ["uniform", "normal"]), None);
        assert_eq!(help_for("banana", ["a", "b"]), "one of `a`, `b`");
    }
}
