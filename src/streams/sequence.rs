//! The places of records.

/// A record's place in its shard, as the Kinesis API writes it: a decimal number of up to 128 digits. A later record of
/// the same shard has a greater number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SequenceNumber(String);

impl SequenceNumber {
    /// Takes a number's digits; `None` where the text is empty, longer than 128, or has anything but digits.
    pub fn parse(text: &str) -> Option<Self> {
        (!text.is_empty() && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| Self(text.to_owned()))
    }

    /// Returns the digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
