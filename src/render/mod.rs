//! Plan → Assembly: every artifact of a target, as the files that it consists of.
//!
//! Owns the artifacts' text: what is said lies in `templates/`, and what it is said about is prepared here. May import
//! `plan`, `infra` and what they import. Pure: the same plan gives the same bytes. Never decides what a query means.

mod archive;
mod assembly;
mod code_stack;
mod error;
mod flink;
mod flink_stack;
mod kda_sql;
mod kda_stack;
mod templates;
mod watch;
mod windowed;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use assembly::{Artifact, Assembly, Omission};
pub use code_stack::{CODE_BUCKET_ARN, CODE_BUCKET_NAME, CODE_STACK};
pub use error::RenderError;

use crate::infra::Stack;
use crate::plan::Plan;
use crate::spec::EngineKind;
use flink::Connectors;

/// The folder of the artifacts of Kinesis Data Analytics for SQL, where no target of the file is of that engine.
pub const KINESIS_SQL_FOLDER: &str = "kinesis-sql";

/// The `CloudFormation` template.
pub const TEMPLATE: &str = "template.yaml";
/// The Flink SQL of the whole job.
pub const FLINK_JOB: &str = "job.sql";
/// The connector's jar within the package of the job: the one that the application is told of.
pub const FLINK_JAR: &str = "lib/pyflink-dependencies.jar";
/// The parameters of the stack that say where the package is.
pub const CODE_BUCKET: &str = "CodeBucketArn";
/// As [`CODE_BUCKET`].
pub const CODE_KEY: &str = "CodeKey";
/// The parameters of the stack that say where the files of tables are.
pub const TABLES_BUCKET: &str = "TablesBucket";
/// As [`TABLES_BUCKET`].
pub const TABLES_PREFIX: &str = "TablesPrefix";
/// The output of the stack that tells the name of the bucket with archived records.
pub const ARCHIVE_BUCKET: &str = "ArchiveBucketName";
/// What starts the job within Managed Service for Apache Flink.
pub const FLINK_MAIN: &str = "main.py";
/// The SQL of Kinesis Data Analytics.
pub const KDA_SQL: &str = "application.sql";

/// Returns the stack of the plan's target, as its template says it; none where the target has no stack, or this plan
/// cannot give one there.
pub fn stack(plan: &Plan) -> Result<Option<Stack>, RenderError> {
    match plan.target.engine {
        EngineKind::Embedded | EngineKind::Flink => Ok(None),
        EngineKind::ManagedFlink => {
            let runs = flink::job(plan, &Connectors::of(plan)).is_ok();
            Ok(Some(flink_stack::stack(plan, runs)))
        }
        EngineKind::KinesisSql => match kda_sql::application(plan) {
            Ok(application) => Ok(kda_stack::stack(plan, &templates::kda_sql(&application)?).ok()),
            Err(_) => Ok(None),
        },
    }
}

/// Renders every artifact of the plan's target; the paths are within the target's folder.
///
/// The embedded engine has none. What a target has but this plan cannot give is listed with the reason.
pub fn render(plan: &Plan) -> Result<Assembly, RenderError> {
    let mut assembly = Assembly::default();
    match plan.target.engine {
        EngineKind::Embedded => {}
        EngineKind::Flink => {
            add_job(plan, &Connectors::of(plan), &mut assembly)?;
        }
        EngineKind::ManagedFlink => {
            let runs = add_job(plan, &Connectors::of(plan), &mut assembly)?;
            if runs {
                assembly.add(FLINK_MAIN, include_str!("../../templates/main.py").to_owned());
            }
            assembly.add(TEMPLATE, templates::cloudformation(&flink_stack::stack(plan, runs))?);
        }
        EngineKind::KinesisSql => return render_kinesis_sql(plan),
    }
    Ok(assembly)
}

/// Renders the artifacts of Kinesis Data Analytics for SQL, whatever the plan's target is.
///
/// AWS removed the service, and what it ran is still worth reading: these exist for every pipeline.
pub fn render_kinesis_sql(plan: &Plan) -> Result<Assembly, RenderError> {
    let mut assembly = Assembly::default();
    match kda_sql::application(plan) {
        Err(reason) => {
            assembly.omit(KDA_SQL, reason.clone());
            assembly.omit(TEMPLATE, reason);
        }
        Ok(application) => {
            let code = templates::kda_sql(&application)?;
            match kda_stack::stack(plan, &code) {
                Ok(stack) => assembly.add(TEMPLATE, templates::cloudformation(&stack)?),
                Err(reason) => assembly.omit(TEMPLATE, reason),
            }
            assembly.add(KDA_SQL, code);
        }
    }
    Ok(assembly)
}

/// Renders the template of the stack [`CODE_STACK`], with the bucket that packaged applications lie in. It is made once
/// for an account and region, and serves every pipeline there.
pub fn code_bucket() -> Result<String, RenderError> {
    templates::cloudformation(&code_stack::stack())
}

/// Renders the Flink job of a plan over files instead of streams: it reads `<folder>/<stream>.jsonl` and writes files in
/// `<folder>/<stream>/`. All else of its text is what [`render`] gives.
pub fn render_flink_on_files(plan: &Plan, folder: &str) -> Result<Assembly, RenderError> {
    let mut assembly = Assembly::default();
    add_job(plan, &Connectors::files(plan, folder), &mut assembly)?;
    Ok(assembly)
}

/// Adds the Flink job; returns whether the plan has one.
fn add_job(plan: &Plan, connectors: &Connectors, assembly: &mut Assembly) -> Result<bool, RenderError> {
    match flink::job(plan, connectors) {
        Ok(job) => {
            assembly.add(FLINK_JOB, templates::flink_sql(&job)?);
            Ok(true)
        }
        Err(reasons) => {
            for reason in reasons {
                assembly.omit(FLINK_JOB, reason);
            }
            Ok(false)
        }
    }
}
