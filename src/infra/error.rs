//! What can be wrong with a stack.

/// A stack that does not hold together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InfraError {
    /// Two things have one id.
    #[error("the stack has `{id}` twice")]
    Duplicate {
        /// The id.
        id: String,
    },
    /// Something is referred to that is not there.
    #[error("the stack refers to `{name}`, which is not in it")]
    Dangling {
        /// What is referred to.
        name: String,
    },
    /// A statement allows more than what it names.
    #[error("a statement of the stack holds a wildcard: `{text}`")]
    Wildcard {
        /// The action or the resource.
        text: String,
    },
}
