//! What one group holds of an aggregate that `DataFusion` has no accumulator for.

use datafusion_common::DataFusionError;
use hashbrown::HashSet;

use super::distinct_count::DistinctCount;
use super::moments::Moments;
use super::quantile::Quantiles;

/// The value of a group so far. Each can be written as bytes, and read and merged again.
#[derive(Debug, Clone)]
pub(super) enum Held {
    /// The value whose place in the order of arrival is first, or last.
    End(End),
    /// The values seen, in Arrow's row format.
    Distinct(HashSet<Box<[u8]>>),
    /// The values by size.
    Quantiles(Quantiles),
    /// About how many values.
    DistinctCount(DistinctCount),
    /// Mean and spread.
    Moments(Moments),
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct End {
    last: bool,
    /// The place and the value, in Arrow's row format; nothing before the first.
    best: Option<(i64, Vec<u8>)>,
}

impl End {
    pub(super) fn new(last: bool) -> Self {
        Self { last, best: None }
    }

    /// Takes a value. Of equal places, the one that is taken first is the first.
    pub(super) fn offer(&mut self, order: i64, value: &[u8]) {
        match &mut self.best {
            None => self.best = Some((order, value.to_vec())),
            Some((known, held)) if if self.last { order >= *known } else { order < *known } => {
                *known = order;
                held.clear();
                held.extend_from_slice(value);
            }
            Some(_) => {}
        }
    }

    pub(super) fn value(&self) -> Option<&[u8]> {
        self.best.as_ref().map(|(_, value)| value.as_slice())
    }
}

impl Held {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::End(end) => match &end.best {
                None => Vec::new(),
                Some((order, value)) => [&order.to_le_bytes(), value.as_slice()].concat(),
            },
            Self::Distinct(values) => {
                let mut bytes = Vec::new();
                for value in in_order(values) {
                    bytes.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
                    bytes.extend(value);
                }
                bytes
            }
            Self::Quantiles(quantiles) => quantiles.to_bytes(),
            Self::DistinctCount(count) => count.to_bytes(),
            Self::Moments(moments) => moments.to_bytes(),
        }
    }

    /// Takes up what another group of the same aggregate held.
    pub(super) fn merge(&mut self, bytes: &[u8]) -> Result<(), DataFusionError> {
        let damaged = || DataFusionError::Execution("the saved state of an aggregate is damaged".to_owned());
        match self {
            Self::End(end) => {
                if !bytes.is_empty() {
                    let (order, value) = bytes.split_first_chunk::<8>().ok_or_else(damaged)?;
                    end.offer(i64::from_le_bytes(*order), value);
                }
            }
            Self::Distinct(values) => {
                let mut rest = bytes;
                while let Some((length, behind)) = rest.split_first_chunk::<4>() {
                    let length = u32::from_le_bytes(*length) as usize;
                    let (value, behind) = behind.split_at_checked(length).ok_or_else(damaged)?;
                    if !values.contains(value) {
                        values.insert(value.into());
                    }
                    rest = behind;
                }
                if !rest.is_empty() {
                    return Err(damaged());
                }
            }
            Self::Quantiles(quantiles) => quantiles.merge(&Quantiles::from_bytes(bytes).ok_or_else(damaged)?),
            Self::DistinctCount(count) => count.merge(DistinctCount::from_bytes(bytes).ok_or_else(damaged)?),
            Self::Moments(moments) => moments.merge(Moments::from_bytes(bytes).ok_or_else(damaged)?),
        }
        Ok(())
    }

    pub(super) fn size(&self) -> usize {
        let more = match self {
            Self::End(end) => end.value().map_or(0, <[u8]>::len),
            Self::Distinct(values) => values.iter().map(|value| value.len() + 32).sum(),
            Self::Quantiles(quantiles) => quantiles.size(),
            Self::DistinctCount(count) => count.size(),
            Self::Moments(_) => 0,
        };
        size_of::<Self>() + more
    }
}

/// Returns values in an order that depends on them alone.
pub(super) fn in_order(values: &HashSet<Box<[u8]>>) -> Vec<&[u8]> {
    let mut sorted: Vec<&[u8]> = values.iter().map(|value| &**value).collect();
    sorted.sort_unstable();
    sorted
}
