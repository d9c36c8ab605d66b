//! How long a record matters: the moment at which time has passed everything that a query still does with it.

use crate::plan::{Operator, Relation, RowTime};
use crate::window::{Micros, Shape};

use super::join;

/// One millisecond, the finest step of a window.
pub(super) const MILLI: Micros = 1000;

/// The relations of one query as far as they hold rows back.
#[derive(Debug)]
pub(super) struct Outlook {
    holds: Vec<Hold>,
    /// For each relation: those that are made of it.
    readers: Vec<Vec<usize>>,
}

/// How long a relation keeps what a row is made into.
#[derive(Debug, Clone, Copy)]
enum Hold {
    /// It is passed on at once.
    Nothing,
    /// Until its windows are over.
    Window(Shape, RowTime),
    /// Until its millisecond is over; the watermark behind it is held back by so much.
    Moment,
    /// Until no partner can come any more; the watermark behind it is held back by so much.
    Pair { bound: Micros, delay: Micros },
}

impl Outlook {
    /// Takes the relations of a query, each behind those that it is made of.
    pub(super) fn new(relations: &[Relation]) -> Self {
        let mut readers = vec![Vec::new(); relations.len()];
        for (node, relation) in relations.iter().enumerate() {
            for input in relation.operator.inputs() {
                readers[input].push(node);
            }
        }
        Self { holds: relations.iter().map(Hold::of).collect(), readers }
    }

    /// Returns the moment at which a row of a relation, by its place in the query, is done with; a later one where what
    /// is made of it goes several ways.
    pub(super) fn until(&self, node: usize, moment: Micros) -> Micros {
        // Readers stand behind what they read: one pass, in which each relation has the latest time of what reaches it,
        // and how much later than the query it sees time.
        let mut reached: Vec<Option<(Micros, Micros)>> = vec![None; self.holds.len()];
        reached[node] = Some((moment, 0));
        let mut until = Micros::MIN;
        for index in node..self.holds.len() {
            let Some((latest, behind)) = reached[index] else { continue };
            let (held, made) = self.holds[index].hold(latest);
            until = until.max(held.saturating_add(behind));
            let behind = behind.saturating_add(self.holds[index].delay());
            for reader in &self.readers[index] {
                let (known, lag) = reached[*reader].unwrap_or((Micros::MIN, 0));
                reached[*reader] = Some((known.max(made), lag.max(behind)));
            }
        }
        until
    }

    /// Returns how far the watermark behind a relation, by its place in the query, is behind the query's own.
    pub(super) fn delay(&self, relations: &[Relation], node: usize) -> Micros {
        let mut delays: Vec<Micros> = Vec::with_capacity(node + 1);
        for (relation, hold) in relations.iter().zip(&self.holds).take(node + 1) {
            let slowest = relation.operator.inputs().into_iter().map(|input| delays[input]).max().unwrap_or(0);
            delays.push(slowest.saturating_add(hold.delay()));
        }
        delays.last().copied().unwrap_or(0)
    }
}

impl Hold {
    fn of(relation: &Relation) -> Self {
        match &relation.operator {
            Operator::Group(group) => Self::Window(group.window.shape(), group.row_time),
            Operator::Over(over) => Self::Window(Shape::Frame(over.frame), RowTime::LastMilli),
            Operator::Join(join) => {
                Self::Pair { bound: join.before.max(join.after).saturating_add(MILLI), delay: join::delay(join) }
            }
            Operator::Rank(_) => Self::Moment,
            Operator::Read(_)
            | Operator::Select(_)
            | Operator::Union(_)
            | Operator::Lookup(_)
            | Operator::Forest(_)
            | Operator::Hotspots(_) => Self::Nothing,
        }
    }

    /// Returns how far the watermark is held back.
    fn delay(self) -> Micros {
        match self {
            Self::Pair { delay, .. } => delay,
            Self::Moment => MILLI,
            Self::Nothing | Self::Window(..) => 0,
        }
    }

    /// Returns until when a row of a time is held, and the latest time of what is made of it.
    fn hold(self, moment: Micros) -> (Micros, Micros) {
        match self {
            Self::Nothing => (moment, moment),
            Self::Moment => (moment.saturating_add(MILLI), moment),
            Self::Pair { bound, .. } => {
                // One moment more: it is the watermark behind the last partner's time that says that none comes.
                let end = moment.saturating_add(bound).saturating_add(1);
                (end, end)
            }
            Self::Window(shape, row_time) => {
                let end = match shape {
                    Shape::Panes(panes) => panes.last_end(panes.pane(moment)),
                    Shape::Session(length) | Shape::Stagger(length) => moment.saturating_add(length),
                    Shape::Frame(_) => moment.saturating_add(MILLI),
                };
                let made = if row_time == RowTime::End { end } else { end.saturating_sub(MILLI) };
                (end, made)
            }
        }
    }
}
