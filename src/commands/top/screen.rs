//! The picture as cells of a terminal. Colour only repeats what words and signs say.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Borders, Chart, Dataset, GraphType, Paragraph};

use crate::engine::{OpenWindow, QueryStatus, moment_text};
use crate::observe::{Edge, Graph, Node, NodeKind, ShardRate, Weight, rate_text};
use crate::plan::ERROR_STREAM;
use crate::record::shown;
use crate::streams::{SHARD_BYTES, SHARD_RECORDS};
use crate::ui::count;

use super::picture::{Output, Picture};

/// How many keys a chart shows: as many as have a sign of their own.
const LINES: usize = 5;
const COLORS: [Color; LINES] = [Color::Cyan, Color::Yellow, Color::Green, Color::Magenta, Color::Blue];
const MARKERS: [(Marker, &str); LINES] =
    [(Marker::Braille, "⣿"), (Marker::Dot, "•"), (Marker::HalfBlock, "▀"), (Marker::Block, "█"), (Marker::Bar, "▄")];
/// What stands out, with colour or without.
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
/// The cells of a bar that shows a part of a limit.
const BAR: u8 = 8;
/// Below this width panels stand above each other.
const NARROW: u16 = 70;

/// How it is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Whether there is colour.
    pub(super) color: bool,
}

impl Look {
    fn colored(self, color: Color) -> Style {
        if self.color { Style::new().fg(color) } else { Style::new() }
    }
}

/// Draws the picture.
pub(super) fn draw(frame: &mut Frame<'_>, picture: &Picture, look: Look) {
    let graph = graph_lines(picture);
    let problem = problem(picture, look);
    let (graph_height, problems) = (height(graph.len(), 5), u16::from(problem.is_some()));
    let areas = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(graph_height),
        Constraint::Length(problems),
        Constraint::Fill(4),
        Constraint::Fill(4),
        Constraint::Fill(3),
        Constraint::Length(1),
    ]);
    let [top, flow, trouble, middle, charted, bottom, foot] = frame.area().layout(&areas);
    frame.render_widget(Paragraph::new(title(picture)), top);
    frame.render_widget(Paragraph::new(graph), flow);
    if let Some(problem) = problem {
        frame.render_widget(Paragraph::new(problem), trouble);
    }
    let [left, right] = halves(middle);
    panel(frame, left, "into shards, of their limit", shard_lines(picture, look));
    let name = picture.output().map_or_else(String::new, |(output, place, of)| {
        let chosen = if of > 1 { format!(" ({place} of {of})") } else { String::new() };
        format!("query {}{chosen}", output.stream)
    });
    panel(frame, right, &name, query_lines(picture, look));
    if let Some((output, ..)) = picture.output() {
        chart(frame, charted, output, look);
        let lines = row_lines(output, bottom.height.saturating_sub(1));
        panel(frame, bottom, &format!("last rows of {}", output.stream), lines);
    }
    let keys = "Tab query  ←→ column  ↑↓ shards  space halt  q quit";
    frame.render_widget(Paragraph::new(Line::styled(keys, look.colored(Color::DarkGray))), foot);
}

fn height(lines: usize, most: u16) -> u16 {
    u16::try_from(lines).unwrap_or(most).min(most)
}

/// Cuts an area in two, side by side where that leaves something to see.
fn halves(area: Rect) -> [Rect; 2] {
    let parts = [Constraint::Fill(1), Constraint::Fill(1)];
    let layout = if area.width < NARROW { Layout::vertical(parts) } else { Layout::horizontal(parts).spacing(2) };
    area.layout(&layout)
}

