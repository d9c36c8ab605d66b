//! Tables of prices: dated, with their sources, and one of them built in.

use serde::Serialize;

use crate::document::{Diagnostic, Document, Findings, Scalar, TableReader, Value};

use super::Item;

/// The table that is used where no other is named.
const BUILT_IN: &str = include_str!("../../../templates/prices.toml");

/// What AWS charges by region, and what is assumed of that which no pipeline file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    /// What messages call the table.
    pub name: String,
    /// What is assumed.
    pub assumed: Assumptions,
    regions: Vec<Region>,
}

#[derive(Debug, Clone, PartialEq)]
struct Region {
    name: String,
    prices: Vec<(Item, Price)>,
}

/// A price without taxes and free tiers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Price {
    /// In US dollars, for one of the item's unit.
    pub usd: f64,
    /// The last day on which the source is known to have said so.
    pub as_of: String,
    /// Who says so.
    pub source: String,
}

/// Something that no pipeline file says, as a range.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Assumed {
    /// At the least.
    pub low: f64,
    /// At the most.
    pub high: f64,
    /// Why.
    pub why: String,
}

/// All that is assumed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Assumptions {
    /// The gigabytes of log that an application writes in a month.
    pub log: Assumed,
    /// The gigabytes of its snapshots.
    pub snapshots: Assumed,
    /// The gigabytes of its code, old versions among them.
    pub code: Assumed,
    /// How often its code is uploaded in a month.
    pub uploads: Assumed,
    /// How many credentials write or read a stream at the same time, each of which asks for the key.
    pub credentials: Assumed,
}

impl Prices {
    /// Returns the table that is built in.
    pub fn built_in() -> Self {
        Self::read(&Document::new("the built-in table", BUILT_IN)).expect("a test reads the built-in table")
    }

    /// Reads a table. Fails with every mistake in it.
    pub fn read(document: &Document) -> Result<Self, Vec<Diagnostic>> {
        let findings = Findings::new();
        let table = document.parse(&findings);
        if !findings.is_empty() {
            return Err(findings.into_sorted());
        }
        let mut file = TableReader::new(&table, 0..0, "the table of prices", &findings);
        let assumed = file.take("assumed").and_then(|value| read_assumptions(&value));
        let regions = file.take("regions").and_then(|value| Some(value.table("`regions`")?.entries(read_region)));
        file.finish();
        match (assumed, regions) {
            (Some(assumed), Some(regions)) if findings.is_empty() => {
                Ok(Self { name: document.name().to_owned(), assumed, regions })
            }
            _ => Err(findings.into_sorted()),
        }
    }

    /// Returns the price of an item in a region.
    pub fn of(&self, region: &str, item: Item) -> Option<&Price> {
        let region = self.regions.iter().find(|known| known.name == region)?;
        region.prices.iter().find(|(known, _)| *known == item).map(|(_, price)| price)
    }

    /// Returns whether there is a price in a region.
    pub fn has(&self, region: &str) -> bool {
        self.regions.iter().any(|known| known.name == region)
    }
}

fn read_region(value: &Value<'_>) -> Option<Region> {
    let mut reader = value.table(format!("region `{}`", value.key()))?;
    let mut prices = Vec::new();
    for item in Item::ALL {
        if let Some(value) = reader.optional(item.key())
            && let Some(price) = read_price(&value, item)
        {
            prices.push((item, price));
        }
    }
    reader.finish();
    Some(Region { name: value.key().to_owned(), prices })
}

fn read_price(value: &Value<'_>, item: Item) -> Option<Price> {
    if !value.is_table() {
        value.mismatch_with_help(
            "a price",
            "a table",
            format!("write {{ usd = 0.01, as_of = 2026-01-31, source = \"…\" }}; it is for one {}", item.unit()),
        );
        return None;
    }
    let mut reader = value.table(format!("the price `{}`", value.key()))?;
    let usd = reader.take("usd").and_then(|value| amount(&value));
    let as_of = reader.take("as_of").and_then(|value| day(&value));
    let source = reader.take("source").and_then(|value| value.text());
    reader.finish();
    Some(Price { usd: usd?, as_of: as_of?, source: source?.value })
}

fn read_assumptions(value: &Value<'_>) -> Option<Assumptions> {
    let mut reader = value.table("`assumed`")?;
    let mut assumed = |key| reader.take(key).and_then(|value| read_assumed(&value));
    let [log, snapshots, code, uploads, credentials] =
        ["log_gb", "snapshot_gb", "code_gb", "uploads", "credentials"].map(&mut assumed);
    reader.finish();
    Some(Assumptions { log: log?, snapshots: snapshots?, code: code?, uploads: uploads?, credentials: credentials? })
}

fn read_assumed(value: &Value<'_>) -> Option<Assumed> {
    let mut reader = value.table(format!("the assumption `{}`", value.key()))?;
    let low = reader.take("low").and_then(|value| amount(&value));
    let high = reader.take("high");
    let why = reader.take("why").and_then(|value| value.text());
    let high = high.and_then(|value| Some((amount(&value)?, value)));
    reader.finish();
    let (low, (high, place)) = (low?, high?);
    if high < low {
        place.findings().add(Diagnostic::new("`high` is below `low`", place.span()).label("expected `low` or more"));
        return None;
    }
    Some(Assumed { low, high, why: why?.value })
}

/// Reads a number that is not below 0.
fn amount(value: &Value<'_>) -> Option<f64> {
    let number = value.number()?;
    if number.value < 0.0 {
        value.findings().add(
            Diagnostic::new(format!("`{}` is out of range", value.key()), number.span).label("expected 0 or more"),
        );
        return None;
    }
    Some(number.value)
}

fn day(value: &Value<'_>) -> Option<String> {
    match value.written()?.value {
        Scalar::Moment(day) if day.len() == "2026-01-31".len() => Some(day),
        _ => {
            value.mismatch("a day", "a day, such as 2026-01-31");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> String {
        let document = Document::new("prices.toml", text);
        document.draw(&Prices::read(&document).unwrap_err(), false)
    }

    #[test]
    fn the_built_in_table_is_whole() {
        let prices = Prices::read(&Document::new("prices.toml", BUILT_IN));
        let prices = prices.unwrap_or_else(|found| panic!("{}", Document::new("", BUILT_IN).draw(&found, false)));
        for item in Item::ALL {
            assert!(prices.of("us-east-1", item).is_some(), "{}", item.key());
        }
        assert!(prices.regions.iter().all(|region| !region.prices.is_empty()));
    }

    #[test]
    fn mistakes_have_their_place() {
        let text = BUILT_IN.to_owned() + "shard_hours = { usd = 1, as_of = 2026-01-31, source = \"us\" }\n";
        assert!(mistakes(&text).contains("help: did you mean `shard_hour`?"), "{}", mistakes(&text));
        let text = "[regions.here]\nshard_hour = 0.015\nput_units = { usd = -1, as_of = \"today\" }\n";
        let drawn = mistakes(text);
        for words in [
            "the table of prices has no `assumed`",
            "prices.toml:2:14",
            "is a number with a point, not a price",
            "it is for one shard-hour",
            "the price `put_units` has no `source`",
            "`usd` is out of range",
            "`as_of` is text, not a day",
        ] {
            assert!(drawn.contains(words), "{words}: {drawn}");
        }
        let turned = BUILT_IN.replace("low = 1, high = 100", "low = 100, high = 1");
        assert!(mistakes(&turned).contains("`high` is below `low`"), "{}", mistakes(&turned));
    }
}
