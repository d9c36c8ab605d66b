//! What is watched of a stack: its alarms, and its dashboard.

use crate::infra::{
    Alarm, Application, Dashboard, DeliveryStream, LogicalId, Metric, Resource, SqlApplication, Stack, Stream, Value,
    Widget,
};
use crate::plan::{Plan, Time};

/// Adds the alarms and the dashboard of all that is in the stack. The application reads the streams named so.
pub(super) fn watch(plan: &Plan, reads: &[&str], stack: &mut Stack) {
    let mut streams: Vec<&Stream> = Vec::new();
    let mut deliveries: Vec<&DeliveryStream> = Vec::new();
    let mut application: Option<&Application> = None;
    let mut sql_application: Option<&SqlApplication> = None;
    for resource in &stack.resources {
        match resource {
            Resource::Stream(stream) => streams.push(stream),
            Resource::DeliveryStream(delivery) => deliveries.push(delivery),
            Resource::Application(found) => application = Some(found),
            Resource::SqlApplication(found) => sql_application = Some(found),
            _ => {}
        }
    }
    let read = |stream: &Stream| reads.contains(&stream.name.as_str());
    let has_event_time = plan
        .streams
        .iter()
        .any(|stream| reads.contains(&stream.name.as_str()) && matches!(stream.time, Time::Event { .. }));

    let mut alarms: Vec<Alarm> = streams.iter().flat_map(|stream| Alarm::of_stream(stream, read(stream))).collect();
    alarms.extend(deliveries.iter().map(|delivery| Alarm::of_delivery(delivery)));
    alarms.extend(application.into_iter().flat_map(|found| Alarm::of_application(found, has_event_time)));
    alarms.extend(sql_application.map(Alarm::of_sql_application));
    alarms.retain(|alarm| plan.target.stack.alarms.contains(&alarm.kind));
    let topic = plan.target.stack.alarm_topic.as_deref();
    let alarms: Vec<Alarm> = alarms.into_iter().map(|alarm| alarm.tell(topic)).collect();

    let of_streams = |names: &[&'static str]| -> Vec<Metric> {
        let of = |stream| names.iter().map(move |name| Metric::of_stream(stream, name).summed());
        streams.iter().copied().flat_map(of).collect()
    };
    let behind = streams.iter().filter(|stream| read(stream));
    let behind = behind.map(|stream| Metric::of_stream(stream, "GetRecords.IteratorAgeMilliseconds").greatest());
    let mut widgets = vec![
        Widget { title: "Records in", metrics: of_streams(&["IncomingRecords"]) },
        Widget { title: "Bytes in", metrics: of_streams(&["IncomingBytes"]) },
        Widget {
            title: "Refused reads and writes",
            metrics: of_streams(&["WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded"]),
        },
        Widget { title: "Behind the newest record, in milliseconds", metrics: behind.collect() },
    ];
    widgets.extend(application.into_iter().flat_map(graphs));
    widgets.extend(sql_application.map(|application| Widget {
        title: "The application behind the newest record, in milliseconds",
        metrics: vec![Metric::of_sql_application(application, "MillisBehindLatest").greatest()],
    }));
    let freshness = |delivery: &&DeliveryStream| Metric::of_delivery(delivery, "DeliveryToS3.DataFreshness").greatest();
    widgets.push(Widget {
        title: "Age of what is not archived yet, in seconds",
        metrics: deliveries.iter().map(freshness).collect(),
    });
    widgets.retain(|widget| !widget.metrics.is_empty());

    // A name is one for all regions.
    let name = Value::sub(format!("{}-${{AWS::Region}}", plan.name));
    let dashboard = Dashboard::new(LogicalId::fixed("Dashboard"), name, &alarms, &widgets);
    stack.tell("DashboardName", "The name of the dashboard", &dashboard.id);
    stack.resources.extend(alarms.into_iter().map(Resource::Alarm));
    stack.resources.push(Resource::Dashboard(dashboard));
}

fn graphs(application: &Application) -> Vec<Widget> {
    let metric = |name| Metric::of_application(application, name);
    vec![
        Widget {
            title: "Not at work, in milliseconds, and restarts",
            metrics: vec![
                metric(application.outage_metric()).greatest(),
                metric(application.restarts_metric()).greatest(),
            ],
        },
        Widget {
            title: "Checkpoints: milliseconds of the last, and failed ones",
            metrics: vec![metric("lastCheckpointDuration").greatest(), metric("numberOfFailedCheckpoints").changing()],
        },
        Widget {
            title: "Processor and memory in use, in percent",
            metrics: vec![metric("cpuUtilization").greatest(), metric("heapMemoryUtilization").greatest()],
        },
        Widget { title: "Rows that came too late", metrics: vec![metric("numLateRecordsDropped").changing()] },
    ]
}