fn panel(frame: &mut Frame<'_>, area: Rect, title: &str, lines: Vec<Line<'_>>) {
    let block = Block::new().borders(Borders::TOP).title(format!(" {title} "));
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn title(picture: &Picture) -> Line<'static> {
    let status = picture.status();
    let name = status.map(|status| status.pipeline.clone()).or_else(|| picture.plan().map(|plan| plan.name.clone()));
    let state = match (status, picture.silent, picture.halted) {
        (_, _, true) => "halted".to_owned(),
        (None, ..) => "nobody here tells how it stands; its rows are followed".to_owned(),
        (Some(_), true, _) => "does not answer: it may have stopped".to_owned(),
        (Some(status), false, _) => {
            let place = status.place.clone().unwrap_or_else(|| status.endpoint.clone());
            format!("runs (process {}, {place})", status.pid)
        }
    };
    let clock = status.map_or_else(String::new, |status| format!("  {}", clock_text(status.now * 1000)));
    Line::from(vec![
        Span::styled(format!("pipe top  {}", name.unwrap_or_default()), BOLD),
        Span::raw(format!("  {state}{clock}")),
    ])
}

/// The time of day, to the second.
fn clock_text(micros: i64) -> String {
    let text = moment_text(micros);
    text.get(11..19).unwrap_or(&text).to_owned()
}

/// One line per query: what it reads, itself, and what it writes, with what goes there in a second.
fn graph_lines(picture: &Picture) -> Vec<Line<'static>> {
    let Some(graph) = picture.graph() else { return Vec::new() };
    let queries = graph.nodes.iter().filter(|node| node.kind == NodeKind::Query);
    let line = |query: &Node| {
        let ins: Vec<String> = into(&graph, &query.id);
        let outs: Vec<String> = graph
            .edges
            .iter()
            .filter(|edge| edge.from == query.id)
            .map(|edge| {
                let label = edge.label().map_or_else(String::new, |label| format!(" {label}"));
                format!("─{label} → {}", name(&graph, &edge.to))
            })
            .collect();
        Line::raw(format!("{} → [{}] {}", ins.join(" + "), query.name, outs.join("  ")))
    };
    queries.map(line).collect()
}

fn into(graph: &Graph, to: &str) -> Vec<String> {
    let edges = graph.edges.iter().filter(|edge| edge.to == to);
    let of = |edge: &Edge| {
        let label = edge.label().map_or_else(String::new, |label| format!(" {label}"));
        let generated = graph.edges.iter().any(|other| other.to == edge.from && other.from.starts_with("generator_"));
        format!("{}{}{label}", if generated { "⚙ " } else { "" }, name(graph, &edge.from))
    };
    edges.map(of).collect()
}

fn name<'a>(graph: &'a Graph, id: &str) -> &'a str {
    graph.nodes.iter().find(|node| node.id == id).map_or("", |node| &node.name)
}

/// The worst that there is to say, in one line.
fn problem(picture: &Picture, look: Look) -> Option<Line<'static>> {
    let findings = picture.findings();
    let worst =
        findings.iter().filter(|finding| finding.weight != Weight::Note).min_by_key(|finding| finding.weight)?;
    let color = if worst.weight == Weight::Blocked { Color::Red } else { Color::Yellow };
    let mark = if worst.weight == Weight::Blocked { "✗" } else { "!" };
    Some(Line::styled(format!("{mark} {}: {}", worst.about, worst.what), look.colored(color)))
}

fn shard_lines(picture: &Picture, look: Look) -> Vec<Line<'static>> {
    let Some(rates) = picture.rates() else { return Vec::new() };
    let mut lines = Vec::new();
    // What is bad has a stream in every pipeline; it counts where there is something in it.
    let held = |name: &str| picture.status().and_then(|status| status.streams.iter().find(|it| it.name == name));
    let streams =
        rates.streams.iter().filter(|(name, _)| *name != ERROR_STREAM || held(name).is_none_or(|it| it.records > 0));
    for (stream, rate) in streams {
        lines.push(Line::styled(format!("{stream} {}", rate_text(rate.records)), BOLD));
        lines.extend(rate.shards.iter().map(|shard| shard_line(shard, look)));
    }
    let first = picture.scrolled.min(lines.len().saturating_sub(1));
    lines.split_off(first)
}

