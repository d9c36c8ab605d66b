//! The constraints of the API's model, and AWS's words for a request that breaks them.

use super::{
    ACCOUNT,
    error::{ApiError, Kind},
};

/// AWS names ten broken constraints at most.
const MOST: usize = 10;

/// The longest name of a stream, a shard or a consumer (the API's model).
const NAME_CHARACTERS: usize = 128;
/// The most digits of a sequence number and of a hash key (the API's model).
pub(super) const SEQUENCE_DIGITS: usize = 129;
pub(super) const HASH_KEY_DIGITS: usize = 39;
/// How many items an answer can be asked to have (the API's model: `DescribeStream`, `ListShards`, `ListStreamConsumers`,
/// `ListStreams`), and how many it has of streams and of consumers where a request does not say.
const ITEMS: std::ops::RangeInclusive<i64> = 1..=10_000;
pub(super) const ITEMS_UNASKED: i64 = 100;

/// The constraints that a request broke.
#[derive(Debug)]
pub(super) struct Checks<'a> {
    broken: Vec<String>,
    /// The region of the streams that can be meant.
    region: &'a str,
    /// What an ARN said that is of other streams.
    elsewhere: Option<ApiError>,
}

impl<'a> Checks<'a> {
    /// Begins to check a request for streams of a region.
    pub(super) fn new(region: &'a str) -> Self {
        Self { broken: Vec::new(), region, elsewhere: None }
    }

    /// Ends the checks: the request is refused where it broke any constraint, or means a stream that is elsewhere.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        let count = self.broken.len();
        if count == 0 {
            return self.elsewhere.map_or(Ok(()), Err);
        }
        let errors = if count == 1 { "error" } else { "errors" };
        let broken = self.broken.join("; ");
        Err(ApiError::new(Kind::Validation, format!("{count} validation {errors} detected: {broken}")))
    }

    /// Notes which region and account an ARN names.
    pub(super) fn place(&mut self, arn: &str, region: &str, account: &str) {
        if (region, account) != (self.region, ACCOUNT) {
            let message = format!(
                "{arn} not found: the streams here are under account {ACCOUNT} in {}, and others are not known.",
                self.region
            );
            self.elsewhere.get_or_insert(ApiError::new(Kind::ResourceNotFound, message));
        }
    }

    /// Returns whether no constraint has been broken yet.
    pub(super) fn is_good(&self) -> bool {
        self.broken.is_empty()
    }

    /// Notes a broken constraint; `value` is in quotes already, or `null`.
    pub(super) fn broken(&mut self, value: &str, at: &str, constraint: &str) {
        if self.broken.len() < MOST {
            let value = if value.is_empty() { "Value".to_owned() } else { format!("Value {}", shortened(value)) };
            self.broken.push(format!("{value} at '{at}' failed to satisfy constraint: Member must {constraint}"));
        }
    }

    /// Takes a member that must be there.
    pub(super) fn required<T: Default>(&mut self, at: &str, value: Option<T>) -> T {
        value.unwrap_or_else(|| {
            self.broken("null", at, "not be null");
            T::default()
        })
    }

    /// Checks the number of characters of a member.
    pub(super) fn length(&mut self, at: &str, text: &str, least: usize, most: usize) {
        // Bytes are at least as many as characters, and quicker counted.
        let length = if text.len() <= most && text.len() >= least * 4 { text.len() } else { text.chars().count() };
        if length > most {
            self.broken(&format!("'{text}'"), at, &format!("have length less than or equal to {most}"));
        }
        if length < least {
            self.broken(&format!("'{text}'"), at, &format!("have length greater than or equal to {least}"));
        }
    }

    /// Checks how many members a list or a map has.
    pub(super) fn count(&mut self, at: &str, count: usize, least: usize, most: usize) {
        if count > most {
            self.broken("", at, &format!("have length less than or equal to {most}"));
        }
        if count < least {
            self.broken("", at, &format!("have length greater than or equal to {least}"));
        }
    }

    /// Checks a number.
    pub(super) fn range(&mut self, at: &str, number: i64, least: i64, most: i64) {
        if number > most {
            self.broken(&format!("'{number}'"), at, &format!("have value less than or equal to {most}"));
        }
        if number < least {
            self.broken(&format!("'{number}'"), at, &format!("have value greater than or equal to {least}"));
        }
    }

    /// Checks how many items an answer is asked to have.
    pub(super) fn items(&mut self, at: &str, number: i64) {
        self.range(at, number, *ITEMS.start(), *ITEMS.end());
    }

    /// Checks a name of a stream or a shard.
    pub(super) fn name(&mut self, at: &str, name: &str) {
        self.pattern(at, name, "[a-zA-Z0-9_.-]+", Self::is_name);
        self.length(at, name, 1, NAME_CHARACTERS);
    }

    /// Says whether a text is made of what names are made of.
    pub(super) fn is_name(text: &str) -> bool {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    }

    /// Checks a decimal number without leading zeroes, of at most so many digits.
    pub(super) fn digits(&mut self, at: &str, text: &str, most: usize) {
        self.pattern(at, text, &format!("0|([1-9]\\d{{0,{}}})", most - 1), |text| {
            text == "0"
                || (!text.starts_with('0')
                    && (1..=most).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_digit()))
        });
    }

    /// Checks a member that must be one of a few words.
    pub(super) fn one_of(&mut self, at: &str, word: &str, words: &[&str]) {
        if !words.contains(&word) {
            self.broken(&format!("'{word}'"), at, &format!("satisfy enum value set: [{}]", words.join(", ")));
        }
    }

    fn pattern(&mut self, at: &str, text: &str, pattern: &str, good: impl Fn(&str) -> bool) {
        if !good(text) {
            self.broken(&format!("'{text}'"), at, &format!("satisfy regular expression pattern: {pattern}"));
        }
    }
}
/// How many characters of a refused value an answer repeats.
const REPEATED: usize = 512;

fn shortened(value: &str) -> String {
    match value.char_indices().nth(REPEATED) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
