//! What an endpoint tells of a stream as a whole.

use crate::streams::Millis;

/// The statuses of a stream (Kinesis API reference, `StreamDescriptionSummary`).
const DELETING: &str = "DELETING";
const CREATING: &str = "CREATING";

/// How far two tellings of one stream's making may lie apart: while it is in the making another moment may be told than
/// afterwards. One of the name that somebody made anew within the same minute would be taken for it.
const TELLING: Millis = 60_000;

/// A stream without its shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its ARN, which says whose it is, and where.
    pub arn: String,
    /// How it stands, in the API's word.
    pub status: String,
    /// Its open shards.
    pub shards: u32,
    /// When it was made: of two streams that had a name one after the other, this tells which one it is.
    pub created: Millis,
}

impl Summary {
    /// Returns whether it is the stream that was told to be made at a moment.
    pub fn was_made_at(&self, created: Millis) -> bool {
        self.created.saturating_sub(created).saturating_abs() <= TELLING
    }

    /// Returns whether it is being removed.
    pub fn is_going(&self) -> bool {
        self.status == DELETING
    }

    /// Returns whether it is not there yet.
    pub fn is_coming(&self) -> bool {
        self.status == CREATING
    }

    /// Returns the partition, the region and the account that its ARN names.
    pub fn place(&self) -> Option<(&str, &str, &str)> {
        let parts: Vec<&str> = self.arn.splitn(6, ':').collect();
        match parts[..] {
            ["arn", partition, "kinesis", region, account, _] => Some((partition, region, account)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_whose_and_where() {
        let of = |arn: &str| Summary { arn: arn.to_owned(), status: "ACTIVE".to_owned(), shards: 1, created: 0 };
        let stream = of("arn:aws-cn:kinesis:cn-north-1:123456789012:stream/a:b");
        assert_eq!(stream.place(), Some(("aws-cn", "cn-north-1", "123456789012")));
        for other in ["", "arn:aws:s3:::bucket/x", "stream/a"] {
            assert_eq!(of(other).place(), None, "{other}");
        }
    }
}