fn shard_line(shard: &ShardRate, look: Look) -> Line<'static> {
    let part = (shard.records / SHARD_RECORDS).max(shard.bytes / SHARD_BYTES);
    let percent = format!("{:.0}%", part * 100.0);
    // A little is shown too.
    let filled = (0..BAR).filter(|cell| part > f64::from(*cell) / f64::from(BAR)).count();
    let color = if part >= 0.8 { Color::Red } else { Color::Green };
    // The last digits tell the shards of a stream apart.
    let id = shard.shard.trim_start_matches("shardId-").trim_start_matches('0');
    let id = if id.is_empty() { "0" } else { id };
    let refused = if shard.refused > 0.0 { format!("  refuses {}", rate_text(shard.refused)) } else { String::new() };
    Line::from(vec![
        Span::raw(format!("  {id:>3} {:>9} ", rate_text(shard.records))),
        Span::styled("█".repeat(filled), look.colored(color)),
        Span::raw(format!("{} {percent:>4}{refused}", "░".repeat(usize::from(BAR) - filled))),
    ])
}

fn query_lines(picture: &Picture, look: Look) -> Vec<Line<'static>> {
    let Some((query, now)) = picture.query().zip(picture.status().map(|status| status.now)) else { return Vec::new() };
    let counters = &query.counters;
    let watermark = query.watermark.map_or_else(
        || "watermark none yet".to_owned(),
        |at| format!("watermark {}, {} behind", clock_text(at), span(now.saturating_sub(at / 1000))),
    );
    let lag = format!("lag {}, read {}, rows {}", span(query.millis_behind), counters.records, counters.rows);
    let lost = format!("late {}, bad {}", counters.late, counters.bad);
    let lost_color = if counters.late + counters.bad > 0 { Color::Yellow } else { Color::Reset };
    let mut lines = vec![Line::raw(watermark), Line::raw(lag), Line::styled(lost, look.colored(lost_color))];
    lines.push(Line::raw(format!(
        "{}, {}",
        count(query.open_windows, "open window", "open windows"),
        count(query.open_groups, "group", "groups")
    )));
    lines.extend(query.closing.iter().map(|window| window_line(query, window)));
    lines
}

fn window_line(query: &QueryStatus, window: &OpenWindow) -> Line<'static> {
    let left = query.watermark.map(|at| window.closes.saturating_sub(at) / 1000);
    let closes = left.map_or_else(String::new, |left| format!("{} left, ", span(left.max(0))));
    let bounds = format!("{}–{}", clock_text(window.start), clock_text(window.end));
    Line::raw(format!(" {bounds} {closes}{}", count(window.groups, "group", "groups")))
}

/// A span of time, short.
fn span(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let millis = millis.unsigned_abs();
    match millis {
        0..10_000 => format!("{sign}{}.{} s", millis / 1000, millis % 1000 / 100),
        10_000..120_000 => format!("{sign}{} s", millis / 1000),
        120_000..7_200_000 => format!("{sign}{} min", millis / 60_000),
        _ => format!("{sign}{} h", millis / 3_600_000),
    }
}

fn chart(frame: &mut Frame<'_>, area: Rect, output: &Output, look: Look) {
    let lines = output.series.greatest(LINES);
    let keys = output.series.keys();
    let named = MARKERS.iter().zip(&lines).filter(|(_, (key, _))| !key.is_empty());
    let named = named.enumerate().flat_map(|(place, ((_, sign), (key, _)))| {
        [Span::styled(format!(" {sign} "), look.colored(COLORS[place])), Span::raw(format!("{key} "))]
    });
    let more = if keys > lines.len() { format!(" of {keys} keys ") } else { String::new() };
    let column = output.column().map_or_else(|| " no column to chart ".to_owned(), |column| format!(" {column} "));
    let title: Line<'_> = std::iter::once(Span::raw(column)).chain(named).chain([Span::raw(more)]).collect();
    let block = Block::new().borders(Borders::TOP).title(title);
    let points = || lines.iter().flat_map(|(_, points)| points);
    if lines.is_empty() || area.height < 4 {
        let waiting = Paragraph::new("no row with a number yet").block(block);
        return frame.render_widget(waiting, area);
    }
    let bounds = |pick: fn(&(f64, f64)) -> f64| {
        let low = points().map(pick).fold(f64::INFINITY, f64::min);
        let high = points().map(pick).fold(f64::NEG_INFINITY, f64::max);
        if low < high { [low, high] } else { [low - 0.5, high + 0.5] }
    };
    let (times, values) = (bounds(|(time, _)| *time), bounds(|(_, value)| *value));
    let sets = lines.iter().enumerate().map(|(place, (_, points))| {
        let (marker, _) = MARKERS[place];
        let kind = if marker == Marker::Braille { GraphType::Line } else { GraphType::Scatter };
        Dataset::default().marker(marker).graph_type(kind).style(look.colored(COLORS[place])).data(points)
    });
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of our time")]
    let clock = |millis: f64| clock_text((millis as i64).saturating_mul(1000));
    let chart = Chart::new(sets.collect())
        .block(block)
        .x_axis(Axis::default().bounds(times).labels([clock(times[0]), clock(times[1])]))
        .y_axis(Axis::default().bounds(values).labels(values.map(|value| format!("{value:.2}"))));
    frame.render_widget(chart, area);
}

