//! What can go wrong with a rendering.

use crate::infra::InfraError;

/// A rendering that failed: never for what a plan says, which is an [`Omission`](super::Omission).
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template could not be filled in.
    #[error("the template `{template}` cannot be filled in")]
    Template {
        /// Its name.
        template: &'static str,
        /// Why.
        #[source]
        source: tera::Error,
    },
    /// The stack does not hold together.
    #[error(transparent)]
    Stack(#[from] InfraError),
}
