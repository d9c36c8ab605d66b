//! What all of it comes to.

use serde::Serialize;

use super::{Basis, Cents, Part, Price, Prices, Usage};

/// The price of a month, part by part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bill {
    /// The region that the prices are of, where one is known.
    pub region: Option<String>,
    /// The name of the table of prices.
    pub prices: String,
    /// What follows from the file.
    pub declared: Cents,
    /// What is assumed.
    pub assumed: Between<Cents>,
    /// Both together.
    pub total: Between<Cents>,
    /// Whether all parts are known: otherwise it costs more than `total` says.
    pub complete: bool,
    /// Its parts.
    pub lines: Vec<Line>,
}

/// A range, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Between<T> {
    /// The least.
    pub low: T,
    /// The most.
    pub high: T,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What is charged for.
    pub what: String,
    /// Of what.
    pub of: String,
    /// Where the quantity comes from.
    pub basis: Basis,
    /// How much of it there is in a month.
    pub quantity: Option<Between<f64>>,
    /// What `quantity` counts and `price` is for.
    pub unit: Option<&'static str>,
    /// What one of it costs.
    pub price: Option<Price>,
    /// What it comes to.
    pub usd: Option<Between<Cents>>,
    /// Why the quantity is assumed to be that.
    pub why: Option<String>,
    /// Why it is not known what it comes to.
    pub unknown: Option<String>,
}

impl Bill {
    /// Makes the bill of a month in a region.
    pub fn of(usage: &Usage, prices: &Prices, region: Option<&str>) -> Self {
        let mut lines: Vec<Line> =
            usage.parts(&prices.assumed).into_iter().map(|part| Line::of(part, prices, region)).collect();
        lines.extend(usage.others.iter().map(|(what, of, why)| Line {
            what: what.clone(),
            of: of.clone(),
            basis: Basis::Assumed,
            quantity: None,
            unit: None,
            price: None,
            usd: None,
            why: None,
            unknown: Some(why.clone()),
        }));
        let sum = |basis: Basis, end: fn(&Between<Cents>) -> Cents| {
            let known = lines.iter().filter(|line| line.basis == basis).filter_map(|line| line.usd.as_ref());
            known.fold(Cents::default(), |sum, usd| sum.plus(end(usd)))
        };
        let declared = sum(Basis::Declared, |usd| usd.high);
        let assumed = Between { low: sum(Basis::Assumed, |usd| usd.low), high: sum(Basis::Assumed, |usd| usd.high) };
        Self {
            region: region.map(str::to_owned),
            prices: prices.name.clone(),
            declared,
            assumed,
            total: Between { low: declared.plus(assumed.low), high: declared.plus(assumed.high) },
            complete: lines.iter().all(|line| line.unknown.is_none()),
            lines,
        }
    }

    /// Returns the parts of which it is not known what they come to.
    pub fn unknown(&self) -> impl Iterator<Item = (&Line, &str)> {
        self.lines.iter().filter_map(|line| Some((line, line.unknown.as_deref()?)))
    }
}

