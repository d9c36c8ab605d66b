//! `pipe top`

mod picture;
mod screen;

use std::sync::Arc;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::Size;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::deploy::local::{Contact, RunStatus};
use crate::error::Error;
use crate::streams::{Follower, Log, Manners, Position, now};
use crate::ui::Ui;

use super::followed::{Target, Which};
use picture::{Move, Picture};
use screen::Look;

/// How often the picture is drawn anew: as often as a person can read numbers that change.
const DRAW: Duration = Duration::from_millis(250);
/// How often it is asked how the pipeline stands; rates are those between two answers.
const ASK: Duration = Duration::from_secs(1);
/// How long it is looked at keys before it is looked whether the picture is still wanted.
const KEY_PATIENCE: Duration = Duration::from_millis(100);
/// The size of a picture that nobody's terminal limits.
const SIZE: Size = Size { width: 80, height: 24 };

/// Watch a running pipeline on the whole screen
///
/// Shows what comes and goes over each edge in a second, each shard against its limit, the watermark and how far behind it is,
/// the windows that are open and when they close, late and bad records, the last rows, and a chart of one column by key.
///
/// Keys: Tab and Shift-Tab choose the query, left and right the column of the chart, up and down the part of a long list,
/// space halts the picture, q ends it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe top\n  pipe top ticker --query averages --chart avg_price\n  pipe top ticker --once > now.txt"
)]
pub(super) struct Args {
    /// A pipeline file, or the name of a pipeline
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// What is on this target, whoever put it there; not given, it is what was put to work from this folder
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,

    /// The query to begin with
    #[arg(long, value_name = "QUERY")]
    query: Option<String>,

    /// The column of the chart to begin with
    #[arg(long, value_name = "COLUMN")]
    chart: Option<String>,

    /// Look for some seconds, write one picture as text, and end; 80 columns and 24 lines where it goes to no terminal
    #[arg(long)]
    once: bool,

    /// How long `--once` looks
    #[arg(long = "for", value_name = "DURATION", default_value = "3s", requires = "once", value_parser = humantime::parse_duration)]
    duration: Duration,
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    if !args.once && !ui.is_watched() {
        return Err(Error::Usage {
            message: "`pipe top` draws on a terminal, and stdout is none".to_owned(),
            hint: "`pipe top --once` writes one picture as text; `pipe status` and `pipe tail` are for programs"
                .to_owned(),
        });
    }
    let mut watch = Watch::open(args, ui).await?;
    let look = Look { color: ui.color() };
    if args.once {
        return watch.once(args.duration, look, ui).await;
    }
    let mut terminal = ratatui::try_init().map_err(Error::stdout)?;
    let ended = watch.until_quit(&mut terminal, look).await;
    ratatui::restore();
    ended
}

/// A pipeline that is looked at.
struct Watch {
    picture: Picture,
    /// What has been seen since. It is looked on a task of its own: who does not answer keeps nobody from ending it.
    news: mpsc::Receiver<News>,
}

/// What was seen.
enum News {
    /// How the pipeline stands; nothing where it does not answer.
    Stands(Option<Box<RunStatus>>),
    /// Rows of a stream, by its place.
    Rows(usize, Vec<Vec<u8>>),
}

/// How many news wait to be drawn.
const WAITING: usize = 64;

impl Watch {
    async fn open(args: &Args, ui: &Ui) -> Result<Self, Error> {
        let which = Which { pipeline: args.pipeline.as_deref(), stream: None, target: args.target.as_deref() };
        let mut target = Target::open(which, ui).await?;
        if !target.live {
            return Err(Error::Unavailable {
                message: "the pipeline does not run".to_owned(),
                hint: "`pipe up -d` runs it in the background; `pipe status` tells of what is at rest".to_owned(),
            });
        }
        let contact = target.take_contact();
        let names: Vec<String> = target.streams.iter().map(|(name, _)| name.clone()).collect();
        let manners = if target.elsewhere { Manners::ELSEWHERE } else { Manners::HERE };
        let follower = Follower::open(Arc::clone(&target.log), &names, &Position::Latest, manners).await?;
        let mut picture = Picture::of(target.plan, target.streams);
        picture.choose(args.query.as_deref(), args.chart.as_deref())?;
        let (sender, news) = mpsc::channel(WAITING);
        if let Some(contact) = contact {
            tokio::spawn(ask(contact, sender.clone()));
        }
        tokio::spawn(follow(target.log, names, (follower, manners), sender));
        Ok(Self { picture, news })
    }

