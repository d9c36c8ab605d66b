//! What to generate for a column, so that the pipeline shows something at once.

use crate::sql::SqlType;

use super::draft::ColumnDraft;
use crate::document::written::string;

/// Names of columns and what is plausible there. The first whose word is part of the name is taken.
const TEXTS: &[(&[&str], &[&str])] = &[
    (&["ticker", "symbol", "stock"], &["AMZN", "AAPL", "MSFT", "TSLA"]),
    (&["sector", "industry"], &["ENERGY", "HEALTH", "RETAIL"]),
    (&["country"], &["DE", "FR", "JP", "US"]),
    (&["city"], &["Berlin", "Lyon", "Osaka"]),
    (&["region", "zone"], &["north", "south", "west"]),
    (&["currency"], &["EUR", "JPY", "USD"]),
    (&["status", "state", "result"], &["ok", "slow", "failed"]),
    (&["level", "severity"], &["INFO", "WARN", "ERROR"]),
    (&["method", "verb"], &["GET", "POST", "PUT"]),
    (&["url", "path", "page"], &["/", "/cart", "/search"]),
    (&["side", "action", "event", "type", "kind"], &["buy", "sell", "view"]),
    (&["device", "sensor", "machine", "host"], &["d1", "d2", "d3"]),
    (&["user", "customer", "client", "name"], &["anna", "ewa", "marek", "piotr"]),
];
/// What is plausible in any column of text.
const ANY_TEXT: &[&str] = &["alpha", "beta", "gamma"];
/// What fits any column of text.
const SHORT_TEXT: &[&str] = &["a", "b", "c"];
/// Words that make the name of a column that of a time.
const TIME_WORDS: &[&str] = &["at", "date", "datetime", "ts"];
/// The length of a time as text.
const TIME_LENGTH: u32 = 23;
/// The length of a day as text.
const DATE_LENGTH: u32 = 10;
/// The greatest number, where the column holds it.
const MOST: i64 = 1000;

/// Returns whether a column is named like a time.
pub(super) fn is_time(name: &str) -> bool {
    let is_one =
        |word: &String| TIME_WORDS.contains(&word.as_str()) || word.ends_with("time") || word.ends_with("timestamp");
    words(name).iter().any(is_one)
}

/// Cuts a name into its words: at what is no letter or digit, and before a capital behind a small letter.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        let begins = !letter.is_alphanumeric() || (was_small && letter.is_uppercase());
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
        was_small = letter.is_lowercase();
    }
    words
}

/// Returns the entry of `fields` for a column.
pub(super) fn field(column: &ColumnDraft) -> String {
    let name = column.name.to_lowercase();
    match column.sql_type {
        SqlType::Date | SqlType::Timestamp(_) => "{ kind = \"now\" }".to_owned(),
        SqlType::Varchar(most) if is_time(&column.name) && most >= TIME_LENGTH => "{ kind = \"now\" }".to_owned(),
        SqlType::BigInt if is_time(&column.name) => "{ kind = \"now\" }".to_owned(),
        SqlType::Varchar(most) if is_time(&column.name) && most >= DATE_LENGTH => {
            "{ kind = \"choice\", of = [\"2026-02-02\", \"2026-02-03\"] }".to_owned()
        }
        SqlType::Boolean => "{ kind = \"choice\", of = [true, false] }".to_owned(),
        SqlType::Varchar(most) => choice(&name, most),
        SqlType::Real | SqlType::Double => "{ kind = \"walk\", start = 100, step = 1, min = 1 }".to_owned(),
        SqlType::Decimal { precision, scale } => {
            let whole = u32::from(precision - scale).min(3);
            format!("{{ kind = \"uniform\", min = 0, max = {} }}", 10_i64.pow(whole) - 1)
        }
        SqlType::TinyInt => "{ kind = \"uniform\", min = 1, max = 100 }".to_owned(),
        SqlType::SmallInt | SqlType::Integer | SqlType::BigInt => {
            format!("{{ kind = \"uniform\", min = 1, max = {MOST} }}")
        }
    }
}

fn choice(name: &str, most: u32) -> String {
    let fits = |texts: &[&str]| texts.iter().all(|text| text.len() <= most as usize);
    let named = TEXTS.iter().filter(|(words, _)| words.iter().any(|word| name.contains(word))).map(|(_, texts)| *texts);
    let texts = named.chain([ANY_TEXT]).find(|texts| fits(texts)).unwrap_or(SHORT_TEXT);
    let texts: Vec<String> = texts.iter().map(|text| string(text)).collect();
    format!("{{ kind = \"choice\", of = [{}] }}", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;
    use crate::plan::Plan;

    #[test]
    fn names_of_times_are_told_from_others() {
        for name in ["eventTime", "EVENT_TIME", "EVENTTIME", "timestamp", "ts", "created_at", "orderDate", "DATE"] {
            assert!(is_time(name), "{name}");
        }
        for name in ["sentiment", "candidate", "status", "rate", "data", "updated", "cats"] {
            assert!(!is_time(name), "{name}");
        }
    }

    #[test]
    fn what_is_made_up_fits_its_column() {
        let types = [
            "BOOLEAN",
            "TINYINT",
            "SMALLINT",
            "INTEGER",
            "BIGINT",
            "REAL",
            "DOUBLE",
            "DECIMAL(18, 0)",
            "DECIMAL(2, 2)",
            "DECIMAL(1, 0)",
            "DECIMAL(19, 5)",
            "VARCHAR(1)",
            "VARCHAR(4)",
            "VARCHAR(64)",
            "DATE",
            "TIMESTAMP(0)",
            "TIMESTAMP(6)",
        ];
        for name in ["plain", "event_time", "ticker", "user", "price"] {
            for sql_type in types {
                let read = SqlType::read_column(sql_type).expect("a type").sql_type;
                let column =
                    ColumnDraft { name: name.to_owned(), sql_type: read, not_null: false, path: vec![name.to_owned()] };
                let text = format!(
                    "[pipeline]\nname = \"p\"\n[streams.s.columns]\n{name} = \"{sql_type}\"\n\
                     [generators.s]\nrate = \"1/s\"\n[generators.s.fields]\n{name} = {}\n",
                    field(&column)
                );
                let document = Document::new("p.toml", text);
                Plan::check(&document).unwrap_or_else(|found| panic!("{}", document.draw(&found, false)));
            }
        }
    }
}