impl Line {
    fn of(part: Part, prices: &Prices, region: Option<&str>) -> Self {
        let price = region.and_then(|region| prices.of(region, part.item)).cloned();
        let quantity = part.quantity.as_ref().ok().map(|(low, high)| Between { low: *low, high: *high });
        let usd = quantity.zip(price.as_ref()).map(|(quantity, price)| Between {
            low: Cents::round(quantity.low * price.usd),
            high: Cents::round(quantity.high * price.usd),
        });
        let unpriced = || match region {
            None => "no region is set".to_owned(),
            Some(region) if !prices.has(region) => format!("{} has no prices of {region}", prices.name),
            Some(region) => format!("{} has no `{}` of {region}", prices.name, part.item.key()),
        };
        let unknown = match (&part.quantity, &price) {
            (Err(why), _) => Some(why.clone()),
            (Ok(_), None) => Some(unpriced()),
            _ => None,
        };
        Self {
            what: part.item.name().to_owned(),
            of: part.of,
            basis: part.basis,
            quantity,
            unit: Some(part.item.unit()),
            price,
            usd,
            why: part.why,
            unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::super::capacity::{Load, Traffic};
    use super::super::{Flow, StreamUse};
    use super::*;
    use crate::streams::Capacity;

    const DAY: Duration = Duration::from_hours(24);

    fn stream(capacity: Capacity, retention: Duration, flow: Flow) -> StreamUse {
        StreamUse {
            name: "trades".to_owned(),
            capacity,
            retention,
            readers: 1,
            archived: false,
            encrypted: false,
            flow,
        }
    }

    fn traffic(records: f64, bytes: f64) -> Flow {
        Flow::Made(Box::new(Traffic {
            records_per_second: records,
            peak_records_per_second: records,
            bytes_per_record: bytes,
            units_per_record: 1.0,
            rounded_bytes_per_record: (bytes / 1024.0).ceil() * 1024.0,
            delivered_bytes_per_record: 5120.0,
            largest_record: 100,
            keys: Vec::new(),
            rest: Load { records, bytes: records * bytes },
        }))
    }

    fn bill(usage: &Usage) -> Bill {
        Bill::of(usage, &Prices::built_in(), Some("us-east-1"))
    }

    fn costs(bill: &Bill) -> Vec<(&str, String)> {
        let of = |line: &Line| line.usd.map_or_else(|| "unknown".to_owned(), |usd| usd.high.to_string());
        bill.lines.iter().map(|line| (line.what.as_str(), of(line))).collect()
    }

    fn of_streams(streams: Vec<StreamUse>) -> Bill {
        bill(&Usage { streams, ..Usage::default() })
    }

    #[test]
    fn a_stream_with_shards_costs_hours_and_units() {
        let day = of_streams(vec![stream(Capacity::Provisioned(2), DAY, traffic(200.0, 100.0))]);
        // 2 * 730 * 0.015, and 200 * 2,628,000 / 1,000,000 * 0.014.
        assert_eq!(costs(&day), [("shard-hours", "21.90".into()), ("PUT payload units", "7.36".into())]);
        assert_eq!((day.declared, day.complete), (Cents(2926), true));
        let month = of_streams(vec![stream(Capacity::Provisioned(2), 30 * DAY, traffic(200.0, 100.0))]);
        // 2 * 730 * 0.02, and 200 * 100 bytes over 23 days at 0.023 a gigabyte.
        let kept = [("retention up to a week", "29.20".into()), ("retention beyond a week", "0.85".into())];
        assert_eq!(costs(&month)[2..], kept);
    }

    #[test]
    fn a_stream_on_demand_costs_hours_and_gigabytes() {
        let week = of_streams(vec![stream(Capacity::OnDemand, 7 * DAY, traffic(1000.0, 1000.0))]);
        // 1,000 bytes count as 1,024: 2,506.3 GB in a month, 482.8 GB in six days.
        let expected = [
            ("on-demand stream-hours", "29.20".to_owned()),
            ("on-demand data in", "200.50".to_owned()),
            ("on-demand data out", "100.25".to_owned()),
            ("on-demand retention up to a week", "48.28".to_owned()),
        ];
        assert_eq!(costs(&week), expected);
        let unknown = of_streams(vec![stream(Capacity::OnDemand, DAY, Flow::Unknown("nobody says it".to_owned()))]);
        assert_eq!(costs(&unknown)[1], ("on-demand data in", "unknown".to_owned()));
        assert_eq!((unknown.complete, unknown.unknown().count()), (false, 2));
    }

    #[test]
    fn an_archive_costs_what_is_delivered_and_what_is_kept() {
        let archived = StreamUse { archived: true, ..stream(Capacity::Provisioned(1), DAY, traffic(200.0, 1000.0)) };
        let bill = of_streams(vec![archived]);
        // Each record counts as 5 KB: 2,506.3 GB at 0.029; and up to 489.5 GB at 0.023.
        let expected = [("archived by Firehose", "72.68".to_owned()), ("objects in S3", "11.26".to_owned())];
        assert_eq!(costs(&bill)[2..], expected);
        assert_eq!((bill.assumed.low, bill.assumed.high), (Cents(0), Cents(1126)));
    }

    #[test]
    fn an_application_costs_one_unit_more_than_it_works_with() {
        let usage = Usage { application: Some(("ticker".to_owned(), 2)), ..Usage::default() };
        let bill = bill(&usage);
        // 3 * 730 * 0.11, and 100 gigabytes at 0.10.
        assert_eq!(
            costs(&bill)[..2],
            [("KPU-hours", "240.90".into()), ("running application storage", "10.00".into())]
        );
        assert_eq!(bill.declared, Cents(25_090));
        assert!(bill.assumed.low < bill.assumed.high && bill.complete);
        assert!(bill.lines[2..].iter().all(|line| line.basis == Basis::Assumed && line.why.is_some()));
    }

    #[test]
    fn what_has_no_price_is_not_free() {
        let streams = vec![stream(Capacity::Provisioned(2), DAY, traffic(200.0, 100.0))];
        let usage = Usage { streams, application: Some(("ticker".to_owned(), 2)), ..Usage::default() };
        for (region, why) in [
            (None, "no region is set"),
            (Some("eu-west-3"), "the built-in table has no prices of eu-west-3"),
            (Some("us-east-2"), "the built-in table has no `kpu_hour` of us-east-2"),
        ] {
            let bill = Bill::of(&usage, &Prices::built_in(), region);
            assert!(!bill.complete);
            assert!(bill.unknown().any(|(_, unknown)| unknown == why), "{bill:?}");
            assert!(bill.lines.iter().all(|line| line.usd.is_some() == line.unknown.is_none()));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn more_never_costs_less(shards in 1_u32..20_000, more in 0_u32..100, rate in 0.01_f64..1e6, faster in 1.0_f64..10.0) {
            let cost = |shards, rate| {
                of_streams(vec![stream(Capacity::Provisioned(shards), DAY, traffic(rate, 100.0))]).total.high
            };
            prop_assert!(cost(shards + more, rate) >= cost(shards, rate));
            prop_assert!(cost(shards, rate * faster) >= cost(shards, rate));
        }

        #[test]
        fn a_total_is_the_sum_of_its_lines(shards in 1_u32..100, rate in 0.01_f64..1e4, most in 0.0_f64..1e4, size in 0_usize..100_000) {
            let streams = vec![
                stream(Capacity::Provisioned(shards), 40 * DAY, traffic(rate, 321.0)),
                stream(Capacity::OnDemand, 8 * DAY, Flow::AtMost(most, size)),
            ];
            let bill = bill(&Usage { streams, application: Some(("p".to_owned(), shards)), alarms: 3, ..Usage::default() });
            let sum = |end: fn(&Between<Cents>) -> u64| bill.lines.iter().map(|line| end(&line.usd.unwrap())).sum::<u64>();
            prop_assert_eq!(sum(|usd| usd.low.0), bill.total.low.0);
            prop_assert_eq!(sum(|usd| usd.high.0), bill.total.high.0);
        }
    }
}
