//! What is asked for: by the roles of the stack, and of the person who runs `pipe up`.

use serde::Serialize;

use crate::error::Error;
use crate::plan::{EngineKind, Plan};
use crate::render::stack;
use crate::ui::count;

/// All that is asked for.
#[derive(Debug, Serialize)]
pub(super) struct Permissions {
    /// What the roles of the stack allow.
    pub(super) statements: Vec<Statement>,
    /// What each step of `pipe up` and `pipe down` calls with the rights of the person who runs them.
    pub(super) operator: Vec<Step>,
}

/// Something that a role allows.
#[derive(Debug, Serialize)]
pub(super) struct Statement {
    pub(super) role: String,
    pub(super) sid: String,
    pub(super) actions: Vec<&'static str>,
    pub(super) resources: Vec<String>,
    pub(super) why: String,
}

/// What one step calls.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Step {
    pub(super) step: &'static str,
    pub(super) actions: &'static [&'static str],
}

/// What follows and feeds streams in Kinesis.
const STREAMS: [Step; 2] = [
    Step { step: "generate", actions: &["kinesis:ListShards", "kinesis:PutRecords"] },
    Step {
        step: "tail",
        actions: &[
            "kinesis:DescribeStreamSummary",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:ListShards",
        ],
    },
];

/// What makes and removes streams without a stack.
const WITHOUT_STACK: [Step; 2] = [
    Step {
        step: "make the streams",
        actions: &["kinesis:CreateStream", "kinesis:DescribeStreamSummary", "kinesis:ListShards"],
    },
    Step { step: "remove the streams", actions: &["kinesis:DeleteStream", "kinesis:DescribeStreamSummary"] },
];

/// What the stack takes. `CloudFormation` calls what its resources need with the rights of whoever deploys it.
const WITH_STACK: [Step; 7] = [
    Step {
        step: "compare",
        actions: &[
            "cloudformation:CreateChangeSet",
            "cloudformation:DeleteChangeSet",
            "cloudformation:DescribeChangeSet",
            "cloudformation:DescribeEvents",
            "cloudformation:DescribeStackDriftDetectionStatus",
            "cloudformation:DescribeStackResourceDrifts",
            "cloudformation:DescribeStacks",
            "cloudformation:DetectStackDrift",
            "cloudformation:GetTemplate",
            "kinesis:DescribeStreamSummary",
            "kinesisanalytics:DescribeApplication",
            "sts:GetCallerIdentity",
        ],
    },
    Step {
        step: "upload the code",
        actions: &[
            "s3:CreateBucket",
            "s3:GetObject",
            "s3:ListBucket",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
            "s3:PutObject",
        ],
    },
    Step {
        step: "deploy the stack",
        actions: &[
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStacks",
            "cloudformation:ExecuteChangeSet",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:GetDashboard",
            "cloudwatch:PutDashboard",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:TagResource",
            "iam:CreateRole",
            "iam:GetRole",
            "iam:PassRole",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "kinesis:AddTagsToStream",
            "kinesis:CreateStream",
            "kinesis:DecreaseStreamRetentionPeriod",
            "kinesis:DescribeStreamSummary",
            "kinesis:IncreaseStreamRetentionPeriod",
            "kinesis:StartStreamEncryption",
            "kinesis:UpdateShardCount",
            "kinesis:UpdateStreamMode",
            "kinesisanalytics:AddApplicationCloudWatchLoggingOption",
            "kinesisanalytics:CreateApplication",
            "kinesisanalytics:DescribeApplication",
            "kinesisanalytics:TagResource",
            "kinesisanalytics:UpdateApplication",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogGroups",
            "logs:PutRetentionPolicy",
            "logs:TagResource",
        ],
    },
    Step {
        step: "start the application",
        actions: &[
            "kinesisanalytics:DescribeApplication",
            "kinesisanalytics:ListApplicationSnapshots",
            "kinesisanalytics:StartApplication",
        ],
    },
    Step {
        step: "stop the application",
        actions: &[
            "kinesisanalytics:CreateApplicationSnapshot",
            "kinesisanalytics:DescribeApplication",
            "kinesisanalytics:StopApplication",
        ],
    },
    Step {
        step: "remove the stack",
        actions: &[
            "cloudformation:DeleteStack",
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStacks",
            "cloudwatch:DeleteAlarms",
            "cloudwatch:DeleteDashboards",
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "kinesis:DeleteStream",
            "kinesisanalytics:DeleteApplication",
            "kinesisanalytics:DeleteApplicationSnapshot",
            "logs:DeleteLogGroup",
            "logs:DeleteLogStream",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:ListBucket",
            "s3:ListBucketVersions",
        ],
    },
    Step {
        step: "status",
        actions: &[
            "cloudformation:DescribeStacks",
            "kinesis:DescribeStreamSummary",
            "kinesisanalytics:DescribeApplication",
        ],
    },
];

/// What an archive takes besides.
const WITH_ARCHIVE: [Step; 1] = [Step {
    step: "archive streams",
    actions: &[
        "firehose:CreateDeliveryStream",
        "firehose:DeleteDeliveryStream",
        "firehose:DescribeDeliveryStream",
        "firehose:TagDeliveryStream",
        "iam:CreateRole",
        "iam:PassRole",
        "iam:PutRolePolicy",
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "s3:CreateBucket",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketTagging",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
    ],
}];

impl Permissions {
    /// Lists all that a plan's target asks for. On this machine that is nothing.
    pub(super) fn of(plan: &Plan) -> Result<Self, Error> {
        if !plan.target.is_on_aws() {
            return Ok(Self { statements: Vec::new(), operator: Vec::new() });
        }
        let allowed = stack(plan)?.map(|stack| stack.permissions()).unwrap_or_default();
        let statements = allowed.into_iter().map(|allowed| Statement {
            role: allowed.role,
            sid: allowed.sid,
            actions: allowed.actions,
            resources: allowed.resources,
            why: allowed.why,
        });
        let steps: &[Step] = match plan.target.engine {
            EngineKind::ManagedFlink | EngineKind::KinesisSql => &WITH_STACK,
            EngineKind::Embedded | EngineKind::Flink => &WITHOUT_STACK,
        };
        let archive: &[Step] = if plan.target.stack.archive.is_empty() { &[] } else { &WITH_ARCHIVE };
        let operator = steps.iter().chain(archive).chain(&STREAMS).copied().collect();
        Ok(Self { statements: statements.collect(), operator })
    }

    /// Returns how many roles and statements there are, in words; `None` without any.
    pub(super) fn counted(&self) -> Option<String> {
        let mut roles: Vec<&str> = self.statements.iter().map(|statement| statement.role.as_str()).collect();
        roles.dedup();
        let statements = count(self.statements.len(), "statement", "statements");
        (!roles.is_empty()).then(|| format!("{}, {statements}", count(roles.len(), "role", "roles")))
    }
}
