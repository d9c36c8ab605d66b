//! stub
use crate::plan::Plan;
/// x
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// x
    #[error("x")]
    X,
}
/// x
pub struct Assembly;
/// x
pub struct Artifact {
    /// x
    pub path: &'static str,
    /// x
    pub text: String,
}
/// x
pub struct Omission {
    /// x
    pub path: &'static str,
    /// x
    pub reason: String,
}
impl Assembly {
    /// x
    pub fn artifacts(&self) -> &[Artifact] {
        &[]
    }
    /// x
    pub fn omissions(&self) -> &[Omission] {
        &[]
    }
}
/// x
pub fn render(_: &Plan) -> Result<Assembly, RenderError> {
    Ok(Assembly)
}