/// The last rows, the newest last, in columns.
fn row_lines(output: &Output, height: u16) -> Vec<Line<'static>> {
    let fit = usize::from(height).saturating_sub(1);
    let rows: Vec<Vec<String>> = output
        .rows
        .iter()
        .rev()
        .take(fit)
        .map(|row| {
            let cell = |column: &String| {
                let full = shown(row.get(column));
                // The date of a moment says nothing that a person who looks on does not know.
                let moment = full.len() == 23 && full.as_bytes()[10] == b'T';
                if moment { full[11..19].to_owned() } else { full }
            };
            output.columns.iter().map(cell).collect()
        })
        .collect();
    let width = |place: usize| {
        let cells = rows.iter().map(|row| row[place].chars().count());
        cells.chain([output.columns[place].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..output.columns.len()).map(width).collect();
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| {
            if cell.parse::<f64>().is_ok() { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        Line::raw(cells.collect::<Vec<_>>().join("  "))
    };
    std::iter::once(line(&output.columns)).chain(rows.iter().rev().map(|row| line(row))).collect()
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::deploy::local::{RunStatus, ShardStatus, StreamStatus};
    use crate::document::Document;
    use crate::engine::{Counters, TimeKind};
    use crate::plan::Plan;
    use crate::spec::Spec;

    const FILE: &str = include_str!("../../../pipelines/ticker.toml");

    /// The pipeline of the README after so many seconds.
    fn status(seconds: u64) -> RunStatus {
        let load = |shard: u32, each: u64| ShardStatus {
            shard: format!("shardId-{shard:012}"),
            records: each * seconds,
            bytes: 100 * each * seconds,
            refused: 0,
        };
        let stream = |name: &str, loads: Vec<ShardStatus>| StreamStatus {
            name: name.to_owned(),
            shards: loads.len(),
            records: loads.iter().map(|load| load.records).sum(),
            bytes: 0,
            loads,
        };
        let now = 1_780_000_000_000 + i64::try_from(seconds).unwrap() * 1000;
        let window = OpenWindow {
            closes: (now / 10_000 + 1) * 10_000_000,
            start: now / 10_000 * 10_000_000,
            end: (now / 10_000 + 1) * 10_000_000,
            groups: 3,
        };
        RunStatus {
            pipeline: "ticker".to_owned(),
            pid: 42,
            endpoint: "http://127.0.0.1:4567".to_owned(),
            now,
            streams: vec![
                stream("averages", vec![load(0, 1)]),
                stream("error_stream", vec![load(0, 0)]),
                stream("trades", vec![load(0, 850), load(1, 100)]),
            ],
            generators: Vec::new(),
            queries: vec![QueryStatus {
                name: "averages".to_owned(),
                from: "trades".to_owned(),
                counters: Counters { records: 950 * seconds, late: 3, bad: 0, windows: 2, rows: 6 },
                watermark: Some((now - 2_000) * 1000),
                open_windows: 1,
                open_groups: 3,
                time: TimeKind::Event,
                closing: vec![window],
                ..QueryStatus::default()
            }],
            job: None,
            place: None,
            waiting: None,
        }
    }

    fn picture() -> Picture {
        let document = Document::new("ticker.toml", FILE);
        let spec = Spec::read(&document).unwrap();
        let target = spec.targets.iter().find(|target| target.name == "local").unwrap();
        let plan = Plan::resolve(&document, &spec, target).unwrap();
        let columns = ["ticker", "window_start", "window_end", "trades", "low", "high", "avg_price"];
        let mut picture = Picture::of(Some(plan), vec![("averages".to_owned(), columns.map(str::to_owned).to_vec())]);
        picture.stands(Some(status(100)));
        picture.stands(Some(status(101)));
        for window in 0..4 {
            for (place, ticker) in (0u32..).zip(["AAPL", "AMZN", "MSFT"]) {
                let price = 100.0 * f64::from(place + 1) + 7.0 * f64::from(window);
                let row = format!(
                    r#"{{"ticker":"{ticker}","window_start":"2026-05-28T20:26:{0}0.000","window_end":"2026-05-28T20:26:{1}0.000","trades":{2},"low":{price},"high":{price},"avg_price":{price}}}"#,
                    window,
                    window + 1,
                    600 + place
                );
                picture.rows(0, &[row.into_bytes()]);
            }
        }
        picture.choose(None, Some("avg_price")).unwrap();
        picture
    }

    fn drawn(picture: &Picture, (width, height): (u16, u16)) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, picture, Look { color: false })).unwrap();
        let cells = terminal.backend().buffer().content().iter();
        assert!(
            cells.clone().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset),
            "no colour was asked for"
        );
        terminal.backend().to_string()
    }

    #[test]
    fn all_of_it_is_there_on_a_terminal_of_the_usual_size() {
        insta::assert_snapshot!(drawn(&picture(), (80, 24)), @r##"
        "pipe top  ticker  runs (process 42, http://127.0.0.1:4567)  20:28:21            "
        "⚙ trades 950/s → [averages] ─ 0/s → averages                                    "
        "! query averages: 3 rows came when their windows were over                      "
        " into shards, of their limit ──────────   query averages ───────────────────────"
        "averages 1.0/s                           watermark 20:28:19, 2.0 s behind       "
        "    0     1.0/s █░░░░░░░   0%            lag 0.0 s, read 95950, rows 6          "
        "trades 950/s                             late 3, bad 0                          "
        "    0     850/s ███████░  85%            1 open window, 3 groups                "
        "    1     100/s █░░░░░░░  10%             20:28:20–20:28:30 11 s left, 3 groups "
        "                                                                                "
        " avg_price  ⣿ AAPL  • AMZN  ▀ MSFT ─────────────────────────────────────────────"
        "321.00 │▄                       ▄                      ▀                       ▀"
        "       │                                                                        "
        "       │•                       •                      •                       •"
        "       │                                                                        "
        "100.00 │⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⡠⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒"
        "       └────────────────────────────────────────────────────────────────────────"
        "20:26:10                                                                20:26:40"
        " last rows of averages ─────────────────────────────────────────────────────────"
        "ticker  window_start  window_end  trades  low  high  avg_price                  "
        "AAPL    20:26:30      20:26:40       600  121   121        121                  "
        "AMZN    20:26:30      20:26:40       601  221   221        221                  "
        "MSFT    20:26:30      20:26:40       602  321   321        321                  "
        "Tab query  ←→ column  ↑↓ shards  space halt  q quit                             "
        "##);
    }

    #[test]
    fn any_size_has_a_picture() {
        let whole = picture();
        let empty = Picture::of(None, Vec::new());
        for size in [(200, 60), (120, 40), (80, 24), (60, 20), (40, 12), (20, 5), (7, 3), (1, 1), (3, 40), (250, 1)] {
            drawn(&whole, size);
            drawn(&empty, size);
        }
    }

    #[test]
    fn what_is_wrong_stands_above_all() {
        let mut picture = picture();
        picture.stands(None);
        let text = drawn(&picture, (100, 24));
        assert!(text.contains("does not answer"), "{text}");
        assert!(text.contains("! query averages: 3 rows came when their windows were over"), "{text}");
    }
}
