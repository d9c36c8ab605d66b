//! The word that was probably meant.

/// The letters from which on a word stands for a longer one that begins with it.
const MIN_BEGINNING: usize = 3;

/// Returns the candidate nearest to `word`, where one is near: at most a third of its letters differ, or one begins with
/// the other, case aside.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    all_nearest(word, candidates).first().copied()
}

/// Returns all candidates that are as near to `word` as the nearest one.
fn all_nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let near: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            *distance <= (candidate.len().max(word.len()) / 3).max(1) || begins(&word, &candidate.to_lowercase())
        })
        .collect();
    let least = near.iter().map(|(distance, _)| *distance).min();
    near.into_iter().filter(|(distance, _)| Some(*distance) == least).map(|(_, candidate)| candidate).collect()
}

fn begins(one: &str, other: &str) -> bool {
    one.len().min(other.len()) >= MIN_BEGINNING && (one.starts_with(other) || other.starts_with(one))
}

/// Returns a help line for an unknown word: the nearest legal ones, else all of them.
pub fn help_for<'a>(word: &str, legal: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let quoted = |words: Vec<&str>| words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>();
    let near = quoted(all_nearest(word, legal.clone()));
    if let Some((last, others)) = near.split_last() {
        return match others {
            [] => format!("did you mean {last}?"),
            others => format!("did you mean {} or {last}?", others.join(", ")),
        };
    }
    let all = quoted(legal.into_iter().collect());
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
        assert_eq!(help_for("tumblng", ["tumbling", "hopping"]), "did you mean `tumbling`?");
        assert_eq!(help_for("7.x", ["4.x", "5.x", "6.x"]), "did you mean `4.x`, `5.x` or `6.x`?");
    }
}
