//! Names of resources within a stack.

use md5::{Digest, Md5};
use serde::Serialize;

/// The name of a resource within its stack: letters and digits.
///
/// It follows from the resource's own name and from nothing else, because a changed id makes the deployment
/// delete the resource and create another: a stream added to the file must not rename those that are there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct LogicalId(String);

impl LogicalId {
    /// Takes an id as it is: letters and digits.
    pub fn fixed(id: &'static str) -> Self {
        Self(id.to_owned())
    }

    /// Derives an id from a name: `trades` and `Stream` give `TradesStream`.
    ///
    /// Two names never give one id: a name whose form in Pascal case could be that of another one carries a digest.
    pub fn derived(name: &str, suffix: &str) -> Self {
        let mut pascal = String::new();
        let mut word_starts = true;
        for letter in name.chars() {
            if !letter.is_ascii_alphanumeric() {
                word_starts = true;
                continue;
            }
            pascal.push(if word_starts { letter.to_ascii_uppercase() } else { letter });
            word_starts = false;
        }
        if !speaks_for_itself(name) {
            let digest = Md5::digest(name.as_bytes());
            pascal.extend(digest[..4].iter().map(|byte| format!("{byte:02X}")));
        }
        Self(pascal + suffix)
    }

    /// Returns the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns whether no other such name has the same Pascal case: one word in lower case, or one that is Pascal case
/// already in more than its first letter.
fn speaks_for_itself(name: &str) -> bool {
    let capitals = name.chars().filter(char::is_ascii_uppercase).count();
    let pascal = name.starts_with(|first: char| first.is_ascii_uppercase()) && capitals > 1;
    name.chars().all(|letter| letter.is_ascii_alphanumeric()) && (capitals == 0 || pascal)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn plain_names_are_readable() {
        assert_eq!(LogicalId::derived("trades", "Stream").as_str(), "TradesStream");
        assert_eq!(LogicalId::derived("KinesisInputData", "Stream").as_str(), "KinesisInputDataStream");
    }

    #[test]
    fn names_that_differ_in_a_sign_or_a_case_keep_different_ids() {
        let names =
            ["userCounts", "UserCounts", "user-counts", "user_counts", "user.counts", "usercounts", "Usercounts"];
        let ids: BTreeSet<LogicalId> = names.iter().map(|name| LogicalId::derived(name, "Stream")).collect();
        assert_eq!(ids.len(), names.len(), "{ids:?}");
        for id in &ids {
            assert!(id.as_str().chars().all(|letter| letter.is_ascii_alphanumeric()), "{id:?}");
        }
    }
}
