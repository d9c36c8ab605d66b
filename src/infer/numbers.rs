//! What numbers are like.

/// Moments and quantiles of some numbers.
#[derive(Debug, Clone)]
pub(super) struct Statistics {
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) mean: f64,
    pub(super) deviation: f64,
    /// 0 where both sides are alike.
    pub(super) skew: f64,
    /// 3 for a normal distribution, 1.8 for a uniform one.
    pub(super) kurtosis: f64,
    sorted: Vec<f64>,
}

impl Statistics {
    /// Looks at numbers; there is at least one.
    #[expect(clippy::cast_precision_loss, reason = "a sample is small")]
    pub(super) fn of(numbers: &[f64]) -> Self {
        let count = numbers.len().max(1) as f64;
        let mean = numbers.iter().sum::<f64>() / count;
        let moment = |power: i32| numbers.iter().map(|number| (number - mean).powi(power)).sum::<f64>() / count;
        let deviation = moment(2).sqrt();
        let scaled = |power: i32| if deviation > 0.0 { moment(power) / deviation.powi(power) } else { 0.0 };
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        Self {
            min: sorted.first().copied().unwrap_or_default(),
            max: sorted.last().copied().unwrap_or_default(),
            mean,
            deviation,
            skew: scaled(3),
            kurtosis: scaled(4),
            sorted,
        }
    }

    /// Returns the number below which so great a share of all lies.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in a sample"
        )]
        let place = (share * self.sorted.len().saturating_sub(1) as f64).round() as usize;
        self.sorted.get(place).copied().unwrap_or_default()
    }
}

/// Returns how much a number says of the next one: 1 where they follow each other closely, 0 where not at all.
#[expect(clippy::cast_precision_loss, reason = "a sample is small")]
pub(super) fn following(series: &[Vec<f64>]) -> f64 {
    let pairs: Vec<(f64, f64)> =
        series.iter().flat_map(|numbers| numbers.windows(2).map(|pair| (pair[0], pair[1]))).collect();
    let count = pairs.len().max(1) as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let (first, second) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let covariance = pairs.iter().map(|pair| (pair.0 - first) * (pair.1 - second)).sum::<f64>();
    let variance =
        |of: fn(&(f64, f64)) -> f64, mean: f64| pairs.iter().map(|pair| (of(pair) - mean).powi(2)).sum::<f64>();
    let scale = (variance(|pair| pair.0, first) * variance(|pair| pair.1, second)).sqrt();
    if scale > 0.0 { covariance / scale } else { 0.0 }
}
