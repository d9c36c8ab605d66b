//! The word that was probably meant.

/// Returns the candidate nearest to `word`, where one is near: at most a third of its letters differ, case aside.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(word.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns a help line for an unknown word: the nearest legal one, else all of them.
pub fn help_for<'a>(word: &str, legal: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(candidate) = nearest(word, legal.clone()) {
        return format!("did you mean `{candidate}`?");
    }
    let all: Vec<String> = legal.into_iter().map(|word| format!("`{word}`")).collect();
    if all.is_empty() { "there is none to choose from".to_owned() } else { format!("one of {}", all.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_none() {
        assert_eq!(nearest("tumblng", ["tumbling", "hopping"]), Some("tumbling"));
        assert_eq!(nearest("Uniform", ["uniform", "normal"]), Some("uniform"));
        assert_eq!(nearest("banana", ["uniform", "normal"]), None);
        assert_eq!(help_for("banana", ["a", "b"]), "one of `a`, `b`");
    }
}
