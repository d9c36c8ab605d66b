//! Dashboards.

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{Alarm, LogicalId, Metric, Value};

/// How wide a widget is: two stand side by side (`CloudWatch` user guide, "Dashboard body structure": a row has 24).
const WIDTH: usize = 12;
/// How high a widget is.
const HEIGHT: usize = 6;

/// A page of graphs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dashboard {
    /// Its id.
    pub id: LogicalId,
    /// Its name: one for all regions of an account.
    pub name: Value,
    /// What stands on it, in the JSON of the service.
    body: Value,
}

/// One graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Widget {
    /// What stands above it.
    pub title: &'static str,
    /// What it draws.
    pub metrics: Vec<Metric>,
}

impl Dashboard {
    /// Returns a page with the state of alarms, where there are any, and graphs.
    pub fn new(id: LogicalId, name: Value, alarms: &[Alarm], widgets: &[Widget]) -> Self {
        let alarms: Vec<String> = alarms.iter().map(|alarm| alarm.arn().as_sub()).collect();
        let states =
            (!alarms.is_empty()).then(|| json!({"type": "alarm", "properties": {"title": "Alarms", "alarms": alarms}}));
        let graphs = widgets.iter().map(|widget| json!({"type": "metric", "properties": widget.properties()}));
        let placed = states.into_iter().chain(graphs).enumerate().map(|(index, mut widget)| {
            widget["x"] = json!(index % 2 * WIDTH);
            widget["y"] = json!(index / 2 * HEIGHT);
            widget["width"] = json!(WIDTH);
            widget["height"] = json!(HEIGHT);
            widget
        });
        let body = json!({ "widgets": placed.collect::<Vec<Json>>() });
        Self { id, name, body: Value::sub(body.to_string()) }
    }
}

impl Widget {
    fn properties(&self) -> Json {
        let mut rows = Vec::new();
        for (index, metric) in self.metrics.iter().enumerate() {
            let mut row = vec![json!(metric.namespace), json!(metric.name)];
            for (name, value) in &metric.dimensions {
                row.extend([json!(name), json!(value.as_sub())]);
            }
            if metric.counts_up {
                let id = format!("total{index}");
                rows.push(json!([{"expression": format!("RATE({id})"), "label": metric.name}]));
                row.push(json!({"stat": metric.statistic, "id": id, "visible": false}));
            } else {
                row.push(json!({"stat": metric.statistic}));
            }
            rows.push(Json::Array(row));
        }
        json!({
            "title": self.title,
            "region": "${AWS::Region}",
            "view": "timeSeries",
            "period": 60,
            "metrics": rows,
        })
    }
}
