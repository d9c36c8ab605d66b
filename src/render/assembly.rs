//! What a rendering gives.

/// Files, and what was left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assembly {
    artifacts: Vec<Artifact>,
    omissions: Vec<Omission>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its path within the folder of the target, with `/` between the parts.
    pub path: &'static str,
    /// What it holds.
    pub text: String,
}

/// A file that this plan cannot give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Omission {
    /// Its path within the folder of the target.
    pub path: &'static str,
    /// Why there is none, as a clause.
    pub reason: String,
}

impl Assembly {
    /// Returns the files, sorted by path.
    pub fn artifacts(&self) -> &[Artifact] {
        &self.artifacts
    }

    /// Returns what was left out, sorted by path.
    pub fn omissions(&self) -> &[Omission] {
        &self.omissions
    }

    /// Returns the text of a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.artifacts.iter().find(|artifact| artifact.path == path).map(|artifact| artifact.text.as_str())
    }

    pub(super) fn add(&mut self, path: &'static str, text: String) {
        self.artifacts.push(Artifact { path, text });
        self.artifacts.sort_by_key(|artifact| artifact.path);
    }

    pub(super) fn omit(&mut self, path: &'static str, reason: String) {
        self.omissions.push(Omission { path, reason });
        self.omissions.sort_by_key(|omission| omission.path);
    }
}
