//! What holds of every artifact.

use std::collections::BTreeSet;

use super::samples::{Sample, balance, column, hostile, input, target, ticker};
use super::*;
use crate::plan::{Operator, Query, Source, Time};
use crate::sql::SqlType;

fn plans() -> Vec<Plan> {
    vec![ticker(), balance(), hostile()]
}

fn on(mut plan: Plan, name: &str, engine: EngineKind) -> Plan {
    plan.target = target(name, engine);
    plan
}

/// Every artifact of a plan, with the folder that it lies in.
fn all(plan: &Plan) -> Vec<(String, String)> {
    let flink = on(plan.clone(), "flink", EngineKind::Flink);
    let assemblies = [
        ("aws", render(plan).expect("renders")),
        ("flink", render(&flink).expect("renders")),
        (KINESIS_SQL_FOLDER, render_kinesis_sql(plan).expect("renders")),
    ];
    let files = assemblies.iter().flat_map(|(folder, assembly)| {
        assembly.artifacts().iter().map(move |artifact| (format!("{folder}/{}", artifact.path), artifact.text.clone()))
    });
    files.collect()
}

fn templates(plan: &Plan) -> Vec<String> {
    all(plan).into_iter().filter(|(path, _)| path.ends_with(TEMPLATE)).map(|(_, text)| text).collect()
}

fn is_sql(path: &str) -> bool {
    path.ends_with(FLINK_JOB) || path.ends_with(KDA_SQL)
}

/// What follows each occurrence of `before`, up to `end`.
fn between<'a>(text: &'a str, before: &str, end: char) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split(end).next()).collect()
}

#[test]
fn each_target_has_its_artifacts() {
    let paths: Vec<String> = all(&ticker()).into_iter().map(|(path, _)| path).collect();
    let expected = [
        "aws/job.sql",
        "aws/main.py",
        "aws/template.yaml",
        "flink/job.sql",
        "kinesis-sql/application.sql",
        "kinesis-sql/template.yaml",
    ];
    assert_eq!(paths, expected);
    let local = on(ticker(), "local", EngineKind::Embedded);
    assert_eq!(render(&local).expect("renders"), Assembly::default());
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    for plan in plans() {
        assert_eq!(all(&plan), all(&plan.clone()));
    }
}

#[test]
fn everything_that_a_template_refers_to_stands_in_it() {
    for template in plans().iter().flat_map(templates) {
        let indented = template.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
        let ids: BTreeSet<&str> = indented.filter(|id| !id.starts_with([' ', '"', '-'])).collect();
        let mut names = between(&template, "{\"Ref\":\"", '"');
        names.extend(between(&template, "{\"Fn::GetAtt\":[\"", '"'));
        for text in between(&template, "{\"Fn::Sub\":\"", '"') {
            names.extend(between(text, "${", '}'));
        }
        assert!(names.len() > 10, "nothing found to resolve");
        for name in names.iter().filter(|name| !name.starts_with("AWS::")) {
            assert!(ids.contains(name), "`{name}` is not in {ids:?}");
        }
    }
}

#[test]
fn roles_allow_what_is_named_and_nothing_more() {
    for template in plans().iter().flat_map(templates) {
        let policy = between(&template, "      Policies:\n", '\u{0}').concat();
        let policy = policy.split("      Tags:").next().expect("tags follow");
        assert!(!policy.contains('*'), "{policy}");
        assert!(policy.contains("kinesis:"), "{policy}");
    }
    let template = templates(&ticker()).remove(0);
    let statement = |sid: &str| between(&template, &format!("- Sid: \"{sid}\"\n"), '-').len();
    for sid in ["ReadCode", "FindLog", "WriteLog", "ReadTradesStream", "WriteAveragesStream"] {
        assert_eq!(statement(sid), 1, "{sid}");
    }
    assert_eq!(template.matches("- Sid:").count(), 5);
    assert!(!template.contains("ReadAveragesStream") && !template.contains("WriteTradesStream"));
}

