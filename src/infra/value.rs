//! Values that may be known only once the stack exists.

use serde::{Serialize, Serializer};

use super::LogicalId;

/// A value of a property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Known now.
    Text(String),
    /// What a parameter was given, or the main name of a resource.
    Ref {
        /// The parameter or resource.
        #[serde(rename = "Ref")]
        id: LogicalId,
    },
    /// An attribute of a resource.
    Attribute {
        /// The resource, and which of its attributes.
        #[serde(rename = "Fn::GetAtt")]
        path: (LogicalId, Attribute),
    },
    /// Text with the main names of other things in it, as `${Id}`.
    Sub {
        /// The text.
        #[serde(rename = "Fn::Sub")]
        text: String,
    },
}

/// An attribute that a resource has besides its main name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute {
    /// Its Amazon resource name.
    Arn,
}

impl Attribute {
    /// Returns the attribute's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Arn => "Arn",
        }
    }
}

impl Serialize for Attribute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Value {
    /// Takes a value that is known now.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Refers to a parameter or to the main name of a resource.
    pub fn reference(id: &LogicalId) -> Self {
        Self::Ref { id: id.clone() }
    }

    /// Refers to what every stack knows of itself, such as `AWS::Region`.
    pub fn pseudo(name: &'static str) -> Self {
        Self::Ref { id: LogicalId::fixed(name) }
    }

    /// Refers to the Amazon resource name of a resource.
    pub fn arn(id: &LogicalId) -> Self {
        Self::Attribute { path: (id.clone(), Attribute::Arn) }
    }

    /// Takes text in which `${Id}` stands for the main name of something.
    pub fn sub(text: impl Into<String>) -> Self {
        Self::Sub { text: text.into() }
    }

    /// Writes the value as text for [`Self::sub`].
    pub fn as_sub(&self) -> String {
        match self {
            // There is one sign that would be more than text.
            Self::Text(text) => text.replace("${", "${!"),
            Self::Ref { id } => format!("${{{}}}", id.as_str()),
            Self::Attribute { path: (id, attribute) } => format!("${{{}.{}}}", id.as_str(), attribute.name()),
            Self::Sub { text } => text.clone(),
        }
    }

    /// Takes the Amazon resource name of something in the stack's own account and region.
    pub fn local_arn(service: &str, resource: &str) -> Self {
        Self::sub(format!("arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"))
    }
}
