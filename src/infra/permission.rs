//! What the roles of a stack allow, for a person to read.

use super::{Resource, Stack, Value};

/// Something that a role of a stack allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The id of the role.
    pub role: String,
    /// The name of the statement within the role.
    pub sid: String,
    /// Whole names of actions, such as `kinesis:GetRecords`.
    pub actions: Vec<&'static str>,
    /// Amazon resource names. What is known only once the stack is deployed stands in them as `${NAME}`.
    pub resources: Vec<String>,
    /// Why it is there, as a sentence.
    pub why: String,
}

impl Stack {
    /// Returns all that the roles allow, in the order of the template.
    pub fn permissions(&self) -> Vec<Permission> {
        let roles = self.resources.iter().filter_map(|resource| match resource {
            Resource::Role(role) => Some(role),
            _ => None,
        });
        let of = |role: &super::Role| {
            let role_id = role.id.as_str().to_owned();
            let statements = role.statements.iter().map(move |statement| Permission {
                role: role_id.clone(),
                sid: statement.sid.clone(),
                actions: statement.actions.clone(),
                resources: statement.resources.iter().map(|resource| self.written_out(resource)).collect(),
                why: statement.why.clone(),
            });
            statements.collect::<Vec<Permission>>()
        };
        roles.flat_map(of).collect()
    }

    /// Writes a value as text, with the names of the stack's resources in it where they are known now.
    fn written_out(&self, value: &Value) -> String {
        let text = value.as_sub();
        let mut written = String::new();
        let mut rest = text.as_str();
        while let Some((before, (name, after))) =
            rest.split_once("${").and_then(|(before, inner)| Some((before, inner.split_once('}')?)))
        {
            written += before;
            written += &self.known(name).unwrap_or_else(|| format!("${{{name}}}"));
            rest = after;
        }
        written + rest
    }

    /// Returns what a name within `${…}` stands for, where the stack itself says it.
    fn known(&self, name: &str) -> Option<String> {
        let (id, attribute) = name.split_once('.').map_or((name, None), |(id, attribute)| (id, Some(attribute)));
        let resource = self.resources.iter().find(|resource| resource.id().as_str() == id)?;
        let name = match resource {
            Resource::Stream(stream) => &stream.name,
            Resource::LogGroup(group) => &group.name,
            Resource::LogStream(log) => &log.name,
            _ => return None,
        };
        match (resource, attribute) {
            (_, None) => Some(name.clone()),
            (Resource::Stream(_), Some(_)) => Some(Value::local_arn("kinesis", &format!("stream/{name}")).as_sub()),
            _ => None,
        }
    }
}