#[test]
fn each_permission_has_its_reason_and_names_what_it_is_for() {
    let mut plan = ticker();
    let stack = super::stack(&plan).expect("renders").expect("there is one");
    let shown: Vec<String> = stack
        .permissions()
        .iter()
        .map(|it| {
            format!("{}.{} [{}] on [{}]: {}", it.role, it.sid, it.actions.join(" "), it.resources.join(" "), it.why)
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    ApplicationRole.ReadCode [s3:GetObject] on [${CodeBucketArn}/${CodeKey}]: The service fetches the packaged application when it starts.
    ApplicationRole.FindLog [logs:DescribeLogGroups logs:DescribeLogStreams] on [arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group::log-stream: arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/kinesis-analytics/ticker:log-stream:]: The application looks its log up before it writes to it.
    ApplicationRole.WriteLog [logs:PutLogEvents] on [arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/kinesis-analytics/ticker:log-stream:application]: What goes wrong stands in the log.
    ApplicationRole.ReadTradesStream [kinesis:DescribeStreamSummary kinesis:GetRecords kinesis:GetShardIterator kinesis:ListShards] on [arn:${AWS::Partition}:kinesis:${AWS::Region}:${AWS::AccountId}:stream/trades]: The application reads the stream trades.
    ApplicationRole.WriteAveragesStream [kinesis:PutRecords] on [arn:${AWS::Partition}:kinesis:${AWS::Region}:${AWS::AccountId}:stream/averages]: The application writes the stream averages.
    ");
    plan.target.engine = EngineKind::KinesisSql;
    let stack = super::stack(&plan).expect("renders").expect("there is one");
    assert!(stack.permissions().iter().all(|it| it.why.ends_with('.') && it.role == "ApplicationRole"));
    plan.target.engine = EngineKind::Flink;
    assert_eq!(super::stack(&plan).expect("renders"), None);
}

#[test]
fn each_stream_of_the_plan_stands_in_a_template_once() {
    for plan in plans() {
        for template in templates(&plan) {
            assert_eq!(template.matches("Type: AWS::Kinesis::Stream\n").count(), plan.streams.len());
            for stream in &plan.streams {
                let name = format!("\n      Name: \"{}\"\n", stream.name);
                assert_eq!(template.matches(&name).count(), 1, "{name}");
            }
        }
    }
    let on_demand = templates(&hostile()).remove(0);
    assert!(on_demand.contains("StreamMode: ON_DEMAND\n      RetentionPeriodHours: 24\n"), "{on_demand}");
}

/// Takes away comments, texts and names, each of which ends where it should or the rest is left open.
fn without_quoted(sql: &str) -> String {
    let mut rest = sql;
    let mut bare = String::new();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '\'' | '"' | '`' => rest[1..].find(first).expect("a quote ends") + 2,
            _ => {
                bare.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[end..];
    }
    bare
}

#[test]
fn names_and_texts_stay_within_their_quotes() {
    for (path, text) in all(&hostile()) {
        if is_sql(&path) {
            let bare = without_quoted(&text);
            assert!(bare.is_ascii(), "{path}: {bare}");
            for alien in ["DROP", "it", "#", "{", "$", "user-events", "per_minute", "ratio"] {
                assert!(!bare.split([' ', '\n']).any(|word| word == alien), "{path}: {alien} in {bare}");
            }
            assert!(!bare.contains(['#', '{', '$', '@']), "{path}: {bare}");
        }
    }
    let template = templates(&hostile()).remove(0);
    let description = "Description: \"hostile: first line\\n  DROP TABLE x; \\\"quoted\\\" {{ it }}\\u0085\\ufeff\"\n";
    assert!(template.contains(description), "{template}");
}

#[test]
fn kda_sql_is_the_pump_that_people_wrote() {
    let assembly = render_kinesis_sql(&balance()).expect("renders");
    let sql = assembly.text(KDA_SQL).expect("there is one");
    insta::assert_snapshot!(sql.split_once("\n\n").expect("a header").1, @r#"
    CREATE OR REPLACE STREAM "KinesisOutputData" (
        "userName" VARCHAR(8),
        "window_start" TIMESTAMP,
        "window_end" TIMESTAMP,
        "User_Counter" BIGINT,
        "Min_Balance" INTEGER,
        "Max_Balance" INTEGER,
        "Avg_Balance" INTEGER
    );

    CREATE OR REPLACE PUMP "KinesisOutputData_PUMP" AS
    INSERT INTO "KinesisOutputData"
    SELECT STREAM
        "SOURCE_SQL_STREAM_001"."userName" AS "userName",
        STEP("SOURCE_SQL_STREAM_001".ROWTIME BY INTERVAL '3' MINUTE) AS "window_start",
        STEP("SOURCE_SQL_STREAM_001".ROWTIME BY INTERVAL '3' MINUTE) + INTERVAL '3' MINUTE AS "window_end",
        COUNT(*) AS "User_Counter",
        MIN("SOURCE_SQL_STREAM_001"."balance") AS "Min_Balance",
        MAX("SOURCE_SQL_STREAM_001"."balance") AS "Max_Balance",
        AVG("SOURCE_SQL_STREAM_001"."balance") AS "Avg_Balance"
    FROM "SOURCE_SQL_STREAM_001"
    GROUP BY
        "SOURCE_SQL_STREAM_001"."userName",
        STEP("SOURCE_SQL_STREAM_001".ROWTIME BY INTERVAL '3' MINUTE);
    "#);
    let template = assembly.text(TEMPLATE).expect("there is one");
    for line in sql.lines().filter(|line| !line.is_empty()) {
        assert!(template.contains(&format!("\n        {line}\n")), "{line}");
    }
}

#[test]
fn kda_closes_event_time_windows_by_its_own_clock() {
    let assembly = render_kinesis_sql(&ticker()).expect("renders");
    let groups = assembly.text(KDA_SQL).and_then(|sql| sql.rsplit_once("GROUP BY\n")).expect("there is one").1;
    let step = |what: &str| format!("    STEP(\"SOURCE_SQL_STREAM_001\".{what} BY INTERVAL '10' SECOND)");
    let expected = format!("{},\n{};\n", step("ROWTIME"), step("\"traded_at\""));
    assert_eq!(groups, format!("    \"SOURCE_SQL_STREAM_001\".\"ticker\",\n{expected}"));
}

#[test]
fn what_kda_cannot_run_is_left_out_with_the_reason() {
    let mut two = ticker();
    let other = balance();
    let first = two.relations.len();
    two.streams.extend(other.streams);
    for mut relation in other.relations {
        if let Operator::Group(group) = &mut relation.operator {
            group.input += first;
        }
        two.relations.push(relation);
    }
    two.queries.extend(other.queries.into_iter().map(|query| Query { relation: query.relation + first, ..query }));
    let assembly = render_kinesis_sql(&two).expect("renders");
    assert_eq!(assembly.artifacts(), []);
    let reason = "a KDA application reads one stream, and these queries read 2".to_owned();
    let omission = |path| Omission { path, reason: reason.clone() };
    assert_eq!(assembly.omissions(), [omission(KDA_SQL), omission(TEMPLATE)]);
    assert_eq!(render(&two).expect("renders").omissions(), [], "Flink reads as many as it likes");
}

#[test]
fn a_pipeline_without_a_query_is_its_streams() {
    let mut plan = ticker();
    plan.queries.clear();
    let assembly = render(&plan).expect("renders");
    assert_eq!(assembly.omissions(), [Omission { path: FLINK_JOB, reason: "the pipeline has no query".to_owned() }]);
    let template = assembly.text(TEMPLATE).expect("there is one");
    assert!(!template.contains("AWS::IAM") && !template.contains("Parameters"), "{template}");
}

#[test]
fn flink_windows_by_event_time_end_when_those_of_the_engine_do() {
    let assembly = render(&ticker()).expect("renders");
    let job = assembly.text(FLINK_JOB).expect("there is one");
    for line in [
        "SET 'table.local-time-zone' = 'UTC';",
        "SET 'table.exec.source.idle-timeout' = '10000 ms';",
        "    `quote` ROW<`price` DOUBLE>,",
        "    WATERMARK FOR `row_time` AS `row_time` - INTERVAL '2.001' SECOND",
        "    `r`.`quote`.`price` AS `price`,",
        ") PARTITIONED BY (`ticker`) WITH (",
        "FROM TABLE(TUMBLE(TABLE `trades`, DESCRIPTOR(`row_time`), INTERVAL '10' SECOND))",
    ] {
        assert!(job.lines().any(|written| written == line), "{line}\n{job}");
    }
    let assembly = render(&balance()).expect("renders");
    let job = assembly.text(FLINK_JOB).expect("there is one");
    assert!(job.contains("    `row_time` AS PROCTIME()\n)"), "{job}");
    assert!(!job.contains("WATERMARK") && !job.contains("idle-timeout"), "{job}");
}

#[test]
fn a_job_says_what_it_leaves_open() {
    let job = |plan: &Plan| render(plan).expect("renders").text(FLINK_JOB).expect("there is one").to_owned();
    let mut plan = on(ticker(), "flink", EngineKind::Flink);
    let open = job(&plan);
    assert!(open.contains("'aws.endpoint' = '${AWS_ENDPOINT_URL}'") && open.contains("--   ${AWS_ENDPOINT_URL}  "));
    plan.target.region = Some("eu-west-1".to_owned());
    plan.target.endpoint_url = Some("http://127.0.0.1:4567".to_owned());
    let closed = job(&plan);
    assert!(!closed.contains("${AWS_ENDPOINT_URL}") && !closed.contains("${AWS_REGION}"), "{closed}");
    assert!(closed.contains("arn:${AWS_PARTITION}:kinesis:eu-west-1:${AWS_ACCOUNT_ID}:stream/trades"), "{closed}");
    assert!(!job(&ticker()).contains("aws.endpoint"));
}

#[test]
fn late_streams_are_not_made_and_the_sql_says_that_nothing_writes_them() {
    let mut plan = ticker();
    let mut late = plan.streams[0].clone();
    (late.name, late.source) = ("late_trades".to_owned(), Source::Late("averages".to_owned()));
    plan.streams.push(late);
    plan.queries[0].late = Some("late_trades".to_owned());
    let sentence = "Nothing writes the stream late_trades";
    for (path, text) in all(&plan) {
        assert_eq!(text.contains(sentence), is_sql(&path) || path.starts_with(KINESIS_SQL_FOLDER), "{path}");
        assert!(!text.contains("Name: \"late_trades\""), "{path}");
    }
}

#[test]
fn a_column_that_flink_adds_itself_has_another_name_there() {
    let columns = vec![column("window_start", SqlType::Integer), column("input.window_start", SqlType::Integer)];
    let plan = Sample {
        name: "clash",
        from: input("events", 1, columns, Time::Arrival),
        to: "counts",
        size: std::time::Duration::from_secs(1),
        filter: Some("window_start > 0"),
        group_by: Vec::new(),
        select: &[("n", "SUM(window_start)")],
    };
    let assembly = render(&plan.plan()).expect("renders");
    let job = assembly.text(FLINK_JOB).expect("there is one");
    for lines in [
        "CREATE TEMPORARY VIEW `counts:input` AS\nSELECT\n    `window_start` AS `input.window_start_`,\n",
        "FROM `events`\nWHERE `window_start` > 0;\n",
        "    SUM(CAST(`input.window_start_` AS BIGINT)) AS `n`\nFROM TABLE(TUMBLE(TABLE `counts:input`, ",
    ] {
        assert!(job.contains(lines), "{lines}\n{job}");
    }
}