    fn take(&mut self, news: News) {
        match news {
            News::Stands(status) => self.picture.stands(status.map(|status| *status)),
            News::Rows(stream, records) => self.picture.rows(stream, &records),
        }
    }

    async fn once(&mut self, duration: Duration, look: Look, ui: &Ui) -> Result<(), Error> {
        // One answer at least.
        let ends = Instant::now() + duration.max(ASK / 2);
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return Err(Error::Interrupted),
                Some(news) = self.news.recv() => self.take(news),
                () = sleep_until(ends) => break,
            }
        }
        let size = if ui.is_watched() { ratatui::crossterm::terminal::size().map_or(SIZE, Size::from) } else { SIZE };
        let mut terminal = Terminal::new(TestBackend::new(size.width, size.height)).expect("a picture in memory");
        terminal.draw(|frame| screen::draw(frame, &self.picture, look)).expect("a picture in memory");
        let buffer = terminal.backend().buffer();
        for line in buffer.content().chunks(usize::from(size.width.max(1))) {
            let text: String = line.iter().map(ratatui::buffer::Cell::symbol).collect();
            ui.data(text.trim_end()).map_err(Error::stdout)?;
        }
        Ok(())
    }

    async fn until_quit(&mut self, terminal: &mut ratatui::DefaultTerminal, look: Look) -> Result<(), Error> {
        let mut keys = keys();
        let mut draw = interval(DRAW);
        draw.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                key = keys.recv() => match key {
                    Some(Event::Key(key)) if is_end(&key) => return Ok(()),
                    Some(Event::Key(key)) => {
                        if let Some(step) = step(&key) {
                            self.picture.go(step);
                        }
                    }
                    // A new size is drawn at once.
                    Some(_) => {}
                    None => return Ok(()),
                },
                Some(news) = self.news.recv() => {
                    self.take(news);
                    // What comes is drawn with the next tick, however much it is.
                    continue;
                }
                _ = draw.tick() => {}
            }
            terminal.draw(|frame| screen::draw(frame, &self.picture, look)).map_err(Error::stdout)?;
        }
    }
}

/// Asks again and again how a pipeline stands, until nobody wants to know.
async fn ask(contact: Contact, sender: mpsc::Sender<News>) {
    let mut due = interval(ASK);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        let status = contact.status().await.map(Box::new);
        if sender.send(News::Stands(status)).await.is_err() {
            return;
        }
    }
}

/// Follows streams until nobody wants to know. What cannot be read for now is read later, from where it was.
async fn follow(
    log: Arc<dyn Log>,
    names: Vec<String>,
    (mut follower, manners): (Follower, Manners),
    sender: mpsc::Sender<News>,
) {
    let mut due = interval(manners.pause);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut since = now();
    loop {
        due.tick().await;
        if let Ok((brought, _)) = follower.poll().await {
            for followed in brought {
                since = followed.marks.last().map_or(since, |(arrival, _)| since.max(arrival + 1));
                if sender.send(News::Rows(followed.stream, followed.records)).await.is_err() {
                    return;
                }
            }
        } else if let Ok(again) = Follower::open(Arc::clone(&log), &names, &Position::AtTime(since), manners).await {
            follower = again;
        }
        if sender.is_closed() {
            return;
        }
    }
}

/// Reads keys, on a thread of its own: they are waited for.
fn keys() -> mpsc::Receiver<Event> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        while !sender.is_closed() {
            let next = match event::poll(KEY_PATIENCE) {
                Ok(true) => event::read(),
                Ok(false) => continue,
                Err(error) => Err(error),
            };
            // A terminal that is gone is the end.
            let Ok(event) = next else { return };
            if sender.blocking_send(event).is_err() {
                return;
            }
        }
    });
    receiver
}

fn is_end(key: &KeyEvent) -> bool {
    let interrupts = key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char('c' | 'd'));
    key.kind == KeyEventKind::Press && (interrupts || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc))
}

fn step(key: &KeyEvent) -> Option<Move> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    Some(match key.code {
        KeyCode::Tab | KeyCode::Char('n') => Move::Query(1),
        KeyCode::BackTab | KeyCode::Char('p') => Move::Query(-1),
        KeyCode::Right | KeyCode::Char('l') => Move::Column(1),
        KeyCode::Left | KeyCode::Char('h') => Move::Column(-1),
        KeyCode::Down | KeyCode::Char('j') => Move::Scroll(1),
        KeyCode::Up | KeyCode::Char('k') => Move::Scroll(-1),
        KeyCode::Char(' ') => Move::Halt,
        _ => return None,
    })
}
